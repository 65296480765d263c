//! What holds in every world, under proptest. A shrunk failure is copied into `derivations/cases/list.rs` as values.
mod joint;

use ndarray::{Array1, Array2, Axis, concatenate};
use proptest::prelude::*;
use reference::categorical::{cross_entropy, entropy, kl_divergence};
use reference::critical::{CriticalBeta, critical_beta};
use reference::equations::{bound::*, joint::eq02_networks, objective::*, split::eq12_joint_encoder};
use reference::logits::log_mean_exp;
use reference::model::Model as _;
use reference::repairs::{footnote_joint_divergence, posterior};
use reference::slack::Slack as _;
use reference::vocab::{Beta, LogProbs, NORMALISED, Nats, Reading, UNIT_ROUNDOFF_F64, closure_bound};
use reference::world::{Codes, Tables, World};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn logits(n: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![4 => -6.0..6.0_f64, 1 => -60.0..2.0_f64], n)
}

fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = max + logits.iter().map(|l| (l - max).exp()).sum::<f64>().ln();
    logits.iter().map(|l| l - total).collect()
}

/// Positive worlds of pairwise distinct sizes, free joint or not.
fn worlds() -> impl Strategy<Value = World> {
    let sizes = (2..6_usize, 2..7_usize).prop_filter("distinct", |(y, z)| y != z);
    sizes.prop_flat_map(|(y, z)| {
        (
            logits(y * z),
            logits(y * z),
            logits(z),
            logits(y),
            prop::option::weighted(0.3, logits(y * z)),
            0..y,
        )
            .prop_map(move |(decoder, prior, q_z, q_y, joint, observed)| {
                let matrix = |entries: Vec<f64>| Array2::from_shape_vec((y, z), entries).unwrap();
                let joint = joint.map(|joint| matrix(log_softmax(&joint)));
                let marginal = |axis: usize| -> Option<Array1<f64>> {
                    let joint = joint.as_ref()?;
                    Some(joint.mapv(f64::exp).sum_axis(Axis(axis)).mapv(f64::ln))
                };
                World::new(Tables {
                    ln_p_x_given_yz: matrix(decoder.iter().map(|l| -(l.exp().ln_1p())).collect()),
                    ln_p_yz: matrix(log_softmax(&prior)),
                    ln_q_z_given_x: marginal(0).unwrap_or_else(|| log_softmax(&q_z).into()),
                    ln_q_y_given_x: marginal(1).unwrap_or_else(|| log_softmax(&q_y).into()),
                    ln_q_yz_given_x: joint.clone(),
                    y: observed,
                    beta: 1.0,
                })
                .unwrap()
            })
    })
}

fn at_posterior(world: &World) -> World {
    let q = posterior(world).unwrap();
    World::new(Tables {
        ln_q_z_given_x: q.ln().clone(),
        ln_q_yz_given_x: None,
        ..world.tables()
    })
    .unwrap()
}

/// `a = b` within the bound of their masses.
fn same(a: Nats, b: Nats) -> bool {
    (a.value() - b.value()).abs() <= closure_bound(&[a, b])
}

/// As [`same`], for lines of two worlds that were normalised apart: each of three tables may be off by that much, whatever the mass.
fn same_apart(a: Nats, b: Nats) -> bool {
    (a.value() - b.value()).abs() <= closure_bound(&[a, b]) + 3.0 * NORMALISED
}

