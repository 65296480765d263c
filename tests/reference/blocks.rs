//! The building blocks beside the lines: divergences by definition, beta* in all its cases, slacks at their limits.

use approx::assert_relative_eq;
use ndarray::array;
use reference::categorical::{cross_entropy, entropy, kl_divergence};
use reference::critical::CriticalBeta::{Always, From, Never, Positive, Undecided, UpTo};
use reference::critical::{Threshold, critical_beta};
use reference::equations::objective::ln_caption;
use reference::model::Model as _;
use reference::vocab::{Error, LogProbs, Reading, UNIT_ROUNDOFF_F64};

use super::support::world;

fn distribution(p: &[f64]) -> LogProbs<ndarray::Ix1> {
    LogProbs::new("p", p.iter().map(|p| p.ln()).collect(), UNIT_ROUNDOFF_F64).unwrap()
}

#[test]
fn divergences_by_their_definition() {
    let (q, p) = (distribution(&[0.5, 0.25, 0.25]), distribution(&[0.25, 0.25, 0.5]));
    let ln2 = 2.0_f64.ln();
    assert_relative_eq!(entropy(&q).value(), 1.5 * ln2, max_relative = 1e-15);
    assert_relative_eq!(
        cross_entropy(&q, &p).unwrap().value(),
        0.5 * 2.0 * ln2 + 0.25 * 2.0 * ln2 + 0.25 * ln2,
        max_relative = 1e-15
    );
    assert_relative_eq!(kl_divergence(&q, &p).unwrap().value(), 0.25 * ln2, max_relative = 1e-15);
    assert!(matches!(
        kl_divergence(&q, &distribution(&[0.5, 0.5])),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(
        cross_entropy(&q, &distribution(&[0.5, 0.5])),
        Err(Error::Shape { .. })
    ));
}

#[test]
fn a_divergence_is_infinite_where_q_is_alone_and_finite_where_p_is() {
    let (q, p) = (distribution(&[0.5, 0.5, 0.0]), distribution(&[1.0, 0.0, 0.0]));
    assert!(kl_divergence(&q, &p).unwrap().value() >= f64::INFINITY);
    assert!(cross_entropy(&q, &p).unwrap().value() >= f64::INFINITY);
    assert_relative_eq!(
        kl_divergence(&p, &q).unwrap().value(),
        2.0_f64.ln(),
        max_relative = 1e-15
    );
}

#[test]
fn an_underflowed_probability_still_meets_an_impossible_code() {
    let q = LogProbs::new("q", array![-(-800.0_f64).exp().ln_1p(), -800.0], UNIT_ROUNDOFF_F64).unwrap();
    let p = distribution(&[1.0, 0.0]);
    assert!(kl_divergence(&q, &p).unwrap().value() >= f64::INFINITY);
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a flat list of cases, several of them in the same worlds"
)]
fn the_critical_beta_has_a_case_for_every_divergence() {
    // D = 0: p(y) = 1 and q(z|x) = p(z|y). R = 1/2 ln 1/4 + 1/2 ln 1/16 below ln p(x,y): beta does not matter.
    let one = world(
        array![[0.25, 0.0625]],
        array![[0.5, 0.5]],
        array![0.5, 0.5],
        array![1.0],
    );
    assert_eq!(critical_beta(&one, Reading::Observed, false).unwrap(), Always);
    // R = -inf: an impossible code is proposed.
    let impossible = world(array![[0.25, 0.0]], array![[0.25, 0.75]], array![0.5, 0.5], array![1.0]);
    assert_eq!(critical_beta(&impossible, Reading::Observed, false).unwrap(), Always);
    // D = +inf: the prior rules out a code that q proposes; R = ln 1/2 beside ln p(x,y): equal but for rounding, or above.
    let infinite = |first: f64| world(array![[first, 0.5]], array![[1.0, 0.0]], array![0.5, 0.5], array![1.0]);
    assert_eq!(
        critical_beta(&infinite(0.5), Reading::Observed, false).unwrap(),
        Positive { at_zero: None }
    );
    assert_eq!(
        critical_beta(&infinite(0.25), Reading::Observed, false).unwrap(),
        Positive { at_zero: Some(false) }
    );
    // D = 0 jointly, R = 0 above ln p(x,y) = ln 1/2: never.
    let never = world(
        array![[1.0], [1.0]],
        array![[0.5], [0.5]],
        array![1.0],
        array![0.5, 0.5],
    );
    assert_eq!(critical_beta(&never, Reading::Joint, false).unwrap(), Never);
    // ... and with the constant kept R + ln 1/2 = ln p(x,y), but for rounding: it hides D as well.
    assert_eq!(critical_beta(&never, Reading::Joint, true).unwrap(), Undecided);
    // Evidence 0 with a finite R: no finite beta helps.
    let nothing = world(
        array![[0.5], [0.5]],
        array![[0.0], [1.0]],
        array![1.0],
        array![0.0, 1.0],
    );
    assert_eq!(critical_beta(&nothing, Reading::Joint, false).unwrap(), Never);
    // D < 0 pointwise: q(y|x) = 1/4 below p(y) = 1/2, so D = ln 1/2 and R = ln p(x,y) + ln 2; up to -1.
    let negative = world(
        array![[1.0], [1.0]],
        array![[0.5], [0.5]],
        array![1.0],
        array![0.25, 0.75],
    );
    let UpTo(critical) = critical_beta(&negative, Reading::Pointwise, false).unwrap() else {
        panic!("D < 0")
    };
    assert_relative_eq!(critical.beta, -1.0, max_relative = 1e-15);
    // With the constant kept: R + ln 1/4, so up to 1 = 1 + KL*/|D|.
    let UpTo(critical) = critical_beta(&negative, Reading::Pointwise, true).unwrap() else {
        panic!("D < 0")
    };
    assert_relative_eq!(critical.beta, 1.0, max_relative = 1e-15);
    // The observed reading at the posterior: exactly 1. Not clamped: R far below ln p(x,y) gives a negative one.
    let From(critical) = critical_beta(&never, Reading::Observed, false).unwrap() else {
        panic!("D > 0")
    };
    assert_relative_eq!(critical.beta, 1.0, max_relative = 1e-15);
    let poor = world(
        array![[1.0, 1e-6], [1.0, 1.0]],
        array![[0.4, 0.1], [0.25, 0.25]],
        array![0.1, 0.9],
        array![0.5, 0.5],
    );
    let From(critical) = critical_beta(&poor, Reading::Observed, false).unwrap() else {
        panic!("D > 0")
    };
    assert!(critical.beta < 0.0);
    assert_eq!(critical_beta(&never, Reading::Expected, false).unwrap(), Undecided); // R = 0 beside ln p(x) = 0, and D = 0
    assert!(matches!(
        critical_beta(&poor, Reading::Expected, true).unwrap(),
        From(_)
    ));
}

