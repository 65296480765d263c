//! Two worlds in exact rationals, worked by hand from the note and from nothing else.

use approx::assert_relative_eq;
use ndarray::{Array1, Array2, array};
use reference::critical::{CriticalBeta, critical_beta};
use reference::equations::{bound::*, joint::*, objective::*, split::*};
use reference::model::Model as _;
use reference::repairs;
use reference::slack::Slack as _;
use reference::vocab::{Beta, Error, Nats, Reading};
use reference::world::{Tables, World};

fn ln(p: f64) -> f64 {
    p.ln()
}

fn world(
    likelihood: Array2<f64>,
    prior: Array2<f64>,
    q_z: Array1<f64>,
    q_y: Array1<f64>,
    joint: Option<Array2<f64>>,
) -> World {
    World::new(Tables {
        ln_p_x_given_yz: likelihood.mapv(f64::ln),
        ln_p_yz: prior.mapv(f64::ln),
        ln_q_z_given_x: q_z.mapv(f64::ln),
        ln_q_y_given_x: q_y.mapv(f64::ln),
        ln_q_yz_given_x: joint.map(|joint| joint.mapv(f64::ln)),
        y: 0,
        beta: 1.0,
    })
    .unwrap()
}

fn close(found: Result<Nats, Error>, expected: f64) {
    assert_relative_eq!(found.unwrap().value(), expected, epsilon = 4e-15, max_relative = 4e-15);
}

/// ```text
/// p(x|y,z) = 1/2 1/4    p(y,z) = 1/4 1/4    q(z|x) = 1/2 1/2    q(y|x) = 1/3    y = 0
///            1/3 1/3             1/6 1/3                                 2/3
///
/// p(x,y,z) = 1/2 1/4 = 1/8,  1/4 1/4 = 1/16           p(x,y) = 3/16, posterior 2/3, 1/3
/// p(y) = 1/2, 1/2       p(z|y=0) = 1/2, 1/2           p(z) = 1/4 + 1/6 = 5/12, 7/12
/// (3) = (4) = (5)       ln 3/16                       q covers everything
/// (6) to (12)           1/2 ln((1/8)/(1/2)) + 1/2 ln((1/16)/(1/2)) = 1/2 ln 1/32 = -5/2 ln 2
/// KL*                   1/2 ln((1/2)/(2/3)) + 1/2 ln((1/2)/(1/3)) = 1/2 ln 9/8
/// R                     1/2 ln 1/2 + 1/2 ln 1/4 = -3/2 ln 2
///
/// observed    D = ln((1/2)/(1/4)) = ln 2;                     (13) = (14) = -5/2 ln 2
///             beta* = (R - ln 3/16)/D = 5/2 - ln 3/ln 2
/// pointwise   A = ln((1/3)(1/2)/(1/4)) = ln 2/3;              (14) = -3/2 ln 2 - ln 2/3,  (13) = that - ln 3
/// joint       D = 1/3 ln 2/3 + 2/3 (1/2 ln((1/3)/(1/6)) + 1/2 ln((1/3)/(1/3))) = 1/3 ln 4/3
///             (14) = -3/2 ln 2 - 1/3 ln 4/3,  (13) = that - ln 3
/// footnote    D = 1/2 ln((1/2)/(5/12)) + 1/2 ln((1/2)/(7/12)) = 1/2 ln 36/35
///             p(y=0|z) = 3/5, 3/7, so q(y|x) = 1/2 (3/5 + 3/7) = 18/35
///             (14) = -3/2 ln 2 - 1/2 ln 36/35,  (13) = that + ln 18/35
/// expected    R = 1/3 (-3/2 ln 2) + 2/3 ln 1/3, D as joint;   p(x) = 3/16 + 1/3 (1/6 + 1/3) = 17/48
///             (13) = (14) + 1/3 ln 1/3 + 2/3 ln 2/3
///
/// averaged    p(x,y=1) = 1/3 (1/6 + 1/3) = 1/6;               (mean-3) = 1/3 ln 3/16 + 2/3 ln 1/6
///             (A5) = 1/3 R(0) + 2/3 R(1) - D + the entropy term = (13) of expected, since q(y,z|x) factorises
///             slack = 1/3 KL*(0) + 2/3 KL*(1), the posterior at y = 1 being 1/3, 2/3: KL*(1) = 1/2 ln 9/8 too
///
/// decoder at the observed caption under the prior of codes
///             y = 0: sum_z p(z) p(x|y,z) = 5/24 + 7/48 = 17/48 (p(x) by chance);  (A6) = (14) of joint
///             p(y',z) p(x|0,z) = 6/48 3/48 4/48 4/48, so r = 6/17 3/17 4/17 4/17;  q(y',z|x) = 1/6 1/6 1/3 1/3
///             slack = 1/6 ln 17/36 + 1/6 ln 17/18 + 2/3 ln 17/12
///             y = 1: the decoder is 1/3 at both codes, so is their mean;  r = p(y',z), slack = D = 1/3 ln 4/3, (A6) = -ln 3 - 1/3 ln 4/3
/// ```
fn first() -> World {
    world(
        array![[0.5, 0.25], [1.0 / 3.0, 1.0 / 3.0]],
        array![[0.25, 0.25], [1.0 / 6.0, 1.0 / 3.0]],
        array![0.5, 0.5],
        array![1.0 / 3.0, 2.0 / 3.0],
        None,
    )
}

