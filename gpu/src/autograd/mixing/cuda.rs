//! Samples of codes, and the codebook that they mix, on a CUDA device.

use candle_core::backend::BackendStorage as _;
use candle_core::cuda_backend::CudaDType;
use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape, Tensor};

use super::{Mixing, mixed_shape, width};
use crate::autograd::cuda::{Placed, placed, room, table, tensor, with_stored};
use crate::fused::temperate;
use crate::kernels::mixing::{Gumbel, Pull, codebook_gradients, codebook_mix, gumbel_softmax, gumbel_softmax_gradient};
use crate::kernels::{Cuda, Launch, Stored};

/// The samples of logits and noise or, with a codebook, the rows that they mix.
pub(super) fn forward(op: Mixing, args: &[(&CudaStorage, &Layout)]) -> Result<(CudaStorage, Shape)> {
    let device = args[0].0.device();
    let at = args
        .iter()
        .map(|(storage, layout)| Placed::beside(device, storage, layout));
    let at = at.collect::<Result<Vec<_>>>()?;
    let shapes: Vec<&Shape> = args.iter().map(|(_, layout)| layout.shape()).collect();
    let stored = Placed::one_type(&at)?;
    with_stored!(stored, run(op, device, stored, &at, &shapes))
}

fn run<T: CudaDType + DeviceRepr>(
    op: Mixing,
    device: &CudaDevice,
    stored: Stored,
    at: &[Placed],
    shapes: &[&Shape],
) -> Result<(CudaStorage, Shape)> {
    let gumbel = op.placed(stored, at, shapes)?;
    let Some(codebook) = at.get(2) else {
        let (samples, to) = room::<T>(device, shapes[0].elem_count())?;
        queue(device, [gumbel_softmax(gumbel, op.sample, stored, to)])?;
        return Ok((CudaStorage::wrap_cuda_slice(samples, device.clone()), shapes[0].clone()));
    };
    let (d, shape) = mixed_shape(shapes[0], shapes[2])?;
    let codebook = table(codebook.pointer, shapes[2].elem_count() / d, d)?;
    let (_samples, samples) = room::<f32>(device, shapes[0].elem_count())?;
    let (mixed, to) = room::<T>(device, shape.elem_count())?;
    queue(device, codebook_mix(gumbel, op.sample, codebook, samples, to))?;
    Ok((CudaStorage::wrap_cuda_slice(mixed, device.clone()), shape))
}

/// The gradient of the logits, from that of their samples.
pub(super) fn through_samples(op: Mixing, device: &CudaDevice, [x, noise, upstream]: [&Tensor; 3]) -> Result<Tensor> {
    let upstream = upstream.contiguous()?;
    let args = [x, noise, &upstream];
    let storages = args.map(Tensor::storage_and_layout);
    let at = placed(device, &storages)?;
    let stored = Placed::one_type(&at)?;
    let gumbel = op.placed(stored, &at, &args.map(Tensor::shape))?;
    let pull = |to| gumbel_softmax_gradient(gumbel, stored, at[2].pointer, to);
    let grads = with_stored!(stored, filled(device, &[x.shape()], |to| queue(device, [pull(to[0])])))?;
    only(grads).map(|[grad]| grad)
}

/// As many tensors as there are.
fn only<const N: usize>(tensors: Vec<Tensor>) -> Result<[Tensor; N]> {
    let many = |tensors: Vec<Tensor>| candle_core::Error::Msg(format!("{} tensors, expected {N}", tensors.len()));
    tensors.try_into().map_err(many)
}

/// Tensors of these shapes that `fill` writes at the places it is told.
fn filled<T: CudaDType + DeviceRepr>(
    device: &CudaDevice,
    shapes: &[&Shape],
    fill: impl FnOnce(&[u64]) -> Result<()>,
) -> Result<Vec<Tensor>> {
    let rooms = shapes.iter().map(|shape| room::<T>(device, shape.elem_count()));
    let (slices, at): (Vec<_>, Vec<_>) = rooms.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    fill(&at)?;
    let tensors = slices.into_iter().zip(shapes);
    Ok(tensors.map(|(slice, shape)| tensor(slice, device, shape)).collect())
}

/// The gradients of the logits and of the codebook, from that of the mixed rows.
pub(super) fn through_codebook(
    op: Mixing,
    device: &CudaDevice,
    [x, noise, codebook, upstream]: [&Tensor; 4],
) -> Result<[Tensor; 2]> {
    let upstream = upstream.contiguous()?;
    let args = [x, noise, codebook, &upstream];
    let storages = args.map(Tensor::storage_and_layout);
    let at = placed(device, &storages)?;
    let stored = Placed::one_type(&at)?;
    let gumbel = op.placed(stored, &at, &args.map(Tensor::shape))?;
    let (d, _) = mixed_shape(x.shape(), codebook.shape())?;
    let codes = table(at[2].pointer, codebook.elem_count() / d, d)?;
    let (_samples, samples) = room::<f32>(device, x.elem_count())?;
    let (_slopes, slopes) = room::<f32>(device, x.elem_count())?;
    queue(device, [gumbel_softmax(gumbel, op.sample, Stored::F32, samples)])?;
    let pull = |to_logits, to_codebook| Pull {
        upstream: at[3].pointer,
        to_logits,
        to_codebook,
    };
    let run = |to: &[u64]| {
        queue(
            device,
            codebook_gradients(gumbel, codes, [samples, slopes], pull(to[0], to[1])),
        )
    };
    only(with_stored!(
        stored,
        filled(device, &[x.shape(), codebook.shape()], run)
    )?)
}

fn queue<const N: usize>(device: &CudaDevice, launches: [Launch; N]) -> Result<()> {
    let cuda = Cuda::from(device.clone());
    launches.iter().try_for_each(|launch| cuda.queue(launch))
}

impl Mixing {
    /// The logits and their noise, the first two of what is placed.
    fn placed(self, stored: Stored, at: &[Placed], shapes: &[&Shape]) -> Result<Gumbel> {
        let k = width(shapes[0], shapes[1])?;
        temperate::<f32>(self.temperature).map_err(candle_core::Error::wrap)?;
        Ok(Gumbel {
            stored,
            logits: table(at[0].pointer, shapes[0].elem_count() / k, k)?,
            noise: at[1].pointer,
            temperature: self.temperature,
        })
    }
}
