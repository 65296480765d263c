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

/// What [`codebook_mix`] works on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// The codebook, `[K, D]`: a row a code.
    pub codebook: Table,
    /// `[rows, D]`.
    pub mixed: u64,
    /// Two tables of `f32`, each as large as the logits: samples, and what comes back to them. The second only with gradients.
    pub scratch: [u64; 2],
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
            .launch("gumbel", &name, other, (self.logits.per_thread([8, 16]), HALF), args)
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

/// [`fused::codebook_mix`](crate::fused::codebook_mix): samples, a product; with gradients two more products and a sweep.
#[must_use]
pub fn codebook_mix(gumbel: Gumbel, sample: Sample, mix: Mix, pull: Option<Pull>) -> Vec<Launch> {
    let (rows, k, d) = (gumbel.logits.rows, gumbel.logits.k, mix.codebook.k);
    let stored = gumbel.stored;
    let [samples, slopes] = mix.scratch;
    // Entry (i, q) of a side lies at i * along + q * deep.
    let samples_by_row = Side(samples, k, 1);
    let codebook_by_number = Side(mix.codebook.pointer, 1, d);
    let mut launches = vec![
        gumbel_softmax(gumbel, sample, Stored::F32, samples),
        product(
            [Stored::F32, stored, stored],
            [samples_by_row, codebook_by_number],
            mix.mixed,
            [rows, d, k],
        ),
    ];
    if let Some(pull) = pull {
        let upstream_by_row = Side(pull.upstream, d, 1);
        let codebook_by_code = Side(mix.codebook.pointer, d, 1);
        let samples_by_code = Side(samples, 1, k);
        let upstream_by_number = Side(pull.upstream, 1, d);
        launches.extend([
            product(
                [Stored::F32, stored, stored],
                [samples_by_code, upstream_by_number],
                pull.to_codebook,
                [k, d, rows],
            ),
            product(
                [stored, stored, Stored::F32],
                [upstream_by_row, codebook_by_code],
                slopes,
                [rows, k, d],
            ),
            gumbel_softmax_gradient(gumbel, Stored::F32, slopes, pull.to_logits),
        ]);
    }
    launches
}

/// Additions that an entry of a product over `depth` goes through: runs of 48, and one more for each.
#[must_use]
pub const fn additions(depth: usize) -> usize {
    48 + depth.div_ceil(48)
}

/// A side of a product: where it lies, the step from row to row, the step along the sum.
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
        block: 256,
        largest: 256,
        args,
    }
}
