//! The same world from the other side: precisions, posteriors and marginals from the spectra of the covariances as given.
//!
//! The sides see Cholesky factors, so a covariance here differs from theirs by as much as a factorisation may be off
//! ([`Spectrum::error`]); how far that moves a result is its derivative by the covariance.

use ndarray::{Array1, Array2, Axis};

use super::factor::{Factor, Spectrum};
use super::quadratic::LN_2_PI;
use super::uncertain::{Uncertain, column, count, mass_of, norm};
use super::{Fixed, Gaussian, Parts};
use crate::model::Model;
use crate::vocab::{Error, Nats};

impl Gaussian {
    /// `H(q(z|x)) = 1/2 (d (1 + ln 2 pi) + ln det V)`.
    pub(super) fn encoder_entropy(&self) -> Nats {
        let d = count(self.dimension());
        0.5 * (Nats::of(d * (1.0 + LN_2_PI)) + self.core.shared.encoder_spectrum.ln_det())
    }

    /// `-E_{z ~ q(z|x)}[ln p(z|y)] = 1/2 (tr(S^-1 V) + (mu - m)^T S^-1 (mu - m) + ln det S + d ln 2 pi)`.
    pub(super) fn cross_entropy_to_prior(&self, y: usize) -> Nats {
        let shared = &self.core.shared;
        let (prior, encoder) = (&shared.captions[y].spectrum, &shared.encoder_spectrum);
        let (whitener, inverse) = (Uncertain::exact(prior.whitener()), prior.inverse());
        let deviation = self.deviation(y);
        let trace = whitener.dot(&Uncertain::exact(encoder.root())).square_norm();
        let distance = whitener.dot(&deviation).square_norm();
        let v = &self.core.parts.encoder_covariance;
        let by_prior = norm(&inverse.dot(v).dot(&inverse)) + norm(&inverse.dot(&deviation.value)).powi(2);
        let moved = mass_of(by_prior * prior.error + norm(&inverse) * encoder.error);
        0.5 * (trace
            + distance
            + prior.ln_det()
            + Nats::of(count(self.dimension()) * LN_2_PI)
            + Nats::with_mass(0.0, moved))
    }

    /// `KL(q(z|x) || p(z|x,y))`, with the precision `P = S^-1 + W^T R^-1 W` of the posterior and the gradient `w` of its exponent at `mu`:
    ///
    /// ```text
    /// 1/2 (tr(P V) + w^T P^-1 w - d - ln det P - ln det V),   w = S^-1 (mu - m) - W^T R^-1 (x - b - W mu)
    /// ```
    pub(super) fn divergence_from_posterior(&self, y: usize) -> Nats {
        let known = &self.core.known[y].divergence_from_posterior;
        *known.get_or_init(|| self.find_divergence_from_posterior(y, y))
    }

    /// The same from the posterior of the prior at `y` and the decoder at another caption.
    fn find_divergence_from_posterior(&self, y: usize, decoder_caption: usize) -> Nats {
        let shared = &self.core.shared;
        let (decoder, encoder) = (&shared.decoder_spectrum, &shared.encoder_spectrum);
        let Caption {
            spectrum: prior,
            precision:
                Precision {
                    prior_rows,
                    decoder_rows,
                    spectrum,
                },
            ..
        } = &shared.captions[y];
        let (deviation, missed) = (self.deviation(y), self.missed(decoder_caption, &self.core.mean));
        let root = Uncertain::exact(encoder.root());
        let trace = prior_rows.dot(&root).square_norm() + decoder_rows.dot(&root).square_norm();
        let decoder_whitener = Uncertain::exact(decoder.whitener());
        let pull = decoder_rows.transposed().dot(&decoder_whitener.dot(&missed));
        let gradient = &prior_rows.transposed().dot(&prior_rows.dot(&deviation)) - &pull;
        let height = Uncertain::exact(spectrum.whitener()).dot(&gradient).square_norm();

        let (covariance, v) = (spectrum.inverse(), &self.core.parts.encoder_covariance);
        let step = covariance.dot(&gradient.value);
        let (inverse, noise) = (prior.inverse(), decoder.inverse());
        let seen = noise.dot(&self.core.parts.decoder_weight); // R^-1 W
        let around = |a: &Array2<f64>, b: &Array2<f64>| norm(&a.dot(b).dot(&a.t()));
        let to_first_order = |a: &Array2<f64>, pulled: f64| {
            let along = norm(&a.dot(&step));
            around(a, v) + around(a, &covariance) + along * (along + 2.0 * pulled)
        };
        let by_prior = to_first_order(&inverse, norm(&inverse.dot(&deviation.value)));
        let by_decoder = to_first_order(&seen, norm(&noise.dot(&missed.value)));
        let by_encoder = spectrum.values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let moved = by_prior * prior.error
            + by_decoder * decoder.error
            + by_encoder * encoder.error
            + norm(&step).powi(2) * spectrum.error;
        0.5 * (trace + height - Nats::of(count(self.dimension())) - spectrum.ln_det() - encoder.ln_det()
            + Nats::with_mass(0.0, mass_of(moved)))
    }

