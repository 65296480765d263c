//! All but certain distributions: what is left beside 1 keeps its digits, and what rounding hides is called hidden.
mod decided;

use approx::assert_relative_eq;
use check::report::ledger;
use ndarray::{Array1, Array2, array};
use reference::critical::CriticalBeta::From;
use reference::critical::critical_beta;
use reference::equations::bound::eq03_log_evidence;
use reference::equations::objective::{divergence, expected_log_likelihood};
use reference::model::Model as _;
use reference::vocab::{Nats, Reading, closure_bound};
use reference::world::{Tables, World};

#[test]
fn a_critical_beta_is_told_as_far_as_it_is_known() {
    // One code and so the posterior; a caption all but certain: D = -ln p(y) = 1e-13 to 1e-15, beside a decoder's 1000 nats.
    for (d, offset) in [(1e-11_f64, 1000.3), (1e-13, 1000.3), (1e-13, 0.7), (3e-15, 1e6)] {
        let tight = World::new(Tables {
            ln_p_x_given_yz: array![[-offset], [-offset]],
            ln_p_yz: array![[(-d).ln_1p()], [d.ln()]],
            ln_q_z_given_x: array![0.0],
            ln_q_y_given_x: array![0.5_f64.ln(), 0.5_f64.ln()],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 0.5,
        })
        .unwrap();
        let From(critical) = critical_beta(&tight, Reading::Observed, false).unwrap() else {
            panic!("D > 0")
        };
        assert!(
            critical.beta <= 1.0 && critical.beta + critical.within >= 1.0,
            "{critical:?}"
        );
        // The gap's own rounding, nothing of the decoder's.
        assert!(critical.within * d <= closure_bound(&[Nats::of(8.0)]), "{critical:?}");
        let mut text = ledger::text(&check::ledger::ledger(&tight, Reading::Observed).unwrap(), "tight");
        text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = critical.within < 0.5;
        assert_eq!(
            text.contains("at beta = 0.5 (below it) the bound FAILS"),
            told,
            "{text}"
        );
        assert_eq!(text.contains("rounding leaves nothing of it"), !told, "{text}");
        assert_eq!(
            text.contains("known to within"),
            told && critical.within > 5e-7,
            "{text}"
        );
        // The joint reading has no posterior to ask: R - ln p(x,y) cancels the decoder's nats, and says so.
        if let From(joint) = critical_beta(&tight, Reading::Joint, true).unwrap() {
            assert!(joint.within > 0.0, "{joint:?}");
        }
    }
}

#[test]
fn all_but_certain_distributions_have_a_divergence_to_its_own_rounding() {
    // As a softmax in f64 leaves them: the largest entry is off by u, which is a thousand million times u D.
    for lead in [12.0, 25.0, 36.0_f64] {
        let log_softmax = |logits: [f64; 3]| {
            let total = logits.iter().map(|l| l.exp()).sum::<f64>();
            logits.map(|l| l - total.ln())
        };
        let (q, p) = (log_softmax([lead, 0.3, -0.4]), log_softmax([lead, -0.2, 0.7]));
        let peaked = World::new(Tables {
            ln_p_x_given_yz: array![[-1.0, -2.0, -1.5]],
            ln_p_yz: Array2::from_shape_fn((1, 3), |(_, z)| p[z]),
            ln_q_z_given_x: Array1::from_iter(q),
            ln_q_y_given_x: array![0.0],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 100.0,
        })
        .unwrap();
        // D = sum over the small codes of q (ln q - ln p) - q + p, and a square of it from the large one.
        let (q, p) = (q.map(f64::exp), p.map(f64::exp));
        let small: f64 = (1..3).map(|z| q[z] * (q[z] / p[z]).ln() - q[z] + p[z]).sum();
        let (rest_q, rest_p) = (q[1] + q[2], p[1] + p[2]);
        let expected = small + 0.5 * (rest_q - rest_p).powi(2);
        for reading in [Reading::Observed, Reading::Joint, Reading::Expected] {
            let d = divergence(&peaked, reading).unwrap();
            let bound = closure_bound(&[d]) + 4.0 * rest_q.max(rest_p).powi(3);
            assert!(
                (d.value() - expected).abs() <= bound,
                "{lead} {}: {} {expected:e}",
                reading.name(),
                d.value()
            );
            assert!(
                matches!(critical_beta(&peaked, reading, false).unwrap(), From(_)),
                "{lead}"
            );
        }
        let again = World::new(peaked.tables()).unwrap().tables();
        assert_eq!(again, peaked.tables(), "settling twice changes nothing");
    }
}

