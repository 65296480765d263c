//! The quantities of a linear-Gaussian world that the slacks need: precisions, posteriors and marginals, inverted by
//! elimination.
//!
//! The sides of a row see Cholesky factors, and these formulas see inverses. All that the two share is the arithmetic.

use ndarray::{Array1, Array2, Axis};

use super::double::{Double, Scalar as _};
use super::elimination::Inverse;
use super::factor::{Covariance, Factor, Spectrum};
use super::quadratic::LN_2_PI;
use super::uncertain::{Uncertain, column, count};
use super::{Fixed, Gaussian, Parts};
use crate::model::Model;
use crate::vocab::{Error, Nats};

impl Gaussian {
    /// The entropy of the encoder, `H(q(z|x)) = 1/2 (d (1 + ln 2 pi) + ln det V)`.
    pub(super) fn encoder_entropy(&self) -> Nats {
        let d = count(self.dimension());
        0.5 * (Nats::of(d * (1.0 + LN_2_PI)) + self.core.shared.encoder.inverse.ln_det())
    }

    /// The cross-entropy of a caption's prior under the encoder.
    ///
    /// ```text
    /// -E_{z ~ q(z|x)}[ln p(z|y)] = 1/2 (tr(S^-1 V) + (mu - m)^T S^-1 (mu - m) + ln det S + d ln 2 pi)
    /// ```
    pub(super) fn cross_entropy_to_prior(&self, y: usize) -> Nats {
        let shared = &self.core.shared;
        let prior = &shared.captions[y].prior.inverse;
        let trace = prior.solve(&shared.encoder.matrix).trace();
        let distance = prior.along(&self.deviation(y));
        let constant = prior.ln_det() + Nats::of(count(self.dimension()) * LN_2_PI);
        0.5 * (trace.nats() + distance.nats() + constant)
    }

    /// The divergence `KL(q(z|x) || p(z|x,y))` from a caption's posterior, whose precision is `P = S^-1 + W^T R^-1 W`,
    /// and whose exponent has the gradient `w` at `mu`.
    ///
    /// ```text
    /// 1/2 (tr(P V) + w^T P^-1 w - d - ln det P - ln det V),   w = S^-1 (mu - m) - W^T R^-1 (x - b - W mu)
    /// ln det P = ln det (R + W S W^T) - ln det R - ln det S
    /// ```
    pub(super) fn divergence_from_posterior(&self, y: usize) -> Nats {
        let known = &self.core.known[y].divergence_from_posterior;
        *known.get_or_init(|| self.find_divergence_from_posterior(y, y))
    }

    /// The divergence from the posterior that the prior at `y` and the decoder at another caption make.
    fn find_divergence_from_posterior(&self, y: usize, decoder_caption: usize) -> Nats {
        let shared = &self.core.shared;
        let Caption {
            prior,
            posterior,
            spread,
            marginal,
            ..
        } = &shared.captions[y];
        let weight = Uncertain::given(&self.core.parts.decoder_weight);
        let precision = |x: &Uncertain| precision_times(x, prior, &weight, &shared.decoder);
        let height = posterior.along_by(&self.gradient(y, decoder_caption), &precision);
        let (encoder, decoder, prior) = (&shared.encoder.inverse, &shared.decoder.inverse, &prior.inverse);
        let determinants = marginal.ln_det() - decoder.ln_det() - prior.ln_det() + encoder.ln_det();
        0.5 * ((spread + &height).nats() - Nats::of(count(self.dimension())) - determinants)
    }

    /// The gradient `w` at `mu` of the exponent of the posterior that the prior at `y` and the decoder at another
    /// caption make.
    fn gradient(&self, y: usize, decoder_caption: usize) -> Uncertain {
        let shared = &self.core.shared;
        let missed = shared
            .decoder
            .inverse
            .solve(&self.missed(decoder_caption, &self.core.mean));
        let pull = Uncertain::given(&self.core.parts.decoder_weight)
            .transposed()
            .dot(&missed);
        &shared.captions[y].prior.inverse.solve(&self.deviation(y)) - &pull
    }

    /// The evidence given a caption, `ln p(x|y)`, by the marginal's own covariance: `x ~ N(W m + b, R + W S W^T)`.
    pub(super) fn ln_evidence_given_caption(&self, y: usize) -> Nats {
        let known = &self.core.known[y].ln_evidence;
        *known.get_or_init(|| self.find_ln_evidence_given_caption(y, y))
    }

    /// The evidence of the prior at `y` and the decoder at another caption: `x ~ N(W m_y + b, R + W S_y W^T)` with that
    /// caption's `b`.
    fn find_ln_evidence_given_caption(&self, y: usize, decoder_caption: usize) -> Nats {
        let marginal = &self.core.shared.captions[y].marginal;
        let mean = Uncertain::given(&column(&self.core.parts.prior_mean.row(y).to_owned()));
        let distance = marginal.along(&self.missed(decoder_caption, &mean)).nats();
        -0.5 * (distance + marginal.ln_det() + Nats::of(count(self.pixels()) * LN_2_PI))
    }

    /// The evidence of every caption's prior with the observed caption's decoder, and the divergence from their
    /// posterior.
    pub(super) fn with_caption_fixed(&self) -> &[Fixed] {
        let y = self.y();
        self.core.known[y].with_caption_fixed.get_or_init(|| {
            let fixed = |caption: usize| Fixed {
                ln_evidence: self.find_ln_evidence_given_caption(caption, y),
                divergence_from_posterior: self.find_divergence_from_posterior(caption, y),
            };
            (0..self.captions()).map(fixed).collect()
        })
    }

