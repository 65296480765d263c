//! Straight-through samples of codes that tie in the type they are computed in.

use bounds::Float;
use serde_json::json;

use super::file::Draft;
use super::random::Random;
use super::reports::Outcome::{Out, Right};
use super::reports::outcome;

const CODES: usize = 32;
const ROWS: usize = 24;

/// Rows of logits and noise in a type, in each of which a code comes to within two roundings of the best, before it or after it.
fn near_ties(float: Float, offset: f64, seed: u64) -> [Vec<f64>; 2] {
    let mut random = Random::new(seed);
    let (mut logits, mut noise) = (Vec::new(), Vec::new());
    for _ in 0..ROWS {
        let mut x: Vec<f64> = (0..CODES).map(|_| float.nearest(offset + random.normal())).collect();
        let g: Vec<f64> = (0..CODES).map(|_| float.nearest(random.gumbel())).collect();
        x[CODES - 1] = float.nearest(0.9 * offset - 40.0); // never the sample
        let best = largest((0..CODES).map(|k| x[k] + g[k]));
        let other = (best + 1 + random.below(CODES - 2)) % (CODES - 1);
        let t = x[best] + g[best];
        x[other] = float.nearest(t - g[other] + random.between(-2.0, 2.0) * float.unit_roundoff() * t.abs());
        logits.extend(x);
        noise.extend(g);
    }
    [logits, noise]
}

fn largest(numbers: impl Iterator<Item = f64>) -> usize {
    let first = |best: (usize, f64), (k, number): (usize, f64)| if number > best.1 { (k, number) } else { best };
    numbers.enumerate().fold((0, f64::NEG_INFINITY), first).0
}

/// The code that a framework takes in its type: the first of the largest scores, or of the largest rounded weights.
fn taken(x: &[f64], g: &[f64], tau: f64, float: Float, by_weights: bool) -> usize {
    let divided = x.iter().zip(g).map(|(x, g)| float.nearest(float.nearest(x + g) / tau));
    let z: Vec<f64> = divided.collect();
    if !by_weights {
        return largest(z.into_iter());
    }
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = z.iter().map(|z| (z - max).exp()).sum();
    largest(z.iter().map(|z| float.nearest((z - max).exp() / sum)))
}

fn one_hot(codes: &[Vec<usize>]) -> Vec<f64> {
    let row = |row: &Vec<usize>| {
        (0..CODES)
            .map(|k| f64::from(u8::from(row.contains(&k))))
            .collect::<Vec<_>>()
    };
    codes.iter().flat_map(row).collect()
}

#[test]
fn a_straight_through_sample_may_be_any_code_that_ties_in_its_type_and_no_other() {
    for float in [Float::Bf16, Float::F16, Float::F32] {
        let mut others = 0;
        for (seed, (offset, tau)) in [
            (0.0, 1.0),
            (0.0, 0.0625),
            (0.0, 2.0),
            (10.0, 1.0),
            (100.0, 0.5),
            (3e4, 1.0),
        ]
        .into_iter()
        .enumerate()
        {
            let [x, g] = near_ties(float, offset, seed as u64);
            let row = |row: usize| row * CODES..(row + 1) * CODES;
            let verdict = |codes: &[Vec<usize>]| {
                let statement = json!({"dtype": float.name(), "layout": "BSK", "prior": "uniform", "temperature": tau, "straight_through": true});
                let mut draft = Draft::new("tokens", &statement);
                for (name, values) in [
                    ("encoder_logits", &x),
                    ("gumbel_noise", &g),
                    ("claim.relaxed_sample", &one_hot(codes)),
                ] {
                    draft.floats(name, &[1, ROWS, CODES], values, float);
                }
                draft.statement["claims"]["relaxed_sample"] = json!({});
                outcome(&judge::judge(&draft.opened(), &|_| ()).unwrap(), "relaxed_sample").0
            };
            for by_weights in [false, true] {
                let codes: Vec<Vec<usize>> = (0..ROWS)
                    .map(|at| vec![taken(&x[row(at)], &g[row(at)], tau, float, by_weights)])
                    .collect();
                let exact = |at: usize| largest(x[row(at)].iter().zip(&g[row(at)]).map(|(x, g)| x + g));
                others += (0..ROWS).filter(|at| codes[*at] != [exact(*at)]).count();
                let what = format!(
                    "{} at {offset}, temperature {tau}, by weights: {by_weights}",
                    float.name()
                );
                let found = verdict(&codes);
                assert_ne!(found, Out, "{what}");
                // At 3e4 a half type has no digit left for most codes.
                assert!(
                    found == Right || offset > 10.0 && float != Float::F32,
                    "{what}: {found:?}"
                );
                for (wrong, why) in [
                    (vec![CODES - 1], "far below the best"),
                    (vec![], "none taken"),
                    (vec![codes[3][0], CODES - 1], "two taken"),
                ] {
                    let mut codes = codes.clone();
                    codes[3] = wrong;
                    assert_eq!(verdict(&codes), Out, "{what}: {why}");
                }
            }
        }
        assert!(others > 10, "{}: {others} ties were taken otherwise", float.name());
    }
}
