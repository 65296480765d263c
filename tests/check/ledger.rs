//! Ledgers at the limits: a tight bound, opposite infinities.

use check::ledger::ledger;
use ndarray::array;
use reference::vocab::Reading;
use reference::world::{Tables, World};

#[test]
fn a_tight_bound_is_not_lost_by_its_last_digit() {
    // The posterior planted in many worlds: beta* is 1 up to rounding, and the ledger at beta = 1 holds.
    for index in 0..300 {
        let world = worlds::generate::random::world(77, index);
        let Ok(q) = reference::repairs::posterior(&world) else {
            continue;
        };
        let tables = Tables {
            ln_q_z_given_x: q.ln().clone(),
            ln_q_yz_given_x: None,
            beta: 1.0,
            ..world.tables()
        };
        let tight = World::new(tables).unwrap();
        let drawn = ledger(&tight, Reading::Observed).unwrap();
        assert_eq!(drawn.bound.holds(), Some(true), "world {index}");
    }
}

#[test]
fn opposite_infinities_of_a_reading_are_one_entry_of_the_ledger() {
    let w = World::new(Tables {
        ln_p_x_given_yz: array![[-1.0, -2.0], [-0.5, -0.25]],
        ln_p_yz: array![[0.25_f64.ln(); 2], [0.25_f64.ln(); 2]],
        ln_q_z_given_x: array![0.25_f64.ln(), 0.75_f64.ln()],
        ln_q_y_given_x: array![0.5_f64.ln(), 0.5_f64.ln()],
        ln_q_yz_given_x: Some(array![[0.0_f64, 0.5], [0.25, 0.25]].mapv(f64::ln)),
        y: 0,
        beta: 2.0,
    })
    .unwrap();
    let drawn = ledger(&w, Reading::Joint).unwrap();
    assert!(drawn.residue.is_some() && drawn.adds_up());
    assert_eq!(drawn.entries.len(), 5, "objective, gap, reading, dropped, reweighting");
}
