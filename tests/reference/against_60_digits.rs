//! Functions of the reference that are not of the note, against another program in 60 digits (`golden.py`).
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "tests"
)]

use proptest::prelude::*;
use reference::diagonal::{self, Normal};
use reference::likelihood::{
    bernoulli, bernoulli_gradient, logit_laplace, logit_laplace_gradients, normal, normal_gradients,
};
use reference::schedule::{Schedule, Shape};
use reference::vocab::Nats;

/// How many units of `u mass` a number may be off: a power of four exponentials of 2 each and four products, and what it is added up with.
const ROUNDINGS: f64 = 16.0;

/// One function at one point: its name, its arguments, the numbers that it should return.
#[derive(serde::Deserialize)]
struct Golden {
    of: String,
    at: Vec<String>,
    is: Vec<String>,
}

fn numbers(texts: &[String]) -> Vec<f64> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

/// What the reference returns, in the order of `golden.py`.
fn found(of: &str, at: &[f64]) -> Vec<Nats> {
    match (of, at) {
        ("normal", &[mean, ln_variance, p_mean, p_ln_variance, noise]) => {
            let [q, p] = [(mean, ln_variance), (p_mean, p_ln_variance)].map(|(m, l)| Normal::new(m, l).unwrap());
            let slopes = diagonal::kl_divergence_slopes(q, p);
            let moved = 2.0 * q.sample_slope(noise).abs();
            vec![
                diagonal::kl_divergence(q, p).unwrap(),
                diagonal::cross_entropy(q, p).unwrap(),
                diagonal::entropy(q),
                slopes.by_mean,
                slopes.by_ln_variance,
                diagonal::cross_entropy_slopes(q, p).by_ln_variance,
                Nats::with_mass(q.sample(noise), mean.abs() + moved),
                Nats::of(q.sample_slope(noise)),
            ]
        }
        ("normal_density", &[x, mu, ln_s]) => {
            let [by_mu, by_ln_s] = normal_gradients(x, mu, ln_s).unwrap();
            vec![normal(x, mu, ln_s).unwrap(), by_mu, by_ln_s]
        }
        ("bernoulli", &[x, logit]) => vec![bernoulli(x, logit).unwrap(), bernoulli_gradient(x, logit).unwrap()],
        ("logit_laplace", &[x, mu, ln_b]) => {
            let [by_mu, by_ln_b] = logit_laplace_gradients(x, mu, ln_b).unwrap();
            vec![logit_laplace(x, mu, ln_b).unwrap(), by_mu, by_ln_b]
        }
        ("cosine" | "linear" | "exponential", &[from, to, update, updates]) => {
            let shape = match of {
                "cosine" => Shape::Cosine,
                "linear" => Shape::Linear,
                _ => Shape::Exponential,
            };
            let [update, updates] = [update, updates].map(|count| count as u64);
            let schedule = Schedule {
                from,
                to,
                updates,
                shape,
            };
            vec![Nats::with_mass(schedule.at(update), from.abs() + to.abs())]
        }
        _ => panic!("no function is called {of} with {} arguments", at.len()),
    }
}

#[test]
fn every_number_is_that_of_another_program() {
    let (mut worst, mut count) = (0.0_f64, 0);
    for row in golden() {
        let (at, is) = (numbers(&row.at), numbers(&row.is));
        let found = found(&row.of, &at);
        assert_eq!(found.len(), is.len(), "{}", row.of);
        for (place, (found, is)) in found.into_iter().zip(is).enumerate() {
            count += 1;
            let bound = ROUNDINGS * (0.5 * f64::EPSILON) * found.mass();
            let error = (found.value() - is).abs();
            assert!(
                error <= bound || found.value() == is,
                "{} {place} at {at:?}: {:e} for {is:e}, {} bounds off",
                row.of,
                found.value(),
                error / bound
            );
            if error > 0.0 {
                worst = worst.max(error / bound);
            }
        }
    }
    assert!(count > 400, "{count} numbers");
    // A bound that nothing comes near would hide what is wrong.
    assert!(worst > 0.05, "the worst is {worst} of its bound");
}

/// A finite normal distribution, from the narrowest to the widest that people train with.
fn normals() -> impl Strategy<Value = Normal> {
    (-30.0..30.0, -40.0..40.0).prop_map(|(mean, ln_variance)| Normal::new(mean, ln_variance).unwrap())
}

