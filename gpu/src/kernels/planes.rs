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
    x.launch(
        "planes",
        function,
        stored,
        vec![Arg::Pointer(x.pointer), Arg::Pointer(values), optional(grad)],
        weight,
    )
}

/// [`fused::planes::kl_divergence`](crate::fused::planes::kl_divergence): `second` is where the other table lies, of the first one's shape.
#[must_use]
pub fn kl_divergence_by_planes(
    stored: Stored,
    first: Planes,
    second: u64,
    values: u64,
    grads: Option<[u64; 2]>,
    weight: f64,
) -> Launch {
    pair_by_planes("planes_kl_divergence", stored, first, second, values, grads, weight)
}

/// [`fused::planes::cross_entropy`](crate::fused::planes::cross_entropy), as [`kl_divergence_by_planes`].
#[must_use]
pub fn cross_entropy_by_planes(
    stored: Stored,
    first: Planes,
    second: u64,
    values: u64,
    grads: Option<[u64; 2]>,
    weight: f64,
) -> Launch {
    pair_by_planes("planes_cross_entropy", stored, first, second, values, grads, weight)
}

fn pair_by_planes(
    function: &str,
    stored: Stored,
    first: Planes,
    second: u64,
    values: u64,
    grads: Option<[u64; 2]>,
    weight: f64,
) -> Launch {
    let mut args: Vec<Arg> = [first.pointer, second, values].map(Arg::Pointer).into();
    args.extend([0, 1].map(|which| optional(grads.map(|grads| grads[which]))));
    first.launch("planes_pair", function, stored, args, weight)
}

impl Planes {
    fn launch(self, source: &'static str, function: &str, stored: Stored, mut args: Vec<Arg>, weight: f64) -> Launch {
        const TILE: u32 = 32;
        let tiles = self.images.unsigned_abs() * self.positions.unsigned_abs().div_ceil(TILE);
        args.extend([self.images, self.k, self.positions].map(Arg::I32));
        args.push(Arg::F64(weight));
        Launch {
            source,
            kernel: format!("{function}_{}", stored.name()),
            grid: tiles.clamp(1, MOST_BLOCKS),
            block: HALF,
            largest: HALF, // a warp's sums of 32 positions in shared memory
            other_width: None,
            args,
        }
    }
}
