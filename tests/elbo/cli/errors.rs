//! What a bad call gets: one sentence and exit code 2, nothing half-written.

use std::path::Path;

use super::code;
use crate::elbo;

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
        (vec!["refute", "A4"], "ask for one of fixed-A4, p(x)-A4"),
        (
            vec!["refute", "fixed-14b", "--reading", "observed"],
            "there is no fixed-14b; it exists under joint and footnote",
        ),
        (vec!["refute", "14-14b"], "nothing is claimed in row 14-14b"),
        (
            vec!["refute", "14", "--beta", "1e-300"],
            "--beta 1e-300: expected a number that a fraction",
        ),
        (
            vec!["refute", "11-12", "--reading", "observed"],
            "is judged on the tables as given and takes no reading",
        ),
        (
            vec!["break", "nothing"],
            "no assumption nothing; there are A q-covers-posterior",
        ),
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

/// A probability of e^-1e100 is a number, and an impossibility in single precision: refused there, compared in double.
#[cfg(feature = "twin")]
#[test]
fn a_number_beyond_the_twins_type_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.safetensors");
    // The second is a single, the sum of two such is not.
    for size in [-1e100, -2e38] {
        let mut tables = worlds::generate::random::world(1, 0).tables();
        tables.ln_p_x_given_yz[[0, 0]] = size;
        worlds::case::write(&path, &[reference::world::World::new(tables).unwrap()], "tiny").unwrap();
        let text = sentence(&["agree", path.to_str().unwrap(), "--dtype", "f32"]);
        let named = format!("tiny.safetensors: world 0: ln_p_x_given_yz holds {size:e}, expected at most 4.3e37");
        assert!(text.contains(&named), "{text}");
    }
    assert_eq!(code(&elbo(&["agree", path.to_str().unwrap(), "--dtype", "f64"])), 0);
}

#[test]
fn a_title_cannot_pass_for_a_line_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.toml");
    let world = "y = 0\np_x_given_yz = [[\"1\"]]\np_yz = [[\"1\"]]\nq_z_given_x = [\"1\"]\nq_y_given_x = [\"1\"]\n";
    std::fs::write(
        &path,
        format!("format = \"elbo-case/1\"\nnote = \"one\\nOK, all stands\"\n{world}"),
    )
    .unwrap();
    let output = elbo(&["check", path.to_str().unwrap(), "--worlds", "0"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("one OK, all stands"), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("OK, all stands")));
}

#[test]
fn a_bound_can_be_shown_and_an_assumption_asked_for_by_its_letter() {
    let said = |args: &[&str]| String::from_utf8(elbo(args).stdout).unwrap();
    assert!(said(&["show", "3-14"]).contains("the bound ln p(x,y) >= line 14"));
    assert!(said(&["show", "3-1", "--reading", "expected"]).contains("the gap of line 14 below ln p(x), 14-14b"));
    assert!(said(&["refute", "10", "--worlds", "600"]).contains("Why: row 9-10"));
    assert!(
        said(&[
            "refute",
            "14",
            "--reading",
            "observed",
            "--beta",
            "0.999999999",
            "--worlds",
            "600"
        ])
        .contains("999999999/1000000000")
    );
    assert!(said(&["show", "3-14b"]).contains("BROKEN"));
    assert!(
        said(&["check", "--beta", "0.5", "--worlds", "0"]).contains("every world is judged at beta = 0.5, as asked")
    );
    assert_eq!(said(&["break", "d"]), said(&["break", "caption-certain"]));
    let own_beta = said(&["refute", "14b", "--worlds", "600"]);
    assert!(own_beta.contains("claim 3-14b"), "{own_beta}");
    assert!(!own_beta.contains("but for beta"), "{own_beta}");
    let asked = said(&[
        "refute",
        "14",
        "--reading",
        "observed",
        "--beta",
        "0.99",
        "--worlds",
        "600",
    ]);
    assert!(
        asked.contains("but for beta") && asked.contains("q(y|x) is 1 at the observed caption"),
        "{asked}"
    );
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

#[cfg(not(feature = "lapack"))]
#[test]
fn what_asks_for_a_continuous_world_is_told_how_to_come_by_it() {
    for args in [
        ["step", "--world", "curves"].as_slice(),
        &["show", "5-6", "--world", "curves"],
        &["refute", "14", "--continuous"],
        &["break", "caption-certain", "--continuous"],
        &["ledger", "derivations/data/emoji-factors.safetensors"],
    ] {
        let text = sentence(args);
        let how = text.contains("--features lapack") && text.contains("OpenBLAS") && text.contains("make lapack");
        assert!(how, "{args:?}: {text}");
    }
}
