//! A NaN at any place of any table is the row's value, whichever lanes it falls on, and no other row's.

use agree::terms::{CASES, Call, Engine as _, TERMS};
use gpu::fused::{Isa, Numbers, Target};

/// Whole blocks of the widest lanes, one of them and a rest of single numbers.
const K: usize = 5 * 16 + 3;

fn every_place<E: Numbers>() {
    let case = CASES.iter().find(|case| case.name == "normal").unwrap();
    for term in TERMS {
        let tables = case.tables(1, (3, K), term.tables);
        let tables: Vec<Vec<f64>> = if term.pixels {
            tables
                .into_iter()
                .map(|table| table.into_iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect())
                .collect()
        } else {
            tables
        };
        for (t, place) in (0..term.tables).flat_map(|t| (0..K).map(move |place| (t, place))) {
            let mut call: Call<E> = Call {
                name: "nan",
                k: K,
                tables: tables
                    .iter()
                    .map(|table| table.iter().map(|x| E::from_f64(*x)).collect())
                    .collect(),
                targets: vec![
                    Target {
                        token: 4,
                        from: 0,
                        to: K,
                        weight: 1.0,
                    };
                    3
                ],
            };
            call.tables[t][K + place] = E::from_f64(f64::NAN);
            for isa in Isa::available() {
                let mut values = [0.0; 3];
                let mut grads = vec![vec![E::from_f64(0.0); 3 * K]; term.gradients];
                isa.run(term.function, &call, 1.0, &mut values, &mut grads).unwrap();
                let told = format!("{} {} table {t} place {place}: {values:?}", term.name, isa.name());
                assert!(
                    values[1].is_nan() && values[0].is_finite() && values[2].is_finite(),
                    "{told}"
                );
            }
        }
    }
}

#[test]
fn no_lane_drops_a_nan() {
    every_place::<f32>();
    every_place::<f64>();
}
