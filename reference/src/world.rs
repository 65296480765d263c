//! A finite world: tables over captions and codes, at one observed pair `(x, y)`.

use ndarray::{Array1, Array2, Axis, Ix1, Ix2};

use crate::model::Model as _;
use crate::vocab::{Beta, Error, LogProbs, Reading, UNIT_ROUNDOFF_F64};

mod marginal;
mod model;
mod validate;

pub use model::Codes;

use marginal::marginal;

/// The tables of a finite world with `Y` captions and `Z` codes, as given and not yet validated.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// The decoder, `ln p(x|y,z)` at the observed `x`, `[Y, Z]`. The logarithm of a density may exceed 0.
    pub ln_p_x_given_yz: Array2<f64>,
    /// The prior, `ln p(y,z)`, `[Y, Z]`. Its probabilities sum to 1.
    pub ln_p_yz: Array2<f64>,
    /// The encoder, `ln q(z|x)`, `[Z]`. Its probabilities sum to 1.
    pub ln_q_z_given_x: Array1<f64>,
    /// The caption model, `ln q(y|x)`, `[Y]`. Its probabilities sum to 1.
    pub ln_q_y_given_x: Array1<f64>,
    /// A free joint encoder `ln q(y,z|x)`, `[Y, Z]`, whose marginals are the two tables above. Where it is absent, the
    /// joint encoder is the product of the two.
    pub ln_q_yz_given_x: Option<Array2<f64>>,
    /// The index of the observed caption, below `Y`.
    pub y: usize,
    /// The weight on the divergence, from 0 to [`Beta::MOST`].
    pub beta: f64,
}

/// A finite world: [`Tables`] that were validated and renormalised once, so that the lines hold nothing but
/// mathematics.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    ln_p_x_given_yz: Array2<f64>,
    ln_p_yz: LogProbs<Ix2>,
    ln_q_z: LogProbs<Ix1>,
    ln_q_y: LogProbs<Ix1>,
    ln_q_yz: LogProbs<Ix2>,
    free: bool,
    y: usize,
    beta: Beta,
}

impl World {
    /// [`Model::under`](crate::model::Model::under) for tables. Where `p(z) = 0` there is no `p(y|z)`. Any distribution
    /// will do, and the uniform one is taken.
    fn read_as(&self, reading: Reading) -> Result<Self, Error> {
        match reading {
            Reading::Pointwise | Reading::Joint | Reading::Expected => Ok(self.clone()),
            Reading::Observed => {
                let mut ln_q_y = Array1::from_elem(self.captions(), f64::NEG_INFINITY);
                ln_q_y[self.y] = 0.0;
                let ln_q_y = LogProbs::new("ln_q_y_given_x", ln_q_y, UNIT_ROUNDOFF_F64)?;
                let ln_q_yz = LogProbs::product(&ln_q_y, &self.ln_q_z);
                Ok(Self {
                    ln_q_y,
                    ln_q_yz,
                    free: false,
                    ..self.clone()
                })
            }
            Reading::Footnote => {
                let mut joint = Array2::from_elem(self.ln_p_yz.ln().dim(), f64::NEG_INFINITY);
                for (z, mut column) in joint.columns_mut().into_iter().enumerate() {
                    column.assign(&(self.captions_given_code(z)?.ln() + self.ln_q_z.ln()[z]));
                }
                let ln_q_yz = LogProbs::proportional_to("ln_q_yz_given_x", &joint)?;
                let ln_q_y = marginal("ln_q_y_given_x", &ln_q_yz, Axis(1))?;
                Ok(Self {
                    ln_q_y,
                    ln_q_yz,
                    free: true,
                    ..self.clone()
                })
            }
        }
    }

    /// The distribution `p(y|z)` of one code. It is normalised code by code: as a difference of logarithms of the size
    /// of hundreds it would lose as many digits.
    fn captions_given_code(&self, z: usize) -> Result<LogProbs<Ix1>, Error> {
        let column = self.ln_p_yz.ln().column(z);
        let possible = column.iter().any(|ln_p| *ln_p > f64::NEG_INFINITY);
        let weights = if possible {
            column.to_owned()
        } else {
            Array1::zeros(column.len())
        };
        LogProbs::proportional_to("ln_p_y_given_z", &weights)
    }

    /// A copy of the world with every table entry rounded and nothing renormalised: what a twin in a narrower type
    /// sees.
    #[must_use]
    pub fn rounded(&self, round: impl Fn(f64) -> f64) -> Self {
        Self {
            ln_p_x_given_yz: self.ln_p_x_given_yz.mapv(&round),
            ln_p_yz: self.ln_p_yz.rounded(&round),
            ln_q_z: self.ln_q_z.rounded(&round),
            ln_q_y: self.ln_q_y.rounded(&round),
            ln_q_yz: self.ln_q_yz.rounded(&round),
            ..self.clone()
        }
    }

    /// The number of codes, `Z`.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.ln_p_x_given_yz.ncols()
    }

    /// Whether `q(y,z|x)` was given as a table rather than formed as a product.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.free
    }

    /// The decoder's table `ln p(x|y,z)`, `[Y, Z]`.
    #[must_use]
    pub const fn likelihood(&self) -> &Array2<f64> {
        &self.ln_p_x_given_yz
    }

    /// The prior `p(y,z)` of captions and codes, `[Y, Z]`.
    #[must_use]
    pub const fn prior(&self) -> &LogProbs<Ix2> {
        &self.ln_p_yz
    }

    /// The encoder `q(z|x)`, `[Z]`.
    #[must_use]
    pub const fn encoder(&self) -> &LogProbs<Ix1> {
        &self.ln_q_z
    }

    /// The joint encoder `q(y,z|x)`, `[Y, Z]`: the free joint where one was given, and the product of the marginals
    /// elsewhere.
    #[must_use]
    pub const fn joint_encoder(&self) -> &LogProbs<Ix2> {
        &self.ln_q_yz
    }

    /// The tables as validated and renormalised. [`World::new`] makes the same world of them.
    #[must_use]
    pub fn tables(&self) -> Tables {
        Tables {
            ln_p_x_given_yz: self.ln_p_x_given_yz.clone(),
            ln_p_yz: self.ln_p_yz.ln().clone(),
            ln_q_z_given_x: self.ln_q_z.ln().clone(),
            ln_q_y_given_x: self.ln_q_y.ln().clone(),
            ln_q_yz_given_x: self.free.then(|| self.ln_q_yz.ln().clone()),
            y: self.y,
            beta: self.beta.get(),
        }
    }

    /// How far from 1 the sum of a given table was, at most. Renormalising corrected it.
    #[must_use]
    pub fn correction(&self) -> f64 {
        [
            self.ln_p_yz.correction(),
            self.ln_q_z.correction(),
            self.ln_q_y.correction(),
            if self.free { self.ln_q_yz.correction() } else { 0.0 },
        ]
        .into_iter()
        .fold(0.0, f64::max)
    }
}