#[test]
fn the_first_world_evaluates_as_worked_by_hand() {
    let (w, ln2, ln3) = (first(), ln(2.0), ln(3.0));
    let elbo = -2.5 * ln2;
    for line in [eq03_log_evidence, eq04_multiplied_by_one, eq05_log_expected_ratio] {
        close(line(&w), ln(3.0 / 16.0));
    }
    let identities = [
        eq06_expected_log_ratio,
        eq07_log_quotient,
        eq08_networks,
        eq09_log_product,
        eq10_add_and_subtract,
        eq11_product_of_encoders,
        eq12_joint_encoder,
        repairs::without_a_reading,
        repairs::footnote_with_caption_term,
    ];
    for line in identities {
        close(line(&w), elbo);
    }
    close(w.posterior_gap(), 0.5 * ln(9.0 / 8.0));
    close(w.jensen_gap(), 0.5 * ln(9.0 / 8.0));
    close(w.uncovered_posterior(), 0.0);
    let CriticalBeta::From(critical) = critical_beta(&w, Reading::Observed, false).unwrap() else {
        panic!("a beta* from")
    };
    assert_relative_eq!(critical.beta, 2.5 - ln3 / ln2, max_relative = 1e-14);
}

/// `E_{y ~ q(y|x)}[-ln q(y|x)]`, and line 14 under the joint and under the expected reading.
fn first_by_hand() -> [f64; 3] {
    let (ln2, ln3) = (ln(2.0), ln(3.0));
    let joint = ln(4.0 / 3.0) / 3.0;
    [
        ln3 / 3.0 - 2.0 / 3.0 * ln(2.0 / 3.0),
        -1.5 * ln2 - joint,
        -0.5 * ln2 - 2.0 / 3.0 * ln3 - joint,
    ]
}

