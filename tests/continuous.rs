//! Linear-Gaussian worlds: every row closes, and three ways to compute a side agree.
#![cfg(feature = "lapack")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use approx::assert_relative_eq;
use derivations::cases::{Cases, gaussian};
use derivations::check::{Options, check};
use derivations::expr::EXPRS;
use derivations::integrals::compare;
use derivations::precision::closure_bound;
use derivations::scene::Scene;
use derivations::subject::Subject as _;
use ndarray::{Array1, Array2, Array3, Axis, array};
use rand::{RngExt as _, SeedableRng as _};
use reference::equations::{bound::*, objective::*};
use reference::gaussian::{Gaussian, Parts, Ppca, posterior_encoder};
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::vocab::{Error, Nats, Reading};

#[test]
fn every_row_closes_on_ten_thousand_worlds() {
    let cases: Cases<Gaussian> = Cases::of(Vec::new(), 10_000, 0, gaussian::world);
    let checked = check(&cases, &Options::default(), &|_| ()).unwrap();
    assert_eq!(checked.failures().count(), 0);
    for row in &checked.rows {
        let (id, all) = (&row.claim.id, &row.all);
        assert!(all.closed > 9_000, "{id}: {} rows closed", all.closed);
        let worst = all.worst.unwrap().0;
        // The residues of rows that add up the same numbers, or none, are 0.
        let shared =
            matches!(id.as_str(), "6-7" | "11-12") || (id == "13-14" && row.claim.reading == Reading::Observed);
        assert!(
            shared || worst > 1e-3,
            "{id}: the worst residue is {worst:e} of its bound: too loose"
        );
    }
}

#[test]
fn closed_form_quadrature_and_sampling_agree() {
    let worlds: Vec<Gaussian> = (0..400).map(|index| gaussian::world(1, index)).collect();
    let seen = compare(&worlds, 1).unwrap();
    assert!(seen.worst_quadrature <= 1.0 && seen.worst_sampling <= 4.0, "{seen:?}");
    assert!(seen.worst_quadrature > 1e-3, "{seen:?}");
    assert!(seen.by_quadrature > 8_000 && seen.by_sampling > 8_000, "{seen:?}");
}

/// ```text
/// p(y) = 1/4, 3/4     z|y=0 ~ N(0, 1), z|y=1 ~ N(1, 1)     x|y,z ~ N(z + y, 1)     q(z|x) = N(1, 1/2)     q(y|x) = 1/3, 2/3     x = 1, y = 0
///
/// x|y=0 ~ N(0, 2)       ln p(x,y)    = ln 1/4 - 1/4 - 1/2 ln 4 pi
/// x|y=1 ~ N(2, 2)       ln p(x,y=1)  = ln 3/4 - 1/4 - 1/2 ln 4 pi;        ln p(x) = -1/4 - 1/2 ln 4 pi
/// posterior             z|x,y=0 ~ N(1/2, 1/2),     z|x,y=1 ~ N(1/2, 1/2)
/// KL*                   1/2 (1 + (1/2)^2 / (1/2) - 1) = 1/4, of either caption
/// R                     -1/2 ln 2 pi - 1/2 (0 + 1/2) = -1/2 ln 2 pi - 1/4
/// H(q)                  1/2 (1 + ln pi)
/// -E_q ln p(z|y=0)      1/2 ln 2 pi + 1/2 (1 + 1/2) = 1/2 ln 2 pi + 3/4;       y = 1: 1/2 ln 2 pi + 1/4
/// observed   D          ln 4 + 1/2 ln 2 pi + 3/4 - 1/2 - 1/2 ln pi = ln 4 + 1/2 ln 2 + 1/4
/// joint      D          1/3 (ln 4/3 + 1/2 ln 2 + 1/4) + 2/3 (ln 8/9 + 1/2 ln 2 - 1/4)
/// ```
fn by_hand() -> Parts {
    Parts {
        ln_p_y: array![0.25_f64.ln(), 0.75_f64.ln()],
        prior_mean: array![[0.0], [1.0]],
        prior_covariance: Array3::ones((2, 1, 1)),
        decoder_weight: array![[1.0]],
        decoder_offset: array![[0.0], [1.0]],
        decoder_covariance: array![[1.0]],
        encoder_weight: array![[0.5]],
        encoder_offset: array![0.5],
        encoder_covariance: array![[0.5]],
        ln_q_y_given_x: array![(1.0 / 3.0_f64).ln(), (2.0 / 3.0_f64).ln()],
        x: array![1.0],
        y: 0,
        beta: 1.0,
    }
}

fn close(found: Result<Nats, Error>, expected: f64) {
    assert_relative_eq!(found.unwrap().value(), expected, epsilon = 4e-15, max_relative = 4e-15);
}

