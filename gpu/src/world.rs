//! A batch of worlds of equal shape, on which the equations are evaluated.

use candle_core::{D, Tensor};
use vocab::{Beta, Float, Reading};

use crate::Error;
use crate::device::Device;
use crate::equations::joint::ln_p_y_given_z;
use crate::special::{beside, log_sum_exp, select};
use crate::transfer::{Tables, upload};

/// `B` worlds of `Y` captions and `Z` codes, each at its own observed pair and its own beta.
#[derive(Debug, Clone)]
pub struct Batch {
    ln_p_x_given_yz: Tensor,
    ln_p_yz: Tensor,
    ln_q_z: Tensor,
    ln_q_y: Tensor,
    ln_q_yz: Tensor,
    y: Tensor,
    beta: Tensor,
}

impl Batch {
    /// Checks the shapes and the captions, rounds the tables to the type and moves them to the device.
    ///
    /// The probabilities are not checked, because the reference's `World` has validated them.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Shape`] and [`Error::Caption`]. [`Error::Device`] when the device refuses.
    pub fn new(tables: &Tables, device: &Device, float: Float) -> Result<Self, Error> {
        let (worlds, captions, codes) = (tables.y.len(), tables.captions, tables.codes);
        if worlds == 0 || captions == 0 || codes == 0 {
            return Err(Error::Empty {
                worlds,
                captions,
                codes,
            });
        }
        let table = |name, entries: &[f64], shape: &[usize]| upload(name, entries, shape, device, float);
        let beta: Vec<f64> = tables.beta.iter().copied().map(Beta::get).collect();
        Ok(Self {
            ln_p_x_given_yz: table("ln_p_x_given_yz", &tables.ln_p_x_given_yz, &[worlds, captions, codes])?,
            ln_p_yz: table("ln_p_yz", &tables.ln_p_yz, &[worlds, captions, codes])?,
            ln_q_z: table("ln_q_z", &tables.ln_q_z, &[worlds, codes])?,
            ln_q_y: table("ln_q_y", &tables.ln_q_y, &[worlds, captions])?,
            ln_q_yz: table("ln_q_yz", &tables.ln_q_yz, &[worlds, captions, codes])?,
            y: Tensor::from_vec(observed(&tables.y, captions)?, worlds, device.candle())?,
            beta: table("beta", &beta, &[worlds])?,
        })
    }

    /// The batch in which every `q(y,z|x)` is the one of a reading, like the reference's `World::under`.
    ///
    /// ```text
    /// observed   q(y|x) = [y is observed],  q(y,z|x) = q(y|x) q(z|x)
    /// footnote   q(y,z|x) = q(z|x) p(y|z),  q(y|x) its marginal           else  unchanged
    /// ```
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn under(&self, reading: Reading) -> Result<Self, Error> {
        match reading {
            Reading::Pointwise | Reading::Joint | Reading::Expected => Ok(self.clone()),
            Reading::Observed => {
                let captions = Tensor::arange(0, u32::try_from(self.captions()).unwrap_or(u32::MAX), self.y.device())?;
                let others = captions.unsqueeze(0)?.broadcast_ne(&self.y.unsqueeze(1)?)?;
                let ln_q_y = select(&others, f64::NEG_INFINITY, &self.ln_q_y.zeros_like()?)?;
                let ln_q_yz = ln_q_y.unsqueeze(2)?.broadcast_add(&self.ln_q_z.unsqueeze(1)?)?;
                Ok(Self {
                    ln_q_y,
                    ln_q_yz,
                    ..self.clone()
                })
            }
            Reading::Footnote => {
                let joint = ln_p_y_given_z(self)?.broadcast_add(&self.ln_q_z.unsqueeze(1)?)?;
                let ln_total = log_sum_exp(&log_sum_exp(&joint)?)?;
                let ln_q_yz = (&joint - beside(&ln_total, &joint)?)?;
                let ln_q_y = log_sum_exp(&ln_q_yz)?;
                let ln_total = log_sum_exp(&ln_q_y)?;
                Ok(Self {
                    ln_q_y: (&ln_q_y - beside(&ln_total, &ln_q_y)?)?,
                    ln_q_yz,
                    ..self.clone()
                })
            }
        }
    }