#[test]
fn the_first_world_evaluates_under_every_reading_as_worked_by_hand() {
    let (w, ln2, ln3) = (first(), ln(2.0), ln(3.0));
    let (elbo, r) = (-2.5 * ln2, -1.5 * ln2);
    let joint = ln(4.0 / 3.0) / 3.0;
    let footnote = 0.5 * ln(36.0 / 35.0);
    let [entropy, of_joint, expected] = first_by_hand();
    let by_hand = [
        (Reading::Observed, ln2, elbo, elbo),
        (
            Reading::Pointwise,
            ln(2.0 / 3.0),
            r - ln(2.0 / 3.0) - ln3,
            r - ln(2.0 / 3.0),
        ),
        (Reading::Joint, joint, of_joint - ln3, of_joint),
        (
            Reading::Footnote,
            footnote,
            r - footnote + ln(18.0 / 35.0),
            r - footnote,
        ),
        (Reading::Expected, joint, expected - entropy, expected),
    ];
    for (reading, d, line_13, line_14) in by_hand {
        close(divergence(&w, reading), d);
        close(eq13_kl_named(&w, reading), line_13);
        close(eq14_objective(&w, reading, Beta::ONE), line_14);
        close(eq01_objective(&w, reading, Beta::ONE), line_14);
        let six = Beta::new(6.6).unwrap();
        close(eq14_objective(&w, reading, six), line_14 - 5.6 * d);
        close(eq01_objective(&w, reading, six), line_14 - 5.6 * d);
        close(
            w.under(reading).unwrap().with_beta(six).reweighted_divergence(reading),
            5.6 * d,
        );
    }
    close(w.dropped_constant(Reading::Pointwise), -ln3);
    close(w.dropped_constant(Reading::Expected), -entropy);
    close(w.joint_against_pointwise(), joint - ln(2.0 / 3.0));
}

#[test]
fn the_first_world_averaged_over_captions_or_with_one_fixed_evaluates_as_worked_by_hand() {
    let (w, ln3) = (first(), ln(3.0));
    let [entropy, of_joint, expected] = first_by_hand();
    close(
        repairs::average_log_evidence(&w),
        ln(3.0 / 16.0) / 3.0 + 2.0 / 3.0 * ln(1.0 / 6.0),
    );
    close(repairs::average_joint_objective(&w), expected - entropy);
    close(repairs::average_joint_slack(&w), 0.5 * ln(9.0 / 8.0));
    close(w.ln_evidence_of_image(), ln(17.0 / 48.0));
    close(repairs::ln_evidence_with_fixed_caption(&w), ln(17.0 / 48.0));
    let by_cells = (ln(17.0 / 36.0) + ln(17.0 / 18.0)) / 6.0 + 2.0 / 3.0 * ln(17.0 / 12.0);
    close(w.joint_fixed_caption_gap(), by_cells);
    close(Ok(Nats::of(of_joint)), ln(17.0 / 48.0) - by_cells);
    close(w.image_against_fixed_caption(), 0.0);
    let other = w.observing(1);
    let joint = ln(4.0 / 3.0) / 3.0;
    close(repairs::ln_evidence_with_fixed_caption(&other), -ln3);
    close(other.joint_fixed_caption_gap(), joint);
    close(eq14_objective(&other, Reading::Joint, Beta::ONE), -ln3 - joint);
    close(other.image_against_fixed_caption(), ln(17.0 / 16.0));
}

#[test]
fn the_first_world_factorises_both_ways() {
    let w = first();
    let by_hand = [[1.0 / 8.0, 1.0 / 16.0], [1.0 / 18.0, 1.0 / 9.0]];
    for (y, row) in by_hand.iter().enumerate() {
        let (model, networks) = (eq02_graphical_model(&w, y), eq02_networks(&w, y));
        for (z, p) in row.iter().enumerate() {
            close(Ok(model[z]), ln(*p));
            close(Ok(networks[z]), ln(*p));
        }
    }
    close(Ok(w.ln_p_y(0)), ln(0.5));
    close(Ok(w.ln_p_z().unwrap()[0]), ln(5.0 / 12.0));
    close(Ok(w.ln_p_z_given_y(1)[0]), ln(1.0 / 3.0));
}

