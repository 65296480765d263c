//! At the limits: tight bounds, divergences of 0, shares beyond any double, opposite infinities.

use approx::assert_relative_eq;
use ndarray::{Array1, Array2, array};
use reference::critical::CriticalBeta::{Never, Undecided};
use reference::critical::critical_beta;
use reference::equations::bound::{eq03_log_evidence, eq04_multiplied_by_one};
use reference::model::Model as _;
use reference::repairs::{average_joint_objective, average_joint_slack, average_log_evidence};
use reference::slack::Slack as _;
use reference::vocab::{Beta, Reading, closure_bound};
use reference::world::{Tables, World};

use super::support::world;

#[test]
fn slacks_at_their_limits() {
    let of = |q_z: Array1<f64>| world(array![[0.5, 0.25, 0.25]], array![[0.5, 0.25, 0.25]], q_z, array![1.0]);
    // p(x,y,z) = 1/4, 1/16, 1/16: posterior 2/3, 1/6, 1/6.
    let missing = of(array![0.0, 0.5, 0.5]);
    assert_relative_eq!(
        missing.uncovered_posterior().unwrap().value(),
        3.0_f64.ln(),
        max_relative = 1e-15
    );
    assert_relative_eq!(missing.jensen_gap().unwrap().value(), 0.0, epsilon = 1e-15);
    let most = of(array![0.5, 0.5, 0.0]);
    assert_relative_eq!(
        most.uncovered_posterior().unwrap().value(),
        1.2_f64.ln(),
        max_relative = 1e-14
    );
    assert_relative_eq!(
        most.posterior_gap().unwrap().value(),
        0.5 * 0.75_f64.ln() + 0.5 * 3.0_f64.ln(),
        max_relative = 1e-14
    );
    let off = world(array![[0.5, 0.0]], array![[0.5, 0.5]], array![0.0, 1.0], array![1.0]);
    assert!(off.uncovered_posterior().unwrap().value() >= f64::INFINITY);
    assert!(off.jensen_gap().is_err() && off.posterior_gap().unwrap().value() >= f64::INFINITY);
    let impossible = world(array![[0.0]], array![[1.0]], array![1.0], array![1.0]);
    assert!(
        impossible.posterior_gap().is_err(),
        "no posterior where the evidence is 0"
    );
    let six = most.with_beta(Beta::new(0.0).unwrap());
    assert_relative_eq!(
        six.reweighted_divergence(Reading::Observed).unwrap().value(),
        -0.5 * 2.0_f64.ln(),
        max_relative = 1e-14
    );
}

#[test]
fn a_divergence_of_zero_is_not_called_negative() {
    // p(y,z) = q(y|x) q(z|x) in thirds: D = 0 jointly, whatever its last digits say.
    let third = 1.0 / 3.0;
    let (q_z, q_y) = (array![third, third, third], array![third, 2.0 * third]);
    let prior = Array2::from_shape_fn((2, 3), |(y, z)| q_y[y] * q_z[z]);
    let flat = world(Array2::from_elem((2, 3), 0.3), prior, q_z, q_y);
    for reading in [Reading::Joint, Reading::Footnote, Reading::Expected] {
        let critical = critical_beta(&flat, reading, false).unwrap();
        // Under the expected reading R is the evidence, and rounding hides what separates the two as well.
        let told = if reading == Reading::Expected { Undecided } else { Never };
        assert_eq!(critical, told, "{}", reading.name());
    }
    let certain = world(
        array![[0.3, 0.3, 0.3]],
        array![[0.1, 0.3, 0.6]],
        array![0.1, 0.3, 0.6],
        array![1.0],
    );
    for reading in Reading::ALL {
        assert_eq!(
            critical_beta(&certain, reading, false).unwrap(),
            Undecided, // R is the evidence
            "{}",
            reading.name()
        );
    }
}

#[test]
fn what_is_covered_may_be_a_share_beyond_any_double() {
    for by in [30.0, 60.0, 740.0, 800.0, 1e4] {
        let w = World::new(Tables {
            ln_p_x_given_yz: array![[-1.0, -1.0 - by]],
            ln_p_yz: array![[0.5_f64.ln(), 0.5_f64.ln()]],
            ln_q_z_given_x: array![f64::NEG_INFINITY, 0.0],
            ln_q_y_given_x: array![0.0],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 1.0,
        })
        .unwrap();
        let slack = w.uncovered_posterior().unwrap();
        assert_relative_eq!(slack.value(), by, max_relative = 1e-13);
        assert!(
            slack.mass() < 10.0 * by + 20.0,
            "its mass is of its own size: {slack:?}"
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of states")]
fn uniform(n: usize) -> Array1<f64> {
    Array1::from_elem(n, -(n as f64).ln())
}

#[test]
fn the_averaged_rows_close_over_thousands_of_captions() {
    let captions = 2000;
    let w = World::new(Tables {
        ln_p_x_given_yz: Array2::from_shape_fn((captions, 2), |(_, z)| if z == 1 { -600.0 } else { 0.0 }),
        ln_p_yz: Array2::from_elem((captions, 2), uniform(2 * captions)[0]),
        ln_q_z_given_x: uniform(2),
        ln_q_y_given_x: uniform(captions),
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })
    .unwrap();
    let (above, below) = (average_log_evidence(&w).unwrap(), average_joint_objective(&w).unwrap());
    let slack = average_joint_slack(&w).unwrap();
    let residue = above.value() - slack.value() - below.value();
    assert!(residue.abs() <= closure_bound(&[above, below, slack]), "{residue:e}");
}

#[test]
fn what_q_misses_closes_over_a_hundred_thousand_codes() {
    for (codes, covered) in [(400_000, 190_000), (100_000, 60_000), (100_000, 45_000)] {
        let mut ln_q = Array1::from_elem(codes, f64::NEG_INFINITY);
        ln_q.slice_mut(ndarray::s![..covered]).fill(uniform(covered)[0]);
        let w = World::new(Tables {
            ln_p_x_given_yz: Array2::from_shape_fn((1, codes), |(_, z)| if z == 0 { 0.0 } else { 0.57_f64.ln() }),
            ln_p_yz: uniform(codes).insert_axis(ndarray::Axis(0)),
            ln_q_z_given_x: ln_q,
            ln_q_y_given_x: array![0.0],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 1.0,
        })
        .unwrap();
        let (above, below) = (eq03_log_evidence(&w).unwrap(), eq04_multiplied_by_one(&w).unwrap());
        let slack = w.uncovered_posterior().unwrap();
        let residue = above.value() - slack.value() - below.value();
        assert!(
            residue.abs() <= closure_bound(&[above, below, slack]),
            "{codes} {covered}: {residue:e}"
        );
    }
}
