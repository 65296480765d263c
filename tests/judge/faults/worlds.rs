//! Terms of finite worlds in any type, right or with a fault in them.

use serde_json::json;

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;

/// Tables as a network has them, and what is observed of each image.
struct Worlds<T> {
    captions: usize,
    codes: usize,
    /// `ln p(x|y,z)` and `ln p(y,z)`, `[B, Y, Z]`.
    likelihood: Vec<T>,
    prior: Vec<T>,
    /// `ln q(z|x)`, `[B, Z]`.
    encoder: Vec<T>,
    observed: Vec<usize>,
    beta: f64,
}

impl<T: Number> Worlds<T> {
    /// Draws them anew: log-softmaxes in the subject's own type.
    fn drawn(random: &mut Random, order: Order) -> Self {
        let (batch, captions, codes) = (3, 2 + random.below(3), 5 + random.below(3));
        let beta = random.among(&[0.5, 2.0]);
        let mut logits = |n: usize| -> Vec<T> { (0..n).map(|_| T::of(1.5 * random.normal())).collect() };
        let normalised = |row: &[T]| -> Vec<T> {
            let max = row.iter().copied().fold(row[0], T::larger);
            let weights: Vec<T> = row.iter().map(|x| (*x - max).exp()).collect();
            let ln = order.sum(&weights).ln();
            row.iter().map(|x| (*x - max) - ln).collect()
        };
        let rows = |values: Vec<T>, width: usize| -> Vec<T> { values.chunks(width).flat_map(normalised).collect() };
        Self {
            captions,
            codes,
            likelihood: logits(batch * captions * codes),
            prior: rows(logits(batch * captions * codes), captions * codes),
            encoder: rows(logits(batch * codes), codes),
            observed: (0..batch).map(|b| b % captions).collect(),
            beta,
        }
    }

    /// The row of a table for an image and a caption.
    fn row<'a>(&self, table: &'a [T], b: usize, y: usize) -> &'a [T] {
        &table[(b * self.captions + y) * self.codes..][..self.codes]
    }

    /// `ln p(x,y,z)` of an image and a caption, at every code.
    fn joint(&self, b: usize, y: usize) -> Vec<T> {
        let (ln_p_x, ln_p) = (self.row(&self.likelihood, b, y), self.row(&self.prior, b, y));
        ln_p_x.iter().zip(ln_p).map(|(a, p)| *a + *p).collect()
    }

    /// The log-evidence of an image.
    fn evidence(&self, b: usize, order: Order, fault: Fault) -> T {
        let joint = self.joint(b, self.observed[b]);
        match fault {
            Fault::OverTheWrongVariable => {
                let all: Vec<T> = (0..self.captions).flat_map(|y| self.joint(b, y)).collect();
                log_sum_exp(&all, order)
            }
            Fault::WeightsInLogSpace => {
                let ln_q = &self.encoder[b * self.codes..][..self.codes];
                let terms: Vec<T> = (0..self.codes).map(|k| ln_q[k].exp() * (joint[k] - ln_q[k])).collect();
                order.sum(&terms)
            }
            _ => log_sum_exp(&joint, order),
        }
    }

    /// The prior that the divergence of an image is from.
    fn ln_p(&self, b: usize, order: Order, fault: Fault) -> Vec<T> {
        let ln_p = self.row(&self.prior, b, self.observed[b]).to_vec();
        match fault {
            Fault::PriorMarginal => {
                let of_code = |k: usize| (0..self.captions).map(move |y| self.row(&self.prior, b, y)[k]);
                let codes = 0..self.codes;
                codes
                    .map(|k| log_sum_exp(&of_code(k).collect::<Vec<_>>(), order))
                    .collect()
            }
            Fault::CaptionMissing => {
                let ln_p_y = log_sum_exp(&ln_p, order);
                ln_p.into_iter().map(|p| p - ln_p_y).collect()
            }
            _ => ln_p,
        }
    }

    /// The dump of the worlds, without a claim.
    fn draft(&self, order: Order) -> Draft {
        let (batch, shape) = (self.observed.len(), [self.observed.len(), self.captions, self.codes]);
        let mut draft = Draft::new(
            "worlds",
            &json!({
                "dtype": T::NAME, "accumulation": if T::NAME == "bf16" { "f32" } else { T::NAME }, "summation": order.name(),
            }),
        );
        draft.tensor("ln_p_x_given_yz", &shape, &self.likelihood);
        draft.tensor("ln_p_yz", &shape, &self.prior);
        draft.tensor("ln_q_z_given_x", &[batch, self.codes], &self.encoder);
        draft.integers("y", &[batch], &self.observed);
        draft.tensor("beta", &[], &[self.beta]);
        draft
    }
}

/// `ln sum e^x` in the subject's own type.
fn log_sum_exp<T: Number>(terms: &[T], order: Order) -> T {
    let max = terms.iter().copied().fold(terms[0], T::larger);
    let weights: Vec<T> = terms.iter().map(|x| (*x - max).exp()).collect();
    max + order.sum(&weights).ln()
}

/// Computes and dumps them on worlds drawn anew.
pub(crate) fn dump<T: Number>(random: &mut Random, order: Order, fault: Fault) -> Draft {
    let worlds = Worlds::<T>::drawn(random, order);
    let (batch, codes) = (worlds.observed.len(), worlds.codes);
    let (mut evidence, mut kl, mut entropy, mut reconstruction) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for b in 0..batch {
        let ln_p_x = worlds.row(&worlds.likelihood, b, worlds.observed[b]);
        let ln_q = &worlds.encoder[b * codes..][..codes];
        evidence.push(worlds.evidence(b, order, fault));
        let ln_p = worlds.ln_p(b, order, fault);
        let mean = |f: &dyn Fn(usize) -> T| order.sum(&(0..codes).map(|k| ln_q[k].exp() * f(k)).collect::<Vec<T>>());
        kl.push(mean(&|k| ln_q[k] - ln_p[k]));
        entropy.push(-mean(&|k| ln_q[k]));
        reconstruction.push(mean(&|k| ln_p_x[k]));
    }
    let elbo: Vec<T> = reconstruction.iter().zip(&kl).map(|(r, d)| *r - *d).collect();
    let loss: Vec<T> = reconstruction
        .iter()
        .zip(&kl)
        .map(|(r, d)| -(*r - T::of(worlds.beta) * *d))
        .collect();

    let mut draft = worlds.draft(order);
    let none = json!({});
    for (name, values) in [
        ("log_evidence", &evidence),
        ("entropy", &entropy),
        ("kl", &kl),
        ("reconstruction", &reconstruction),
        ("elbo", &elbo),
        ("loss", &loss),
    ] {
        draft.claim(name, &[batch], values, &none);
    }
    draft
}