/// `a >= b` within the bound of their masses.
fn at_least(a: Nats, b: Nats) -> bool {
    a.value() >= b.value() - closure_bound(&[a, b])
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_bound_holds_at_beta_one_and_above_under_the_observed_reading(world in worlds(), extra in 0.0..20.0_f64) {
        let evidence = eq03_log_evidence(&world).unwrap();
        for beta in [1.0, 1.0 + extra] {
            let objective = eq14_objective(&world, Reading::Observed, Beta::new(beta).unwrap()).unwrap();
            prop_assert!(at_least(evidence, objective), "{beta}: {} < {}", evidence.value(), objective.value());
        }
    }

    #[test]
    fn the_bound_is_tight_exactly_at_the_posterior(world in worlds()) {
        let tight = at_posterior(&world);
        let evidence = eq03_log_evidence(&tight).unwrap();
        prop_assert!(same(evidence, eq09_log_product(&tight).unwrap()));
        let gap = world.posterior_gap().unwrap();
        let loss = eq03_log_evidence(&world).unwrap() - eq09_log_product(&world).unwrap();
        prop_assert!(same(loss, gap), "gap identity");
        prop_assert!(gap.value() >= -closure_bound(&[gap]));
    }

    #[test]
    fn at_the_critical_beta_the_objective_is_the_evidence(world in worlds()) {
        for reading in Reading::ALL {
            let target = match reading {
                Reading::Expected => world.ln_evidence_of_image().unwrap(),
                _ => eq03_log_evidence(&world).unwrap(),
            };
            let (CriticalBeta::From(critical) | CriticalBeta::UpTo(critical)) = critical_beta(&world, reading, false).unwrap()
            else { continue };
            let Ok(beta) = Beta::new(critical.beta) else { continue };
            let objective = eq14_objective(&world, reading, beta).unwrap();
            // beta* is known to within so much, and D times that is what the objective moves.
            let moved = critical.within * divergence(&world, reading).unwrap().value().abs();
            prop_assert!((target.value() - objective.value()).abs() <= closure_bound(&[target, objective]) + moved);
        }
    }

    #[test]
    fn the_observed_critical_beta_is_one_less_the_gap_over_the_divergence(world in worlds()) {
        let CriticalBeta::From(critical) = critical_beta(&world, Reading::Observed, false).unwrap() else {
            return Err(TestCaseError::fail("D > 0 in a positive world"));
        };
        let d = divergence(&world, Reading::Observed).unwrap();
        let gap = world.posterior_gap().unwrap();
        let (r, evidence) = (expected_log_likelihood(&world, Reading::Observed), eq03_log_evidence(&world).unwrap());
        let other = (r - evidence).value() / d.value();
        let bound = 2.0 * closure_bound(&[r, evidence, d, gap]) * (1.0 + other.abs()) / d.value();
        prop_assert!((critical.beta - other).abs() <= bound, "{} and {other}", critical.beta);
        prop_assert!(critical.within <= bound && critical.beta <= 1.0);
    }

    #[test]
    fn below_beta_one_every_beta_has_a_counterexample(world in worlds(), beta in 0.0..0.99_f64) {
        // The posterior planted: KL* = 0, so beta* = 1 and every smaller beta fails by (1 - beta) D.
        let tight = at_posterior(&world);
        let evidence = eq03_log_evidence(&tight).unwrap();
        let objective = eq14_objective(&tight, Reading::Observed, Beta::new(beta).unwrap()).unwrap();
        let d = divergence(&tight, Reading::Observed).unwrap();
        let (excess, expected) = (objective - evidence, (1.0 - beta) * d.value());
        let bound = closure_bound(&[excess, d]);
        prop_assert!((excess.value() - expected).abs() <= bound);
        // Where the prior is nearly certain of the posterior's codes, D is rounding.
        prop_assert!(excess.value() > 0.0 || expected <= bound);
    }

    #[test]
    fn kl_divergence_is_zero_only_at_equality(a in logits(5), b in logits(5)) {
        let p = LogProbs::new("p", Array1::from(log_softmax(&a)), 8.0 * UNIT_ROUNDOFF_F64).unwrap();
        let q = LogProbs::new("q", Array1::from(log_softmax(&b)), 8.0 * UNIT_ROUNDOFF_F64).unwrap();
        prop_assert_eq!(kl_divergence(&p, &p).unwrap().value().to_bits(), 0.0_f64.to_bits());
        let d = kl_divergence(&q, &p).unwrap();
        // Pinsker: 2 D >= (sum |q - p|)^2.
        let distance: f64 = q.p().iter().zip(p.p()).map(|(q, p)| (q - p).abs()).sum();
        prop_assert!(2.0 * d.value() >= distance * distance - closure_bound(&[d]));
        let apart = cross_entropy(&q, &p).unwrap() - entropy(&q);
        prop_assert!(same(d, apart));
        prop_assert!(entropy(&q).value() >= 0.0 && entropy(&q).value() <= 5.0_f64.ln() + closure_bound(&[entropy(&q)]));
    }

    #[test]
    fn permuting_the_codes_changes_nothing(world in worlds(), by in 1..6_usize) {
        let codes: Vec<usize> = (0..world.codes()).map(|z| (z + by) % world.codes()).collect();
        let t = world.tables();
        let permuted = World::new(Tables {
            ln_p_x_given_yz: t.ln_p_x_given_yz.select(Axis(1), &codes),
            ln_p_yz: t.ln_p_yz.select(Axis(1), &codes),
            ln_q_z_given_x: t.ln_q_z_given_x.select(Axis(0), &codes),
            ln_q_yz_given_x: t.ln_q_yz_given_x.as_ref().map(|joint| joint.select(Axis(1), &codes)),
            ..t.clone()
        }).unwrap();
        for reading in Reading::ALL {
            let line = |w: &World| eq14_objective(w, reading, Beta::ONE).unwrap();
            let (a, b) = (line(&world), line(&permuted));
            prop_assert!(same_apart(a, b), "{}: {a:?} {b:?}", reading.name());
        }
        prop_assert!(same_apart(eq03_log_evidence(&world).unwrap(), eq03_log_evidence(&permuted).unwrap()));
    }

    #[test]
    fn shifting_the_likelihood_shifts_every_line(world in worlds(), shift in -50.0..50.0_f64) {
        let mut tables = world.tables();
        tables.ln_p_x_given_yz.mapv_inplace(|ln_p| ln_p + shift);
        let shifted = World::new(tables).unwrap();
        let moved = |line: Nats| line + Nats::of(shift);
        prop_assert!(same_apart(moved(eq03_log_evidence(&world).unwrap()), eq03_log_evidence(&shifted).unwrap()));
        prop_assert!(same_apart(moved(eq12_joint_encoder(&world).unwrap()), eq12_joint_encoder(&shifted).unwrap()));
        for reading in Reading::ALL {
            let line = |w: &World| eq13_kl_named(w, reading).unwrap();
            prop_assert!(same_apart(moved(line(&world)), line(&shifted)), "{}", reading.name());
        }
    }

    #[test]
    fn splitting_a_code_in_two_changes_nothing(world in worlds(), share in 0.1..0.9_f64) {
        // Code 0 becomes two codes with shares s and 1 - s of its prior and of its encoder probability.
        let t = world.tables();
        let split = |table: &Array2<f64>, weighted: bool| {
            let first = table.slice(ndarray::s![.., 0..1]).to_owned();
            let (a, b) = if weighted { (share.ln(), (1.0 - share).ln()) } else { (0.0, 0.0) };
            concatenate(Axis(1), &[(&first + a).view(), table.slice(ndarray::s![.., 1..]), (&first + b).view()]).unwrap()
        };
        let q = t.ln_q_z_given_x.clone().insert_axis(Axis(0));
        let larger = World::new(Tables {
            ln_p_x_given_yz: split(&t.ln_p_x_given_yz, false),
            ln_p_yz: split(&t.ln_p_yz, true),
            ln_q_z_given_x: split(&q, true).row(0).to_owned(),
            ln_q_yz_given_x: t.ln_q_yz_given_x.as_ref().map(|joint| split(joint, true)),
            ..t.clone()
        }).unwrap();
        for line in [eq03_log_evidence, eq05_log_expected_ratio, eq09_log_product, eq12_joint_encoder] {
            prop_assert!(same_apart(line(&world).unwrap(), line(&larger).unwrap()));
        }
        for reading in Reading::ALL {
            let line = |w: &World| eq14_objective(w, reading, Beta::ONE).unwrap();
            prop_assert!(same_apart(line(&world), line(&larger)), "{}", reading.name());
        }
    }

    #[test]
    fn pointwise_and_factorised_line_14_fails_exactly_when_the_gap_is_below_the_constant(world in worlds()) {
        let world = World::new(Tables { ln_q_yz_given_x: None, ..world.tables() }).unwrap();
        let evidence = eq03_log_evidence(&world).unwrap();
        let objective = eq14_objective(&world, Reading::Pointwise, Beta::ONE).unwrap();
        let (gap, constant) = (world.posterior_gap().unwrap(), world.ln_q_y(world.y()));
        prop_assume!((gap.value() + constant.value()).abs() > closure_bound(&[gap, constant, evidence, objective]));
        prop_assert_eq!(objective.value() > evidence.value(), gap.value() < -constant.value());
    }

    #[test]
    fn a_free_joint_raises_line_12(world in worlds()) {
        let raised = world.conditional_encoder().unwrap();
        prop_assert!(raised.value() <= closure_bound(&[raised]));
        let step = eq09_log_product(&world).unwrap() - eq12_joint_encoder(&world).unwrap();
        prop_assert!(same(step, raised));
    }

    #[test]
    fn the_footnotes_divergence_is_that_of_its_joint(world in worlds()) {
        let spelled_out = footnote_joint_divergence(&world).unwrap();
        prop_assert!(same(spelled_out, divergence(&world, Reading::Footnote).unwrap()));
    }

    #[test]
    fn minus_infinity_is_the_limit_of_its_finite_neighbours(world in worlds()) {
        let at = |low: f64| {
            let mut tables = world.tables();
            tables.ln_q_yz_given_x = None;
            tables.ln_q_z_given_x[0] = low;
            let rest = log_softmax(&tables.ln_q_z_given_x.to_vec()[1..]);
            for (z, entry) in rest.into_iter().enumerate() { tables.ln_q_z_given_x[z + 1] = entry; }
            let world = World::new(tables).unwrap();
            (eq06_expected_log_ratio(&world).unwrap(), divergence(&world, Reading::Joint).unwrap())
        };
        let ((line, d), (near_line, near_d)) = (at(f64::NEG_INFINITY), at(-1e4));
        prop_assert!(same_apart(line, near_line) && same_apart(d, near_d));
    }

    #[test]
    fn more_samples_tighten_the_bound(world in worlds()) {
        let ratio = eq02_networks(&world, world.y()) - world.ln_q_z();
        let bounds = [1, 2, 3].map(|samples| importance_weighted(&world, samples, &ratio, 1.0, &mut Vec::new()));
        prop_assert!(same(bounds[0], eq06_expected_log_ratio(&world).unwrap()));
        let evidence = eq03_log_evidence(&world).unwrap();
        for (lower, upper) in bounds.iter().zip(bounds[1..].iter().chain([&evidence])) {
            prop_assert!(lower.value() <= upper.value() + closure_bound(&[*lower, *upper]));
        }
    }
}

/// `E_{z_1, ..., z_N ~ q(z|x)}[ln (1/N) sum_i p(x,y,z_i) / q(z_i|x)]`, every draw enumerated.
fn importance_weighted(world: &World, samples: usize, ratio: &Codes, weight: f64, drawn: &mut Vec<f64>) -> Nats {
    if samples == 0 {
        return weight * log_mean_exp(drawn).unwrap();
    }
    let draw = |z: usize| {
        drawn.push(ratio[z].value());
        let mean = importance_weighted(world, samples - 1, ratio, weight * world.encoder().p()[z], drawn);
        drawn.pop();
        mean
    };
    (0..world.codes()).map(draw).sum()
}
