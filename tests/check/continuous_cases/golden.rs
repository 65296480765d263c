//! Numbers of continuous worlds against those of another program in 60 digits (golden.py), and files on which we printed wrong ones.

use check::ledger::{Bound, Entry, ledger};
use ndarray::{Array, Array1, Array2, Array3, Dimension, IntoDimension};
use reference::critical::CriticalBeta;
use reference::gaussian::{Gaussian, Parts};
use reference::vocab::{Nats, Reading, closure_bound};
use serde_json::Value;

fn array<D: Dimension>(json: &Value, shape: impl IntoDimension<Dim = D>) -> Array<f64, D> {
    fn flat(json: &Value, into: &mut Vec<f64>) {
        match json.as_array() {
            Some(parts) => parts.iter().for_each(|part| flat(part, into)),
            None => into.push(number(json)),
        }
    }
    let mut entries = Vec::new();
    flat(json, &mut entries);
    Array::from_shape_vec(shape.into_dimension(), entries).unwrap()
}

fn world(json: &Value) -> Gaussian {
    let length = |name: &str| json[name].as_array().unwrap().len();
    let (captions, d, pixels) = (length("ln_p_y"), length("encoder_offset"), length("x"));
    let vector = |name: &str, n: usize| -> Array1<f64> { array(&json[name], n) };
    let matrix = |name: &str, rows: usize, columns: usize| -> Array2<f64> { array(&json[name], (rows, columns)) };
    let prior_covariance: Array3<f64> = array(&json["prior_covariance"], (captions, d, d));
    Gaussian::new(Parts {
        ln_p_y: vector("ln_p_y", captions),
        prior_mean: matrix("prior_mean", captions, d),
        prior_covariance,
        decoder_weight: matrix("decoder_weight", pixels, d),
        decoder_offset: matrix("decoder_offset", captions, pixels),
        decoder_covariance: matrix("decoder_covariance", pixels, pixels),
        encoder_weight: matrix("encoder_weight", d, pixels),
        encoder_offset: vector("encoder_offset", d),
        encoder_covariance: matrix("encoder_covariance", d, d),
        ln_q_y_given_x: vector("ln_q_y_given_x", captions),
        x: vector("x", pixels),
        y: json["y"].as_str().unwrap().parse().unwrap(),
        beta: number(&json["beta"]),
    })
    .unwrap()
}

fn number(text: &Value) -> f64 {
    text.as_str().unwrap().parse().unwrap()
}

#[test]
fn every_number_of_every_condition_is_right_to_its_bound_and_the_bound_is_rounding() {
    let golden: Value = serde_json::from_str(include_str!("golden.json")).unwrap();
    let (mut numbers, mut criticals, mut verdicts) = (0, 0, [0; 2]);
    for (place, case) in golden.as_array().unwrap().iter().enumerate() {
        let world = world(&case["world"]);
        for reading in [Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Expected] {
            let (expected, name) = (&case["ledger"][reading.name()], reading.name());
            let found = ledger(&world, reading).unwrap();
            let entries: Vec<&Entry> = [&found.evidence]
                .into_iter()
                .chain(&found.entries)
                .chain(&found.parts)
                .collect();
            let largest = entries
                .iter()
                .filter_map(|entry| entry.nats)
                .map(|nats| nats.value().abs());
            let largest = largest.fold(1.0, f64::max);
            for entry in entries {
                let Some(expected) = expected.get(entry.name) else {
                    continue;
                };
                let (nats, expected) = (entry.nats.unwrap(), number(expected));
                let (off, bound) = ((nats.value() - expected).abs(), closure_bound(&[nats]));
                assert!(
                    off <= bound,
                    "world {place}, {name}, {}: {off:e} of {bound:e}",
                    entry.name
                );
                // A hundred nats of addends to one that is left, at most.
                let rounding = closure_bound(&[Nats::of(100.0 * largest)]);
                assert!(bound <= rounding, "world {place}, {name}, {}: {bound:e}", entry.name);
                numbers += 1;
            }
            if let Some(CriticalBeta::From(at) | CriticalBeta::UpTo(at)) = found.critical {
                let off = (at.beta - number(&expected["beta*"])).abs();
                assert!(
                    off <= at.within,
                    "world {place}, {name}, beta*: {off:e} of {:e}",
                    at.within
                );
                criticals += 1;
            }
            let room = number(&expected["room"]);
            if found.bound == Bound::Undecided {
                let sides = [found.evidence.nats.unwrap(), found.entries[0].nats.unwrap()];
                assert!(
                    room.abs() <= 2.0 * closure_bound(&sides),
                    "world {place}, {name}: {room:e}"
                );
                continue;
            }
            assert_eq!(found.bound.holds(), Some(room >= 0.0), "world {place}, {name}");
            verdicts[usize::from(room >= 0.0)] += 1;
        }
    }
    assert!(numbers > 1000 && criticals > 100, "{numbers} {criticals}");
    assert!(verdicts[0] > 15 && verdicts[1] > 80, "{verdicts:?}");
}
