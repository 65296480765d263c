//! Samples of codes, and the codebook that they mix, as operations of candle.

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CudaStorage, CustomOp2, CustomOp3, Device, Layout, Result, Shape, Tensor, bail};

use super::cpu::{held, numbers, with_type};
use super::op::Three;
use crate::fused::{self, Gumbel, Isa, Numbers, Pull, Real as _, Rows, Sample};

#[cfg(feature = "cuda")]
mod cuda;

/// Samples of codes, relaxed or straight-through, as [`fused::gumbel_softmax`].
///
/// A straight-through sample has the derivative of the relaxed one. Noise that has a graph, or is a variable, gets the
/// gradient of the logits, since a sample is a function of their sum. Shapes: logits, noise and samples are `[.., K]`.
///
/// # Errors
/// candle's, and for shapes that differ or a temperature that is not positive.
pub fn gumbel_softmax(logits: &Tensor, noise: &Tensor, temperature: f64, sample: Sample) -> Result<Tensor> {
    logits
        .contiguous()?
        .apply_op2(&noise.contiguous()?, Mixing { temperature, sample })
}

/// The rows of a codebook, mixed by samples of codes, as [`fused::codebook_mix`].
///
/// Gradients go to the logits and the noise as in [`gumbel_softmax`], and to the codebook.
/// Shapes: logits and noise are `[.., K]`, and the codebook is `[K, D]`; returns `[.., D]`.
///
/// # Errors
/// As [`gumbel_softmax`].
pub fn codebook_mix(
    logits: &Tensor,
    noise: &Tensor,
    codebook: &Tensor,
    temperature: f64,
    sample: Sample,
) -> Result<Tensor> {
    let (noise, codebook) = (noise.contiguous()?, codebook.contiguous()?);
    logits
        .contiguous()?
        .apply_op3(&noise, &codebook, Mixing { temperature, sample })
}

/// The operation of both functions: which sample is taken, and at which temperature.
#[derive(Debug, Clone, Copy)]
struct Mixing {
    temperature: f64,
    sample: Sample,
}

fn zeros<E: Numbers>(n: usize) -> Vec<E> {
    vec![E::narrow(E::Real::of(0.0)); n]
}

fn rows<'a, E>(name: &'static str, table: &'a [E], k: usize) -> Result<Rows<'a, E>> {
    Rows::new(name, table, k).map_err(candle_core::Error::wrap)
}

impl Mixing {
    fn gumbel<'a, E: Numbers>(self, logits: &'a [E], noise: &'a [E], k: usize) -> Result<Gumbel<'a, E>> {
        let gumbel = Gumbel::new(rows("logits", logits, k)?, rows("noise", noise, k)?, self.temperature);
        gumbel.map_err(candle_core::Error::wrap)
    }
}

/// The length of a row of logits and of noise, whose shapes have to be equal.
fn width(logits: &Shape, noise: &Shape) -> Result<usize> {
    if logits != noise {
        bail!("logits of shape {logits:?} and noise of shape {noise:?}");
    }
    match logits.dims().last() {
        Some(&k) if k > 0 => Ok(k),
        _ => bail!("a sample is taken of rows, the shape is {logits:?}"),
    }
}

/// The length of a codebook's row, and the shape of the mixed rows. The codebook has to have a row for each code.
fn mixed_shape(logits: &Shape, codebook: &Shape) -> Result<(usize, Shape)> {
    match (logits.dims(), codebook.dims()) {
        ([rows @ .., k], [codes, d]) if codes == k && *d > 0 => Ok((*d, Shape::from([rows, &[*d]].concat()))),
        ([.., k], _) => bail!("a codebook for {k} codes is [{k}, D], the shape is {codebook:?}"),
        _ => bail!("a sample is taken of rows, the shape is {logits:?}"),
    }
}

fn samples<E: Numbers>(op: Mixing, [(x, lx), (noise, ln)]: [(&CpuStorage, &Layout); 2]) -> Result<(CpuStorage, Shape)> {
    let k = width(lx.shape(), ln.shape())?;
    let (x, noise) = (numbers::<E>(x, lx)?, numbers::<E>(noise, ln)?);
    let mut samples = zeros::<E>(x.len());
    let gumbel = op.gumbel(x, noise, k)?;
    fused::gumbel_softmax(Isa::best(), gumbel, op.sample, &mut samples);
    Ok((E::to_cpu_storage_owned(samples), lx.shape().clone()))
}

fn through_samples<E: Numbers>(op: Mixing, args: [&Tensor; 3]) -> Result<Tensor> {
    let upstream = args[2].contiguous()?;
    let storages = [args[0], args[1], &upstream].map(Tensor::storage_and_layout);
    let tables = storages.iter().map(held).collect::<Result<Vec<&[E]>>>()?;
    let k = width(args[0].shape(), args[1].shape())?;
    let mut grad = zeros::<E>(tables[0].len());
    let gumbel = op.gumbel(tables[0], tables[1], k)?;
    fused::gumbel_softmax_gradient(Isa::best(), gumbel, rows("upstream", tables[2], k)?, &mut grad);
    Tensor::from_vec(grad, args[0].shape(), args[0].device())
}

