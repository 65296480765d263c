//! What is decided, and what is said where rounding hides it: the same by every command.

use approx::assert_relative_eq;
use check::ledger::{Bound, Ledger};
use check::observe::{Values, judge};
use check::report::ledger;
use check::{Options, check};
use ndarray::{Array1, Array2, array};
use note::proposition::bound_at_beta;
use note::under_reading::UnderReading;
use reference::critical::CriticalBeta::{self, From};
use reference::critical::{Threshold, critical_beta};
use reference::model::Model as _;
use reference::vocab::{Beta, LogProbs, Nats, Reading, UNIT_ROUNDOFF_F64, closure_bound};
use reference::world::{Tables, World};
use worlds::generate::{Cases, Origin, random};

/// One caption observed of two, two codes, `q(z|x)` the prior of codes: the joint factorises and the decoder's offset cancels.
fn far_away(offset: f64, q_y: f64) -> World {
    let half = 0.5_f64.ln();
    World::new(Tables {
        ln_p_x_given_yz: Array2::from_elem((2, 2), -offset),
        ln_p_yz: Array2::from_elem((2, 2), 0.25_f64.ln()),
        ln_q_z_given_x: array![half, half],
        ln_q_y_given_x: array![q_y.ln(), (1.0 - q_y).ln()],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })
    .unwrap()
}

