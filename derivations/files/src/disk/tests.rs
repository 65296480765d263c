//! Tests that write into a temporary folder.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn refused(path: &Path) -> String {
    let early = expect_writable(path).unwrap_err().to_string();
    assert_eq!(replace(path, b"new").unwrap_err().to_string(), early);
    early
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.xml");
    expect_writable(&path).unwrap();
    assert!(names(folder.path()).is_empty(), "a try leaves nothing");
    for text in ["first", "second"] {
        replace(&path, text.as_bytes()).unwrap();
        assert_eq!(read(&path), text);
    }
    assert_eq!(names(folder.path()), ["report.xml"]);
}

#[test]
fn what_cannot_be_written_is_refused_before_the_work_as_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    replace(&file, b"old").unwrap();
    assert_eq!(refused(folder.path()), "it exists and is no regular file");
    assert!(refused(&folder.path().join("none/file")).starts_with("there is no folder "));
    assert!(refused(&file.join("below")).starts_with("there is no folder "));
    assert_eq!(refused(Path::new("")), "it names no file");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    assert_eq!(refused(&file), "it exists and is read-only");
    assert_eq!(read(&file), "old");
    if cfg!(target_os = "linux") {
        // This folder exists, and nobody can make a file in it.
        assert!(refused(Path::new("/proc/report.xml")).starts_with("no file can be made in /proc, "));
        assert!(refused(Path::new("/dev/full")).contains("no regular file"));
    }
}

#[test]
fn what_is_too_long_or_has_no_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    replace(&file, b"four").unwrap();
    assert_eq!(text(&file, 4).unwrap(), "four");
    assert_eq!(text(&file, 3).unwrap_err().to_string(), "more than 3 bytes");
    assert_eq!(load(&file).unwrap(), b"four");
    if cfg!(target_os = "linux") {
        for device in ["/dev/null", "/dev/zero", "/dev/full"] {
            let said = load(Path::new(device)).unwrap_err().to_string();
            assert_eq!(said, "it is a device, expected a file or a pipe");
        }
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_to_what_is_there_and_to_what_is_not() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("other")).unwrap();
    symlink("second", at("first")).unwrap();
    symlink("other/target", at("second")).unwrap();
    for text in ["there is nothing yet", "there is something"] {
        replace(&at("first"), text.as_bytes()).unwrap();
        assert_eq!(read(&at("other/target")), text);
        assert!(at("first").is_symlink() && at("second").is_symlink());
    }
    symlink("round", at("round")).unwrap();
    assert_eq!(refused(&at("round")), "its links lead nowhere");
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("private");
    replace(&path, b"old").unwrap();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_ne!(mode(), 0o600, "a new file is as readable as any other");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    replace(&path, b"new").unwrap();
    assert_eq!((mode(), read(&path).as_str()), (0o600, "new"));
}

#[test]
fn a_folder_is_held_by_one_until_it_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let held = lock(folder.path()).unwrap();
    assert!(held.is_some() && lock(folder.path()).unwrap().is_none());
    drop(held);
    assert!(lock(folder.path()).unwrap().is_some());
}
