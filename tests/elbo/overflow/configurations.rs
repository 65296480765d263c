//! Configurations that are wrong, or larger than the machine: one sentence that names the file, and nothing written.

use std::fs;

use super::honest;
use super::models::configuration;

fn refused(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let (code, said) = honest(&["train", "all", "--config", config, "--out", &out.display().to_string()]);
    assert_eq!(code, 2, "{said}");
    assert!(!out.exists(), "{said}");
    said
}

#[test]
fn what_cannot_fit_the_memory_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (changes, told) in [
        (
            &[("hidden = 8", "hidden = 4096"), ("blocks = 1", "blocks = 64")][..],
            "training [dvae] needs at least ",
        ),
        (
            &[
                ("layers = 3", "layers = 256"),
                ("width = 32", "width = 16384"),
                ("heads = 2", "heads = 1"),
            ],
            "training [prior] needs at least ",
        ),
        (
            &[
                ("groups = 5", "groups = 1"),
                ("vocabulary = 8\n", "vocabulary = 1048576\n"),
                ("batch = 4", "batch = 4000000000"),
            ],
            "GB of memory, most of it for what is computed at a time, expected at most the ",
        ),
    ] {
        let config = configuration(folder.path(), changes);
        let said = refused(&config);
        assert!(said.starts_with(&format!("elbo: {config}: configuration: ")), "{said}");
        assert!(said.contains(told) && said.ends_with(" GB that are free\n"), "{said}");
    }
}

#[test]
fn a_count_of_any_size_is_refused_before_anything_is_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = fs::read_to_string(configuration(folder.path(), &[])).unwrap();
    let counts: Vec<&str> = shipped.lines().filter(|line| is_count(line)).collect();
    assert!(counts.len() >= 20, "{counts:#?}");
    // `updates` of a schedule and seeds may be anything, and 2^32 is the most of a stage's.
    for largest in [u64::MAX >> 1, 1 << 40] {
        for count in [
            "groups", "hidden", "blocks", "initial", "layers", "heads", "width", "text", "kernel",
        ] {
            let line = counts
                .iter()
                .find(|line| line.starts_with(&format!("{count} = ")))
                .unwrap();
            let config = configuration(folder.path(), &[(line, &format!("{count} = {largest}"))]);
            let said = refused(&config);
            assert!(
                said.contains(&largest.to_string()) && said.contains("expected "),
                "{said}"
            );
        }
    }
}

/// A key whose value is a whole number.
fn is_count(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(_, value)| value.parse::<u64>().is_ok())
}

#[test]
fn a_configuration_is_named_and_read_with_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.toml");
    let name = path.display().to_string();
    let long = format!("seed = \"{}\"", "x".repeat(60_000));
    for (bytes, told) in [
        (
            &b"seed = \"one\""[..],
            "configuration: line 1: invalid type: string \"one\", expected a whole number",
        ),
        (
            b"seed = 1\nprior = 3",
            "configuration: line 2: invalid type: integer `3`, expected keys and values",
        ),
        (b"seed = 1\nseed = 2", "configuration: line 2: duplicate key"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (&[b'#'; 1 << 17], "more than 65536 bytes"),
        (&[b'['; 1 << 15], "configuration: line 1: "),
        (long.as_bytes(), "configuration: line 1: invalid type: string \"xxx"),
    ] {
        fs::write(&path, bytes).unwrap();
        let said = refused(&name);
        assert!(
            said.starts_with(&format!("elbo: {name}: ")) && said.contains(told),
            "{said}"
        );
        assert!(
            !["struct", "u64", "enum"].iter().any(|word| said.contains(word)),
            "{said}"
        );
        assert!(said.len() < 700, "{said}");
    }
    if cfg!(unix) {
        assert!(refused("/dev/zero").contains("/dev/zero: it is a device, expected a file or a pipe"));
        assert!(refused(&folder.path().display().to_string()).contains("directory"));
    }
}
