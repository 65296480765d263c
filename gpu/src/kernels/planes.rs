//! Launches over logits as an encoder leaves them, a plane for every code.

use super::{Arg, HALF, Launch, MOST_BLOCKS, Stored, optional};

/// Images of planes where the kernel will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planes {
    /// Where the first number lies.
    pub pointer: u64,
    /// How many images.
    pub images: i32,
    /// How many planes an image has, one a code.
    pub k: i32,
    /// How many positions a plane has.
    pub positions: i32,
}

/// [`fused::planes::kl_to_uniform`](crate::fused::planes::kl_to_uniform): one `f64` a position into `values`, the gradient as the logits lie.
#[must_use]
pub fn kl_to_uniform_by_planes(stored: Stored, x: Planes, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    by_planes("planes_kl_to_uniform", stored, x, values, grad, weight)
}

/// [`fused::planes::entropy`](crate::fused::planes::entropy), as [`kl_to_uniform_by_planes`].
#[must_use]
pub fn entropy_by_planes(stored: Stored, x: Planes, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    by_planes("planes_entropy", stored, x, values, grad, weight)
}

fn by_planes(function: &str, stored: Stored, x: Planes, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    const TILE: u32 = 32;
    let tiles = x.images.unsigned_abs() * x.positions.unsigned_abs().div_ceil(TILE);
    Launch {
        source: "planes",
        kernel: format!("{function}_{}", stored.name()),
        grid: tiles.clamp(1, MOST_BLOCKS),
        block: HALF,
        largest: HALF, // a warp's sums of 32 positions in shared memory
        args: vec![
            Arg::Pointer(x.pointer),
            Arg::Pointer(values),
            optional(grad),
            Arg::I32(x.images),
            Arg::I32(x.k),
            Arg::I32(x.positions),
            Arg::F64(weight),
        ],
    }
}
