//! Launches for samples of codes and the codebook that they mix.

use super::{Arg, HALF, Launch, MOST_BLOCKS, Stored, Table};
use crate::fused::Sample;

/// Logits and their noise, of one type and shape, where the kernels will run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gumbel {
    /// The type that everything is stored in but scratch.
    pub stored: Stored,
    /// The logits.
    pub logits: Table,
    /// Where the noise lies.
    pub noise: u64,
    /// The temperature.
    pub temperature: f64,
}

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pull {
    /// `[rows, D]`.
    pub upstream: u64,
    /// As the logits.
    pub to_logits: u64,
    /// As the codebook.
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

/// [`fused::gumbel_softmax`](crate::fused::gumbel_softmax) into `samples`, of the type `other`: the logits' own or `f32`.
#[must_use]
pub fn gumbel_softmax(gumbel: Gumbel, sample: Sample, other: Stored, samples: u64) -> Launch {
    let hard = i32::from(sample == Sample::StraightThrough);
    gumbel.launch("gumbel_softmax", other, &[samples], Some(hard))
}

/// [`fused::gumbel_softmax_gradient`](crate::fused::gumbel_softmax_gradient): `upstream` is of the type `other`, the gradient of the logits'.
#[must_use]
pub fn gumbel_softmax_gradient(gumbel: Gumbel, other: Stored, upstream: u64, grad: u64) -> Launch {
    gumbel.launch("gumbel_gradient", other, &[upstream, grad], None)
}

/// [`fused::codebook_mix`](crate::fused::codebook_mix) forward: samples, as many `f32` as logits, and their product with the codebook, a row a code,
/// into `mixed`, `[rows, D]`.
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

/// Its gradients from the samples: two products and a sweep. `slopes` is scratch of as many `f32` as there are logits.
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

/// Additions that an entry of a product over `depth` goes through at most: runs of 48, and one more for each.
#[must_use]
pub const fn additions(depth: usize) -> usize {
    48 + depth.div_ceil(48)
}

/// A side of a product: where it lies, the step from row to row, the step along the sum: entry `(i, q)` lies at `i * along + q * deep`.
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
