//! The joint behind a world.

use ndarray::{Array2, Array3, Axis, Ix2};

use super::World;
use crate::vocab::{Error, LogProbs, UNIT_ROUNDOFF_F64};

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
