//! Inputs whose numbers overflow on the way, through every command: what ends with 0 has printed and written numbers.

#[cfg(feature = "twin")]
mod configurations;
#[cfg(feature = "lapack")]
mod fits;
#[cfg(feature = "twin")]
mod models;
mod worlds;

use serde_json::Value;

use crate::elbo;

/// What holds of every run: it ends by itself; what could not be done is one sentence; and what ended with 0 printed no NaN, no number that JSON
/// left out. The exit code, and what was printed.
fn honest(args: &[&str]) -> (i32, String) {
    let output = elbo(args);
    let code = output.status.code().unwrap_or_else(|| panic!("{args:?}: {output:?}"));
    let [told, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!((0..=2).contains(&code), "{args:?}: {code}\n{said}");
    if code == 2 {
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        assert!(said.len() < 1000, "{args:?}: {said}");
        return (code, said);
    }
    if code == 0 {
        expect_numbers(&told, args);
    }
    (code, told)
}

/// No NaN in a text; in JSON no null where a number should be.
fn expect_numbers(told: &str, args: &[&str]) {
    let words = || told.split(|c: char| !c.is_alphanumeric());
    assert!(
        !words().any(|word| word.eq_ignore_ascii_case("nan")),
        "{args:?}:\n{told}"
    );
    if let Ok(json) = serde_json::from_str::<Value>(told) {
        let mut nulls = Vec::new();
        collect(&json, String::new(), &mut nulls);
        nulls.retain(|path| !MAY_BE_MISSING.iter().any(|known| path.ends_with(known)));
        assert!(nulls.is_empty(), "{args:?}: {nulls:?}");
    }
}

/// What has no value in some report, by the end of its path: a part that was not asked for, a statement that does not apply, the error of a mean over
/// one seed. None is a number that was computed and is none.
const MAY_BE_MISSING: [&str; 20] = [
    "provenance.input_sha256",
    "provenance.title",
    "provenance.seed",
    ".continuous",
    ".terms",
    "rows[].reading",
    "rows[].worst",
    "all.failed",
    "file.failed",
    "file.smallest_slack",
    "file.worst_residue",
    "ledger.residue",
    "ledger.adds_up",
    "ledger.bound_holds",
    "ledger.critical_beta",
    "rows[].codes_used.standard_error",
    "rows[].perplexity.standard_error",
    "rows[].pixel_error.standard_error",
    "rows[].reconstruction.standard_error",
    "rows[].divergence.standard_error",
];

fn collect(json: &Value, path: String, nulls: &mut Vec<String>) {
    match json {
        Value::Null => nulls.push(path),
        Value::Array(items) => items.iter().for_each(|item| collect(item, format!("{path}[]"), nulls)),
        // A side that is undefined has neither value nor mass.
        Value::Object(side) if ["nats", "mass"].iter().all(|key| side.get(*key) == Some(&Value::Null)) => {}
        Value::Object(keys) => keys
            .iter()
            .for_each(|(key, item)| collect(item, format!("{path}.{key}"), nulls)),
        _ => {}
    }
}
