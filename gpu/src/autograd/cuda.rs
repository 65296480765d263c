//! The operations of candle as they run on a CUDA device: the kernels are launched over tensors where they lie.

use std::ops::Deref;

use candle_core::backend::BackendStorage as _;
use candle_core::cuda_backend::CudaDType;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr as _, DeviceRepr};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, CudaStorage, DType, Layout, Result, Shape, Storage, Tensor, bail};
use half::bf16;

use super::op::{ClassAxis, Function, Op, Sizes, Weights};
use crate::fused::Target;
use crate::kernels::{self, Cuda, LONGEST, Launch, Planes, Stored, Table};

/// A contiguous tensor on a device: its type and the address of its first number.
pub(super) struct Placed {
    pub(super) stored: Stored,
    pub(super) pointer: u64,
}

impl Placed {
    /// A tensor on the same device as the others. candle takes two handles on one card for the same device, but their
    /// streams do not wait for each other.
    pub(super) fn beside(device: &CudaDevice, storage: &CudaStorage, layout: &Layout) -> Result<Self> {
        if storage.device().id() != device.id() {
            bail!("a fused term's tensors lie on one device, opened once");
        }
        let Some((from, _)) = layout.contiguous_offsets() else {
            bail!("a fused term reads contiguous tensors");
        };
        let (stored, pointer) = match storage.dtype() {
            DType::F32 => (Stored::F32, start(storage.as_cuda_slice::<f32>()?, from)),
            DType::BF16 => (Stored::Bf16, start(storage.as_cuda_slice::<bf16>()?, from)),
            other => bail!("the CUDA kernels read f32 and bf16, not {other:?}"),
        };
        Ok(Self { stored, pointer })
    }

    /// The type in which all of the tensors are stored.
    pub(super) fn one_type(placed: &[Self]) -> Result<Stored> {
        let stored = placed[0].stored;
        if placed.iter().any(|one| one.stored != stored) {
            bail!("a fused term reads tensors of one type");
        }
        Ok(stored)
    }
}

/// The addresses of tensors, as long as their storages are borrowed.
pub(super) fn placed(device: &CudaDevice, storages: &[(impl Deref<Target = Storage>, &Layout)]) -> Result<Vec<Placed>> {
    let placed = storages.iter().map(|(storage, layout)| match &**storage {
        Storage::Cuda(storage) => Placed::beside(device, storage, layout),
        _ => bail!("a fused term's tensors lie on one device"),
    });
    placed.collect()
}

/// The address of number `from` of a buffer.
///
/// A device that is opened once has one stream for each host thread, on which everything that follows is queued. As for
/// candle's own operations, a thread has to wait for what another has queued.
fn start<T>(slice: &CudaSlice<T>, from: usize) -> u64 {
    slice.device_ptr(slice.stream()).0 + (from * size_of::<T>()) as u64
}

/// A buffer with its address, which a kernel fills to the last number.
pub(super) fn room<T: DeviceRepr>(device: &CudaDevice, count: usize) -> Result<(CudaSlice<T>, u64)> {
    #[expect(unsafe_code, reason = "nobody reads it before a kernel has written every number")]
    let slice = unsafe { device.alloc::<T>(count) }?;
    let pointer = start(&slice, 0);
    Ok((slice, pointer))
}

/// The result of a kernel as a tensor.
pub(super) fn tensor<T: CudaDType>(slice: CudaSlice<T>, device: &CudaDevice, shape: &Shape) -> Tensor {
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(slice, device.clone()));
    Tensor::from_storage(storage, shape, BackpropOp::none(), false)
}

/// Runs a body with the type that kernels store.
macro_rules! with_stored {
    ($stored:expr, $run:ident($($arg:expr),*)) => {
        match $stored {
            Stored::F32 => $run::<f32>($($arg),*),
            Stored::Bf16 => $run::<half::bf16>($($arg),*),
            Stored::F64 => candle_core::bail!("the CUDA kernels read f32 and bf16"),
        }
    };
}
pub(super) use with_stored;

/// A count as an `i32`, as the kernels take it.
fn count(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(candle_core::Error::wrap)
}

/// A table of rows of `k` numbers on a device, within the sizes that the kernels accept.
pub(super) fn table(pointer: u64, rows: usize, k: usize) -> Result<Table> {
    if rows == 0 || k == 0 || k > LONGEST {
        bail!("{rows} rows of {k} numbers, the CUDA kernels read at least one row of 1 to {LONGEST}");
    }
    Ok(Table {
        pointer,
        rows: count(rows)?,
        k: count(k)?,
    })
}

/// The logits at an address of a device, as images of `k` planes each.
fn planes(pointer: u64, k: i32, sizes: &Sizes) -> Result<Planes> {
    Ok(Planes {
        pointer,
        images: count(sizes.values.elem_count() / sizes.positions)?,
        k,
        positions: count(sizes.positions)?,
    })
}

pub(super) fn forward(op: &Op, args: &[(&CudaStorage, &Layout)]) -> Result<(CudaStorage, Shape)> {
    let sizes = op.sizes(args.iter().map(|(_, layout)| layout.shape()))?;
    let device = args[0].0.device();
    let placed = args
        .iter()
        .map(|(storage, layout)| Placed::beside(device, storage, layout));
    let values = op.launch(device, &placed.collect::<Result<Vec<_>>>()?, &sizes, 1.0, &[])?;
    Ok((CudaStorage::wrap_cuda_slice(values, device.clone()), sizes.values))
}

pub(super) fn backward(op: &Op, device: &CudaDevice, args: &[&Tensor], weights: &Weights) -> Result<Vec<Tensor>> {
    let storages: Vec<_> = args.iter().map(|tensor| tensor.storage_and_layout()).collect();
    let placed = placed(device, &storages)?;
    with_stored!(
        Placed::one_type(&placed)?,
        gradients(op, device, args, &placed, weights)
    )
}

