//! Two tables of logits: what is undefined in either, and slopes of tables that nearly agree.

use approx::assert_relative_eq;
use gpu::fused::{self, Isa, Numbers, Rows};

use super::ends::{narrow, wide};
use super::logits;

/// Value and both gradients of a row.
fn of<E: Numbers>(isa: Isa, divergence: bool, tables: [&[f64]; 2]) -> (f64, [Vec<f64>; 2]) {
    let stored = tables.map(|table| table.iter().map(|x| narrow(*x)).collect::<Vec<E>>());
    let [a, b] = stored
        .each_ref()
        .map(|table| Rows::new("logits", table, table.len()).unwrap());
    let (mut value, mut grads) = ([0.5], stored.clone());
    let [first, second] = &mut grads;
    let function = if divergence {
        fused::kl_divergence::<E>
    } else {
        fused::cross_entropy::<E>
    };
    function(isa, [a, b], 1.0, &mut value, Some([first, second]));
    (value[0], grads.map(|grad| grad.into_iter().map(wide).collect()))
}

/// A prior that is no number at a code which has no weight: the sum over its codes is none, and no slope is known.
#[test]
fn a_table_undefined_where_the_other_is_masked_leaves_no_slope() {
    let inf = f64::INFINITY;
    let masked = [[0.5, -inf, 0.2, 0.1], [88.3, f64::NAN, -50.0, 0.0]];
    let lost = [[0.0, -1000.0, 0.0, 0.0], [1.0, f64::NAN, 1.0, 1.0]];
    let without = [[-inf; 4], [0.0; 4]];
    fn undefined<E: Numbers>(isa: Isa, tables: &[[f64; 4]; 2]) {
        for divergence in [true, false] {
            let (value, grads) = of::<E>(isa, divergence, tables.each_ref().map(|table| &table[..]));
            assert!(
                value.is_nan() && grads.iter().flatten().all(|slope| slope.is_nan()),
                "{} {tables:?} {divergence}: {value} {grads:?}",
                isa.name()
            );
        }
    }
    for isa in Isa::available() {
        for tables in [masked, lost, without] {
            undefined::<f32>(isa, &tables);
            undefined::<f64>(isa, &tables);
        }
    }
}

/// Where the tables nearly agree a slope is `q` times a small log-ratio less its mean: both have to be known to the digits of the log-ratio, not of
/// the logits.
#[test]
fn slopes_of_tables_that_nearly_agree_keep_their_digits() {
    let k = 512;
    let (base, step) = (logits("normal", 1, k), logits("outliers", 1, k));
    for apart in [1e-4_f32, 1e-5, 1e-6] {
        let a: Vec<f64> = base.iter().map(|x| f64::from(2.0 * x)).collect();
        let b: Vec<f64> = base
            .iter()
            .zip(&step)
            .map(|(x, z)| f64::from(2.0 * x + apart * z))
            .collect();
        let value = reference::logits::kl_divergence(&a, &b).unwrap().value();
        let [expected, _] = reference::logits::kl_divergence_gradients(&a, &b).unwrap();
        let largest = expected
            .iter()
            .fold(0.0_f64, |most, slope| slope.value().abs().max(most));
        for isa in Isa::available() {
            let (found, [grad, _]) = of::<f32>(isa, true, [&a, &b]);
            assert_relative_eq!(found, value, max_relative = 1e-4);
            // The weight: 4 u of an exponential, 13 u of its exponent, which is at most 13 below the largest. The mean: as much, and 22 u of its
            // sum, on E_q|d|, about the largest slope over its weight. 6 roundings of products.
            let room = (2.0 * (4.0 + 13.0) + 22.0 + 6.0) * f64::from(f32::EPSILON) / 2.0 * largest;
            for (slope, expected) in grad.iter().zip(&expected) {
                let error = (slope - expected.value()).abs();
                assert!(
                    error <= room,
                    "{} {apart:e}: off by {:.1e} of the largest",
                    isa.name(),
                    error / largest
                );
            }
        }
    }
}