#[test]
fn a_quotient_is_as_uncertain_as_both_of_its_sides() {
    // q a little off p: D = 1/2 sum p r^2 = 2e-14, of addends that are a hundred thousand billion times larger.
    let (half, off) = (0.5_f64.ln(), 2e-7_f64);
    let w = World::new(Tables {
        ln_p_x_given_yz: array![[-1.0, -1.25]],
        ln_p_yz: array![[half, half]],
        ln_q_z_given_x: array![half + off.ln_1p(), half + (-off).ln_1p()],
        ln_q_y_given_x: array![0.0],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })
    .unwrap();
    let From(critical) = critical_beta(&w, Reading::Joint, true).unwrap() else {
        panic!("D > 0")
    };
    let d = divergence(&w, Reading::Joint).unwrap();
    let hidden = Nats::with_mass(0.0, w.normalisation(Reading::Joint));
    let d = d + hidden;
    let numerator = expected_log_likelihood(&w, Reading::Joint) - eq03_log_evidence(&w).unwrap() + hidden;
    let (of_n, of_d) = (closure_bound(&[numerator]), closure_bound(&[d]));
    assert!(of_d > 0.1 * d.value() && of_d < 0.9 * d.value(), "{d:?}");
    assert_relative_eq!(critical.beta, numerator.value() / d.value(), max_relative = 1e-15);
    // Each side as far off as it may be: the quotient moves by less than `within`, and not by much less.
    let corners = [-1.0, 1.0].map(|n| [-1.0, 1.0].map(|s| (numerator.value() + n * of_n) / (d.value() + s * of_d)));
    let furthest = corners
        .as_flattened()
        .iter()
        .map(|c| (c - critical.beta).abs())
        .fold(0.0, f64::max);
    assert_relative_eq!(critical.within, furthest, max_relative = 1e-9);
}

#[test]
fn with_the_constant_kept_the_expected_reading_has_no_gap_to_ask() {
    let w = World::new(Tables {
        ln_p_x_given_yz: array![[-1.0, -1.25], [-0.5, -2.0]],
        ln_p_yz: Array2::from_elem((2, 2), 0.25_f64.ln()),
        ln_q_z_given_x: array![0.25_f64.ln(), 0.75_f64.ln()],
        ln_q_y_given_x: array![0.125_f64.ln(), 0.875_f64.ln()],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })
    .unwrap();
    let r = expected_log_likelihood(&w, Reading::Expected).value();
    let d = divergence(&w, Reading::Expected).unwrap().value();
    let evidence = w.ln_evidence_of_image().unwrap().value();
    let constant = 0.125 * 0.125_f64.ln() + 0.875 * 0.875_f64.ln();
    for (kept, expected) in [(false, (r - evidence) / d), (true, (r + constant - evidence) / d)] {
        let From(critical) = critical_beta(&w, Reading::Expected, kept).unwrap() else {
            panic!("D > 0")
        };
        assert_relative_eq!(critical.beta, expected, max_relative = 1e-12);
        assert!(critical.within > 0.0 && critical.within < 1e-12, "{critical:?}");
    }
}

#[test]
fn the_footnotes_joint_is_normalised_code_by_code() {
    // Logits of hundreds: ln p(y,z) - ln p(z) would carry the rounding of both into every weight.
    let wide = World::new(Tables {
        ln_p_x_given_yz: array![[0.0, 0.0], [0.0, 0.0]],
        ln_p_yz: array![[-600.149, -50.0], [-600.0, -1.9287498479639178e-22]],
        ln_q_z_given_x: array![0.5_f64.ln(), 0.5_f64.ln()],
        ln_q_y_given_x: array![0.5_f64.ln(), 0.5_f64.ln()],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 2.0,
    })
    .unwrap();
    let ledger = check::ledger::ledger(&wide, Reading::Footnote).unwrap();
    assert!(ledger.adds_up(), "{:?}", ledger.residue);
    let under = wide.under(Reading::Footnote).unwrap();
    for z in 0..2 {
        let total: f64 = (0..2).map(|y| under.joint_encoder().p()[[y, z]]).sum();
        assert_relative_eq!(total, 0.5, max_relative = 1e-15);
    }
}