    /// The rows of a table at each world's observed caption, `[B, Z]` from `[B, Y, Z]`.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn at_observed(&self, table: &Tensor) -> Result<Tensor, Error> {
        let (worlds, _, codes) = table.dims3()?;
        let index = self
            .y
            .reshape((worlds, 1, 1))?
            .broadcast_as((worlds, 1, codes))?
            .contiguous()?;
        Ok(table.gather(&index, 1)?.squeeze(1)?)
    }

    /// `ln q(y|x)` at each world's observed caption, `[B]`.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn ln_q_observed(&self) -> Result<Tensor, Error> {
        Ok(self.ln_q_y.gather(&self.y.unsqueeze(1)?, D::Minus1)?.squeeze(1)?)
    }

    /// The observed caption of each world, `[B]`.
    ///
    /// # Errors
    /// [`Error::Device`] when the device cannot be read.
    pub fn observed(&self) -> Result<Vec<usize>, Error> {
        Ok(self.y.to_vec1::<u32>()?.into_iter().map(|y| y as usize).collect())
    }

    /// Number of worlds, `B`.
    #[must_use]
    pub fn worlds(&self) -> usize {
        self.ln_p_yz.dims()[0]
    }

    /// Number of captions, `Y`.
    #[must_use]
    pub fn captions(&self) -> usize {
        self.ln_p_yz.dims()[1]
    }

    /// Number of codes, `Z`.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.ln_p_yz.dims()[2]
    }

    /// `ln p(x|y,z)`, `[B, Y, Z]`.
    #[must_use]
    pub const fn ln_p_x_given_yz(&self) -> &Tensor {
        &self.ln_p_x_given_yz
    }

    /// `ln p(y,z)`, `[B, Y, Z]`.
    #[must_use]
    pub const fn ln_p_yz(&self) -> &Tensor {
        &self.ln_p_yz
    }

    /// `ln q(z|x)`, `[B, Z]`.
    #[must_use]
    pub const fn ln_q_z(&self) -> &Tensor {
        &self.ln_q_z
    }

    /// `ln q(y|x)`, `[B, Y]`.
    #[must_use]
    pub const fn ln_q_y(&self) -> &Tensor {
        &self.ln_q_y
    }

    /// `ln q(y,z|x)`, `[B, Y, Z]`.
    #[must_use]
    pub const fn ln_q_yz(&self) -> &Tensor {
        &self.ln_q_yz
    }

    /// The weights on the divergence, `[B]`.
    #[must_use]
    pub const fn beta(&self) -> &Tensor {
        &self.beta
    }
}

/// Checks that every observed caption is in `0..captions`, and converts it to an index of candle.
pub(crate) fn observed(y: &[usize], captions: usize) -> Result<Vec<u32>, Error> {
    y.iter()
        .enumerate()
        .map(|(world, &y)| match u32::try_from(y) {
            Ok(index) if y < captions => Ok(index),
            _ => Err(Error::Caption { world, y, captions }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Batch, Device, Error, Float, Tables};
    use crate::device::Kind;
    use vocab::Beta;

    fn tables() -> Tables {
        let half = 0.5_f64.ln();
        Tables {
            captions: 1,
            codes: 2,
            ln_p_x_given_yz: vec![-1.0, -2.0],
            ln_p_yz: vec![half; 2],
            ln_q_z: vec![half; 2],
            ln_q_y: vec![0.0],
            ln_q_yz: vec![half; 2],
            y: vec![0],
            beta: vec![Beta::ONE],
        }
    }

    fn built(tables: &Tables) -> Result<Batch, Error> {
        Batch::new(tables, &Device::open(Kind::Cpu)?, Float::F32)
    }

    #[test]
    fn a_batch_names_the_table_that_does_not_fit() {
        assert!(built(&tables()).is_ok());
        let short = Tables {
            ln_q_z: vec![0.0],
            ..tables()
        };
        let message = built(&short).expect_err("one entry is missing").to_string();
        assert_eq!(message, "ln_q_z has 1 entries, expected 2");
    }

    #[test]
    fn a_caption_that_does_not_exist_and_an_empty_batch_are_refused() {
        let absent = Tables { y: vec![1], ..tables() };
        assert!(matches!(
            built(&absent),
            Err(Error::Caption {
                world: 0,
                y: 1,
                captions: 1
            })
        ));
        assert!(matches!(built(&Tables::default()), Err(Error::Empty { .. })));
    }
}
