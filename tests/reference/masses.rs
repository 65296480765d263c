//! Masses by hand: what a bound is made of must not be lost, or everything agrees.

use approx::assert_relative_eq;
use ndarray::array;
use reference::equations::objective::{eq14_objective, expected_log_likelihood};
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::special::log_sum_exp;
use reference::vocab::{Beta, Error, LogProbs, Nats, Reading, UNIT_ROUNDOFF_F64};
use reference::world::{Tables, World};

use super::support::world;

#[test]
fn a_log_sum_exp_carries_its_terms_their_distances_and_the_sum() {
    let ln2 = 2.0_f64.ln();
    let terms = [
        Nats::with_mass(2.0, 3.0),
        Nats::with_mass(2.0 - ln2, 5.0),
        Nats::NEG_INFINITY,
    ];
    let sum = log_sum_exp(&terms);
    assert_relative_eq!(sum.value(), 2.0 + 1.5_f64.ln(), max_relative = 1e-15);
    let carried = (3.0 + 0.5 * (5.0 + ln2)) / 1.5;
    assert_relative_eq!(sum.mass(), carried + 2.0 + 1.5_f64.ln() + 1.0, max_relative = 1e-15);
    let odd = |odd: f64| log_sum_exp(&[Nats::of(0.0), Nats::with_mass(odd, 0.0)]);
    assert!(odd(f64::INFINITY).value() >= f64::INFINITY);
    assert!(odd(f64::NAN).determinate("sum").is_err());
}

#[test]
fn a_sum_keeps_what_its_partial_sums_lose_in_either_order() {
    for terms in [[1.0, 1e100, 1.0, -1e100], [1e100, 1.0, -1e100, 1.0]] {
        let sum: Nats = terms.map(Nats::of).into_iter().sum();
        assert_relative_eq!(sum.value(), 2.0);
        assert_relative_eq!(sum.mass(), 2e100);
    }
}

#[test]
fn what_q_misses_carries_the_mass_of_the_missed() {
    // Posterior 2/3, 1/6, 1/6; the last is not covered.
    let q_z = array![0.5, 0.5, 0.0];
    let most = world(array![[0.5, 0.25, 0.25]], array![[0.5, 0.25, 0.25]], q_z, array![1.0]);
    let missed = most.uncovered_posterior().unwrap();
    let own = (missed.mass() - missed.value()) / (2.0 / 6.0);
    // ln p(z|x,y) = ln 1/4 + ln 1/4 - ln 3/8: at least 4 ln 2, and the normaliser's addends, not many of them.
    let least = 4.0 * 2.0_f64.ln();
    assert!(own >= least && own <= least + 8.0, "mass of ln p(z|x,y): {own}");
}

#[test]
fn a_tiny_loss_is_not_rounded_away() {
    // The code that q does not cover has the posterior 1e-20.
    let w = World::new(Tables {
        ln_p_x_given_yz: array![[-1.0, -1.0 + 1e-20_f64.ln()]],
        ln_p_yz: array![[0.5_f64.ln(), 0.5_f64.ln()]],
        ln_q_z_given_x: array![0.0, f64::NEG_INFINITY],
        ln_q_y_given_x: array![0.0],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })
    .unwrap();
    let lost = w.uncovered_posterior().unwrap();
    assert_relative_eq!(lost.value(), 1e-20, max_relative = 1e-12);
    assert!(
        lost.mass() < 1e-17,
        "the mass is as tiny as the loss: {:e}",
        lost.mass()
    );
}

#[test]
fn at_beta_0_a_divergence_without_value_does_not_matter() {
    // Pointwise: q(y|x) = 0 makes the log-ratio -inf, p(y,z) = 0 makes it +inf.
    let w = world(
        array![[0.5, 0.25], [0.5, 0.5]],
        array![[0.5, 0.0], [0.25, 0.25]],
        array![0.5, 0.5],
        array![0.0, 1.0],
    );
    assert!(eq14_objective(&w, Reading::Pointwise, Beta::ONE).is_err());
    let at_zero = eq14_objective(&w, Reading::Pointwise, Beta::new(0.0).unwrap()).unwrap();
    let expected = expected_log_likelihood(&w, Reading::Pointwise);
    assert_relative_eq!(at_zero.value(), expected.value(), max_relative = 1e-15);
}

#[test]
fn the_joint_against_the_product_by_hand() {
    let joint = array![[0.1_f64, 0.3, 0.0], [0.2, 0.4, 0.0]];
    let prior = array![[0.05_f64, 0.15, 0.1], [0.3, 0.2, 0.2]];
    let q_z = [0.3_f64, 0.7];
    let w = World::new(Tables {
        ln_p_x_given_yz: array![[-1.0, -2.0, -0.5], [-0.5, -0.25, -1.5]],
        ln_p_yz: prior.mapv(f64::ln),
        ln_q_z_given_x: array![0.3_f64.ln(), 0.7_f64.ln(), f64::NEG_INFINITY],
        ln_q_y_given_x: array![0.4_f64.ln(), 0.6_f64.ln()],
        ln_q_yz_given_x: Some(joint.mapv(f64::ln)),
        y: 0,
        beta: 1.0,
    })
    .unwrap();
    let mut expected = 0.0;
    for ((y, z), &q) in joint.indexed_iter().filter(|(_, q)| **q > 0.0) {
        expected += q * (q / prior[[y, z]]).ln();
    }
    for (z, q) in q_z.into_iter().enumerate() {
        expected += q * (prior[[0, z]].ln() - (q * 0.4).ln());
    }
    let found = w.joint_against_product().unwrap();
    assert_relative_eq!(found.value(), expected, max_relative = 1e-13);
}