    /// The posterior of a caption's prior and another's decoder, in the coordinates in which `q(z|x)` is standard
    /// normal.
    ///
    /// It returns the spectrum of the precision, which does not depend on the decoder's caption, and the coordinate of
    /// the posterior's mean on each of the spectrum's axes.
    pub(super) fn posterior_axes(&self, y: usize, decoder_caption: usize) -> (&Spectrum, Array1<f64>) {
        let shared = &self.core.shared;
        let axes = &shared.captions[y].axes;
        let pull = shared
            .encoder
            .factor
            .lower
            .transposed()
            .dot(&self.gradient(y, decoder_caption))
            .nearest();
        let mean = axes.vectors.t().dot(&pull.column(0)) / &axes.values;
        (axes, -mean)
    }

    /// The distance `mu - m_y` of the encoder's mean from the prior's.
    fn deviation(&self, y: usize) -> Uncertain {
        let prior = column(&self.core.parts.prior_mean.row(y).to_owned());
        &self.core.mean - &Uncertain::given(&prior)
    }

    /// The distance `x - b_y - W z` of the observed image from the decoder's mean.
    fn missed(&self, y: usize, z: &Uncertain) -> Uncertain {
        let parts = &self.core.parts;
        let x = Uncertain::given(&column(&parts.x));
        let offset = Uncertain::given(&column(&parts.decoder_offset.row(y).to_owned()));
        &(&x - &offset) - &Uncertain::given(&parts.decoder_weight).dot(z)
    }
}

/// What no image changes of a caption: its prior, and the posterior's and the marginal's covariances.
#[derive(Debug)]
pub(super) struct Caption {
    /// The prior's covariance `S`.
    pub(super) prior: Covariance,
    /// The inverse of the posterior's precision `P = S^-1 + W^T R^-1 W`, which is the posterior's covariance.
    posterior: Inverse,
    /// The trace `tr(P V)`, `[1, 1]`.
    spread: Uncertain,
    /// The spectrum of `L^T P L`, the posterior's precision in the coordinates in which `q(z|x)` is standard normal.
    axes: Spectrum,
    /// The inverse of the covariance of `x` given `y`, `R + W S W^T`.
    marginal: Inverse,
}

impl Caption {
    pub(super) fn new(
        y: usize,
        parts: &Parts,
        prior: Covariance,
        encoder: &Covariance,
        decoder: &Covariance,
    ) -> Result<Self, Error> {
        let weight = Uncertain::given(&parts.decoder_weight);
        let seen = decoder.inverse.solve(&weight);
        let precision = &prior.inverse.matrix + &weight.transposed().dot(&seen);
        let axes = axes(y, &precision, &encoder.factor)?;
        let marginal = &decoder.matrix + &weight.dot(&prior.matrix).dot(&weight.transposed());
        Ok(Self {
            posterior: Inverse::new("the posterior's precision", &[y], &precision)?,
            spread: precision_times(&encoder.matrix, &prior, &weight, decoder).trace(),
            marginal: Inverse::new("the covariance of x given y", &[y], &marginal)?,
            prior,
            axes,
        })
    }
}

/// The product `P X` with the posterior's precision `P = S^-1 + W^T R^-1 W`. It is formed by solves, because an entry
/// of an inverse is known less well than the solution of a system.
fn precision_times(x: &Uncertain, prior: &Covariance, weight: &Uncertain, decoder: &Covariance) -> Uncertain {
    let seen = decoder.inverse.solve(&weight.dot(x));
    &prior.inverse.solve(x) + &weight.transposed().dot(&seen)
}

/// The spectrum of `L^T P L` in `f64`, clear of rounding. Its vectors are the axes along which the posterior is
/// independent, in the coordinates in which `q(z|x)` is standard normal. Its values are the precisions on these axes.
fn axes(y: usize, precision: &Uncertain, encoder: &Factor) -> Result<Spectrum, Error> {
    let l = &encoder.lower;
    let form = l.transposed().dot(precision).dot(l).nearest();
    let form = (&form + &form.t()) / 2.0;
    // The form is rounded once to f64. Eqs. 4 and 5 take `q` out of it and put it in again, which rounds, too.
    let size = form.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
    let taken_out = 2.0 * count(l.rows()).sqrt() + size;
    Spectrum::new(&form, size + taken_out)?.clear("the posterior's precision in units of the encoder's", y)
}

/// The parts of the world whose encoder is the posterior of the observed caption, at every image.
///
/// ```text
/// V = P^-1        A = V W^T R^-1        c = V (S^-1 m - W^T R^-1 b)        P = S^-1 + W^T R^-1 W
/// ```
///
/// At the observed caption, a world of these parts has no gap.
#[must_use]
pub fn posterior_encoder(world: &Gaussian) -> Parts {
    let (parts, y) = (world.parts(), world.y());
    let Caption { prior, posterior, .. } = &world.core.shared.captions[y];
    let decoder = &world.core.shared.decoder.inverse;
    let seen = decoder.solve(&Uncertain::given(&parts.decoder_weight)); // R^-1 W
    let half = Double::from(0.5);
    let covariance = &posterior.matrix.value;
    let symmetric = |(i, j)| ((covariance[[i, j]] + covariance[[j, i]]) * half).nearest();
    let gain = posterior.matrix.dot(&seen.transposed());
    let prior_mean = Uncertain::given(&column(&parts.prior_mean.row(y).to_owned()));
    let offset = Uncertain::given(&column(&parts.decoder_offset.row(y).to_owned()));
    let pulled = posterior.matrix.dot(&prior.inverse.solve(&prior_mean));
    Parts {
        encoder_offset: (&pulled - &gain.dot(&offset)).nearest().index_axis_move(Axis(1), 0),
        encoder_covariance: Array2::from_shape_fn(covariance.dim(), symmetric),
        encoder_weight: gain.nearest(),
        ..parts
    }
}