/// The audit's free joint.
///
/// ```text
/// q(y,z|x) = p(y,z) = 9/20 1/20    p(x|y,z) = 1/18 1/2     q(z|x) = q(y|x) = 1/2 1/2     y = 0
///                     1/20 9/20               1/2  1/18
///
/// p(x,y,z) = 1/40, 1/40            p(x,y) = 1/20; posterior 1/2, 1/2 = q, so KL* = 0 and (3) = ... = (11) = ln 1/20
/// q(z|y,x) = 9/10, 1/10            KL(q(z|x) || q(z|y,x)) = 1/2 ln 5/9 + 1/2 ln 5 = ln 5/3
/// (12)                             ln 1/20 + ln 5/3 = ln 1/12: the line is raised
/// R                                1/2 ln 1/18 + 1/2 ln 1/2 = ln 1/6;  A = D = 0, since q(y,z|x) = p(y,z)
/// (13), pointwise and joint        ln 1/6 + ln 1/2 = ln 1/12;  (14) = ln 1/6
/// p(x)                             1/20 + 1/20 = 1/10
/// averaged over y                  both captions alike: (mean-3) = ln 1/20, (A5) = ln 1/12, slack = -ln 5/3: no bound
/// decoder at the observed caption  p(z) = 1/2, 1/2: sum_z p(z) p(x|y,z) = 1/36 + 1/4 = 5/18, a bound on (14) = ln 1/6, which ln p(x) = ln 1/10 is not
///                                  p(y',z) p(x|0,z) = 9/360 9/360, 1/360 81/360, so r = 9/100 9/100, 1/100 81/100
///                                  slack = 9/20 ln 5 + 1/20 ln 5/9 + 1/20 ln 5 + 9/20 ln 5/9 = ln 5/3
/// ```
fn second() -> World {
    let table = array![[9.0 / 20.0, 1.0 / 20.0], [1.0 / 20.0, 9.0 / 20.0]];
    world(
        array![[1.0 / 18.0, 0.5], [0.5, 1.0 / 18.0]],
        table.clone(),
        array![0.5, 0.5],
        array![0.5, 0.5],
        Some(table),
    )
}

#[test]
fn the_second_world_evaluates_as_worked_by_hand() {
    let w = second();
    let below_the_assumption = [
        eq03_log_evidence,
        eq04_multiplied_by_one,
        eq05_log_expected_ratio,
        eq06_expected_log_ratio,
        eq07_log_quotient,
        eq08_networks,
        eq09_log_product,
        eq10_add_and_subtract,
        eq11_product_of_encoders,
    ];
    for line in below_the_assumption {
        close(line(&w), ln(1.0 / 20.0));
    }
    close(w.posterior_gap(), 0.0);
    close(w.conditional_encoder(), -ln(5.0 / 3.0));
    close(eq12_joint_encoder(&w), ln(1.0 / 12.0));
    for reading in [Reading::Pointwise, Reading::Joint] {
        close(divergence(&w, reading), 0.0);
        close(eq13_kl_named(&w, reading), ln(1.0 / 12.0));
        close(eq14_objective(&w, reading, Beta::ONE), ln(1.0 / 6.0));
    }
    close(w.joint_against_pointwise(), 0.0);
    close(repairs::average_log_evidence(&w), ln(1.0 / 20.0));
    close(repairs::average_joint_objective(&w), ln(1.0 / 12.0));
    close(repairs::average_joint_slack(&w), -ln(5.0 / 3.0));
    close(w.ln_evidence_of_image(), ln(1.0 / 10.0));
    close(repairs::ln_evidence_with_fixed_caption(&w), ln(5.0 / 18.0));
    close(w.joint_fixed_caption_gap(), ln(5.0 / 3.0));
    close(w.image_against_fixed_caption(), ln(9.0 / 25.0));
    // Under the observed reading nothing is assumed and the bound is back: D = ln((1/2)/(9/20)) / 2 + ln((1/2)/(1/20)) / 2.
    close(divergence(&w, Reading::Observed), 0.5 * (ln(10.0 / 9.0) + ln(10.0)));
    close(eq14_objective(&w, Reading::Observed, Beta::ONE), ln(1.0 / 20.0));
    // Expected: R = E_q(y,z|x)[ln p(x|y,z)] = 9/10 ln 1/18 + 1/10 ln 1/2, D = 0.
    close(
        eq14_objective(&w, Reading::Expected, Beta::ONE),
        0.9 * ln(1.0 / 18.0) + 0.1 * ln(0.5),
    );
}