    /// `ln p(x|y)` by the marginal's own covariance: `x ~ N(W m + b, R + W S W^T)`.
    pub(super) fn ln_evidence_given_caption(&self, y: usize) -> Nats {
        let known = &self.core.known[y].ln_evidence;
        *known.get_or_init(|| self.find_ln_evidence_given_caption(y, y))
    }

    /// The same of the prior at `y` and the decoder at another caption: `x ~ N(W m_y + b, R + W S_y W^T)` with that caption's `b`.
    fn find_ln_evidence_given_caption(&self, y: usize, decoder_caption: usize) -> Nats {
        let spectrum = &self.core.shared.captions[y].marginal;
        let missed = self.missed(decoder_caption, &column(&self.core.parts.prior_mean.row(y).to_owned()));
        let distance = Uncertain::exact(spectrum.whitener()).dot(&missed).square_norm();
        let moved = norm(&spectrum.inverse().dot(&missed.value)).powi(2) * spectrum.error;
        -0.5 * (distance
            + spectrum.ln_det()
            + Nats::of(count(self.pixels()) * LN_2_PI)
            + Nats::with_mass(0.0, mass_of(moved)))
    }

    /// Evidence and divergence from the posterior of every caption's prior with the observed caption's decoder.
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

    /// The posterior of a caption's prior and another's decoder, in the coordinates in which `q(z|x)` is standard normal: its precision's spectrum,
    /// which does not depend on the decoder's caption, and where on each of its axes its mean lies.
    pub(super) fn posterior_axes(&self, y: usize, decoder_caption: usize) -> (&Spectrum, Array1<f64>) {
        let shared = &self.core.shared;
        let Caption { precision, axes, .. } = &shared.captions[y];
        let l = &shared.encoder.lower;
        let (prior, decoder) = (precision.prior_rows.value.dot(l), precision.decoder_rows.value.dot(l));
        let whitener = shared.decoder_spectrum.whitener();
        let (deviation, missed) = (
            self.deviation(y).value,
            self.missed(decoder_caption, &self.core.mean).value,
        );
        let pull = decoder.t().dot(&whitener.dot(&missed)) - prior.t().dot(&precision.prior_rows.value.dot(&deviation));
        let mean = axes.vectors.t().dot(&pull.column(0)) / &axes.values;
        (axes, mean)
    }

    /// `mu - m_y`.
    fn deviation(&self, y: usize) -> Uncertain {
        let prior = column(&self.core.parts.prior_mean.row(y).to_owned());
        &Uncertain::exact(self.core.mean.clone()) - &Uncertain::exact(prior)
    }

    /// `x - b_y - W z`.
    fn missed(&self, y: usize, z: &Array2<f64>) -> Uncertain {
        let parts = &self.core.parts;
        let x = Uncertain::exact(column(&parts.x));
        let offset = Uncertain::exact(column(&parts.decoder_offset.row(y).to_owned()));
        let shown = Uncertain::exact(parts.decoder_weight.clone()).dot(&Uncertain::exact(z.clone()));
        &(&x - &offset) - &shown
    }
}

/// What no image changes of a caption; each matrix that is inverted stands clear of rounding.
#[derive(Debug)]
pub(super) struct Caption {
    /// Of `S`.
    pub(super) prior: Factor,
    spectrum: Spectrum,
    precision: Precision,
    /// Of `L^T P L`, the posterior's precision in the coordinates in which `q(z|x)` is standard normal.
    axes: Spectrum,
    /// Of the covariance of `x` given `y`, `R + W S W^T`.
    marginal: Spectrum,
}