/// The ledger on one line.
fn told(found: &Ledger) -> String {
    let text = ledger::text(found, "a world");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn ledger_and_check_say_the_same_and_the_slack_decides() {
    // The line exceeds the evidence by -ln q(y|x), however large the two are.
    for (offset, q_y) in [(1e12, 0.999), (1e16, 0.5), (1e12, 0.25), (0.0, 0.999), (1e30, 0.5)] {
        let world = far_away(offset, q_y);
        let found = check::ledger::ledger(&world, Reading::Pointwise).unwrap();
        assert_eq!(found.bound, Bound::Fails, "{offset:e} {q_y}");
        assert!(told(&found).contains("the bound FAILS"));
        let scene = UnderReading::new(&world, Reading::Pointwise).unwrap();
        let seen = judge(&bound_at_beta(Reading::Pointwise).unwrap(), &scene, &mut Values::new());
        assert!(seen.broken && !seen.undecided, "{offset:e} {q_y}");
    }
}

#[test]
fn a_beta_as_near_to_one_as_rounding_is_not_decided_and_one_further_off_is() {
    // q is the posterior: the bound holds from beta = 1 on, by a theorem, and fails below, by (1 - beta) D.
    let world = far_away(3.0, 0.5);
    for (beta, bound) in [
        (1.0, Bound::Holds),
        (1.0 + f64::EPSILON, Bound::Holds),
        (1.0 - f64::EPSILON, Bound::Undecided),
        (0.999_999_999_999_999, Bound::Undecided),
        (0.999_999_999, Bound::Fails),
    ] {
        let world = world.with_beta(Beta::new(beta).unwrap());
        let found = check::ledger::ledger(&world, Reading::Observed).unwrap();
        assert_eq!(found.bound, bound, "{beta}");
        let says_so = told(&found).contains("not decided at this precision");
        assert_eq!(says_so, bound == Bound::Undecided, "{beta}");
        let json = ledger::json(&found);
        assert_eq!(json["bound_decided"], bound != Bound::Undecided, "{beta}");
    }
}

#[test]
fn a_verdict_that_turns_on_a_hidden_slack_is_not_given() {
    let cases = Cases::of(vec![(Origin::File, far_away(3.0, 0.5))], 0, 0, random::world);
    let at = |beta| {
        let options = Options {
            reading: Some(Reading::Observed),
            beta: Some(Beta::new(beta).unwrap()),
        };
        let checked = check(&cases, &options, &|_| ()).unwrap();
        let row = checked.rows.iter().find(|row| row.claim.id == "3-1").unwrap();
        (row.verdict().words(), row.all.undecided, row.all.broken)
    };
    assert_eq!(at(1.0), ("equality".to_owned(), 0, 0));
    assert_eq!(
        at(0.999_999_999_999_999),
        ("not decided at this precision".to_owned(), 1, 0)
    );
    assert_eq!(at(0.5).2, 1);
}

#[test]
fn no_beta_is_called_enough_where_rounding_hides_the_divergence() {
    // exact: D = 1.25e-15, beta* = 1, and at 0 the line is 1.25e-15 above the evidence.
    let case = worlds::case::from_bytes("a", include_bytes!("../../reports/ledger-always.safetensors")).unwrap();
    let world = case.worlds[0].with_beta(Beta::new(0.0).unwrap());
    for reading in [Reading::Observed, Reading::Joint, Reading::Pointwise, Reading::Expected] {
        let found = check::ledger::ledger(&world, reading).unwrap();
        assert_eq!(found.critical, Some(CriticalBeta::Undecided), "{}", reading.name());
        assert_eq!(found.bound, Bound::Undecided, "{}", reading.name());
        let text = told(&found);
        assert!(
            !text.contains("holds whatever") && text.contains("not decided"),
            "{text}"
        );
    }
    // A divergence of nothing beside an evidence far above R is enough at any beta.
    let loose = World::new(Tables {
        ln_p_x_given_yz: array![[-9.0, 0.0]],
        ln_p_yz: array![[0.5_f64.ln(), 0.5_f64.ln()]],
        ln_q_z_given_x: array![0.5_f64.ln(), 0.5_f64.ln()],
        ln_q_y_given_x: array![0.0],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 0.0,
    });
    let found = check::ledger::ledger(&loose.unwrap(), Reading::Joint).unwrap();
    assert_eq!(
        (found.critical, found.bound),
        (Some(CriticalBeta::Always), Bound::Holds)
    );
}

/// One code above the other by one step of `f64`, of which the prior has the lower alone: the slack is infinite, and `R` rounds to the evidence.
fn a_quarter_of_a_step_above(offset: f64) -> World {
    World::new(Tables {
        ln_p_x_given_yz: array![[offset, offset.next_up()]],
        ln_p_yz: array![[0.0, f64::NEG_INFINITY]],
        ln_q_z_given_x: array![0.75_f64.ln(), 0.25_f64.ln()],
        ln_q_y_given_x: array![0.0],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 0.0,
    })
    .unwrap()
}

#[test]
fn equal_bits_are_no_proof_of_equal_numbers() {
    for offset in [1e6, 1e12, 1e15, 9e149] {
        let world = a_quarter_of_a_step_above(offset);
        for reading in Reading::ALL {
            let found = check::ledger::ledger(&world, reading).unwrap();
            assert_eq!(found.bound, Bound::Undecided, "{offset:e} {}", reading.name());
        }
    }
    // Infinities of one sign are equal, whatever rounded on the way.
    let world = a_quarter_of_a_step_above(1e6).with_beta(Beta::ONE);
    let found = check::ledger::ledger(&world, Reading::Observed).unwrap();
    assert_eq!(found.bound, Bound::Holds);
}

#[test]
fn an_infinite_divergence_says_nothing_of_beta_0() {
    // q(y|x) = 0 at the caption observed: D = -inf, and R is ln 2 above the evidence.
    for (offset, expected) in [
        (
            1e12,
            CriticalBeta::UpTo(Threshold {
                beta: f64::NEG_INFINITY,
                within: 0.0,
            }),
        ),
        (1e16, CriticalBeta::Negative),
    ] {
        let world = far_away(offset, 0.0);
        let critical = critical_beta(&world, Reading::Pointwise, false).unwrap();
        assert_eq!(critical, expected, "{offset:e}");
        assert_eq!(critical.holds(1e-300), Some(false));
        assert_ne!(critical.holds(0.0), Some(true));
    }
}

#[test]
fn a_critical_beta_is_a_number_or_none_is_told() {
    // D is the smallest number that there is: R is 745 nats above the evidence, or 1e150 below, and no beta makes up for it.
    let world = |ln_p_x: [f64; 2], ln_p_y: [f64; 2], ln_q_y: [f64; 2]| {
        World::new(Tables {
            ln_p_x_given_yz: array![[ln_p_x[0]], [ln_p_x[1]]],
            ln_p_yz: array![[ln_p_y[0]], [ln_p_y[1]]],
            ln_q_z_given_x: array![0.0],
            ln_q_y_given_x: Array1::from_iter(ln_q_y),
            ln_q_yz_given_x: None,
            y: 0,
            beta: 1.0,
        })
        .unwrap()
    };
    let above = world([-0.25, 0.5], [-745.0, 0.0], [-1000.0, 0.0]);
    assert_eq!(critical_beta(&above, Reading::Joint, false), Ok(CriticalBeta::Never));
    let below = world([-1e150, 700.0], [0.0, -745.0], [0.0, -1e15]);
    assert_eq!(
        critical_beta(&below, Reading::Expected, false),
        Ok(CriticalBeta::Always)
    );
}

#[test]
fn a_subnormal_weight_is_known_to_a_step_of_its_own() {
    // q = e^-740 is off by up to half of the smallest number, which is 1e-3 of it.
    let weight = (-740.0_f64).exp();
    let product = weight * Nats::of(1e150);
    let exact = (-740.0 + 150.0 * std::f64::consts::LN_10).exp();
    let room = closure_bound(&[product]);
    assert!(
        (product.value() - exact).abs() <= room && room <= 1e-170,
        "{product:?} {exact:e} {room:e}"
    );
    // What is exact stays so.
    assert_relative_eq!((weight * Nats::ZERO).mass(), 0.0);
}

#[test]
fn what_normalising_did_to_a_table_is_room_for_a_critical_beta() {
    let table = |ln: ndarray::Array1<f64>| LogProbs::new("t", ln, UNIT_ROUNDOFF_F64).unwrap();
    // Nothing is left of a certainty; an entry above one half is what the others leave.
    assert_relative_eq!(table(array![0.0]).normalisation(), 0.0);
    let small = 1e-9_f64;
    let of_small = small * (1.0 - small.ln());
    assert_relative_eq!(
        table(array![(-small).ln_1p(), small.ln()]).normalisation(),
        of_small,
        max_relative = 1e-12
    );
    let even = 4.0 * 0.25 * (1.0 + 4.0_f64.ln());
    assert_relative_eq!(
        table(ndarray::Array1::from_elem(4, 0.25_f64.ln())).normalisation(),
        even,
        max_relative = 1e-12
    );
    // The same world told twice, the second time shifted by what a sum may miss 1 by: both are right.
    let shifted = |by: f64| {
        let p = [0.3, 0.2, 0.35, 0.15].map(|p: f64| p.ln() + by);
        let world = World::new(Tables {
            ln_p_x_given_yz: array![[-1.0, -1.25], [-0.5, -2.0]],
            ln_p_yz: array![[p[0], p[1]], [p[2], p[3]]],
            ln_q_z_given_x: array![0.45_f64.ln(), 0.55_f64.ln()],
            ln_q_y_given_x: array![0.5_f64.ln(), 0.5_f64.ln()],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 1.0,
        });
        match critical_beta(&world.unwrap(), Reading::Joint, false).unwrap() {
            From(at) => at,
            other => panic!("{other:?}"),
        }
    };
    let (as_given, moved) = (shifted(0.0), shifted(4.0 * UNIT_ROUNDOFF_F64));
    assert!(
        (as_given.beta - moved.beta).abs() <= as_given.within,
        "{as_given:?} {moved:?}"
    );
}

#[test]
fn an_amount_has_the_digits_that_its_mass_leaves() {
    let amount = |value, mass| check::report::number::amount(Some(Nats::with_mass(value, mass)));
    // 18 u of 1e8 is 2e-7, of 1e9 ten times as much.
    assert_eq!(amount(1.234_567_89, 1e8), "1.234568");
    assert_eq!(amount(1.234_567_89, 1e9), "1.23457");
    assert_eq!(amount(1.234_567_89, 1e13), "1.2");
    assert_eq!(amount(-1.234_567_89, 1e16), "lost in rounding");
}
