//! A finite world at one observed pair `(x, y)`, and the joint behind it.

use ndarray::{Array1, Array2, Array3, Axis, Ix1, Ix2};

use crate::special::log_sum_exp;
use crate::vocab::{Beta, Error, LogProbs, Nats, Reading, UNIT_ROUNDOFF_F64, sum_tolerance};

/// What a world is made of, before it is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// `ln p(x|y,z)` at the observed `x`, `[Y, Z]`; a density may exceed 0.
    pub ln_p_x_given_yz: Array2<f64>,
    /// `ln p(y,z)`, `[Y, Z]`, sums to 1.
    pub ln_p_yz: Array2<f64>,
    /// `ln q(z|x)`, `[Z]`, sums to 1.
    pub ln_q_z_given_x: Array1<f64>,
    /// `ln q(y|x)`, `[Y]`, sums to 1.
    pub ln_q_y_given_x: Array1<f64>,
    /// A free joint `ln q(y,z|x)`, `[Y, Z]`, with the two tables above as its marginals; absent: their product.
    pub ln_q_yz_given_x: Option<Array2<f64>>,
    /// The observed caption.
    pub y: usize,
    /// The weight on the divergence.
    pub beta: f64,
}

/// A finite world: the tables of [`Tables`], validated and renormalised once.
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
    /// Validates tables in `f64`. See [`World::from_rounded`].
    ///
    /// # Errors
    /// As [`World::from_rounded`].
    pub fn new(tables: Tables) -> Result<Self, Error> {
        Self::from_rounded(tables, UNIT_ROUNDOFF_F64)
    }

    /// Validates tables that were stored in a type with the given unit roundoff, and renormalises them.
    ///
    /// A free joint is the authority on its own marginals: `q(z|x)` and `q(y|x)` are checked against it and then taken from it.
    ///
    /// # Errors
    /// Every variant of [`Error`] but `Indeterminate`, naming tensor, index and value.
    pub fn from_rounded(tables: Tables, unit_roundoff: f64) -> Result<Self, Error> {
        let Tables {
            ln_p_x_given_yz,
            ln_p_yz,
            ln_q_z_given_x,
            ln_q_y_given_x,
            ln_q_yz_given_x,
            y,
            beta,
        } = tables;
        let (captions, codes) = ln_p_x_given_yz.dim();
        let shape = |tensor, found: &[usize], expected: &[usize]| {
            if found == expected {
                return Ok(());
            }
            Err(Error::Shape {
                tensor,
                found: found.to_vec(),
                expected: expected.to_vec(),
            })
        };
        shape("ln_p_yz", ln_p_yz.shape(), &[captions, codes])?;
        shape("ln_q_z_given_x", ln_q_z_given_x.shape(), &[codes])?;
        shape("ln_q_y_given_x", ln_q_y_given_x.shape(), &[captions])?;
        if ln_p_x_given_yz.is_empty() {
            return Err(Error::Empty {
                tensor: "ln_p_x_given_yz",
            });
        }
        for ((row, code), &value) in ln_p_x_given_yz.indexed_iter() {
            if value.is_nan() || value == f64::INFINITY {
                return Err(Error::Entry {
                    tensor: "ln_p_x_given_yz",
                    index: vec![row, code],
                    value,
                });
            }
        }
        if y >= captions {
            return Err(Error::Caption { y, captions });
        }
        let ln_p_yz = LogProbs::new("ln_p_yz", ln_p_yz, unit_roundoff)?;
        let ln_q_z = LogProbs::new("ln_q_z_given_x", ln_q_z_given_x, unit_roundoff)?;
        let ln_q_y = LogProbs::new("ln_q_y_given_x", ln_q_y_given_x, unit_roundoff)?;
        let beta = Beta::new(beta)?;
        let Some(joint) = ln_q_yz_given_x else {
            let ln_q_yz = product(&ln_q_y, &ln_q_z)?;
            return Ok(Self {
                ln_p_x_given_yz,
                ln_p_yz,
                ln_q_z,
                ln_q_y,
                ln_q_yz,
                free: false,
                y,
                beta,
            });
        };
        shape("ln_q_yz_given_x", joint.shape(), &[captions, codes])?;
        let ln_q_yz = LogProbs::new("ln_q_yz_given_x", joint, unit_roundoff)?;
        let ln_q_z = agreeing_marginal("ln_q_z_given_x", &ln_q_yz, Axis(0), &ln_q_z, unit_roundoff)?;
        let ln_q_y = agreeing_marginal("ln_q_y_given_x", &ln_q_yz, Axis(1), &ln_q_y, unit_roundoff)?;
        Ok(Self {
            ln_p_x_given_yz,
            ln_p_yz,
            ln_q_z,
            ln_q_y,
            ln_q_yz,
            free: true,
            y,
            beta,
        })
    }

    /// The same world under another beta.
    #[must_use]
    pub fn with_beta(&self, beta: Beta) -> Self {
        Self { beta, ..self.clone() }
    }

    /// Puts the world under another beta.
    pub const fn set_beta(&mut self, beta: Beta) {
        self.beta = beta;
    }

    /// The same world with another caption observed.
    ///
    /// # Panics
    /// Never for a caption in `0..captions()`; others are taken modulo that number.
    #[must_use]
    pub fn observing(&self, y: usize) -> Self {
        Self {
            y: y % self.captions(),
            ..self.clone()
        }
    }

    /// The world in which `q(y,z|x)` is what the reading says.
    ///
    /// Observed: `q(y|x)` becomes the point mass at `y`. Footnote: `q(y,z|x) = q(z|x) p(y|z)` and `q(y|x)` its marginal
    /// (where `p(z) = 0` there is no `p(y|z)`; any will do, and the uniform one is taken). Else: unchanged.
    ///
    /// # Errors
    /// None that a validated world can cause; [`Error`] is the constructor's.
    pub fn under(&self, reading: Reading) -> Result<Self, Error> {
        match reading {
            Reading::Pointwise | Reading::Joint | Reading::Expected => Ok(self.clone()),
            Reading::Observed => {
                let mut ln_q_y = Array1::from_elem(self.captions(), f64::NEG_INFINITY);
                ln_q_y[self.y] = 0.0;
                let ln_q_y = LogProbs::new("ln_q_y_given_x", ln_q_y, UNIT_ROUNDOFF_F64)?;
                let ln_q_yz = product(&ln_q_y, &self.ln_q_z)?;
                Ok(Self {
                    ln_q_y,
                    ln_q_yz,
                    free: false,
                    ..self.clone()
                })
            }
            Reading::Footnote => {
                #[expect(clippy::cast_precision_loss, reason = "a count of captions")]
                let uniform = -(self.captions() as f64).ln();
                let ln_p_z = self.marginal_prior(Axis(0));
                let joint = Array2::from_shape_fn(self.ln_p_yz.ln().dim(), |(y, z)| {
                    let given_z = if ln_p_z[z].is_finite() {
                        self.ln_p_yz(y, z).value() - ln_p_z[z].value()
                    } else {
                        uniform
                    };
                    self.ln_q_z(z).value() + given_z
                });
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

    /// The same world with every table entry rounded, not renormalised: what a twin in a narrower type sees.
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

    /// Number of captions, `Y`.
    #[must_use]
    pub fn captions(&self) -> usize {
        self.ln_p_x_given_yz.nrows()
    }

    /// Number of codes, `Z`.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.ln_p_x_given_yz.ncols()
    }

    /// The observed caption.
    #[must_use]
    pub const fn y(&self) -> usize {
        self.y
    }

    /// The weight on the divergence.
    #[must_use]
    pub const fn beta(&self) -> Beta {
        self.beta
    }

    /// Whether `q(y,z|x)` was given as a table rather than formed as a product.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.free
    }

    /// `ln p(x|y,z)`.
    #[must_use]
    pub fn ln_p_x_given_yz(&self, y: usize, z: usize) -> Nats {
        Nats::of(self.ln_p_x_given_yz[[y, z]])
    }

    /// `ln p(y,z)`.
    #[must_use]
    pub fn ln_p_yz(&self, y: usize, z: usize) -> Nats {
        Nats::of(self.ln_p_yz.ln()[[y, z]])
    }

    /// `ln q(z|x)`.
    #[must_use]
    pub fn ln_q_z(&self, z: usize) -> Nats {
        Nats::of(self.ln_q_z.ln()[z])
    }

    /// `ln q(y|x)`.
    #[must_use]
    pub fn ln_q_y(&self, y: usize) -> Nats {
        Nats::of(self.ln_q_y.ln()[y])
    }

    /// `ln q(y,z|x)`.
    #[must_use]
    pub fn ln_q_yz(&self, y: usize, z: usize) -> Nats {
        Nats::of(self.ln_q_yz.ln()[[y, z]])
    }

    /// The table `ln p(x|y,z)`, `[Y, Z]`.
    #[must_use]
    pub const fn likelihood(&self) -> &Array2<f64> {
        &self.ln_p_x_given_yz
    }

    /// The distribution `p(y,z)`.
    #[must_use]
    pub const fn prior(&self) -> &LogProbs<Ix2> {
        &self.ln_p_yz
    }

    /// The distribution `q(z|x)`.
    #[must_use]
    pub const fn encoder(&self) -> &LogProbs<Ix1> {
        &self.ln_q_z
    }

    /// The distribution `q(y|x)`.
    #[must_use]
    pub const fn caption_model(&self) -> &LogProbs<Ix1> {
        &self.ln_q_y
    }

    /// The distribution `q(y,z|x)`.
    #[must_use]
    pub const fn joint_encoder(&self) -> &LogProbs<Ix2> {
        &self.ln_q_yz
    }

    /// The tables again, as validated; [`World::new`] takes them.
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

    /// The largest correction that renormalising made to a row's sum.
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

    /// `ln p(z)` for `Axis(0)`, `ln p(y)` for `Axis(1)`: the prior summed over that axis.
    #[must_use]
    pub fn marginal_prior(&self, over: Axis) -> Vec<Nats> {
        marginal_terms(&self.ln_p_yz, over)
    }
}