fn gradients<T: CudaDType + DeviceRepr>(
    op: &Op,
    device: &CudaDevice,
    args: &[&Tensor],
    placed: &[Placed],
    weights: &Weights,
) -> Result<Vec<Tensor>> {
    let sizes = op.sizes(args.iter().map(|tensor| tensor.shape()))?;
    let shape = args[0].shape();
    let rooms = (0..op.0.gradients()).map(|_| room::<T>(device, shape.elem_count()));
    let (slices, pointers): (Vec<_>, Vec<_>) = rooms.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    op.launch(device, placed, &sizes, weights.one, &pointers)?;
    let grads = slices.into_iter().map(|slice| tensor(slice, device, shape));
    let Some(shares) = &weights.shares else {
        return Ok(grads.collect());
    };
    let shares = Tensor::from_slice(shares, &sizes.values, args[0].device())?;
    let shares = shares.unsqueeze(if op.1 == ClassAxis::InRows {
        sizes.values.rank()
    } else {
        1
    })?;
    // The product is formed in single precision, so that a half type is rounded once more and not twice.
    let single = shares.to_dtype(DType::F32)?;
    grads
        .map(|grad| {
            grad.to_dtype(DType::F32)?
                .broadcast_mul(&single)?
                .to_dtype(grad.dtype())
        })
        .collect()
}

/// The targets of tokens on a device, one array for each field, as the kernel reads them.
struct Targets([CudaSlice<i32>; 3], CudaSlice<f64>);

impl Targets {
    fn upload(device: &CudaDevice, targets: &[Target]) -> Result<Self> {
        let counts = |of: fn(&Target) -> usize| {
            let counts = targets.iter().map(|target| count(of(target)));
            device.clone_htod(&counts.collect::<Result<Vec<_>>>()?)
        };
        let weights: Vec<f64> = targets.iter().map(|target| target.weight).collect();
        let counts = [counts(|t| t.token)?, counts(|t| t.from)?, counts(|t| t.to)?];
        Ok(Self(counts, device.clone_htod(&weights)?))
    }

    fn pointers(&self) -> [u64; 4] {
        let [token, from, to] = self.0.each_ref().map(|slice| start(slice, 0));
        [token, from, to, start(&self.1, 0)]
    }
}

impl Op {
    /// Queues the launches that write the values, and the gradients times `weight` to the addresses `grads`. Returns
    /// the values.
    fn launch(
        &self,
        device: &CudaDevice,
        placed: &[Placed],
        sizes: &Sizes,
        weight: f64,
        grads: &[u64],
    ) -> Result<CudaSlice<f64>> {
        let stored = Placed::one_type(placed)?;
        let distributions = sizes.values.elem_count();
        let rows = |t: usize| table(placed[t].pointer, distributions, sizes.k);
        rows(0)?;
        let (values, to) = room::<f64>(device, distributions)?;
        let first = grads.first().copied();
        let both = first.zip(grads.get(1).copied()).map(|(a, b)| [a, b]);
        let planes = planes(placed[0].pointer, rows(0)?.k, sizes)?;
        let second = placed.get(1).map_or(0, |one| one.pointer);
        let cuda = Cuda::from(device.clone());
        let run = |launch: Launch| cuda.queue(&launch);
        match (&self.0, self.1) {
            (Function::KlToUniform, ClassAxis::InRows) => {
                run(kernels::kl_to_uniform(stored, rows(0)?, to, first, weight))?
            }
            (Function::KlToUniform, ClassAxis::InPlanes) => {
                run(kernels::kl_to_uniform_by_planes(stored, planes, to, first, weight))?;
            }
            (Function::Entropy, ClassAxis::InRows) => run(kernels::entropy(stored, rows(0)?, to, first, weight))?,
            (Function::Entropy, ClassAxis::InPlanes) => {
                run(kernels::entropy_by_planes(stored, planes, to, first, weight))?
            }
            (Function::KlDivergence, ClassAxis::InRows) => {
                run(kernels::kl_divergence(stored, [rows(0)?, rows(1)?], to, both, weight))?;
            }
            (Function::KlDivergence, ClassAxis::InPlanes) => {
                run(kernels::kl_divergence_by_planes(
                    stored, planes, second, to, both, weight,
                ))?;
            }
            (Function::CrossEntropy, ClassAxis::InRows) => {
                run(kernels::cross_entropy(stored, [rows(0)?, rows(1)?], to, both, weight))?;
            }
            (Function::CrossEntropy, ClassAxis::InPlanes) => {
                run(kernels::cross_entropy_by_planes(
                    stored, planes, second, to, both, weight,
                ))?;
            }
            (Function::LogMeanExp, _) => run(kernels::log_mean_exp(stored, rows(0)?, to, first, weight))?,
            (Function::TokenLogProb(targets), _) => {
                Target::check(targets, distributions, sizes.k).map_err(candle_core::Error::wrap)?;
                let targets = Targets::upload(device, targets)?;
                run(kernels::token_log_prob(
                    stored,
                    rows(0)?,
                    targets.pointers(),
                    to,
                    first,
                    weight,
                ))?;
            }
            (Function::LogitLaplace, _) => {
                let parts = usize::try_from(kernels::parts(rows(0)?.k)).map_err(candle_core::Error::wrap)?;
                let (_scratch, scratch) = room::<f64>(device, distributions * parts)?;
                let tables = [rows(0)?, rows(1)?, rows(2)?];
                let launches = kernels::logit_laplace(stored, tables, scratch, to, both, weight);
                launches.into_iter().try_for_each(run)?;
            }
        }
        Ok(values)
    }
}
