//! A discrete VAE's inputs, drawn, and what is claimed for them, in any type, order and layout.

use serde_json::json;

use super::file::Draft;
use super::number::{Number, Order};
use super::random::Random;

/// How the right objective is computed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub order: Order,
    /// `[B, K, H, W]` and not `[B, S, K]`.
    pub planes: bool,
    /// Claims positions as a grid.
    pub grid: bool,
    /// 0: log-softmax by the maximum. 1: by the log-sum-exp. 2: divergence as cross-entropy less entropy.
    pub way: usize,
    pub with_prior: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub codes: usize,
    pub pixels: usize,
}

impl Sizes {
    pub(crate) const fn positions(self) -> usize {
        self.height * self.width
    }
}

/// Inputs as the subject has them.
#[derive(Debug, Clone)]
pub(crate) struct Inputs<T> {
    pub sizes: Sizes,
    /// `[B][S][K]`
    pub logits: Vec<T>,
    pub prior: Option<Vec<T>>,
    pub noise: Vec<T>,
    /// The derivative of the loss by the sample.
    pub handed_back: Vec<T>,
    /// `[B][P]`
    pub x: Vec<T>,
    pub mu: Vec<T>,
    pub ln_b: Vec<T>,
    pub beta: f64,
    pub tau: f64,
}

impl<T: Number> Inputs<T> {
    /// Drawn anew: outliers, masked codes, constant rows and offsets among them.
    pub(crate) fn drawn(random: &mut Random, sizes: Sizes, with_prior: bool) -> Self {
        let Sizes {
            batch, codes, pixels, ..
        } = sizes;
        let rows = batch * sizes.positions();
        let mut logits = Vec::new();
        for _ in 0..rows {
            let (spread, offset) = (
                random.among(&[0.01, 1.0, 3.0, 8.0]),
                random.among(&[0.0, 0.0, -7.0, 60.0]),
            );
            let (constant, masks) = (random.chance(0.1), random.chance(0.15));
            let mut row: Vec<f64> = (0..codes)
                .map(|_| {
                    if constant {
                        offset
                    } else {
                        offset + spread * random.normal()
                    }
                })
                .collect();
            if random.chance(0.1) {
                row[random.below(codes)] += 25.0;
            }
            if masks {
                let spared = random.below(codes);
                for (k, logit) in row.iter_mut().enumerate() {
                    if k != spared && random.chance(0.3) {
                        *logit = f64::NEG_INFINITY;
                    }
                }
            }
            logits.extend(row.into_iter().map(T::of));
        }
        let mut normals = |n: usize, scale: f64| -> Vec<T> { (0..n).map(|_| T::of(scale * random.normal())).collect() };
        let prior = with_prior.then(|| normals(rows * codes, 2.0));
        let handed_back = normals(rows * codes, 0.5);
        let (mu, ln_b) = (normals(batch * pixels, 1.5), normals(batch * pixels, 0.5));
        Self {
            sizes,
            logits,
            prior,
            noise: (0..rows * codes).map(|_| T::of(random.gumbel())).collect(),
            handed_back,
            x: (0..batch * pixels).map(|_| T::of(random.between(0.1, 0.9))).collect(),
            mu,
            ln_b,
            beta: random.among(&[0.0, 0.25, 1.0, 6.6]),
            tau: random.among(&[0.0625, 0.5, 1.0, 1.75]),
        }
    }
}

/// What the subject computed, `[B][S][K]` and so on.
#[derive(Debug, Clone)]
pub(crate) struct Claims<T> {
    pub sample: Vec<T>,
    pub entropy: Vec<T>,
    pub cross_entropy: Vec<T>,
    pub kl: Vec<T>,
    pub reconstruction: Vec<T>,
    pub elbo: Vec<T>,
    pub loss: Vec<T>,
    pub by_logits: Vec<T>,
    pub by_mu: Vec<T>,
    pub by_ln_b: Vec<T>,
}

/// The dump of inputs and claims.
pub(crate) fn dump<T: Number>(inputs: &Inputs<T>, claims: &Claims<T>, style: Style) -> Draft {
    let sizes = inputs.sizes;
    let mut draft = Draft::new(
        "tokens",
        &json!({
            "dtype": T::NAME, "accumulation": if T::NAME == "bf16" { "f32" } else { T::NAME },
            "summation": style.order.name(), "layout": if style.planes { "BKHW" } else { "BSK" },
            "prior": if inputs.prior.is_some() { "logits" } else { "uniform" }, "decoder": "logit_laplace",
            "temperature": inputs.tau, "beta": inputs.beta,
        }),
    );
    let shape = if style.planes {
        vec![sizes.batch, sizes.codes, sizes.height, sizes.width]
    } else {
        vec![sizes.batch, sizes.positions(), sizes.codes]
    };
    draft.tensor("encoder_logits", &shape, &style.laid(&inputs.logits, sizes));
    if let Some(prior) = &inputs.prior {
        draft.tensor("prior_logits", &shape, &style.laid(prior, sizes));
    }
    draft.tensor("gumbel_noise", &shape, &style.laid(&inputs.noise, sizes));
    draft.tensor("sample_gradient", &shape, &style.laid(&inputs.handed_back, sizes));
    for (name, values) in [("x", &inputs.x), ("mu", &inputs.mu), ("ln_b", &inputs.ln_b)] {
        draft.tensor(name, &[sizes.batch, sizes.pixels], values);
    }
    add_claims(&mut draft, claims, &shape, style, sizes);
    draft
}

impl Style {
    /// `[B][S][K]` numbers in the layout of the dump.
    fn laid<T: Number>(self, values: &[T], sizes: Sizes) -> Vec<T> {
        if !self.planes {
            return values.to_vec();
        }
        let (s, codes) = (sizes.positions(), sizes.codes);
        (0..values.len())
            .map(|i| values[(i / (codes * s) * s + i % s) * codes + i / s % codes])
            .collect()
    }
}

/// Adds what the subject computed; `shape` is that of the logits.
fn add_claims<T: Number>(draft: &mut Draft, claims: &Claims<T>, shape: &[usize], style: Style, sizes: Sizes) {
    let Sizes {
        batch,
        height,
        width,
        pixels,
        ..
    } = sizes;
    let none = json!({});
    draft.claim("relaxed_sample", shape, &style.laid(&claims.sample, sizes), &none);
    let per_position = if style.grid && style.planes {
        vec![batch, height, width]
    } else {
        vec![batch, sizes.positions()]
    };
    let summed = json!({"sum": ["code"]});
    draft.claim("entropy", &per_position, &claims.entropy, &summed);
    draft.claim("cross_entropy", &per_position, &claims.cross_entropy, &summed);
    draft.claim("kl", &per_position, &claims.kl, &summed);
    draft.claim(
        "reconstruction",
        &[batch],
        &claims.reconstruction,
        &json!({"sum": ["pixel"]}),
    );
    draft.claim("elbo", &[batch], &claims.elbo, &none);
    draft.claim("loss", &[], &claims.loss, &json!({"mean": ["batch"]}));
    draft.claim(
        "grad.encoder_logits",
        shape,
        &style.laid(&claims.by_logits, sizes),
        &json!({"of": "loss"}),
    );
    draft.claim("grad.mu", &[batch, pixels], &claims.by_mu, &json!({"of": "loss"}));
    draft.claim("grad.ln_b", &[batch, pixels], &claims.by_ln_b, &json!({"of": "loss"}));
}
