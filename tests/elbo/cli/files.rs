//! Files and streams that are full, too large, too many or not to be written: a verdict is not lost with them.

use std::process::Output;
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;

use super::errors::sentence;
use super::{code, small, stdout};
use crate::elbo;

const RIGHT: &str = "derivations/data/dumps/jax.safetensors";
const WRONG: &str = "derivations/data/dumps/jax-wrong.safetensors";

/// The program under what a shell does first; after a minute it is ended, and has no exit code.
#[cfg(unix)]
fn under(shell: &str, args: &[&str]) -> Output {
    Command::new("bash")
        .current_dir(crate::root())
        .arg("-c")
        .arg(format!("{shell} exec \"$0\" \"$@\""))
        .arg(cargo_bin("elbo"))
        .args(args)
        .env_remove("OPENBLAS_NUM_THREADS")
        .timeout(Duration::from_secs(60))
        .output()
        .unwrap()
}

/// With redirections, which a shell takes after the command.
#[cfg(unix)]
fn into(redirected: &str, args: &[&str]) -> Output {
    under(&format!("exec {redirected};"), args)
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// No file can grow, and who tries is told so.
#[cfg(unix)]
const FULL: &str = "trap '' XFSZ; ulimit -f 0;";

#[cfg(unix)]
#[test]
fn a_verdict_is_not_lost_with_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (junit, markdown) = (path("elbo.xml"), path("elbo.md"));
    let reports = ["--junit", &junit, "--markdown", &markdown];
    for format in ["text", "json"] {
        let output = under(FULL, &[&["judge", WRONG, "--format", format][..], &reports].concat());
        assert_eq!(code(&output), 2, "{}", errors(&output));
        assert!(stdout(&output).contains("mean-over-codes"), "{}", stdout(&output));
        let said = errors(&output);
        assert!(
            said.contains("elbo.xml: cannot be written: ") && said.contains("elbo.md: cannot be written: "),
            "both are tried: {said}"
        );
        assert_eq!(said.lines().count(), 2, "{said}");
    }
    let save = path("found.toml");
    let output = under(FULL, &["refute", "14", "--reading", "joint", "--save", &save]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).starts_with("REFUTED"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("Saved"), "{}", stdout(&output));
    assert!(
        errors(&output).contains("found.toml: cannot be written: "),
        "{}",
        errors(&output)
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing half-written"
    );
    // Nor a report with the verdict.
    if cfg!(target_os = "linux") {
        let output = into(">/dev/full", &[&["judge", WRONG][..], &reports].concat());
        assert_eq!(code(&output), 2);
        assert!(errors(&output).contains("the output cannot be written: "));
        assert!(std::fs::read_to_string(junit).unwrap().contains("mean-over-codes"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_is_tried_before_the_work() {
    // A folder that is there and takes no file from anybody.
    let place = "/proc/elbo.toml";
    let mut calls = vec![
        vec!["judge", WRONG, "--junit", place],
        vec!["judge", WRONG, "--markdown", place],
        vec!["refute", "14", "--save", place],
        vec!["probe", "--save", place, "--", "no-such-command"],
    ];
    if cfg!(feature = "lapack") {
        calls.push(vec!["fit", "no-such-images", "--out", place]);
    }
    if cfg!(feature = "twin") {
        calls.extend([
            vec!["sample", "sun", "--out", "/proc/elbo.png"],
            vec!["reconstruct", "--out", "/proc/elbo.png"],
            vec!["world", "--out", place],
            vec!["train", "dvae", "--config", "tiny", "--out", "/proc/run"],
            vec!["sweep-beta", "--config", "tiny", "--out", "/proc/run"],
        ]);
    }
    for call in calls {
        let said = sentence(&call);
        assert!(said.contains("/proc"), "{call:?}: {said}");
    }
}

#[test]
fn a_report_does_not_take_the_place_of_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("mine.safetensors");
    std::fs::copy(crate::path(RIGHT), &dump).unwrap();
    let before = std::fs::read(&dump).unwrap();
    let path = dump.to_str().unwrap();
    let other = folder.path().join(".").join("mine.safetensors").display().to_string();
    for place in [path, other.as_str()] {
        for report in ["--junit", "--markdown"] {
            let said = sentence(&["judge", RIGHT, path, report, place]);
            assert!(said.contains("is read and a report's place"), "{said}");
        }
    }
    assert_eq!(std::fs::read(&dump).unwrap(), before);
}

#[test]
fn a_file_that_is_read_only_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept.toml");
    std::fs::write(&kept, "mine").unwrap();
    let mut permissions = kept.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&kept, permissions).unwrap();
    let path = kept.to_str().unwrap();
    for call in [["refute", "14", "--save", path], ["judge", RIGHT, "--junit", path]] {
        let said = sentence(&call);
        assert!(
            said.contains("kept.toml: cannot be written: it exists and is read-only"),
            "{said}"
        );
    }
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "mine");
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_takes_nothing_is_no_panic() {
    let full = into("2>/dev/full", &["check", "/no/such/file"]);
    assert_eq!(code(&full), 2);
    let closed = into("2>&-", &["judge", "Cargo.toml", RIGHT]);
    assert_eq!(code(&closed), 2);
    assert!(stdout(&closed).contains(" in 1 dump, "), "{}", stdout(&closed));
    assert_eq!(code(&into("2>/dev/full", &["judge", WRONG])), 1, "nothing to tell");
    for args in [vec!["lines"], vec!["judge", RIGHT], vec!["--help"], vec!["--version"]] {
        let output = into(">/dev/full", &args);
        assert_eq!(code(&output), 2, "{args:?}");
        let said = errors(&output);
        assert!(
            said.starts_with("elbo: the output cannot be written: ") && said.lines().count() == 1,
            "{args:?}: {said}"
        );
        assert_eq!(code(&into(">/dev/full 2>/dev/full", &args)), 2, "{args:?}");
    }
    assert_eq!(code(&elbo(&["--help"])), 0);
    assert_eq!(code(&into("2>/dev/full", &["no-such-command"])), 2);
}

#[cfg(unix)]
#[test]
fn more_dumps_are_judged_than_files_can_be_open() {
    let mut call = vec!["judge"];
    call.extend([RIGHT; 99]);
    call.push(WRONG);
    let output = under("ulimit -n 30;", &call);
    assert_eq!(code(&output), 1, "{}", errors(&output));
    assert!(stdout(&output).contains(" in 100 dumps, "), "{}", stdout(&output));
}

#[test]
fn a_world_in_toml_has_a_size_that_is_checked_before_it_is_parsed() {
    let folder = tempfile::tempdir().unwrap();
    let most = usize::try_from(worlds::case::MOST_TOML).unwrap();
    let note = |length: usize| format!("x_note = \"{}\"\n", "a".repeat(length - 12));
    // Neither is a world; only the one that is not too large is found out.
    for name in ["large.toml", "large"] {
        let path = folder.path().join(name);
        let said = |length: usize| {
            std::fs::write(&path, note(length)).unwrap();
            sentence(&["check", path.to_str().unwrap()])
        };
        assert!(said(most).contains("p_x_given_yz is missing"), "{name}");
        let text = said(most + 1);
        assert!(
            text.contains("it is 4194305 bytes long, expected at most 4194304 of TOML, or a safetensors file"),
            "{name}: {text}"
        );
    }
    let error = worlds::case::from_bytes("a.toml", note(most + 1).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("4194305 bytes long"), "{error}");
}

/// A safetensors file as a shell would see it: a small world, and a tensor of its writer's as large as one likes, all of it a hole.
#[cfg(target_os = "linux")]
fn with_a_hole(small: &str, large: &str, bytes: usize) {
    let (mut header, data) = {
        let bytes = std::fs::read(small).unwrap();
        let (header, data) = ::files::header::read(&bytes).unwrap();
        (header, data.to_vec())
    };
    header.tensors.insert(
        "x_hole".to_owned(),
        safetensors::tensor::TensorInfo {
            dtype: safetensors::Dtype::U8,
            shape: vec![bytes],
            data_offsets: (data.len(), data.len() + bytes),
        },
    );
    let mut json = serde_json::Map::new();
    json.insert("__metadata__".to_owned(), serde_json::json!(header.metadata));
    for (name, info) in header.tensors {
        json.insert(name, serde_json::to_value(info).unwrap());
    }
    let json = serde_json::to_vec(&json).unwrap();
    let framed = ::files::header::framed(json, &data);
    std::fs::write(large, &framed).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(large).unwrap();
    file.set_len((framed.len() + bytes) as u64).unwrap();
}

/// 400 MB that the format ignores, in 500 MB of address space, of which the libraries take half.
#[cfg(target_os = "linux")]
#[test]
fn check_reads_no_more_of_a_file_than_it_needs() {
    let (folder, path) = small();
    let large = folder.path().join("large.safetensors").display().to_string();
    with_a_hole(&path, &large, 400_000_000);
    let output = under("ulimit -v 500000;", &["check", &large, "--worlds", "1"]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    assert!(stdout(&output).contains("1 from the file"), "{}", stdout(&output));
}

#[cfg(target_os = "linux")]
#[test]
fn check_ends_under_every_limit_on_address_space() {
    let (_folder, path) = small();
    // From less than its libraries need up to more than the allocator would reserve at once.
    for (kib, threads) in [(200_000, 1), (400_000, 1), (500_000, 64), (1_300_000, 64)] {
        let limits = format!("ulimit -v {kib}; export RAYON_NUM_THREADS={threads};");
        let output = under(&limits, &["check", &path, "--worlds", "20"]);
        let expected = if kib == 200_000 && cfg!(feature = "lapack") {
            2
        } else {
            0
        };
        assert_eq!(output.status.code(), Some(expected), "{limits} {}", errors(&output));
        if expected == 2 {
            let said = errors(&output);
            assert!(
                said.starts_with("elbo: a limit leaves ") && said.lines().count() == 1,
                "{limits} {said}"
            );
        }
    }
}

/// The variable that keeps the BLAS from starting threads is not handed on to a child, which may need them.
#[cfg(all(unix, feature = "lapack"))]
#[test]
fn a_child_finds_the_environment_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    // The environment of the parent as it was started with.
    let name = seen.display();
    let listing = format!("env > '{name}'; cat /proc/$PPID/environ > '{name}.parent'");
    for before in [None, Some("7")] {
        let mut command = Command::new(cargo_bin("elbo"));
        command.env_remove("OPENBLAS_NUM_THREADS");
        if let Some(before) = before {
            command.env("OPENBLAS_NUM_THREADS", before);
        }
        let save = folder.path().join("probe.safetensors");
        command.args(["probe", "--save", save.to_str().unwrap(), "--", "sh", "-c", &listing]);
        command.timeout(Duration::from_secs(60)).output().unwrap();
        let text = std::fs::read_to_string(&seen).unwrap();
        let found = text.lines().find_map(|line| line.strip_prefix("OPENBLAS_NUM_THREADS="));
        assert_eq!(found, before, "{text}");
        assert!(!text.contains("ELBO_BEFORE_"), "{text}");
        if cfg!(target_os = "linux") {
            let parent = std::fs::read_to_string(folder.path().join("seen.parent")).unwrap();
            assert!(
                parent.split('\0').any(|line| line == "OPENBLAS_NUM_THREADS=1"),
                "the program itself has it"
            );
        }
    }
}
