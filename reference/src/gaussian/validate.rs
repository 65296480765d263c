//! The validation of a linear-Gaussian world's parameters: every world passes through here once.

use std::sync::Arc;

use ndarray::{Array1, Dimension as _, Ix1};

use super::factor::{Covariance, covariance};
use super::posterior::Caption;
use super::quadratic::Quadratic;
use super::uncertain::{Rounding, Uncertain, column};
use super::{Core, Gaussian, Known, Parts, Shared};
use crate::vocab::{Beta, Error, LogProbs, UNIT_ROUNDOFF_F64};

/// The largest number of a code's coordinates, and of an image's pixels.
pub const MOST_DIMENSIONS: usize = 64;

/// The largest absolute value of a parameter. With it, what the lines square and multiply stays far from the end of
/// `f64`'s range.
pub const LARGEST: f64 = 1e15;

impl Gaussian {
    /// Validates parts whose tables were computed in `f64`. See [`Gaussian::from_rounded`].
    ///
    /// # Errors
    /// As [`Gaussian::from_rounded`].
    pub fn new(parts: Parts) -> Result<Self, Error> {
        Self::from_rounded(parts, UNIT_ROUNDOFF_F64)
    }

    /// Validates the parts, whose tables were stored in a type of that unit roundoff, and factorises the covariances.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Empty`], [`Error::Size`], [`Error::Number`], [`Error::Covariance`], [`Error::Entry`],
    /// [`Error::Sum`], [`Error::Caption`] and [`Error::Beta`]. They name the parameter, the index and the value.
    pub fn from_rounded(parts: Parts, unit_roundoff: f64) -> Result<Self, Error> {
        shapes(&parts)?;
        finite(&parts)?;
        let captions = parts.ln_p_y.len();
        if parts.y >= captions {
            return Err(Error::Caption { y: parts.y, captions });
        }
        let ln_p_y = LogProbs::new("ln_p_y", parts.ln_p_y.clone(), unit_roundoff)?;
        let ln_q_y = LogProbs::new("ln_q_y_given_x", parts.ln_q_y_given_x.clone(), unit_roundoff)?;
        let beta = Beta::new(parts.beta)?;
        let parts = Parts {
            ln_p_y: ln_p_y.ln().clone(),
            ..parts
        };
        let shared = Arc::new(Shared::new(&parts, ln_p_y)?);
        let mean = encoder_mean(&parts);
        Ok(Self::at(shared, parts, mean, ln_q_y, beta))
    }

    /// The same model and beta at another observed pair. Nothing is factorised again.
    ///
    /// `ln_q_y_given_x` is the table of that pair, which was stored in a type of that unit roundoff.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Number`], [`Error::Caption`], [`Error::Entry`] and [`Error::Sum`], as
    /// [`Gaussian::from_rounded`].
    pub fn observing_pair(
        &self,
        x: Array1<f64>,
        y: usize,
        ln_q_y_given_x: Array1<f64>,
        unit_roundoff: f64,
    ) -> Result<Self, Error> {
        let parts = Parts {
            ln_q_y_given_x,
            x,
            y,
            ..self.parts()
        };
        shapes(&parts)?;
        finite(&parts)?;
        let captions = parts.ln_p_y.len();
        if y >= captions {
            return Err(Error::Caption { y, captions });
        }
        let ln_q_y = LogProbs::new("ln_q_y_given_x", parts.ln_q_y_given_x.clone(), unit_roundoff)?;
        let mean = encoder_mean(&parts);
        Ok(Self::at(self.core.shared.clone(), parts, mean, ln_q_y, self.beta))
    }

    pub(super) fn at(shared: Arc<Shared>, parts: Parts, mean: Uncertain, ln_q_y: LogProbs<Ix1>, beta: Beta) -> Self {
        // z = mu + L t, where t is the code in the coordinates in which q is standard normal.
        let l = &shared.encoder.factor.lower;
        let x = Uncertain::given(&column(&parts.x));
        let weighted_mean = Uncertain::given(&parts.decoder_weight).dot(&mean);
        let rounding = shared.rounding;
        let (mut ln_p_z_given_y, mut ln_p_x_given_yz) = (Vec::new(), Vec::new());
        for (y, caption) in shared.captions.iter().enumerate() {
            let prior = &caption.prior.factor;
            let deviation = &mean - &Uncertain::given(&column(&parts.prior_mean.row(y).to_owned()));
            ln_p_z_given_y.push(Quadratic::density(prior, &deviation, prior.whiten(l), rounding));
            let offset = Uncertain::given(&column(&parts.decoder_offset.row(y).to_owned()));
            let missed = &weighted_mean - &(&x - &offset);
            let (decoder, slope) = (&shared.decoder.factor, shared.decoder_slope.clone());
            ln_p_x_given_yz.push(Quadratic::density(decoder, &missed, slope, rounding));
        }
        let y = parts.y;
        Self {
            core: Arc::new(Core {
                parts,
                mean,
                ln_p_z_given_y,
                ln_p_x_given_yz,
                known: shared.captions.iter().map(|_| Known::default()).collect(),
                shared,
            }),
            ln_q_y,
            y,
            beta,
        }
    }
}