proptest! {
    #[test]
    fn a_divergence_is_the_cross_entropy_without_the_entropy(q in normals(), p in normals()) {
        let (kl, cross, entropy) = (diagonal::kl_divergence(q, p).unwrap(), diagonal::cross_entropy(q, p).unwrap(), diagonal::entropy(q));
        let rest = kl - cross + entropy;
        prop_assert!(rest.value().abs() <= ROUNDINGS * (0.5 * f64::EPSILON) * rest.mass(), "{rest:?}");
    }

    #[test]
    fn a_divergence_is_zero_only_at_equality_and_the_cross_entropy_never_below_the_entropy(q in normals(), p in normals()) {
        prop_assert_eq!(diagonal::kl_divergence(q, q).unwrap(), Nats::ZERO);
        let kl = diagonal::kl_divergence(q, p).unwrap().value();
        prop_assert_eq!(kl == 0.0, q == p);
        prop_assert!(kl >= 0.0);
        let gap = diagonal::cross_entropy(q, p).unwrap() - diagonal::entropy(q);
        prop_assert!(gap.value() >= -ROUNDINGS * (0.5 * f64::EPSILON) * gap.mass());
    }

    #[test]
    fn a_divergence_does_not_look_at_where_both_are_or_how_wide(q in normals(), p in normals(), shift in -5_i32..5, scale in -6_i32..6) {
        // Moved by whole numbers and scaled by powers of two, no mean is rounded: the variance's logarithm is.
        let moved = |of: Normal| {
            let (mean, scale) = ((of.mean() * 64.0).round() / 64.0, f64::from(scale));
            Normal::new((mean + f64::from(shift)) * scale.exp2(), of.ln_variance() + 2.0 * scale * std::f64::consts::LN_2).unwrap()
        };
        let still = |of: Normal| Normal::new((of.mean() * 64.0).round() / 64.0, of.ln_variance()).unwrap();
        let (a, b) = (diagonal::kl_divergence(still(q), still(p)).unwrap(), diagonal::kl_divergence(moved(q), moved(p)).unwrap());
        // Logarithms of up to 50 are rounded on the way, and exponentials of them are off by as much, relatively.
        let rounded = 50.0 * (a.mass() + 0.5);
        prop_assert!((a.value() - b.value()).abs() <= ROUNDINGS * (0.5 * f64::EPSILON) * rounded, "{a:?} {b:?}");
    }

    #[test]
    fn likelihoods_do_not_exceed_what_they_can_be(x in 0.0..=1.0, mu in -40.0..40.0, ln_s in -30.0..30.0) {
        let top = normal(mu, mu, ln_s).unwrap().value();
        prop_assert!(normal(x, mu, ln_s).unwrap().value() <= top);
        let share = bernoulli(x, mu).unwrap().value();
        // A cross-entropy of two coins is at least the first one's entropy.
        let entropy = -[x, 1.0 - x].into_iter().filter(|p| *p > 0.0).map(|p| p * f64::ln(p)).sum::<f64>();
        prop_assert!(share <= -entropy + ROUNDINGS * f64::EPSILON * (entropy - share));
    }

    #[test]
    fn a_schedule_stays_between_its_ends_and_never_turns(from in 0.01..10.0, to in 0.01..10.0, updates in 1_u64..40) {
        for shape in [Shape::Cosine, Shape::Linear, Shape::Exponential] {
            let schedule = Schedule { from, to, updates, shape };
            let room = 4.0 * f64::EPSILON * (from + to);
            let numbers: Vec<f64> = (0..=updates + 2).map(|update| schedule.at(update)).collect();
            prop_assert!(numbers.iter().all(|at| *at >= from.min(to) - room && *at <= from.max(to) + room));
            prop_assert!(numbers.windows(2).all(|pair| (pair[1] - pair[0]) * (to - from) >= -room * (to - from).abs()));
            prop_assert!((numbers[0] - from).abs() <= room && numbers[numbers.len() - 1] == to);
        }
    }
}

#[test]
fn a_point_mass_is_a_limit_and_two_are_none() {
    let at = |ln_variance: f64| Normal::new(1.0, ln_variance).unwrap();
    let (point, wide) = (at(f64::NEG_INFINITY), at(0.5));
    for (q, p) in [(point, wide), (wide, point)] {
        assert_eq!(diagonal::kl_divergence(q, p).unwrap().value(), f64::INFINITY);
    }
    assert_eq!(diagonal::cross_entropy(wide, point).unwrap(), Nats::INFINITY);
    assert_eq!(diagonal::entropy(point).value(), f64::NEG_INFINITY);
    assert!(diagonal::kl_divergence(point, point).is_err() && diagonal::cross_entropy(point, point).is_err());
    // The value at -inf is the value at -1e4 to within the bound.
    let [limit, near] = [f64::NEG_INFINITY, -1e4].map(|l| diagonal::cross_entropy(at(l), wide).unwrap());
    assert!((limit - near).value().abs() <= ROUNDINGS * (0.5 * f64::EPSILON) * near.mass());
    assert_eq!(point.sample(3.0), 1.0);
    for (mean, ln_variance) in [
        (f64::NAN, 0.0),
        (f64::INFINITY, 0.0),
        (0.0, f64::NAN),
        (0.0, f64::INFINITY),
    ] {
        assert!(Normal::new(mean, ln_variance).is_err());
    }
}
