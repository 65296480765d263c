//! Tests that densities integrate to one, that gradients are difference quotients, and of what is refused.

use super::{
    bernoulli, bernoulli_gradient, log_likelihood, logit_laplace, logit_laplace_gradients, normal, normal_gradients,
    phi,
};
use approx::assert_relative_eq;

#[test]
fn the_density_integrates_to_one() {
    // Over u = logit x, dx = x (1 - x) du: the integral of a Laplace density. Simpson's rule on both sides of the kink.
    for (mu, ln_b) in [(0.0, 0.0), (1.5, 0.2_f64.ln()), (-2.0, 0.7)] {
        let f = |u: f64| {
            let x = 1.0 / (1.0 + (-u).exp());
            logit_laplace(x, mu, ln_b).expect("inside").value().exp() * x * (1.0 - x)
        };
        let simpson = |from: f64, to: f64| {
            let (n, h) = (20_000, (to - from) / 20_000.0);
            let inner: f64 = (1..n)
                .map(|i| f(from + h * f64::from(i)) * if i % 2 == 1 { 4.0 } else { 2.0 })
                .sum();
            (f(from) + inner + f(to)) * h / 3.0
        };
        assert_relative_eq!(
            simpson(mu - 30.0, mu) + simpson(mu, mu + 30.0),
            1.0,
            max_relative = 1e-6
        );
    }
}

#[test]
fn gradients_are_central_differences() {
    let h = 1e-6;
    for (x, mu, ln_b) in [(0.3, 0.5, -0.4), (phi(0.9), -1.0, 0.3), (0.11, 0.0, 0.0)] {
        let f = |mu, ln_b| logit_laplace(x, mu, ln_b).expect("inside").value();
        let [by_mu, by_ln_b] = logit_laplace_gradients(x, mu, ln_b).expect("inside");
        assert_relative_eq!(
            by_mu.value(),
            (f(mu + h, ln_b) - f(mu - h, ln_b)) / (2.0 * h),
            max_relative = 1e-7
        );
        assert_relative_eq!(
            by_ln_b.value(),
            (f(mu, ln_b + h) - f(mu, ln_b - h)) / (2.0 * h),
            max_relative = 1e-7
        );
    }
}

#[test]
fn gradients_of_the_other_decoders_are_central_differences() {
    let h = 1e-6;
    for (x, mu, ln_s) in [(0.3, 0.5, -0.4), (-2.0, 1.0, 0.7), (4.0, 4.0, 0.0)] {
        let f = |mu, ln_s| normal(x, mu, ln_s).expect("finite").value();
        let [by_mu, by_ln_s] = normal_gradients(x, mu, ln_s).expect("finite");
        let differences = [f(mu + h, ln_s) - f(mu - h, ln_s), f(mu, ln_s + h) - f(mu, ln_s - h)];
        for (slope, difference) in [by_mu, by_ln_s].into_iter().zip(differences) {
            assert_relative_eq!(
                slope.value(),
                difference / (2.0 * h),
                max_relative = 1e-7,
                epsilon = 1e-8
            );
        }
    }
    for (x, l) in [(0.0, 1.5), (1.0, -3.0), (0.25, 0.0), (0.7, 20.0)] {
        let f = |l| bernoulli(x, l).expect("a share").value();
        let slope = bernoulli_gradient(x, l).expect("a share").value();
        assert_relative_eq!(
            slope,
            (f(l + h) - f(l - h)) / (2.0 * h),
            max_relative = 1e-7,
            epsilon = 1e-8
        );
    }
}

#[test]
fn a_certain_pixel_keeps_the_digits_of_what_is_left() {
    assert_relative_eq!(
        bernoulli(1.0, 50.0).expect("a share").value(),
        -(-50.0_f64).exp(),
        max_relative = 1e-14
    );
    assert_relative_eq!(
        bernoulli(0.0, -50.0).expect("a share").value(),
        -(-50.0_f64).exp(),
        max_relative = 1e-14
    );
    for l in [-800.0, 800.0] {
        assert_relative_eq!(
            bernoulli(0.5, l).expect("a share").value(),
            -400.0,
            max_relative = 1e-14
        );
    }
}

#[test]
fn what_is_no_pixel_is_refused() {
    for (x, l) in [(-0.1, 0.0), (1.1, 0.0), (f64::NAN, 0.0), (0.5, f64::INFINITY)] {
        assert!(bernoulli(x, l).is_err() && bernoulli_gradient(x, l).is_err());
    }
    for [x, mu, ln_s] in [
        [f64::NAN, 0.0, 0.0],
        [0.0, f64::INFINITY, 0.0],
        [0.0, 0.0, f64::NEG_INFINITY],
    ] {
        assert!(normal(x, mu, ln_s).is_err() && normal_gradients(x, mu, ln_s).is_err());
    }
}

#[test]
fn a_density_may_exceed_one_and_ends_at_zero_and_one() {
    assert!(logit_laplace(0.81, 1.5, 0.2_f64.ln()).expect("inside").value() > 0.0);
    for x in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(logit_laplace(x, 0.0, 0.0).is_err());
    }
    assert!(log_likelihood(&[0.5], &[0.0, 1.0], &[0.0]).is_err());
}