/// The joint over all listed images: `p(x|y,z)` for every `x`, and `p(y,z)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    ln_p_x_given_yz: Array3<f64>,
    ln_p_yz: LogProbs<Ix2>,
}

impl Joint {
    /// `ln p(x|y,z)` `[Y, Z, X]`, every `[y, z]` a distribution over `x`, and `ln p(y,z)` `[Y, Z]`.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Empty`], [`Error::Entry`], [`Error::Sum`].
    pub fn new(ln_p_x_given_yz: &Array3<f64>, ln_p_yz: Array2<f64>) -> Result<Self, Error> {
        let (captions, codes, _) = ln_p_x_given_yz.dim();
        if ln_p_yz.dim() != (captions, codes) {
            return Err(Error::Shape {
                tensor: "ln_p_yz",
                found: ln_p_yz.shape().to_vec(),
                expected: vec![captions, codes],
            });
        }
        let mut likelihood = ln_p_x_given_yz.clone();
        for mut row in likelihood.lanes_mut(Axis(2)) {
            let valid = LogProbs::new("ln_p_x_given_yz", row.to_owned(), UNIT_ROUNDOFF_F64)?;
            row.assign(valid.ln());
        }
        Ok(Self {
            ln_p_x_given_yz: likelihood,
            ln_p_yz: LogProbs::new("ln_p_yz", ln_p_yz, UNIT_ROUNDOFF_F64)?,
        })
    }