#[test]
fn a_critical_beta_says_where_the_bound_holds() {
    let half = |within| Threshold { beta: 0.5, within };
    for (critical, beta, holds) in [
        (From(half(0.0)), 0.5, Some(true)),
        (From(half(0.1)), 2.0, Some(true)),
        (From(half(0.1)), 0.3, Some(false)),
        (From(half(0.1)), 0.55, None),
        (From(half(0.1)), 0.45, None),
        (From(half(0.25)), 0.75, None), // on the edge
        (UpTo(half(0.0)), 0.5, Some(true)),
        (UpTo(half(0.1)), 0.0, Some(true)),
        (UpTo(half(0.1)), 0.7, Some(false)),
        (UpTo(half(0.1)), 0.55, None),
        (Always, 0.0, Some(true)),
        (Never, 1e9, Some(false)),
        (Positive { at_zero: Some(true) }, 0.0, Some(true)),
        (Positive { at_zero: Some(true) }, 1.0, Some(true)),
        (Positive { at_zero: Some(false) }, 0.0, Some(false)),
        (Positive { at_zero: Some(false) }, 1e-9, Some(true)),
        (Positive { at_zero: None }, 1e-9, Some(true)),
        (Positive { at_zero: None }, 0.0, None),
        (Undecided, 0.5, None),
    ] {
        assert_eq!(critical.holds(beta), holds, "{critical:?} at {beta}");
    }
}

#[test]
fn the_readings_caption_term() {
    let w = world(
        array![[0.5, 0.5], [0.5, 0.5]],
        array![[0.5, 0.0], [0.5, 0.0]],
        array![0.5, 0.5],
        array![0.25, 0.75],
    );
    assert_relative_eq!(ln_caption(&w, Reading::Observed, 0).unwrap().value(), 0.0);
    assert_relative_eq!(
        ln_caption(&w, Reading::Joint, 1).unwrap().value(),
        0.75_f64.ln(),
        max_relative = 1e-15
    );
    assert_relative_eq!(
        ln_caption(&w, Reading::Footnote, 0).unwrap().value(),
        0.5_f64.ln(),
        max_relative = 1e-15
    );
    // Where p(z) = 0 there is no p(y|z): the uniform one is taken.
    assert_relative_eq!(
        w.ln_p_y_given_z(0).unwrap()[1].value(),
        0.5_f64.ln(),
        max_relative = 1e-15
    );
    assert_relative_eq!(
        w.under(Reading::Footnote).unwrap().ln_q_yz(1)[1].value(),
        0.25_f64.ln(),
        max_relative = 1e-15
    );
}
