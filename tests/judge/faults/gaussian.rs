//! A continuous VAE's objective, forward and backward by hand, right or with a fault in it.

use serde_json::json;

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;

/// Inputs as the subject has them: `[B, d]` codes, `[B, P]` pixels.
struct Inputs<T> {
    batch: usize,
    d: usize,
    p: usize,
    mean: Vec<T>,
    log: Vec<T>,
    noise: Vec<T>,
    /// The derivative of the loss by the sample.
    back: Vec<T>,
    x: Vec<T>,
    mu: Vec<T>,
    ln_s: Vec<T>,
    beta: f64,
}

impl<T: Number> Inputs<T> {
    /// Draws them anew.
    fn drawn(random: &mut Random) -> Self {
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
        Self {
            batch,
            d,
            p,
            mean,
            log,
            noise,
            back,
            x,
            mu,
            ln_s,
            beta: random.among(&[0.25, 4.0]),
        }
    }

    /// The logarithm of a coordinate's variance, as the subject reads it.
    fn log_variance(&self, i: usize, fault: Fault) -> T {
        match fault {
            Fault::LogVarianceAsLogStd => T::of(2.0) * self.log[i],
            Fault::LogVarianceSquared => T::of(2.0) * self.log[i].abs().ln(),
            Fault::SlicedWithMean => self.mean[i],
            _ => self.log[i],
        }
    }

    /// The divergence of a coordinate from the standard normal distribution.
    fn divergence(&self, i: usize, fault: Fault) -> T {
        let (half, one, d) = (T::of(0.5), T::of(1.0), T::of(self.d as f64));
        let (m, l) = (self.mean[i], self.log_variance(i, fault));
        let inner = l.exp() + m * m - one - l;
        match fault {
            Fault::HalfMissing => inner,
            Fault::ConstantOnce => half * (l.exp() + m * m - l) - half / d,
            Fault::CoordinatesMean => half * inner / d,
            _ => half * inner,
        }
    }

    /// A coordinate of the sample.
    fn sample(&self, i: usize, fault: Fault) -> T {
        let std = match fault {
            Fault::VarianceInSampler => self.log[i].exp(),
            _ => (T::of(0.5) * self.log_variance(i, fault)).exp(),
        };
        match fault {
            Fault::NoiseMissing => self.mean[i],
            Fault::SampleAtPredict => self.mean[i] + std * self.noise[i] + std * self.noise[i],
            _ => self.mean[i] + std * self.noise[i],
        }
    }

    /// The log-density of a pixel.
    fn density(&self, i: usize, fault: Fault) -> T {
        let constant = T::of(0.5 * (2.0 * std::f64::consts::PI).ln());
        let ln_s = if fault == Fault::VarianceAsScale {
            T::of(2.0) * self.ln_s[i]
        } else {
            self.ln_s[i]
        };
        if fault == Fault::SquaredErrorMean {
            return -((self.x[i] - self.mu[i]) * (self.x[i] - self.mu[i]));
        }
        let z = (self.x[i] - self.mu[i]) / ln_s.exp();
        -(T::of(0.5) * z * z) - ln_s - constant
    }

    /// The derivatives of the loss by means and by log-variances.
    fn gradients(&self, fault: Fault) -> [Vec<T>; 2] {
        let (half, one) = (T::of(0.5), T::of(1.0));
        let (share, beta) = (one / T::of(self.batch as f64), T::of(self.beta));
        let coordinates = 0..self.batch * self.d;
        let by_mean = |i: usize| share * beta * self.mean[i] + self.back[i];
        let by_log = |i: usize| {
            let l = self.log_variance(i, fault);
            share * beta * (half * (l.exp() - one)) + self.back[i] * self.noise[i] * half * (half * l).exp()
        };
        [
            coordinates.clone().map(by_mean).collect(),
            coordinates.map(by_log).collect(),
        ]
    }

    /// The dump of the inputs, without a claim.
    fn draft(&self, order: Order) -> Draft {
        let mut draft = Draft::new(
            "gaussian",
            &json!({
                "dtype": T::NAME, "accumulation": if T::NAME == "bf16" { "f32" } else { T::NAME }, "summation": order.name(),
                "prior": "standard_normal", "parameter": "ln_variance", "decoder": "normal", "beta": self.beta,
            }),
        );
        for (name, values) in [
            ("q_mean", &self.mean),
            ("q_spread", &self.log),
            ("noise", &self.noise),
            ("sample_gradient", &self.back),
        ] {
            draft.tensor(name, &[self.batch, self.d], values);
        }
        for (name, values) in [("x", &self.x), ("mu", &self.mu), ("ln_b", &self.ln_s)] {
            draft.tensor(name, &[self.batch, self.p], values);
        }
        draft
    }
}

/// Computes and dumps it on inputs drawn anew.
pub(crate) fn dump<T: Number>(random: &mut Random, order: Order, fault: Fault) -> Draft {
    let inputs = Inputs::<T>::drawn(random);
    let Inputs { batch, d, p, beta, .. } = inputs;
    let n = |n: usize| T::of(n as f64);
    let kl: Vec<T> = (0..batch * d).map(|i| inputs.divergence(i, fault)).collect();
    let sample: Vec<T> = (0..batch * d).map(|i| inputs.sample(i, fault)).collect();
    let density: Vec<T> = (0..batch * p).map(|i| inputs.density(i, fault)).collect();
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
        .map(|(r, k)| *r - T::of(beta) * *k)
        .collect();
    let loss = -order.sum(&per_image) / n(batch);
    let [by_mean, by_log] = inputs.gradients(fault);

    let mut draft = inputs.draft(order);
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
