//! Files, whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The largest file that is read, 2 GiB; a pipe or device that never ends stops here.
pub const MAX_BYTES: u64 = 1 << 31;

/// A file's bytes.
///
/// # Errors
/// The operating system's; for more than [`MAX_BYTES`].
pub fn load(path: &Path) -> io::Result<Vec<u8>> {
    at_most(path, MAX_BYTES)
}

/// A file's text.
///
/// # Errors
/// The operating system's; for more than so many bytes, and for what is no UTF-8.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(at_most(path, most)?)
        .map_err(|error| io::Error::other(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to())))
}

fn at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        Ok(bytes)
    } else {
        Err(io::Error::other(format!("more than {most} bytes")))
    }
}

/// Writes beside the target, then renames. A link is followed; what is there and is no regular file (a device, a pipe, a folder)
/// is refused, since renaming would put a file in its place.
///
/// # Errors
/// The operating system's.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (target, folder) = target(path)?;
    let mut builder = tempfile::Builder::new();
    // A temporary file is private by default; these are as readable as any other that the user makes.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(&folder)?;
    file.write_all(bytes)?;
    file.persist(&target)?;
    Ok(())
}

/// The file that a path leads to and its folder, which is there.
fn target(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let target = if path.exists() {
        path.canonicalize()?
    } else {
        path.to_path_buf()
    };
    if path.exists() && !target.is_file() {
        return Err(io::Error::other("it exists and is no regular file"));
    }
    let parent = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new(".")).to_path_buf();
    if !folder.is_dir() {
        return Err(io::Error::other(format!("there is no folder {}", folder.display())));
    }
    Ok((target, folder))
}

/// Refuses, before any work is done, a place where nothing can be written.
///
/// # Errors
/// Why nothing can be.
pub fn expect_writable(path: &Path) -> io::Result<()> {
    target(path).map(|_| ())
}