/// The encoder's mean at the observed image, `A x + c`.
fn encoder_mean(parts: &Parts) -> Uncertain {
    let turned = Uncertain::given(&parts.encoder_weight).dot(&Uncertain::given(&column(&parts.x)));
    &turned + &Uncertain::given(&column(&parts.encoder_offset))
}

impl Shared {
    fn new(parts: &Parts, ln_p_y: LogProbs<Ix1>) -> Result<Self, Error> {
        let encoder = covariance("encoder_covariance", &[], &parts.encoder_covariance)?;
        let decoder = covariance("decoder_covariance", &[], &parts.decoder_covariance)?;
        let priors = parts.prior_covariance.outer_iter().enumerate();
        let priors = priors.map(|(y, given)| covariance("prior_covariance", &[y], &given.to_owned()));
        Self::of(
            parts,
            ln_p_y,
            encoder,
            decoder,
            priors.collect::<Result<_, _>>()?,
            Rounding::OWN,
        )
    }

    /// What no image changes of a model, from covariances that are validated already.
    pub(super) fn of(
        parts: &Parts,
        ln_p_y: LogProbs<Ix1>,
        encoder: Covariance,
        decoder: Covariance,
        priors: Vec<Covariance>,
        rounding: Rounding,
    ) -> Result<Self, Error> {
        let captions = priors.into_iter().enumerate();
        let captions = captions.map(|(y, prior)| Caption::new(y, parts, prior, &encoder, &decoder));
        let slope = Uncertain::given(&parts.decoder_weight).dot(&encoder.factor.lower);
        Ok(Self {
            captions: captions.collect::<Result<_, _>>()?,
            ln_p_y,
            ln_q_z: Quadratic::standard(&encoder.factor, rounding),
            decoder_slope: decoder.factor.whiten(&slope),
            encoder,
            decoder,
            rounding,
        })
    }
}

fn shapes(parts: &Parts) -> Result<(), Error> {
    let (pixels, d) = parts.decoder_weight.dim();
    let captions = parts.ln_p_y.len();
    for (tensor, size) in [("ln_p_y", captions), ("decoder_weight", pixels.min(d))] {
        if size == 0 {
            return Err(Error::Empty { tensor });
        }
    }
    if pixels.max(d) > MOST_DIMENSIONS {
        return Err(Error::Size {
            tensor: "decoder_weight",
            found: vec![pixels, d],
            most: MOST_DIMENSIONS,
        });
    }
    let expected: [(&'static str, &[usize], &[usize]); 10] = [
        ("prior_mean", parts.prior_mean.shape(), &[captions, d]),
        ("prior_covariance", parts.prior_covariance.shape(), &[captions, d, d]),
        ("decoder_offset", parts.decoder_offset.shape(), &[captions, pixels]),
        (
            "decoder_covariance",
            parts.decoder_covariance.shape(),
            &[pixels, pixels],
        ),
        ("encoder_weight", parts.encoder_weight.shape(), &[d, pixels]),
        ("encoder_offset", parts.encoder_offset.shape(), &[d]),
        ("encoder_covariance", parts.encoder_covariance.shape(), &[d, d]),
        ("ln_q_y_given_x", parts.ln_q_y_given_x.shape(), &[captions]),
        ("x", parts.x.shape(), &[pixels]),
        ("ln_p_y", parts.ln_p_y.shape(), &[captions]),
    ];
    match expected.into_iter().find(|(_, found, expected)| found != expected) {
        None => Ok(()),
        Some((tensor, found, expected)) => Err(Error::Shape {
            tensor,
            found: found.to_vec(),
            expected: expected.to_vec(),
        }),
    }
}

/// Refuses an entry that is not finite or too large. Covariances and tables of log-probabilities are validated
/// elsewhere.
fn finite(parts: &Parts) -> Result<(), Error> {
    let arrays = [
        ("prior_mean", parts.prior_mean.view().into_dyn()),
        ("decoder_weight", parts.decoder_weight.view().into_dyn()),
        ("decoder_offset", parts.decoder_offset.view().into_dyn()),
        ("encoder_weight", parts.encoder_weight.view().into_dyn()),
        ("encoder_offset", parts.encoder_offset.view().into_dyn()),
        ("x", parts.x.view().into_dyn()),
    ];
    for (tensor, array) in arrays {
        if let Some((index, &value)) = array.indexed_iter().find(|(_, value)| !(value.abs() <= LARGEST)) {
            return Err(Error::Number {
                tensor,
                index: (0..index.ndim()).map(|axis| index[axis]).collect(),
                value,
            });
        }
    }
    Ok(())
}
