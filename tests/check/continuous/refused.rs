//! What is no linear-Gaussian world, and what a fit makes of data.

use approx::assert_relative_eq;
use ndarray::{Array1, Array2, Axis, array};
use rand::{RngExt as _, SeedableRng as _};
use reference::equations::bound::*;
use reference::gaussian::{Data, Gaussian, Parts, Ppca, fit};
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::vocab::{Error, Nats, closure_bound};

use super::by_hand;

#[test]
fn a_covariance_is_believed_up_to_a_condition_of_1e13_and_named_beyond() {
    let with = |covariance: Array2<f64>| {
        Gaussian::new(Parts {
            prior_mean: Array2::zeros((2, 2)),
            prior_covariance: ndarray::stack![Axis(0), Array2::<f64>::eye(2), covariance],
            decoder_weight: array![[1.0, 0.5]],
            encoder_weight: array![[0.5], [0.25]],
            encoder_offset: array![0.0, 0.0],
            encoder_covariance: Array2::eye(2),
            ..by_hand()
        })
    };
    let near = with(array![[1.0, 0.0], [0.0, 1e-12]]).unwrap().observing(1);
    let (evidence, elbo, gap) = (
        eq03_log_evidence(&near).unwrap(),
        eq09_log_product(&near).unwrap(),
        near.posterior_gap().unwrap(),
    );
    assert!((evidence - elbo - gap).value().abs() <= closure_bound(&[evidence, elbo, gap]));
    let message = |covariance| with(covariance).unwrap_err().to_string();
    assert_eq!(
        message(array![[1.0, 2.0], [2.0, 1.0]]),
        "prior_covariance[1] is indefinite (its smallest eigenvalue is -1e0, its largest 3e0), expected a symmetric positive definite \
         matrix with eigenvalues above 1 / 1e15 and within a factor of 1e13"
    );
    assert!(
        message(array![[1.0, 1.0], [1.0, 1.0]])
            .starts_with("prior_covariance[1] is singular (its smallest eigenvalue is ")
    );
    assert!(
        message(array![[1.0, 0.5], [0.25, 1.0]])
            .starts_with("prior_covariance[1] is asymmetric (its smallest eigenvalue is 6.25e-1")
    );
    assert!(message(array![[1.0, f64::NAN], [0.25, 1.0]]).starts_with("prior_covariance[1, 0, 1] is NaN"));
}

#[test]
fn a_parameter_that_does_not_fit_is_named() {
    let refused = |change: &dyn Fn(&mut Parts)| {
        let mut parts = by_hand();
        change(&mut parts);
        Gaussian::new(parts).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&|parts| parts.encoder_offset = Array1::zeros(2)),
        "encoder_offset has shape [2], expected [1]"
    );
    assert_eq!(
        refused(&|parts| parts.x = array![f64::INFINITY]),
        "x[0] is inf, expected a number of size at most 1e15"
    );
    assert_eq!(
        refused(&|parts| parts.decoder_weight = Array2::zeros((65, 1))),
        "decoder_weight has shape [65, 1], expected at most 64 in each dimension"
    );
    assert_eq!(refused(&|parts| parts.y = 2), "y is 2, expected a caption in 0..2");
    assert!(refused(&|parts| parts.ln_p_y = array![0.0, 0.0]).starts_with("ln_p_y sums to 2"));
}

#[test]
fn a_world_whose_posterior_rounding_decides_is_refused() {
    let with = |size: f64| {
        Gaussian::new(Parts {
            prior_mean: Array2::zeros((2, 2)),
            prior_covariance: ndarray::stack![Axis(0), Array2::<f64>::eye(2), Array2::eye(2)],
            decoder_weight: array![[size, size]],
            encoder_weight: array![[0.5], [0.25]],
            encoder_offset: array![0.0, 0.0],
            encoder_covariance: Array2::eye(2),
            ..by_hand()
        })
    };
    for size in [1.0, 1e3, 1e5] {
        let world = with(size).unwrap();
        let (above, below, gap) = (
            eq04_multiplied_by_one(&world),
            eq06_expected_log_ratio(&world),
            world.posterior_gap(),
        );
        let (above, below, gap) = (above.unwrap(), below.unwrap(), gap.unwrap());
        let bound = closure_bound(&[above, below, gap]);
        assert!(
            (above - below - gap).value().abs() <= bound && bound.is_finite(),
            "{size:e}"
        );
    }
    let message = with(1e8).unwrap_err().to_string();
    assert!(
        message.contains("[0] is singular to working precision (its smallest eigenvalue is "),
        "{message}"
    );
}

