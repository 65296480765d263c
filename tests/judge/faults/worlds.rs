//! Terms of finite worlds in any type, right or with a fault in them.

use serde_json::json;

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;

/// Computes and dumps them on worlds drawn anew.
pub(crate) fn dump<T: Number>(random: &mut Random, order: Order, fault: Fault) -> Draft {
    let (batch, captions, codes) = (3, 2 + random.below(3), 5 + random.below(3));
    let beta = random.among(&[0.5, 2.0]);
    // Tables as a network has them: log-softmaxes in the subject's own type.
    let mut logits = |n: usize| -> Vec<T> { (0..n).map(|_| T::of(1.5 * random.normal())).collect() };
    let normalised = |row: &[T]| -> Vec<T> {
        let max = row.iter().copied().fold(row[0], T::larger);
        let weights: Vec<T> = row.iter().map(|x| (*x - max).exp()).collect();
        let ln = order.sum(&weights).ln();
        row.iter().map(|x| (*x - max) - ln).collect()
    };
    let rows = |values: Vec<T>, width: usize| -> Vec<T> { values.chunks(width).flat_map(normalised).collect() };
    let likelihood = logits(batch * captions * codes);
    let prior = rows(logits(batch * captions * codes), captions * codes);
    let encoder = rows(logits(batch * codes), codes);
    let observed: Vec<usize> = (0..batch).map(|b| b % captions).collect();

    let lse = |terms: &[T]| {
        let max = terms.iter().copied().fold(terms[0], T::larger);
        let weights: Vec<T> = terms.iter().map(|x| (*x - max).exp()).collect();
        max + order.sum(&weights).ln()
    };
    let (mut evidence, mut kl, mut entropy, mut reconstruction) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for b in 0..batch {
        let of = |table: &[T], y: usize| table[(b * captions + y) * codes..][..codes].to_vec();
        let (ln_p_x, mut ln_p) = (of(&likelihood, observed[b]), of(&prior, observed[b]));
        let ln_q = &encoder[b * codes..][..codes];
        let joint = |y: usize| -> Vec<T> {
            of(&likelihood, y)
                .iter()
                .zip(of(&prior, y))
                .map(|(a, p)| *a + p)
                .collect()
        };
        evidence.push(match fault {
            Fault::OverTheWrongVariable => lse(&(0..captions).flat_map(joint).collect::<Vec<_>>()),
            Fault::WeightsInLogSpace => {
                let terms: Vec<T> = (0..codes)
                    .map(|k| ln_q[k].exp() * (joint(observed[b])[k] - ln_q[k]))
                    .collect();
                order.sum(&terms)
            }
            _ => lse(&joint(observed[b])),
        });
        if fault == Fault::PriorMarginal {
            ln_p = (0..codes)
                .map(|k| lse(&(0..captions).map(|y| of(&prior, y)[k]).collect::<Vec<_>>()))
                .collect();
        }
        if fault == Fault::CaptionMissing {
            let ln_p_y = lse(&ln_p);
            ln_p = ln_p.into_iter().map(|p| p - ln_p_y).collect();
        }
        let mean = |f: &dyn Fn(usize) -> T| order.sum(&(0..codes).map(|k| ln_q[k].exp() * f(k)).collect::<Vec<T>>());
        kl.push(mean(&|k| ln_q[k] - ln_p[k]));
        entropy.push(-mean(&|k| ln_q[k]));
        reconstruction.push(mean(&|k| ln_p_x[k]));
    }
    let elbo: Vec<T> = reconstruction.iter().zip(&kl).map(|(r, d)| *r - *d).collect();
    let loss: Vec<T> = reconstruction
        .iter()
        .zip(&kl)
        .map(|(r, d)| -(*r - T::of(beta) * *d))
        .collect();

    let mut draft = Draft::new(
        "worlds",
        &json!({
            "dtype": T::NAME, "accumulation": if T::NAME == "bf16" { "f32" } else { T::NAME }, "summation": order.name(),
        }),
    );
    draft.tensor("ln_p_x_given_yz", &[batch, captions, codes], &likelihood);
    draft.tensor("ln_p_yz", &[batch, captions, codes], &prior);
    draft.tensor("ln_q_z_given_x", &[batch, codes], &encoder);
    draft.integers("y", &[batch], &observed);
    draft.tensor("beta", &[], &[beta]);
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
