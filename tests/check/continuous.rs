//! Linear-Gaussian worlds: every row closes, and three ways to compute a side agree.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "tests"
)]
mod refused;

use std::sync::Mutex;

use approx::assert_relative_eq;
use check::continuous::judge;
use check::integrals::compare;
use check::progress::Progress;
use check::{Options, check};
use ndarray::{Array2, Array3, Axis, array};
use note::checkable::Checkable as _;
use note::line::LINES;
use note::under_reading::UnderReading;
use reference::equations::{bound::*, objective::*};
use reference::gaussian::{Gaussian, Parts, posterior_encoder};
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::vocab::{Error, Nats, Reading, closure_bound};
use worlds::generate::{Cases, gaussian};

#[test]
fn every_row_closes_on_ten_thousand_worlds() {
    let cases: Cases<Gaussian> = Cases::of(Vec::new(), 10_000, 0, gaussian::world);
    let checked = check(&cases, &Options::default(), &|_| ()).unwrap();
    let failed: Vec<_> = checked
        .failures()
        .map(|row| (&row.claim.id, row.claim.reading, row.all.ours_broken, row.all.worst))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    for row in &checked.rows {
        let (id, all) = (&row.claim.id, &row.all);
        assert!(all.closed > 9_000, "{id}: {} rows closed", all.closed);
        let worst = all.worst.unwrap().0;
        // The residues of rows that add up the same numbers, or none, are 0.
        let shared =
            matches!(id.as_str(), "4-5" | "6-7" | "11-12") || (id == "13-14" && row.claim.reading == Reading::Observed);
        assert!(
            shared || worst > 1e-3,
            "{id}: the worst residue is {worst:e} of its bound: too loose"
        );
    }
}

#[test]
fn closed_form_quadrature_and_sampling_agree() {
    let worlds: Vec<Gaussian> = (0..400).map(|index| gaussian::world(1, index)).collect();
    let seen = compare(&worlds, 1, &|_| ()).unwrap();
    assert!(seen.worst_quadrature <= 1.0 && seen.worst_sampling <= 4.0, "{seen:?}");
    assert!(seen.worst_quadrature > 1e-3 && seen.worst_sampling > 1.0, "{seen:?}");
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
    let (mut asked, mut planted_on) = (0, 0);
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
        // Rounded to f64 where it is planted: a posterior of condition 1e12 is then 1e-4 off, and the gap its square.
        let planted = Gaussian::new(posterior_encoder(&world)).unwrap();
        let gap = planted.posterior_gap().unwrap();
        assert!(
            (-closure_bound(&[gap])..1e-6).contains(&gap.value()),
            "world {index}: {gap:?}"
        );
        planted_on += u32::from(gap.value() <= closure_bound(&[gap]));
        asked += 1;
    }
    assert!(20 * planted_on > 17 * asked, "{planted_on} of {asked}");
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
    let scene = UnderReading::new(&world, Reading::Pointwise).unwrap();
    for side in LINES {
        let none = matches!(side.value(&scene), Err(Error::NoClosedForm { .. }));
        assert_eq!(none, Gaussian::NO_CLOSED_FORM.contains(&side.id), "{}", side.id);
    }
    for reading in Reading::ALL {
        assert_eq!(
            UnderReading::new(&world, reading).is_ok(),
            Gaussian::READINGS.contains(&reading)
        );
    }
}

#[test]
fn the_points_tell_two_forms_apart_that_differ_in_a_cross_term() {
    let turned = |covariance: Array2<f64>| {
        let parts = Parts {
            prior_mean: Array2::zeros((2, 2)),
            prior_covariance: ndarray::stack![Axis(0), covariance, Array2::<f64>::eye(2)],
            decoder_weight: array![[1.0, 0.0]],
            encoder_weight: Array2::zeros((2, 1)),
            encoder_offset: array![0.0, 0.0],
            encoder_covariance: Array2::eye(2),
            ..by_hand()
        };
        let world = Gaussian::new(parts).unwrap();
        world.values(&world.ln_p_z_given_y(0))
    };
    // The same values on both axes of q, for the inverse's diagonal is the same.
    let (one, other) = (
        turned(array![[1.0, 0.5], [0.5, 1.0]]),
        turned(array![[1.0, -0.5], [-0.5, 1.0]]),
    );
    let differ = |k: usize| (one[k] - other[k]).value().abs() > closure_bound(&[one[k], other[k]]);
    assert_eq!((0..one.len()).filter(|&k| differ(k)).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn every_phase_is_told_to_its_end() {
    let told = Mutex::new(Vec::new());
    let file = [Gaussian::new(by_hand()).unwrap()];
    let tell = |progress| told.lock().unwrap().push(progress);
    let found = judge(&file, 70, 1, &Options::default(), &tell).unwrap();
    let mut phases: Vec<(&str, u64, u64)> = Vec::new();
    for progress in told.into_inner().unwrap() {
        match progress {
            Progress::Begins { what, total } => phases.push((what, total, 0)),
            Progress::Done(more) => phases.last_mut().unwrap().2 += more,
        }
    }
    let worlds = found.checked.worlds.iter().map(|(_, count)| count).sum();
    let expected = [
        ("continuous worlds", worlds),
        ("worlds integrated three ways", found.integrals.worlds),
    ];
    assert_eq!(phases, expected.map(|(what, total)| (what, total, total)));
}