#[test]
fn a_fit_takes_flat_pixels_and_refuses_what_does_not_fit_together() {
    let images = Array2::from_shape_fn((30, 4), |(n, k)| {
        if k == 3 {
            0.0
        } else {
            f64::from((n * (k + 2) % 7) as u8)
        }
    });
    let data = Data {
        images,
        captions: (0..30).map(|n| n % 2).collect(),
        count: 2,
    };
    let weight = array![[1.0], [0.5], [0.25], [0.0]];
    Gaussian::new(fit(&data, weight.clone(), 20).unwrap()).unwrap();
    let refused = |data: Data, weight: Array2<f64>| fit(&data, weight, 1).unwrap_err().to_string();
    assert_eq!(
        refused(
            Data {
                count: 1,
                ..data.clone()
            },
            weight.clone()
        ),
        "y is 1, expected a caption in 0..1"
    );
    assert_eq!(
        refused(
            Data {
                captions: vec![0; 29],
                ..data.clone()
            },
            weight
        ),
        "captions has shape [29], expected [30]"
    );
    assert_eq!(
        refused(data, array![[1.0]]),
        "decoder_weight has shape [1, 1], expected [4, 1]"
    );
}

#[test]
fn the_bound_of_probabilistic_pca_is_tight_and_its_evidence_is_the_closed_form() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let scales = array![3.0, 2.0, 1.5, 1.0, 0.7, 0.5, 0.3];
    let mixing = Array2::from_shape_simple_fn((7, 7), || rng.random_range(-1.0..1.0));
    let data = Array2::from_shape_simple_fn((41, 7), || rng.random_range(-1.0..1.0)) * &scales;
    let data = data.dot(&mixing);
    let fitted = Ppca::fit(&data, 3).unwrap();
    let mut average = Vec::new();
    for x in data.rows() {
        let world = fitted.world(&x.to_owned()).unwrap();
        let (evidence, elbo) = (eq03_log_evidence(&world).unwrap(), eq09_log_product(&world).unwrap());
        let (miss, bound) = ((evidence - elbo).value().abs(), closure_bound(&[evidence, elbo]));
        assert!(miss <= bound, "{miss:e} above {bound:e}");
        average.push((1.0 / 41.0) * evidence);
    }
    let (average, expected) = (average.into_iter().sum::<Nats>(), fitted.average_log_evidence);
    // The closed form knows the eigenvalues to 7 u of the largest, 1/l of each: as a share of the smallest kept, below 1e3 u in all.
    assert_relative_eq!(average.value(), expected.value(), max_relative = 1e-12);
    // Another noise, mean or weight is less likely.
    let mut others = [0.99, 1.01]
        .map(|factor| Ppca {
            noise: fitted.noise * factor,
            ..fitted.clone()
        })
        .to_vec();
    others.push(Ppca {
        mean: &fitted.mean + 1e-2,
        ..fitted.clone()
    });
    others.push(Ppca {
        weight: &fitted.weight * 1.01,
        ..fitted.clone()
    });
    let at = |fit: &Ppca| -> f64 {
        let rows = data.rows().into_iter();
        let evidence = rows.map(|x| eq03_log_evidence(&fit.world(&x.to_owned()).unwrap()).unwrap().value());
        evidence.sum()
    };
    assert!(others.iter().all(|other| at(other) < at(&fitted)));
    // Three images span two directions: what is left out holds rounding alone.
    let few = data.slice(ndarray::s![..3, ..]).to_owned();
    assert!(matches!(
        Ppca::fit(&few, 3),
        Err(Error::Covariance { what: "singular", .. })
    ));
    assert!(matches!(
        Ppca::fit(&Array2::zeros((5, 4)), 2),
        Err(Error::Covariance { what: "singular", .. })
    ));
    assert!(matches!(Ppca::fit(&data, 7), Err(Error::Shape { .. })));
}

#[test]
fn parameters_at_the_ends_of_their_range_overflow_nothing() {
    const ENDS: [f64; 3] = [1e15, 1.0, 1e-15];
    let mut believed = 0;
    for places in 0..3_usize.pow(6) {
        let end = |place: u32| ENDS[places / 3_usize.pow(place) % 3];
        let world = Gaussian::new(Parts {
            decoder_weight: array![[end(0)]],
            x: array![-end(1)],
            encoder_weight: array![[end(2)]],
            encoder_covariance: array![[end(3)]],
            decoder_covariance: array![[end(4)]],
            prior_covariance: ndarray::Array3::from_elem((2, 1, 1), end(5)),
            ..by_hand()
        });
        let Ok(world) = world else { continue };
        believed += 1;
        let sides = [
            eq03_log_evidence(&world),
            eq05_log_expected_ratio(&world),
            eq06_expected_log_ratio(&world),
        ];
        let [evidence, ratio, elbo] = sides.map(Result::unwrap);
        let gap = world.posterior_gap().unwrap();
        for (above, slack, below) in [(evidence, Nats::ZERO, ratio), (ratio, gap, elbo)] {
            let (miss, bound) = (
                (above - slack - below).value().abs(),
                closure_bound(&[above, slack, below]),
            );
            assert!(
                miss <= bound && bound.is_finite(),
                "{:?}: {miss:e} of {bound:e}",
                world.parts()
            );
        }
    }
    assert!(believed > 500, "{believed}");
}
