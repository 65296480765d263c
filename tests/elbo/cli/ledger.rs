//! The ledger: what each step of the note costs, in nats.

use check::ledger::ledger;
use check::report::ledger::rows_close;
use reference::model::Model as _;
use reference::vocab::{Beta, Reading};
use serde_json::Value;
use worlds::case;

use super::{json, stdout};
use crate::elbo;

#[test]
fn the_ledger_adds_up_for_every_row_beta_and_reading() {
    let worlds = case::embedded().unwrap().worlds;
    assert_eq!(worlds.len(), 256);
    for (row, world) in worlds.iter().enumerate() {
        for beta in [0.0, 0.5, 1.0, 6.6, 1000.0] {
            let world = world.with_beta(Beta::new(beta).unwrap());
            for reading in Reading::ALL {
                let ledger = ledger(&world, reading).unwrap();
                assert!(
                    ledger.residue.is_some() && ledger.adds_up(),
                    "row {row}, beta {beta}, {}",
                    reading.name()
                );
                assert!(
                    rows_close(&world, &ledger).unwrap(),
                    "row {row}, beta {beta}, {}",
                    reading.name()
                );
            }
        }
    }
}

#[test]
fn the_ledger_prints_six_decimals_a_residue_and_the_side_of_beta() {
    let text = stdout(&elbo(&["ledger", "--row", "3", "--beta", "6.6"]));
    for expected in [
        "evidence",
        "objective",
        "+ gap",
        "+ dropped",
        "+ reweighting",
        "beta* = ",
        "(above it)",
        "adds up",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let report = json(&["ledger", "--row", "3", "--beta", "0.1", "--format", "json"]);
    assert_eq!(report["ledger"]["bound_holds"], false, "0.1 lies below beta*");
    let amount = |entry: &Value| entry["nats"].as_f64().unwrap();
    let sum: f64 = report["ledger"]["entries"].as_array().unwrap().iter().map(amount).sum();
    assert!((sum - amount(&report["ledger"]["evidence"])).abs() < 1e-12);
}
