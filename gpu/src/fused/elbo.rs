//! The whole objective of the first stage: the reconstruction of images less beta times the divergence of their codes.

use rayon::prelude::*;
use vocab::Beta;

use super::isa::{Isa, Numbers};
use super::laplace::logit_laplace;
use super::moments::kl_to_uniform;
use super::planes::{self, Planes};
use super::real::Real;
use super::rows::Rows;
use crate::Error;

/// The logits of the encoder, by rows or by planes.
#[derive(Debug, Clone, Copy)]
pub enum Codes<'a, E> {
    /// A row for each position, `[B, S, K]`.
    Rows(Rows<'a, E>),
    /// A plane for each code, `[B, K, H, W]`, as the encoder leaves them.
    Planes(Planes<'a, E>),
}

impl<E: Copy> Codes<'_, E> {
    /// The number of positions of all images together.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.count(),
            Self::Planes(planes) => planes.count(),
        }
    }
}

/// The objective of one image with its two terms, in nats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Elbo {
    /// The objective `ln p(x|z) - beta D`. At `beta = 1` it bounds `ln p(x)`, in expectation over the sampled codes.
    pub objective: f64,
    /// The reconstruction `ln p(x|z)`, from the decoder's output for the sampled codes.
    pub reconstruction: f64,
    /// The divergence `D(q(z|x) || uniform)`, of all positions together.
    pub divergence: f64,
}

impl Elbo {
    /// The objective from its terms. At `beta = 0` the divergence is not there, whatever it is.
    #[must_use]
    pub fn of(reconstruction: f64, divergence: f64, beta: Beta) -> Self {
        let beta = beta.get();
        let subtracted = if beta > 0.0 { beta * divergence } else { 0.0 };
        Self {
            objective: reconstruction - subtracted,
            reconstruction,
            divergence,
        }
    }
}

/// The buffers for the gradients of [`elbo`].
#[derive(Debug)]
pub struct ElboGrads<'a, E> {
    /// The gradient with respect to the locations `mu`, `[B, P]`.
    pub mu: &'a mut [E],
    /// The gradient with respect to the log-scales `ln b`, `[B, P]`.
    pub ln_b: &'a mut [E],
    /// The gradient with respect to the logits, through the divergence alone. The decoder's backward pass adds what
    /// comes through the sample.
    pub logits: &'a mut [E],
}

/// The objective of every image: Eq. 14 with the uniform prior of DALL-E's first stage. The gradients are multiplied by
/// `weight`.
///
/// ```text
/// L = sum_i ln f(x_i | mu_i, b_i) - beta sum_s D(softmax(logits_s) || uniform)
/// ```
///
/// Every table is read once from memory. Shapes: `pixels` are `x`, `mu` and `ln b`, `[B, P]` each; `values` is `[B]`.
/// Unit: nats.
/// Limits: as [`logit_laplace`] and [`kl_to_uniform`]; at `beta = 0` the divergence is not there, whatever it is.
/// Reference: `reference::likelihood::log_likelihood`, `reference::logits::kl_to_uniform`.
///
/// # Errors
/// [`Error::Rows`] when positions and images do not fit each other.
///
/// # Panics
/// When `values` or `grads` do not fit.
pub fn elbo<E: Numbers>(
    isa: Isa,
    pixels: [Rows<'_, E>; 3],
    logits: Codes<'_, E>,
    beta: Beta,
    weight: f64,
    values: &mut [Elbo],
    grads: Option<ElboGrads<'_, E>>,
) -> Result<(), Error> {
    let (images, positions) = (values.len(), logits.count());
    if images == 0 || positions == 0 || !positions.is_multiple_of(images) {
        return Err(Error::Rows {
            tensor: "logits",
            entries: positions,
            k: images,
        });
    }
    let (mut reconstructions, mut divergences) = (vec![0.0; images], vec![0.0; positions]);
    let (to_pixels, to_logits) = match grads {
        None => (None, None),
        Some(grads) => (Some([grads.mu, grads.ln_b]), Some(grads.logits)),
    };
    let weighted = -beta.get() * weight;
    // At beta = 0 the divergence is not there, and 0 times an undefined slope would be undefined.
    let to_logits = to_logits.and_then(|slopes| {
        if beta.get() > 0.0 {
            return Some(slopes);
        }
        slopes.fill(E::narrow(Real::of(0.0)));
        None
    });
    rayon::join(
        || logit_laplace(isa, pixels, weight, &mut reconstructions, to_pixels),
        || match logits {
            Codes::Rows(x) => kl_to_uniform(isa, x, weighted, &mut divergences, to_logits),
            Codes::Planes(x) => planes::kl_to_uniform(isa, x, weighted, &mut divergences, to_logits),
        },
    );
    let each = divergences.par_chunks(positions / images).zip(reconstructions);
    values
        .par_iter_mut()
        .zip(each)
        .for_each(|(value, (parts, reconstruction))| {
            *value = Elbo::of(reconstruction, parts.iter().sum(), beta);
        });
    Ok(())
}
