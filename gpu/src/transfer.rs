//! Between slices of `f64` and tensors: the only way in and the only way out.

use candle_core::{DType, Tensor};
use vocab::Beta;
use vocab::Float;

use crate::Error;
use crate::device::{Device, dtype};

/// What a batch is made of: tables one world after the other, each row-major.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// `Y`.
    pub captions: usize,
    /// `Z`.
    pub codes: usize,
    /// `ln p(x|y,z)` at each world's observed `x`, `[B, Y, Z]`.
    pub ln_p_x_given_yz: Vec<f64>,
    /// `ln p(y,z)`, `[B, Y, Z]`.
    pub ln_p_yz: Vec<f64>,
    /// `ln q(z|x)`, `[B, Z]`.
    pub ln_q_z: Vec<f64>,
    /// `ln q(y|x)`, `[B, Y]`.
    pub ln_q_y: Vec<f64>,
    /// `ln q(y,z|x)`, `[B, Y, Z]`.
    pub ln_q_yz: Vec<f64>,
    /// The observed captions, `[B]`.
    pub y: Vec<usize>,
    /// The weights on the divergence, `[B]`.
    pub beta: Vec<Beta>,
}

/// A table of the given shape on the device, every entry rounded to the type.
///
/// # Errors
/// [`Error::Shape`]; [`Error::Device`] when the device refuses.
pub fn upload(
    tensor: &'static str,
    entries: &[f64],
    shape: &[usize],
    device: &Device,
    float: Float,
) -> Result<Tensor, Error> {
    let expected = shape.iter().product();
    if entries.len() != expected {
        return Err(Error::Shape {
            tensor,
            found: entries.len(),
            expected,
        });
    }
    let host = Tensor::from_slice(entries, shape, &candle_core::Device::Cpu)?;
    Ok(host.to_dtype(dtype(float))?.to_device(device.candle())?)
}

/// The entries of a tensor in row-major order, widened to `f64`.
///
/// # Errors
/// [`Error::Device`] when the device cannot be read.
pub fn download(tensor: &Tensor) -> Result<Vec<f64>, Error> {
    Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}
