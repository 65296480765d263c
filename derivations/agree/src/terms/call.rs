//! The arguments of an engine, and the results of the objective.

use gpu::fused::{Elbo, Target};
use reference::vocab::Beta;

/// A fused function of `gpu`, with the layout of its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Function {
    /// The divergence of rows of logits from the uniform distribution.
    KlToUniform,
    /// The same divergence, where the tables have a plane for every code.
    KlToUniformByPlanes,
    /// The entropy of rows of logits.
    Entropy,
    /// The same entropy, where the tables have a plane for every code.
    EntropyByPlanes,
    /// The divergence between the rows of two tables.
    KlDivergence,
    /// The cross-entropy between the rows of two tables.
    CrossEntropy,
    /// The divergence between two tables with a plane for every code.
    KlDivergenceByPlanes,
    /// The cross-entropy between two tables with a plane for every code.
    CrossEntropyByPlanes,
    /// The log-probability of a target token in each row of logits.
    TokenLogProb,
    /// The logarithm of the mean weight of each row of log-weights.
    LogMeanExp,
    /// The logit-Laplace log-likelihood of images: pixels, locations and log-scales.
    LogitLaplace,
}

impl Function {
    /// Whether its tables have a plane for every code.
    #[must_use]
    pub const fn is_by_planes(self) -> bool {
        matches!(
            self,
            Self::KlToUniformByPlanes | Self::EntropyByPlanes | Self::KlDivergenceByPlanes | Self::CrossEntropyByPlanes
        )
    }
}

/// The arguments of a function: tables of one kind, rounded to the type, and the targets of their rows.
#[derive(Debug, Clone)]
pub struct Call<E> {
    /// The name of the kind of numbers.
    pub name: &'static str,
    /// The length of a row.
    pub k: usize,
    /// The tables, row by row.
    pub tables: Vec<Vec<E>>,
    /// A target for each row.
    pub targets: Vec<Target>,
}

/// The error of an engine that could not run a call.
pub type EngineError = Box<dyn std::error::Error + Send + Sync>;

impl<E: Copy> Call<E> {
    /// Rearranges a table. Its rows become the positions of images, with a plane for every place of a row.
    #[must_use]
    pub fn in_planes(&self, positions: usize, table: usize) -> Vec<E> {
        let mut planes = self.tables[table].clone();
        for (i, row) in self.tables[table].chunks(self.k).enumerate() {
            for (code, x) in row.iter().enumerate() {
                planes[self.place(positions, i, code)] = *x;
            }
        }
        planes
    }

    /// Rearranges planes back into rows.
    pub fn from_planes(&self, positions: usize, planes: &[E], into: &mut [E]) {
        for (i, row) in into.chunks_mut(self.k).enumerate() {
            for (code, x) in row.iter_mut().enumerate() {
                *x = planes[self.place(positions, i, code)];
            }
        }
    }

    const fn place(&self, positions: usize, row: usize, code: usize) -> usize {
        ((row / positions) * self.k + code) * positions + row % positions
    }

    /// The number of positions of an image. The rows belong to one image, or to two.
    #[must_use]
    pub const fn positions(&self, rows: usize) -> usize {
        if rows.is_multiple_of(2) { rows / 2 } else { rows }
    }
}

/// The arguments of the whole objective.
#[derive(Debug)]
pub struct ElboCall<E> {
    /// The pixels `x`, `mu` and `ln b`, one row for each image.
    pub pixels: Call<E>,
    /// The logits, one row for each position.
    pub logits: Call<E>,
    /// The number of images.
    pub images: usize,
    /// The weight on the divergence.
    pub beta: Beta,
    /// Whether the logits are passed with a plane for every code.
    pub by_planes: bool,
}

/// The results of the whole objective.
#[derive(Debug)]
pub struct ElboFound<E> {
    /// The objective of each image.
    pub values: Vec<Elbo>,
    /// The gradients with respect to `mu`, `ln b` and the logits. Those of the logits have one row for each position.
    pub grads: [Vec<E>; 3],
}
