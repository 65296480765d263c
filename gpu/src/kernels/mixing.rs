//! The launches for samples of codes and for the codebook rows that they mix.

use super::{Arg, HALF, Launch, MOST_BLOCKS, Stored, Table};
use crate::fused::Sample;

/// Logits and their noise, of the same type and shape, in the memory in which the kernels run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gumbel {
    /// The type of everything but scratch.
    pub stored: Stored,
    /// The logits.
    pub logits: Table,
    /// The address of the noise.
    pub noise: u64,
    /// The temperature of the relaxation.
    pub temperature: f64,
}

/// The addresses of the derivative with respect to the mixed rows, and of the gradients that follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pull {
    /// The derivative with respect to the mixed rows, `[rows, D]`.
    pub upstream: u64,
    /// The gradient with respect to the logits, of their shape.
    pub to_logits: u64,
    /// The gradient with respect to the codebook, of its shape.
    pub to_codebook: u64,
}

impl Gumbel {
    fn launch(self, function: &str, other: Stored, tables: &[u64], hard: Option<i32>) -> Launch {
        let name = format!("{function}_{}", self.stored.name());
        let mut args = vec![Arg::Pointer(self.logits.pointer), Arg::Pointer(self.noise)];
        args.extend(tables.iter().copied().map(Arg::Pointer));
        args.extend([Arg::I32(self.logits.rows), Arg::I32(self.logits.k)]);
        args.push(Arg::F64(1.0 / self.temperature));
        args.extend(hard.map(Arg::I32));
        self.logits
            .launch("gumbel", &name, other, [(8, HALF), (16, HALF)], args)
    }
}

/// The launch for [`fused::gumbel_softmax`](crate::fused::gumbel_softmax). `samples` are of the type `other`, which is
/// that of the logits or `f32`.
#[must_use]
pub fn gumbel_softmax(gumbel: Gumbel, sample: Sample, other: Stored, samples: u64) -> Launch {
    let hard = i32::from(sample == Sample::StraightThrough);
    gumbel.launch("gumbel_softmax", other, &[samples], Some(hard))
}

/// The launch for [`fused::gumbel_softmax_gradient`](crate::fused::gumbel_softmax_gradient). `upstream` is of the type
/// `other`, and the gradient of that of the logits.
#[must_use]
pub fn gumbel_softmax_gradient(gumbel: Gumbel, other: Stored, upstream: u64, grad: u64) -> Launch {
    gumbel.launch("gumbel_gradient", other, &[upstream, grad], None)
}

/// The two launches for the forward pass of [`fused::codebook_mix`](crate::fused::codebook_mix). The first computes the
/// samples, as many `f32` as there are logits. The second computes their product with the codebook, which has a row for
/// each code, and writes it to `mixed`, `[rows, D]`.
#[must_use]
pub fn codebook_mix(gumbel: Gumbel, sample: Sample, codebook: Table, samples: u64, mixed: u64) -> [Launch; 2] {
    let (rows, k, d, stored) = (gumbel.logits.rows, gumbel.logits.k, codebook.k, gumbel.stored);
    [
        gumbel_softmax(gumbel, sample, Stored::F32, samples),
        product(
            [Stored::F32, stored, stored],
            [Side(samples, k, 1), Side(codebook.pointer, 1, d)],
            mixed,
            [rows, d, k],
        ),
    ]
}

/// The three launches for the gradients of [`codebook_mix`] from its samples: two products, and a sweep over the rows.
/// `slopes` is scratch of as many `f32` as there are logits.
#[must_use]
pub fn codebook_gradients(gumbel: Gumbel, codebook: Table, [samples, slopes]: [u64; 2], pull: Pull) -> [Launch; 3] {
    let (rows, k, d, stored) = (gumbel.logits.rows, gumbel.logits.k, codebook.k, gumbel.stored);
    [
        product(
            [Stored::F32, stored, stored],
            [Side(samples, 1, k), Side(pull.upstream, 1, d)],
            pull.to_codebook,
            [k, d, rows],
        ),
        product(
            [stored, stored, Stored::F32],
            [Side(pull.upstream, d, 1), Side(codebook.pointer, d, 1)],
            slopes,
            [rows, k, d],
        ),
        gumbel_softmax_gradient(gumbel, Stored::F32, slopes, pull.to_logits),
    ]
}

/// A bound on the number of additions in an entry of a product over `depth`: those within runs of 48, and one for each
/// run.
#[must_use]
pub const fn additions(depth: usize) -> usize {
    48 + depth.div_ceil(48)
}

/// A factor of a product: its address, the step from row to row `along`, and the step `deep` along the sum. Entry
/// `(i, q)` lies at `i * along + q * deep`.
#[derive(Clone, Copy)]
struct Side(u64, i32, i32);

fn product(types: [Stored; 3], sides: [Side; 2], out: u64, [rows, columns, depth]: [i32; 3]) -> Launch {
    const TILE: u32 = 64;
    let tiles = rows.unsigned_abs().div_ceil(TILE) * columns.unsigned_abs().div_ceil(TILE);
    let names = types.map(Stored::name);
    let mut args = Vec::new();
    for Side(pointer, along, deep) in sides {
        args.extend([Arg::Pointer(pointer), Arg::I32(along), Arg::I32(deep)]);
    }
    args.push(Arg::Pointer(out));
    args.extend([rows, columns, depth].map(Arg::I32));
    Launch {
        source: "product",
        kernel: format!("product_{}", names.join("_")),
        grid: tiles.clamp(1, MOST_BLOCKS),
        block: HALF,
        largest: HALF,
        other_width: None,
        args,
    }
}
