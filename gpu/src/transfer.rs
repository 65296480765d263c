//! Converts slices of `f64` to tensors and back. All numbers enter and leave the equations here.

use candle_core::{DType, Tensor};
use vocab::{Beta, Float};

use crate::Error;
use crate::device::{Device, dtype};

/// The tables of a batch of worlds, one world after the other and each in row-major order.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// The number of captions, `Y`.
    pub captions: usize,
    /// The number of codes, `Z`.
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

/// Uploads a table of the given shape to the device. Every entry is rounded to the type.
///
/// # Errors
/// [`Error::Shape`], and [`Error::Device`] when the device refuses.
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

/// Downloads the entries of a tensor in row-major order, widened to `f64`.
///
/// # Errors
/// [`Error::Device`] when the device cannot be read.
pub fn download(tensor: &Tensor) -> Result<Vec<f64>, Error> {
    Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}
