//! Gradients times weights of any size: a weight is a factor of the slope, and of nothing that is larger or smaller than it.

use gpu::fused::{Gumbel, Isa, Numbers, Rows, gumbel_softmax_gradient};

use super::ends::{laplace, narrow};

/// Weight, location, log-scale; the slopes by `mu` and by `ln b`, mpmath, 50 digits.
type Slopes = (f64, f64, f64, [f64; 2]);

fn slopes_are<E: Numbers>(isa: Isa, exact: &[Slopes], digits: f64) {
    for (weight, mu, ln_b, expected) in exact {
        let [_, found @ ..] = laplace::<E>(isa, [0.3, *mu, *ln_b].map(narrow), *weight);
        for (found, expected) in found.into_iter().zip(expected) {
            assert!(
                (found / expected - 1.0).abs() <= digits,
                "{} weight {weight:e}, ln b {ln_b}: {found:e}, not {expected:e}",
                isa.name()
            );
        }
    }
}

/// Derivatives whose sum, and whose distance from their mean, exceeds the type's largest number.
#[test]
fn derivatives_of_samples_are_as_large_as_the_type_allows() {
    let (nothing, v) = (f32::NEG_INFINITY, 3.3e38_f32);
    let ln_3 = 3.0_f32.ln();
    // Even over the first two; three to one; one code left.
    let rows: [([f32; 3], [f32; 3], [f32; 3]); 3] = [
        ([0.0, 0.0, nothing], [v, v, -v], [0.0; 3]),
        ([ln_3, 0.0, nothing], [v, -v, f32::MIN], [0.375 * v, -0.375 * v, 0.0]),
        ([nothing, 0.0, nothing], [-v, v, v], [0.0; 3]),
    ];
    for isa in Isa::available() {
        for (x, upstream, expected) in &rows {
            fn table(table: &[f32; 3]) -> Rows<'_, f32> {
                Rows::new("numbers", table, 3).unwrap()
            }
            let mut grad = [0.5; 3];
            gumbel_softmax_gradient(
                isa,
                Gumbel::new(table(x), table(&[0.0; 3]), 1.0).unwrap(),
                table(upstream),
                &mut grad,
            );
            for (found, expected) in grad.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1e-6 * v,
                    "{} {x:?} {upstream:?}: {grad:?}",
                    isa.name()
                );
            }
        }
    }
    let mut grad = vec![0.5; 4096];
    let (even, upstream) = (vec![0.0; 4096], vec![f32::MAX; 4096]);
    let table = |table| Rows::new("numbers", table, 4096).unwrap();
    let gumbel = Gumbel::new(table(&even), table(&even), 1.0).unwrap();
    gumbel_softmax_gradient(Isa::best(), gumbel, table(&upstream), &mut grad);
    // A mean off by a roundoff of the largest, over 4096 codes.
    let room = f32::MAX * f32::EPSILON / 4096.0;
    assert!(grad.iter().all(|slope| slope.abs() <= room), "{}", grad[0]);
}

#[test]
fn a_weight_of_any_size_is_a_factor_of_a_slope_alone() {
    let single = [
        (1e-22, 1.0, 0.25, [-7.788_007_830_71e-23, 4.386_769_760_26e-23]),
        (1e-30, 1.0, 0.25, [-7.788_007_830_71e-31, 4.386_769_760_26e-31]),
        (1e-36, 1.0, 0.25, [-7.788_007_830_71e-37, 4.386_769_760_26e-37]),
        (1e-30, 1.0, -140.0, [-6.327_431_707_16e30, 1.168_865_069_52e31]),
        (1e30, 1.0, 104.0, [-6.813_556_821_55e-16, -1e30]),
        (1e38, 1.0, 120.0, [-7.667_648_073_72e-15, -1e38]),
        (3e38, 1.0, 0.25, [-2.336_402_349_21e38, 1.316_030_928_08e38]),
    ];
    let double = [
        (1e-300, 1.0, 0.25, [-7.788_007_830_714e-301, 4.386_770_202_356_8e-301]),
        (1e-291, 1.0, 0.25, [-7.788_007_830_714e-292, 4.386_770_202_356_8e-292]),
        (1e-305, 1.0, -1400.0, [-1.028_666_660_852e303, 1.900_253_721_643_5e303]),
        (1e300, 1.0, 900.0, [-1.364_477_212_365_7e-91, -1e300]),
    ];
    for isa in Isa::available() {
        // Two logarithms of 4 u on at most 1.9, an exponential of 4 u and roundings on 1.4, of which 0.4 is left: some 60 u; and 13 digits.
        slopes_are::<f32>(isa, &single, 64.0 * f64::from(f32::EPSILON) / 2.0);
        slopes_are::<f64>(isa, &double, 1e-12);
    }
}
