//! What a bad call gets: one sentence and exit code 2, nothing half-written.

use std::path::Path;

use super::{code, elbo};

/// The one sentence that a bad call gets.
pub(crate) fn sentence(args: &[&str]) -> String {
    let output = elbo(args);
    assert_eq!(code(&output), 2, "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    text
}

#[test]
fn bad_calls_get_one_sentence_and_exit_code_two() {
    for (args, expected) in [
        (vec!["check", "/no/such/file"], "/no/such/file"),
        (
            vec!["ledger", "--row", "256"],
            "row 256 does not exist, expected 0 to 255",
        ),
        (vec!["refute", "15"], "no claim 15"),
        (vec!["refute", "3-9", "--beta", "2"], "--beta goes with the bound 14"),
        (vec!["break", "nothing"], "no assumption nothing"),
        (vec!["show", "99"], "no line is called `99`"),
        (vec!["step", "--world", "nowhere"], "neither a file nor a named world"),
    ] {
        let text = sentence(&args);
        assert!(text.contains(expected), "{args:?}: {text}");
    }
    for args in [
        ["ledger", "--beta", "nan"],
        ["ledger", "--beta", "-1"],
        ["ledger", "--reading", "none"],
    ] {
        assert_eq!(code(&elbo(&args)), 2, "{args:?}");
    }
}

#[test]
fn a_bad_file_is_named_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.toml");
    std::fs::write(
        &bad,
        "y = 0\np_x_given_yz = [[\"1\"]]\np_yz = [[\"1/2\"]]\nq_z_given_x = [\"1\"]\n",
    )
    .unwrap();
    let text = sentence(&["check", bad.to_str().unwrap()]);
    assert!(text.contains("bad.toml") && text.contains("p_yz"), "{text}");
    let unwritable = folder.path().join("no/such/folder/found.toml");
    sentence(&[
        "refute",
        "14",
        "--reading",
        "joint",
        "--save",
        unwritable.to_str().unwrap(),
    ]);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing left behind"
    );
    assert!(Path::new(&bad).exists());
}
