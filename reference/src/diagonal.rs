//! Continuous codes with a diagonal covariance, as the encoder of a variational autoencoder states them: a mean and a
//! log-variance for each coordinate.
//!
//! Every function here is that of one coordinate. Coordinates are independent, so that the quantity of a code is the
//! sum over its coordinates. The note has discrete codes only, but its divergence (Eq. 13) is the same functional of
//! two other distributions. Full covariances are in `gaussian`, which needs LAPACK.

use std::f64::consts::PI;

use crate::special::{exponential_remainder, scaled_by_exponential};
use crate::vocab::{Error, Nats};

/// The normal distribution of one coordinate, by its mean `m` and its log-variance `L`.
///
/// ```text
/// N(z | m, e^L) = (2 pi e^L)^(-1/2) e^(-(z - m)^2 / (2 e^L))
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    mean: f64,
    ln_variance: f64,
}

impl Normal {
    /// The standard normal distribution, of mean 0 and variance 1.
    pub const STANDARD: Self = Self {
        mean: 0.0,
        ln_variance: 0.0,
    };

    /// The normal distribution with this mean and this logarithm of the variance, which is `-inf` for a point mass.
    ///
    /// # Errors
    /// [`Error::Entry`] for a mean that is not finite, or a log-variance that is NaN or `+inf`.
    pub const fn new(mean: f64, ln_variance: f64) -> Result<Self, Error> {
        let (tensor, value) = if !mean.is_finite() {
            ("mean", mean)
        } else if ln_variance.is_nan() || ln_variance == f64::INFINITY {
            ("ln_variance", ln_variance)
        } else {
            return Ok(Self { mean, ln_variance });
        };
        Err(Error::Entry {
            tensor,
            index: Vec::new(),
            value,
        })
    }

    /// The mean, `m`.
    #[must_use]
    pub const fn mean(self) -> f64 {
        self.mean
    }

    /// The logarithm of the variance, `L`.
    #[must_use]
    pub const fn ln_variance(self) -> f64 {
        self.ln_variance
    }

    /// The ratio of its variance to another's.
    ///
    /// ```text
    /// e^(L - L_p)
    /// ```
    #[must_use]
    pub fn variance_ratio(self, p: Self) -> f64 {
        (self.ln_variance - p.ln_variance).exp()
    }

    /// The squared distance of its mean from another's, in the other's standard deviations.
    ///
    /// ```text
    /// (m - m_p)^2 e^(-L_p)
    /// ```
    ///
    /// Limits: 0 for equal means, whatever the variance is.
    #[must_use]
    pub fn squared_distance(self, p: Self) -> f64 {
        scaled_by_exponential(self.mean - p.mean, -0.5 * p.ln_variance).powi(2)
    }

    /// The point that a draw from the standard normal distribution is moved to: the reparameterised sample.
    ///
    /// ```text
    /// z = m + e^(L/2) g
    /// ```
    ///
    /// Source: Kingma and Welling 2014, section 2.4.
    ///
    /// ```
    /// use reference::diagonal::Normal;
    ///
    /// // A variance of 4 is a standard deviation of 2.
    /// let q = Normal::new(1.0, 4.0_f64.ln())?;
    /// assert!((q.sample(0.5) - 2.0).abs() < 1e-15);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    #[must_use]
    pub fn sample(self, noise: f64) -> f64 {
        self.mean + scaled_by_exponential(noise, 0.5 * self.ln_variance)
    }

    /// The derivative of [`Normal::sample`] with respect to `L`. The one with respect to `m` is 1.
    ///
    /// ```text
    /// dz/dL = e^(L/2) g / 2
    /// ```
    #[must_use]
    pub fn sample_slope(self, noise: f64) -> f64 {
        0.5 * scaled_by_exponential(noise, 0.5 * self.ln_variance)
    }
}

/// The derivatives of a quantity with respect to the mean and to the log-variance of `q`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slopes {
    /// The derivative with respect to the mean, `d/dm`.
    pub by_mean: Nats,
    /// The derivative with respect to the log-variance, `d/dL`.
    pub by_ln_variance: Nats,
}

/// Differential entropy of `q`.
///
/// ```text
/// H(q) = 1/2 (ln(2 pi) + 1 + L)
/// ```
///
/// Unit: nats, of a density: any sign is legal. Limits: `-inf` for a point mass.
///
/// ```
/// use reference::diagonal::{Normal, entropy};
///
/// // A variance of 1 / (2 pi e) leaves no nat.
/// let q = Normal::new(7.0, -(2.0 * std::f64::consts::PI).ln() - 1.0)?;
/// assert!(entropy(q).value().abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
#[must_use]
pub fn entropy(q: Normal) -> Nats {
    0.5 * (Nats::of((2.0 * PI).ln()) + Nats::of(1.0) + Nats::of(q.ln_variance))
}