fn mixed<E: Numbers>(
    op: Mixing,
    [(x, lx), (noise, ln), (codebook, lc)]: [(&CpuStorage, &Layout); 3],
) -> Result<(CpuStorage, Shape)> {
    let k = width(lx.shape(), ln.shape())?;
    let (d, shape) = mixed_shape(lx.shape(), lc.shape())?;
    let (x, noise, codebook) = (
        numbers::<E>(x, lx)?,
        numbers::<E>(noise, ln)?,
        numbers::<E>(codebook, lc)?,
    );
    let mut mixed = zeros::<E>(x.len() / k * d);
    let gumbel = op.gumbel(x, noise, k)?;
    fused::codebook_mix(
        Isa::best(),
        gumbel,
        op.sample,
        rows("codebook", codebook, d)?,
        &mut mixed,
        None,
    )
    .map_err(candle_core::Error::wrap)?;
    Ok((E::to_cpu_storage_owned(mixed), shape))
}

fn through_codebook<E: Numbers>(op: Mixing, args: [&Tensor; 4]) -> Result<[Tensor; 2]> {
    let upstream = args[3].contiguous()?;
    let storages = [args[0], args[1], args[2], &upstream].map(Tensor::storage_and_layout);
    let tables = storages.iter().map(held).collect::<Result<Vec<&[E]>>>()?;
    let k = width(args[0].shape(), args[1].shape())?;
    let (d, _) = mixed_shape(args[0].shape(), args[2].shape())?;
    let mut mixed = zeros::<E>(tables[3].len());
    let (mut to_logits, mut to_codebook) = (zeros::<E>(tables[0].len()), zeros::<E>(tables[2].len()));
    let pull = Pull {
        upstream: rows("upstream", tables[3], d)?,
        to_logits: &mut to_logits,
        to_codebook: &mut to_codebook,
    };
    let gumbel = op.gumbel(tables[0], tables[1], k)?;
    let codebook = rows("codebook", tables[2], d)?;
    fused::codebook_mix(Isa::best(), gumbel, op.sample, codebook, &mut mixed, Some(pull))
        .map_err(candle_core::Error::wrap)?;
    Ok([
        Tensor::from_vec(to_logits, args[0].shape(), args[0].device())?,
        Tensor::from_vec(to_codebook, args[2].shape(), args[2].device())?,
    ])
}

#[cfg(not(feature = "cuda"))]
mod cuda {
    //! The stand-in without the feature: no tensor lies on a CUDA device.
    use candle_core::{CudaStorage, Layout, Result, Shape, bail};

    pub(super) fn forward(_op: super::Mixing, _args: &[(&CudaStorage, &Layout)]) -> Result<(CudaStorage, Shape)> {
        bail!("this build has no CUDA support (feature `cuda`)")
    }
}

/// The gradient of the noise, which is that of the logits. There is none unless the noise has a graph: candle expects a
/// gradient of every argument that has one.
fn of_noise(to_logits: &Tensor, noise: &Tensor) -> Option<Tensor> {
    noise.track_op().then(|| to_logits.clone())
}

impl CustomOp2 for Mixing {
    fn name(&self) -> &'static str {
        "elbo-gumbel-softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, noise: &CpuStorage, ln: &Layout) -> Result<(CpuStorage, Shape)> {
        with_type!(x.dtype(), samples(*self, [(x, lx), (noise, ln)]))
    }

    fn cuda_fwd(&self, x: &CudaStorage, lx: &Layout, noise: &CudaStorage, ln: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::forward(*self, &[(x, lx), (noise, ln)])
    }

    fn bwd(
        &self,
        x: &Tensor,
        noise: &Tensor,
        _y: &Tensor,
        upstream: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = match x.device() {
            Device::Cpu => with_type!(x.dtype(), through_samples(*self, [x, noise, upstream]))?,
            #[cfg(feature = "cuda")]
            Device::Cuda(device) => cuda::through_samples(*self, device, [x, noise, upstream])?,
            _ => bail!("samples of codes have no backward pass there"),
        };
        let to_noise = of_noise(&grad, noise);
        Ok((Some(grad), to_noise))
    }
}

impl CustomOp3 for Mixing {
    fn name(&self) -> &'static str {
        "elbo-codebook-mix"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        noise: &CpuStorage,
        ln: &Layout,
        codebook: &CpuStorage,
        lc: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        with_type!(x.dtype(), mixed(*self, [(x, lx), (noise, ln), (codebook, lc)]))
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        lx: &Layout,
        noise: &CudaStorage,
        ln: &Layout,
        codebook: &CudaStorage,
        lc: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::forward(*self, &[(x, lx), (noise, ln), (codebook, lc)])
    }

    fn bwd(&self, x: &Tensor, noise: &Tensor, codebook: &Tensor, _e: &Tensor, upstream: &Tensor) -> Result<Three> {
        let args = [x, noise, codebook, upstream];
        let [to_logits, to_codebook] = match x.device() {
            Device::Cpu => with_type!(x.dtype(), through_codebook(*self, args))?,
            #[cfg(feature = "cuda")]
            Device::Cuda(device) => cuda::through_codebook(*self, device, args)?,
            _ => bail!("a codebook has no backward pass there"),
        };
        let to_noise = of_noise(&to_logits, noise);
        Ok((Some(to_logits), to_noise, Some(to_codebook)))
    }
}