#[test]
fn the_world_worked_by_hand() {
    let w = Gaussian::new(by_hand()).unwrap();
    let (ln2, pi) = (std::f64::consts::LN_2, std::f64::consts::PI);
    let evidence = 0.25_f64.ln() - 0.25 - 0.5 * (4.0 * pi).ln();
    let r = -0.5 * (2.0 * pi).ln() - 0.25;
    close(eq03_log_evidence(&w), evidence);
    close(eq05_log_expected_ratio(&w), evidence);
    close(eq09_log_product(&w), evidence - 0.25);
    close(w.posterior_gap(), 0.25);
    close(w.ln_evidence_of_image(), -0.25 - 0.5 * (4.0 * pi).ln());
    close(Ok(expected_log_likelihood(&w, Reading::Joint)), r);
    let observed = 4.0_f64.ln() + 0.5 * ln2 + 0.25;
    close(divergence(&w, Reading::Observed), observed);
    let joint = ((4.0 / 3.0_f64).ln() + 0.5 * ln2 + 0.25) / 3.0 + ((8.0 / 9.0_f64).ln() + 0.5 * ln2 - 0.25) * 2.0 / 3.0;
    close(divergence(&w, Reading::Joint), joint);
    close(w.joint_against_pointwise(), joint - (observed - 3.0_f64.ln()));
    let posterior = w.joint_posterior_gap();
    close(
        posterior,
        0.25 + ((4.0 / 3.0_f64).ln() + 2.0 * (8.0 / 9.0_f64).ln()) / 3.0,
    );
}

#[test]
fn the_gap_is_nothing_at_the_posterior_and_the_divergence_elsewhere() {
    for index in 0..300 {
        let world = gaussian::world(2, index);
        if !world.ln_p_y(world.y()).is_finite() {
            continue;
        }
        let (upper, lower) = (
            eq05_log_expected_ratio(&world).unwrap(),
            eq06_expected_log_ratio(&world).unwrap(),
        );
        let gap = world.posterior_gap().unwrap();
        let miss = (upper - lower - gap).value().abs();
        assert!(miss <= closure_bound(&[upper, lower, gap]), "world {index}: {miss:e}");
        let planted = Gaussian::new(posterior_encoder(&world).unwrap()).unwrap();
        let gap = planted.posterior_gap().unwrap();
        assert!(gap.value().abs() <= closure_bound(&[gap]), "world {index}: {gap:?}");
    }
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
    // Any other rotation, noise or mean is less likely.
    let worse = Ppca {
        noise: fitted.noise * 1.01,
        ..fitted.clone()
    };
    let at = |fit: &Ppca| -> f64 {
        let rows = data.rows().into_iter();
        let evidence = rows.map(|x| eq03_log_evidence(&fit.world(&x.to_owned()).unwrap()).unwrap().value());
        evidence.sum()
    };
    assert!(at(&worse) < at(&fitted));
    assert!(matches!(
        Ppca::fit(&Array2::zeros((5, 4)), 2),
        Err(Error::Covariance { what: "singular", .. })
    ));
    assert!(matches!(Ppca::fit(&data, 7), Err(Error::Shape { .. })));
}

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
         matrix with eigenvalues from 1e-30 on and within a factor of 1e13"
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
        "x[0] is inf, expected a number of size at most 1e30"
    );
    assert_eq!(
        refused(&|parts| parts.decoder_weight = Array2::zeros((65, 1))),
        "decoder_weight has shape [65, 1], expected at most 64 in each dimension"
    );
    assert_eq!(refused(&|parts| parts.y = 2), "y is 2, expected a caption in 0..2");
    assert!(refused(&|parts| parts.ln_p_y = array![0.0, 0.0]).starts_with("ln_p_y sums to 2"));
}

#[test]
fn a_density_may_exceed_one() {
    let world = Gaussian::new(Parts {
        decoder_covariance: array![[1e-4]],
        prior_covariance: Array3::from_elem((2, 1, 1), 1e-4),
        x: array![0.0],
        ..by_hand()
    })
    .unwrap();
    assert!(eq03_log_evidence(&world).unwrap().value() > 0.0);
}

#[test]
fn what_has_no_closed_form_is_known_by_name() {
    let world = Gaussian::new(by_hand()).unwrap();
    let scene = Scene::new(&world, Reading::Pointwise).unwrap();
    for side in EXPRS {
        let none = matches!(side.value(&scene), Err(Error::NoClosedForm { .. }));
        assert_eq!(none, Gaussian::NO_CLOSED_FORM.contains(&side.id), "{}", side.id);
    }
    for reading in Reading::ALL {
        assert_eq!(
            Scene::new(&world, reading).is_ok(),
            Gaussian::READINGS.contains(&reading)
        );
    }
}
