//! A continuous VAE's objective, forward and backward by hand, right or with a fault in it.

use serde_json::json;

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;

/// Computes and dumps it on inputs drawn anew: `[B, D]` codes, `[B, P]` pixels.
pub(crate) fn dump<T: Number>(random: &mut Random, order: Order, fault: Fault) -> Draft {
    let (batch, d, p) = (2 + random.below(3), 5 + random.below(3), 11);
    let mut normals = |n: usize, scale: f64| -> Vec<T> { (0..n).map(|_| T::of(scale * random.normal())).collect() };
    let (mean, log, noise, back) = (
        normals(batch * d, 1.0),
        normals(batch * d, 0.8),
        normals(batch * d, 1.0),
        normals(batch * d, 0.3),
    );
    let (x, mu, ln_s) = (
        normals(batch * p, 1.0),
        normals(batch * p, 1.0),
        normals(batch * p, 0.4),
    );
    let beta = random.among(&[0.25, 4.0]);
    let of = |value: f64| T::of(value);
    let (half, one, n) = (of(0.5), of(1.0), |n: usize| of(n as f64));
    let log_of = |i: usize| match fault {
        Fault::LogVarianceAsLogStd => of(2.0) * log[i],
        Fault::LogVarianceSquared => of(2.0) * log[i].abs().ln(),
        Fault::SlicedWithMean => mean[i],
        _ => log[i],
    };
    let kl: Vec<T> = (0..batch * d)
        .map(|i| {
            let (m, l) = (mean[i], log_of(i));
            let inner = l.exp() + m * m - one - l;
            match fault {
                Fault::HalfMissing => inner,
                Fault::ConstantOnce => half * (l.exp() + m * m - l) - half / n(d),
                Fault::CoordinatesMean => half * inner / n(d),
                _ => half * inner,
            }
        })
        .collect();
    let sample: Vec<T> = (0..batch * d)
        .map(|i| {
            let std = match fault {
                Fault::VarianceInSampler => log[i].exp(),
                _ => (half * log_of(i)).exp(),
            };
            match fault {
                Fault::NoiseMissing => mean[i],
                Fault::SampleAtPredict => mean[i] + std * noise[i] + std * noise[i],
                _ => mean[i] + std * noise[i],
            }
        })
        .collect();
    let constant = of(0.5 * (2.0 * std::f64::consts::PI).ln());
    let density: Vec<T> = (0..batch * p)
        .map(|i| {
            let ln_s = if fault == Fault::VarianceAsScale {
                of(2.0) * ln_s[i]
            } else {
                ln_s[i]
            };
            if fault == Fault::SquaredErrorMean {
                return -((x[i] - mu[i]) * (x[i] - mu[i]));
            }
            let z = (x[i] - mu[i]) / ln_s.exp();
            -(half * z * z) - ln_s - constant
        })
        .collect();
    let of_image = |values: &[T], width: usize| -> Vec<T> { values.chunks(width).map(|row| order.sum(row)).collect() };
    let mut reconstruction = of_image(&density, p);
    if matches!(fault, Fault::PixelsMean | Fault::SquaredErrorMean) {
        reconstruction = reconstruction.into_iter().map(|r| r / n(p)).collect();
    }
    let divergence = of_image(&kl, d);
    let elbo: Vec<T> = reconstruction.iter().zip(&divergence).map(|(r, k)| *r - *k).collect();
    let per_image: Vec<T> = reconstruction
        .iter()
        .zip(&divergence)
        .map(|(r, k)| *r - of(beta) * *k)
        .collect();
    let loss = -order.sum(&per_image) / n(batch);
    let share = one / n(batch);
    let by_mean: Vec<T> = (0..batch * d).map(|i| share * of(beta) * mean[i] + back[i]).collect();
    let by_log: Vec<T> = (0..batch * d)
        .map(|i| {
            let l = log_of(i);
            share * of(beta) * (half * (l.exp() - one)) + back[i] * noise[i] * half * (half * l).exp()
        })
        .collect();

    let mut draft = Draft::new(
        "gaussian",
        &json!({
            "dtype": T::NAME, "accumulation": if T::NAME == "bf16" { "f32" } else { T::NAME }, "summation": order.name(),
            "prior": "standard_normal", "parameter": "ln_variance", "decoder": "normal", "beta": beta,
        }),
    );
    for (name, values) in [
        ("q_mean", &mean),
        ("q_spread", &log),
        ("noise", &noise),
        ("sample_gradient", &back),
    ] {
        draft.tensor(name, &[batch, d], values);
    }
    for (name, values) in [("x", &x), ("mu", &mu), ("ln_b", &ln_s)] {
        draft.tensor(name, &[batch, p], values);
    }
    let none = json!({});
    draft.claim("relaxed_sample", &[batch, d], &sample, &none);
    draft.claim("kl", &[batch], &divergence, &json!({"sum": ["coordinate"]}));
    draft.claim("reconstruction", &[batch], &reconstruction, &json!({"sum": ["pixel"]}));
    draft.claim("elbo", &[batch], &elbo, &none);
    draft.claim("loss", &[], &[loss], &json!({"mean": ["batch"]}));
    draft.claim("grad.q_mean", &[batch, d], &by_mean, &none);
    draft.claim("grad.q_spread", &[batch, d], &by_log, &none);
    draft
}