/// Derivatives of [`entropy`]. They are 0 and 1/2 for every `q`.
#[must_use]
pub const fn entropy_slopes() -> Slopes {
    Slopes {
        by_mean: Nats::ZERO,
        by_ln_variance: Nats::of(0.5),
    }
}

/// Cross-entropy of `p` under `q`.
///
/// ```text
/// H(q, p) = 1/2 (ln(2 pi) + L_p + e^(L - L_p) + (m - m_p)^2 e^(-L_p))
/// ```
///
/// Unit: nats, of a density. Range: `[H(q), +inf]`. Limits: `+inf` where `p` is a point mass and `q` is not that point.
/// Mass: the terms, and what rounded exponents add.
///
/// # Errors
/// [`Error::Indeterminate`] where both are point masses.
pub fn cross_entropy(q: Normal, p: Normal) -> Result<Nats, Error> {
    let line = "the cross-entropy of two normal distributions";
    if p.ln_variance == f64::NEG_INFINITY && q.ln_variance > f64::NEG_INFINITY {
        return Ok(Nats::INFINITY);
    }
    let terms = Nats::of((2.0 * PI).ln()) + ratio(q, p) + Nats::of(q.squared_distance(p));
    (0.5 * (terms + Nats::of(p.ln_variance))).determinate(line)
}

/// Derivatives of [`cross_entropy`] with respect to the mean and to the log-variance of `q`.
///
/// ```text
/// d/dm = (m - m_p) e^(-L_p)        d/dL = e^(L - L_p) / 2
/// ```
#[must_use]
pub fn cross_entropy_slopes(q: Normal, p: Normal) -> Slopes {
    Slopes {
        by_mean: Nats::of(scaled_by_exponential(q.mean - p.mean, -p.ln_variance)),
        by_ln_variance: 0.5 * ratio(q, p),
    }
}

/// Kullback-Leibler divergence of `q` from `p`.
///
/// ```text
/// D(q || p) = 1/2 (e^d - 1 - d + (m - m_p)^2 e^(-L_p)),   d = L - L_p              (Eq. 13 for normal distributions)
/// ```
///
/// Unit: nats. Range: `[0, +inf]`; zero exactly when the two are equal. Limits: `+inf` where one alone is a point mass.
/// Mass: the value, whose two terms are never negative, and `|d| |e^d - 1| / 2` for the rounded `d`: near 0 no digit is
/// lost.
/// Source: Kingma and Welling 2014, appendix B, where `p` is the standard normal distribution.
///
/// ```
/// use reference::diagonal::{Normal, kl_divergence};
///
/// // Equal variances: half of the squared distance.
/// let (q, p) = (Normal::new(3.0, 0.0)?, Normal::new(1.0, 0.0)?);
/// assert_eq!(kl_divergence(q, p)?.value(), 2.0);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Indeterminate`] where both are point masses.
pub fn kl_divergence(q: Normal, p: Normal) -> Result<Nats, Error> {
    let d = q.ln_variance - p.ln_variance;
    let excess = exponential_remainder(d);
    let rounded = if d.is_finite() { d.abs() * d.exp_m1().abs() } else { 0.0 };
    let excess = Nats::with_mass(excess, excess + rounded);
    (0.5 * (excess + Nats::of(q.squared_distance(p)))).determinate("the divergence of two normal distributions")
}

/// Derivatives of [`kl_divergence`] with respect to the mean and to the log-variance of `q`.
///
/// ```text
/// d/dm = (m - m_p) e^(-L_p)        d/dL = (e^(L - L_p) - 1) / 2
/// ```
#[must_use]
pub fn kl_divergence_slopes(q: Normal, p: Normal) -> Slopes {
    let d = q.ln_variance - p.ln_variance;
    Slopes {
        by_ln_variance: 0.5 * Nats::with_mass(d.exp_m1(), d.exp_m1().abs() + d.abs() * d.exp()),
        ..cross_entropy_slopes(q, p)
    }
}

/// The ratio of the variances, whose mass holds that its exponent is rounded by `u |d|`.
fn ratio(q: Normal, p: Normal) -> Nats {
    let ratio = q.variance_ratio(p);
    Nats::with_mass(ratio, ratio * (1.0 + (q.ln_variance - p.ln_variance).abs()))
}
