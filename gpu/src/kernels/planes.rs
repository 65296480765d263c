//! The launches over logits in the layout of an encoder's output, with a plane for every code.

use super::{Arg, HALF, Launch, MOST_BLOCKS, Stored, optional};

/// The planes of images in the memory in which a kernel runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planes {
    /// The address of the first number.
    pub pointer: u64,
    /// The number of images.
    pub images: i32,
    /// The number of planes of an image, one for each code.
    pub k: i32,
    /// The number of positions of a plane.
    pub positions: i32,
}

/// The launch for [`fused::planes::kl_to_uniform`](crate::fused::planes::kl_to_uniform). It writes one `f64` for each
/// position into `values`. The gradient has the layout of the logits.
#[must_use]
pub fn kl_to_uniform_by_planes(stored: Stored, x: Planes, values: u64, grad: Option<u64>, weight: f64) -> Launch {
    by_planes("planes_kl_to_uniform", stored, x, values, grad, weight)
}

/// The launch for [`fused::planes::entropy`](crate::fused::planes::entropy), with the arguments of
/// [`kl_to_uniform_by_planes`].
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

/// The launch for [`fused::planes::kl_divergence`](crate::fused::planes::kl_divergence). `second` is the address of the
/// second table, which has the shape of the first one.
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

/// The launch for [`fused::planes::cross_entropy`](crate::fused::planes::cross_entropy), with the arguments of
/// [`kl_divergence_by_planes`].
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
            largest: HALF, // Shared memory holds each warp's sums of 32 positions.
            other_width: None,
            args,
        }
    }
}
