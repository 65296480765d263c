//! The kernels of `gpu/kernels`: what is launched for a term, with which grid, block and arguments.
//!
//! A [`Launch`] is a description; who runs it is not known here: a CUDA device, or the shim `gpu/simt` that runs the same source without one.
//! So what the shim proves holds for the launches as well as for the kernels.

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

/// An argument of a kernel, in the order of its declaration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arg {
    /// Memory of whoever runs the kernel; 0 is none.
    Pointer(u64),
    /// A count.
    I32(i32),
    /// A number.
    F64(f64),
}

/// One launch.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// The file of `gpu/kernels` that holds the kernel, without its ending.
    pub source: &'static str,
    /// The kernel's name.
    pub kernel: String,
    /// Blocks. Kernels walk their rows in steps of it: any number gives the same bits.
    pub grid: u32,
    /// Threads of a block, whole warps, at most `largest`: any number of them agrees, the launch's own is the fast one.
    pub block: u32,
    /// The most threads that the kernel was compiled for.
    pub largest: u32,
    /// Numbers a thread holds in the kernel's other width, and the most threads of that; nothing where there is one width.
    pub other_width: Option<Width>,
    /// Its arguments.
    pub args: Vec<Arg>,
}

/// A type that kernels read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Single precision.
    F32,
    /// The upper half of a single; computed in `f32`.
    Bf16,
    /// Double precision: exact tables.
    F64,
}

impl Stored {
    /// The word in a kernel's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F64 => "f64",
        }
    }
}

/// Rows of numbers where the kernel will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Where the first number lies.
    pub pointer: u64,
    /// How many rows.
    pub rows: i32,
    /// How long a row is, at most [`LONGEST`].
    pub k: i32,
}

/// The longest row: a place in it, and one chunk beyond, is counted in 32 bits.
pub const LONGEST: usize = 1 << 30;

/// Of an H100.
const MULTIPROCESSORS: u32 = 132;

/// Blocks that are launched at most.
const MOST_BLOCKS: u32 = MULTIPROCESSORS * 16;

/// Threads of the largest block: 64 registers are left to each.
const MOST_THREADS: u32 = 1024;

/// Threads of a block that needs up to 128 registers, or of one of two that a multiprocessor holds at once.
const HALF: u32 = MOST_THREADS / 2;

/// Threads of one of three or four blocks that a multiprocessor holds: while one waits for its row, the others compute.
const QUARTER: u32 = MOST_THREADS / 4;

/// Threads that hold a vocabulary of 24 832 in registers, 40 numbers of up to 96 registers each.
const OF_A_VOCABULARY: u32 = 640;

const WARP: u32 = 32;

/// Numbers that a thread holds, and the most threads of a block that is compiled for as many.
pub type Width = (u32, u32);

impl Table {
    /// Few numbers a thread for short rows, so that all warps have something to do; many for long ones.
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

/// [`fused::kl_to_uniform`](crate::fused::kl_to_uniform): one `f64` a row into `values`, the gradient, of the table's type, times `weight`.
#[must_use]
pub fn kl_to_uniform(stored: Stored, x: Table, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    moments("kl_to_uniform", stored, x, values, grad, weight)
}

/// [`fused::entropy`](crate::fused::entropy), as [`kl_to_uniform`].
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

/// [`fused::kl_divergence`](crate::fused::kl_divergence): gradients with respect to both tables, or none.
#[must_use]
pub fn kl_divergence(stored: Stored, tables: [Table; 2], values: u64, grads: Option<[u64; 2]>, weight: f64) -> Launch {
    pair("kl_divergence", stored, tables, values, grads, weight)
}

/// [`fused::cross_entropy`](crate::fused::cross_entropy), as [`kl_divergence`].
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

/// [`fused::token_log_prob`](crate::fused::token_log_prob): `targets` are the tokens, the first tokens allowed and those behind the last, `i32`,
/// and the positions' weights, `f64`.
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

/// [`fused::log_mean_exp`](crate::fused::log_mean_exp), as [`kl_to_uniform`].
#[must_use]
pub fn log_mean_exp(stored: Stored, x: Table, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    let launch = moments("log_mean_exp", stored, x, values, grad, weight);
    Launch {
        source: "samples",
        ..launch
    }
}

/// Into how many parts [`logit_laplace`] cuts an image of `k` values.
#[must_use]
pub const fn parts(k: i32) -> i32 {
    let parts = k / 2048; // a block's chunk
    if parts == 0 { 1 } else { parts }
}

/// [`fused::logit_laplace`](crate::fused::logit_laplace): two launches, the second adds up what the first left in `scratch`, [`parts`] doubles a
/// row.
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