/// `P = S^-1 + W^T R^-1 W`.
#[derive(Debug)]
struct Precision {
    /// Rows whose outer products add up to `S^-1`.
    prior_rows: Uncertain,
    /// Rows whose outer products add up to `W^T R^-1 W`.
    decoder_rows: Uncertain,
    spectrum: Spectrum,
}

impl Caption {
    pub(super) fn new(
        y: usize,
        parts: &Parts,
        (prior, spectrum): (Factor, Spectrum),
        encoder: &Factor,
        decoder: &Spectrum,
    ) -> Result<Self, Error> {
        let given = parts.prior_covariance.index_axis(Axis(0), y).to_owned();
        let weight = Uncertain::exact(parts.decoder_weight.clone());
        let precision = Precision::new(y, &spectrum, decoder, &weight)?;
        let axes = axes(y, &precision, &spectrum, decoder, encoder)?;
        let spread = weight.dot(&Uncertain::exact(given)).dot(&weight.transposed());
        let marginal = &Uncertain::exact(parts.decoder_covariance.clone()) + &spread;
        let from_factors = decoder.error + weight.norm().powi(2) * spectrum.error;
        let error = marginal.error_norm() + from_factors;
        Ok(Self {
            marginal: Spectrum::new(&marginal.value, error)?.clear("the covariance of x given y", y)?,
            prior,
            spectrum,
            precision,
            axes,
        })
    }
}

impl Precision {
    fn new(y: usize, prior: &Spectrum, decoder: &Spectrum, weight: &Uncertain) -> Result<Self, Error> {
        let prior_rows = Uncertain::exact(prior.whitener());
        let decoder_rows = Uncertain::exact(decoder.whitener()).dot(weight);
        let precision = &prior_rows.transposed().dot(&prior_rows) + &decoder_rows.transposed().dot(&decoder_rows);
        Ok(Self {
            spectrum: Spectrum::new(&precision.value, precision.error_norm())?.clear("the posterior's precision", y)?,
            prior_rows,
            decoder_rows,
        })
    }
}

/// The spectrum of `L^T P L`: the axes along which the posterior is independent where `q(z|x)` is standard normal, and its precision on each.
fn axes(
    y: usize,
    precision: &Precision,
    prior_spectrum: &Spectrum,
    decoder_spectrum: &Spectrum,
    encoder: &Factor,
) -> Result<Spectrum, Error> {
    let l = Uncertain::exact(encoder.lower.clone());
    let (prior, decoder) = (precision.prior_rows.dot(&l), precision.decoder_rows.dot(&l));
    let form = &prior.transposed().dot(&prior) + &decoder.transposed().dot(&decoder);
    // The densities know the factors, this form the covariances as given.
    let by_prior = norm(&precision.prior_rows.value.t().dot(&prior.value)).powi(2) * prior_spectrum.error;
    let by_decoder = norm(&decoder_spectrum.whitener().t().dot(&decoder.value)).powi(2) * decoder_spectrum.error;
    // Eqs. 4 and 5 take `q` out of the form and put it in again.
    let taken_out = 2.0 * count(l.rows()).sqrt() + form.norm();
    let found = Spectrum::new(&form.value, form.error_norm() + taken_out)?;
    let found = found.clear("the posterior's precision in units of the encoder's", y)?;
    Ok(Spectrum {
        error: found.error + by_prior + by_decoder,
        ..found
    })
}

/// The encoder that is the posterior at every image of the observed caption, to plant: `V = P^-1`, `A = V W^T R^-1`, `c = V (S^-1 m - W^T R^-1 b)`.
#[must_use]
pub fn posterior_encoder(world: &Gaussian) -> Parts {
    let parts = world.parts();
    let Caption {
        precision, spectrum, ..
    } = &world.core.shared.captions[world.y()];
    let covariance = precision.spectrum.inverse();
    let covariance = (&covariance + &covariance.t()) / 2.0;
    let gain = covariance
        .dot(&parts.decoder_weight.t())
        .dot(&world.core.shared.decoder_spectrum.inverse());
    let y = world.y();
    let pulled: Array1<f64> = spectrum.inverse().dot(&parts.prior_mean.row(y));
    let offset = covariance.dot(&pulled) - gain.dot(&parts.decoder_offset.row(y));
    Parts {
        encoder_weight: gain,
        encoder_offset: offset,
        encoder_covariance: covariance,
        ..parts
    }
}
