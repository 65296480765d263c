//! The launches of the kernels of `gpu/kernels`: which kernel computes a term, with which grid, block and arguments.
//!
//! A [`Launch`] is a description. A CUDA device runs it, or the simulator `gpu/simt`, which runs the same source
//! without one; which of them is not known here. So what the simulator proves holds for the launches as well as for the
//! kernels.

#[cfg(feature = "cuda")]
mod cuda;
pub mod exact;
mod memory;
pub mod mixing;
mod planes;
mod variants;

#[cfg(feature = "cuda")]
pub use cuda::Cuda;
pub use memory::{Memory, RunError};
pub use planes::{
    Planes, cross_entropy_by_planes, entropy_by_planes, kl_divergence_by_planes, kl_to_uniform_by_planes,
};
pub use variants::{VARIANTS, Variant, Varied};

/// An argument of a kernel. The arguments of a launch are in the order of the kernel's declaration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arg {
    /// An address in the memory in which the kernel runs. 0 means that the argument is absent.
    Pointer(u64),
    /// A count, as a 32-bit integer.
    I32(i32),
    /// A number in double precision.
    F64(f64),
}

/// A launch of a kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// The file of `gpu/kernels` that holds the kernel, without its ending.
    pub source: &'static str,
    /// The name of the kernel.
    pub kernel: String,
    /// The number of blocks. Kernels go through their rows in steps of this number, and any number gives the same bits.
    pub grid: u32,
    /// The number of threads of a block: whole warps, and at most `largest`. Any number gives results within the
    /// bounds, and this one is fast.
    pub block: u32,
    /// The largest number of threads for which the kernel was compiled.
    pub largest: u32,
    /// The number of numbers that a thread holds in the other width of the kernel, and the largest number of threads of
    /// that width. It is `None` for a kernel with one width.
    pub other_width: Option<Width>,
    /// The arguments of the kernel.
    pub args: Vec<Arg>,
}

/// A type that kernels read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Single precision.
    F32,
    /// The upper half of the bits of single precision. It is computed in `f32`.
    Bf16,
    /// Double precision, for exact tables.
    F64,
}

impl Stored {
    /// The word for the type in the name of a kernel.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F64 => "f64",
        }
    }
}

/// A table of rows in the memory in which a kernel runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// The address of the first number.
    pub pointer: u64,
    /// The number of rows.
    pub rows: i32,
    /// The length of a row, at most [`LONGEST`].
    pub k: i32,
}

/// The length of the longest row. A place in it, and one chunk beyond, is counted in 32 bits.
pub const LONGEST: usize = 1 << 30;

/// The number of multiprocessors of an H100.
const MULTIPROCESSORS: u32 = 132;

/// The largest number of blocks of a launch.
const MOST_BLOCKS: u32 = MULTIPROCESSORS * 16;

/// The number of threads of the largest block, which leaves 64 registers to each.
const MOST_THREADS: u32 = 1024;

/// The number of threads of a block with up to 128 registers a thread, or of one of two blocks that a multiprocessor
/// holds at once.
const HALF: u32 = MOST_THREADS / 2;

/// The number of threads of one of three or four blocks that a multiprocessor holds. While one of them waits for its
/// row, the others compute.
const QUARTER: u32 = MOST_THREADS / 4;

/// The number of threads that hold a vocabulary of 24,832 in registers: 40 numbers in each, with up to 96 registers.
const OF_A_VOCABULARY: u32 = 640;

const WARP: u32 = 32;

/// The number of numbers that a thread holds, and the largest number of threads of a block that is compiled for as
/// many.
pub type Width = (u32, u32);

impl Table {
    /// Makes a launch over the rows of the table. Threads hold few numbers for short rows, so that all warps have
    /// something to do, and many for long ones.
    fn launch(
        self,
        source: &'static str,
        function: &str,
        stored: Stored,
        [few, many]: [Width; 2],
        args: Vec<Arg>,
    ) -> Launch {
        let k = self.k.unsigned_abs();
        let (width, other) = if k <= few.0 * 256 { (few, many) } else { (many, few) };
        let (per_thread, largest) = width;
        Launch {
            source,
            kernel: format!("{function}_{}_{per_thread}", stored.name()),
            grid: self.rows.unsigned_abs().clamp(1, MOST_BLOCKS),
            block: k.div_ceil(per_thread).next_multiple_of(WARP).clamp(WARP, largest),
            largest,
            other_width: (other.0 != per_thread).then_some(other),
            args,
        }
    }
}

fn optional(pointer: Option<u64>) -> Arg {
    Arg::Pointer(pointer.unwrap_or(0))
}

/// The launch for [`fused::kl_to_uniform`](crate::fused::kl_to_uniform). It writes one `f64` for each row into
/// `values`. The gradient, in the type of the table and multiplied by `weight`, goes into `grad`.
#[must_use]
pub fn kl_to_uniform(stored: Stored, x: Table, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    moments("kl_to_uniform", stored, x, values, grad, weight)
}