    /// The one observed column of a world, as a joint with a single listed image.
    #[must_use]
    pub fn of_world(world: &World) -> Self {
        Self {
            ln_p_x_given_yz: world.likelihood().clone().insert_axis(Axis(2)),
            ln_p_yz: world.prior().clone(),
        }
    }

    /// `ln p(x|y,z)`, `[Y, Z, X]`.
    #[must_use]
    pub const fn likelihood(&self) -> &Array3<f64> {
        &self.ln_p_x_given_yz
    }

    /// The distribution `p(y,z)`.
    #[must_use]
    pub const fn prior(&self) -> &LogProbs<Ix2> {
        &self.ln_p_yz
    }
}

fn marginal_terms(joint: &LogProbs<Ix2>, over: Axis) -> Vec<Nats> {
    let kept = Axis(1 - over.index());
    joint
        .ln()
        .axis_iter(kept)
        .map(|row| log_sum_exp(&row.iter().map(|&entry| Nats::of(entry)).collect::<Vec<_>>()))
        .collect()
}

fn marginal(tensor: &'static str, joint: &LogProbs<Ix2>, over: Axis) -> Result<LogProbs<Ix1>, Error> {
    LogProbs::proportional_to(
        tensor,
        &marginal_terms(joint, over).into_iter().map(Nats::value).collect(),
    )
}

fn agreeing_marginal(
    tensor: &'static str,
    joint: &LogProbs<Ix2>,
    over: Axis,
    given: &LogProbs<Ix1>,
    unit_roundoff: f64,
) -> Result<LogProbs<Ix1>, Error> {
    let own = marginal(tensor, joint, over)?;
    for (k, (&found, &expected)) in own.p().iter().zip(given.p()).enumerate() {
        // Both were normalised and stored, so each entry may be off by its share of what a whole sum may be off by, its own logarithm
        // in the place of the average one; and by the smallest number of the stored type.
        let (larger, smaller) = (found.max(expected), found.min(expected));
        let surprise = if smaller > 0.0 { smaller.ln().abs() } else { 0.0 };
        let bound =
            2.0 * larger * sum_tolerance(joint.ln().len(), surprise, unit_roundoff) + unit_roundoff * unit_roundoff;
        if !((found - expected).abs() <= bound) {
            return Err(Error::Marginal {
                tensor,
                index: vec![k],
                found,
                expected,
            });
        }
    }
    Ok(own)
}

fn product(ln_q_y: &LogProbs<Ix1>, ln_q_z: &LogProbs<Ix1>) -> Result<LogProbs<Ix2>, Error> {
    let table = Array2::from_shape_fn((ln_q_y.ln().len(), ln_q_z.ln().len()), |(y, z)| {
        ln_q_y.ln()[y] + ln_q_z.ln()[z]
    });
    LogProbs::new("ln_q_yz_given_x", table, UNIT_ROUNDOFF_F64)
}
