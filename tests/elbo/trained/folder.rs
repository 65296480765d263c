//! A folder that is trained into.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use super::refused;

/// A configuration of a few seconds.
pub(crate) fn short(folder: &Path) -> PathBuf {
    let text = include_str!("../../../derivations/dalle/configurations/tiny.toml");
    let text = text
        .replace("updates = 1000", "updates = 40")
        .replace("updates = 600", "updates = 60");
    let text = text
        .replace("checkpoint = 250", "checkpoint = 5")
        .replace("checkpoint = 200", "checkpoint = 5");
    let path = folder.join("short.toml");
    fs::write(&path, text.replace("batch = 32", "batch = 8")).unwrap();
    path
}

#[test]
fn a_folder_that_is_trained_into_is_left_alone_and_a_full_error_stream_ends_no_training() {
    let folder = tempfile::tempdir().unwrap();
    let config = short(folder.path());
    let text = fs::read_to_string(&config)
        .unwrap()
        .replace("updates = 40", "updates = 5");
    fs::write(&config, text).unwrap();
    let out = folder.path().join("run");
    fs::create_dir(&out).unwrap();
    let [config, path] = [&config, &out].map(|path| path.to_str().unwrap());
    let held = files::disk::lock(&out).unwrap();
    assert!(held.is_some());
    for command in [&["train", "all"][..], &["sweep-beta"]] {
        let said = refused(&[command, &["--config", config, "--out", path]].concat());
        assert!(said.contains("run is written to by another training"), "{said}");
    }
    drop(held);
    if cfg!(target_os = "linux") {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut train = Process::new(assert_cmd::cargo::cargo_bin("elbo"));
        train.args(["train", "dvae", "--config", config, "--out", path]);
        assert!(train.stdout(Stdio::null()).stderr(full).status().unwrap().success());
        assert!(out.join("model.safetensors").exists());
    }
}