/// The launch for [`fused::entropy`](crate::fused::entropy), with the arguments of [`kl_to_uniform`].
#[must_use]
pub fn entropy(stored: Stored, x: Table, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    moments("entropy", stored, x, values, grad, weight)
}

fn moments(function: &str, stored: Stored, x: Table, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    let args = vec![
        Arg::Pointer(x.pointer),
        Arg::Pointer(values),
        optional(grad),
        Arg::I32(x.rows),
        Arg::I32(x.k),
        Arg::F64(weight),
    ];
    x.launch("moments", function, stored, [(8, QUARTER), (32, QUARTER)], args)
}

/// The launch for [`fused::kl_divergence`](crate::fused::kl_divergence). It computes the gradients with respect to both
/// tables, or none.
#[must_use]
pub fn kl_divergence(stored: Stored, tables: [Table; 2], values: u64, grads: Option<[u64; 2]>, weight: f64) -> Launch {
    pair("kl_divergence", stored, tables, values, grads, weight)
}

/// The launch for [`fused::cross_entropy`](crate::fused::cross_entropy), with the arguments of [`kl_divergence`].
#[must_use]
pub fn cross_entropy(stored: Stored, tables: [Table; 2], values: u64, grads: Option<[u64; 2]>, weight: f64) -> Launch {
    pair("cross_entropy", stored, tables, values, grads, weight)
}

fn pair(
    function: &str,
    stored: Stored,
    [a, b]: [Table; 2],
    values: u64,
    grads: Option<[u64; 2]>,
    weight: f64,
) -> Launch {
    let args = vec![
        Arg::Pointer(a.pointer),
        Arg::Pointer(b.pointer),
        Arg::Pointer(values),
        optional(grads.map(|grads| grads[0])),
        optional(grads.map(|grads| grads[1])),
        Arg::I32(a.rows),
        Arg::I32(a.k),
        Arg::F64(weight),
    ];
    a.launch("divergence", function, stored, [(8, QUARTER), (16, HALF)], args)
}

/// The launch for [`fused::token_log_prob`](crate::fused::token_log_prob). `targets` are the addresses of the tokens,
/// of the first allowed tokens and of the first tokens after the allowed ones, all `i32`, and of the weights of the
/// positions, `f64`.
#[must_use]
pub fn token_log_prob(
    stored: Stored,
    x: Table,
    targets: [u64; 4],
    values: u64,
    grad: Option<u64>,
    weight: f64,
) -> Launch {
    let mut args = vec![Arg::Pointer(x.pointer)];
    args.extend(targets.map(Arg::Pointer));
    args.extend([Arg::Pointer(values), optional(grad)]);
    args.extend([Arg::I32(x.rows), Arg::I32(x.k), Arg::F64(weight)]);
    x.launch(
        "token",
        "token_log_prob",
        stored,
        [8, 40].map(|numbers| (numbers, OF_A_VOCABULARY)),
        args,
    )
}

/// The launch for [`fused::log_mean_exp`](crate::fused::log_mean_exp), with the arguments of [`kl_to_uniform`].
#[must_use]
pub fn log_mean_exp(stored: Stored, x: Table, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    let launch = moments("log_mean_exp", stored, x, values, grad, weight);
    Launch {
        source: "samples",
        ..launch
    }
}

/// The number of parts into which [`logit_laplace`] divides an image of `k` values.
#[must_use]
pub const fn parts(k: i32) -> i32 {
    let parts = k / 2048; // 2048 values are the chunk of a block.
    if parts == 0 { 1 } else { parts }
}

/// The two launches for [`fused::logit_laplace`](crate::fused::logit_laplace). The second one adds up what the first
/// has left in `scratch`, which holds [`parts`] doubles for each row.
#[must_use]
pub fn logit_laplace(
    stored: Stored,
    [x, mu, ln_b]: [Table; 3],
    scratch: u64,
    values: u64,
    grads: Option<[u64; 2]>,
    weight: f64,
) -> [Launch; 2] {
    let parts = parts(x.k);
    let args = vec![
        Arg::Pointer(x.pointer),
        Arg::Pointer(mu.pointer),
        Arg::Pointer(ln_b.pointer),
        Arg::Pointer(scratch),
        optional(grads.map(|grads| grads[0])),
        optional(grads.map(|grads| grads[1])),
        Arg::I32(x.rows),
        Arg::I32(x.k),
        Arg::I32(parts),
        Arg::F64(weight),
    ];
    let first = Launch {
        grid: (x.rows * parts).unsigned_abs().clamp(1, MOST_BLOCKS),
        block: 256,
        ..x.launch("laplace", "logit_laplace", stored, [(8, MOST_THREADS); 2], args)
    };
    let second = Launch {
        source: "laplace",
        kernel: "add_parts".to_owned(),
        grid: 1,
        block: 256,
        largest: MOST_THREADS,
        other_width: None,
        args: vec![
            Arg::Pointer(scratch),
            Arg::Pointer(values),
            Arg::I32(x.rows),
            Arg::I32(parts),
        ],
    };
    [first, second]
}
