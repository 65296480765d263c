//! The example from candle writes a dump that stands.

use judge::dump;

#[allow(dead_code, reason = "its main is for the command line")]
#[path = "../../derivations/producers/candle.rs"]
mod example;

#[test]
fn a_dump_from_candle_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kl.safetensors");
    example::write(&path).unwrap();
    let judgement = judge::judge(&dump::open(&path).unwrap(), &|_| ()).unwrap();
    let used: Vec<f64> = judgement.claims.iter().map(|judged| judged.comparison.used()).collect();
    assert!(judgement.stands() && used.len() == 2, "{used:?}");
}