#[test]
fn a_rounded_world_is_rounded_in_every_table() {
    let free = array![[0.1_f64, 0.2], [0.3, 0.4]];
    let w = World::new(Tables {
        ln_p_x_given_yz: array![[-1.1, -2.3], [-0.7, -0.3]],
        ln_p_yz: array![[0.1_f64, 0.2], [0.3, 0.4]].mapv(f64::ln),
        ln_q_z_given_x: array![0.4_f64.ln(), 0.6_f64.ln()],
        ln_q_y_given_x: array![0.3_f64.ln(), 0.7_f64.ln()],
        ln_q_yz_given_x: Some(free.mapv(f64::ln)),
        y: 1,
        beta: 1.0,
    })
    .unwrap();
    let round = |x: f64| (x * 8.0).round() / 8.0;
    let moved = |r: f64, x: f64| r.to_bits() == round(x).to_bits() && r.to_bits() != x.to_bits();
    let rounded = w.rounded(round);
    assert!(
        rounded
            .likelihood()
            .iter()
            .zip(w.likelihood())
            .all(|(r, x)| moved(*r, *x))
    );
    for (r, x) in [
        (rounded.prior().ln(), w.prior().ln()),
        (rounded.joint_encoder().ln(), w.joint_encoder().ln()),
    ] {
        assert!(r.iter().zip(x).all(|(r, x)| moved(*r, *x)));
    }
    for (r, x) in [
        (rounded.encoder(), w.encoder()),
        (rounded.caption_model(), w.caption_model()),
    ] {
        assert!(r.ln().iter().zip(x.ln()).all(|(r, x)| moved(*r, *x)));
        assert_relative_eq!(r.p().sum(), 1.0, max_relative = 1e-15);
    }
    assert!(w.is_free() && !w.under(Reading::Observed).unwrap().is_free());
    assert!(w.under(Reading::Footnote).unwrap().is_free());
    let product = world(array![[0.5]], array![[1.0]], array![1.0], array![1.0]);
    assert!(!product.is_free());
}

#[test]
fn a_row_that_misses_one_is_renormalised_and_the_world_says_by_how_much() {
    let off = 0.75_f64.ln() + 1e-14;
    let table = LogProbs::new("p", array![off, 0.25_f64.ln()], UNIT_ROUNDOFF_F64).unwrap();
    assert!(table.ln()[0] < off, "moved down");
    assert_relative_eq!(table.correction(), 0.75e-14, max_relative = 0.05);
    let w = World::new(Tables {
        ln_p_x_given_yz: array![[-1.0, -1.0]],
        ln_p_yz: array![[0.5_f64.ln(), 0.5_f64.ln()]],
        ln_q_z_given_x: array![off, 0.25_f64.ln()],
        ln_q_y_given_x: array![0.0],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })
    .unwrap();
    assert_relative_eq!(w.correction(), 0.75e-14, max_relative = 0.05);
}

#[test]
fn an_index_is_unravelled_axis_by_axis() {
    let mut table = ndarray::Array2::from_elem((3, 2), -1.0);
    table[[2, 1]] = f64::NAN;
    let error = LogProbs::new("p", table, UNIT_ROUNDOFF_F64).unwrap_err();
    assert!(matches!(error, Error::Entry { index, .. } if index == [2, 1]));
}

#[test]
fn a_marginal_may_miss_by_what_rounding_explains_and_no_more() {
    let with = |given: f64, joint: f64| {
        World::new(Tables {
            ln_p_x_given_yz: array![[-1.0, -1.0]],
            ln_p_yz: array![[0.5_f64.ln(), 0.5_f64.ln()]],
            ln_q_z_given_x: array![0.0, given.ln()],
            ln_q_y_given_x: array![0.0],
            ln_q_yz_given_x: Some(array![[0.0, joint.ln()]]),
            y: 0,
            beta: 1.0,
        })
    };
    let refused = |given, joint| matches!(with(given, joint), Err(Error::Marginal { index, .. }) if index == [1]);
    assert!(with(1e-30, 1e-30).is_ok());
    // 400 u of 1e-30: its logarithm, 69, explains 2 x 2 x 69 u of it and the row's length 260 u more.
    assert!(
        with(1e-30, 1e-30 * (1.0 + 4.4e-14)).is_ok(),
        "an entry's own logarithm counts"
    );
    assert!(refused(1e-30, 1.1e-30), "a tenth is no rounding");
    assert!(refused(1e-20, 0.0) && refused(0.0, 1e-20), "nothing against something");
    assert!(refused(2e-17, 1e-17), "an absolute allowance of 2 u would accept it");
}
