//! What an engine is called with, and what comes of it.

use gpu::fused::{Elbo, Target};
use reference::vocab::Beta;

/// A fused function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Function {
    /// Rows of logits against the uniform distribution.
    KlToUniform,
    /// The same, a plane for every code.
    KlToUniformByPlanes,
    /// Rows of logits.
    Entropy,
    /// The same, a plane for every code.
    EntropyByPlanes,
    /// Rows of two tables.
    KlDivergence,
    /// Rows of two tables.
    CrossEntropy,
    /// Two tables, a plane for every code.
    KlDivergenceByPlanes,
    /// Two tables, a plane for every code.
    CrossEntropyByPlanes,
    /// Rows of logits and their targets.
    TokenLogProb,
    /// Rows of log-weights.
    LogMeanExp,
    /// Images: pixels, locations, log-scales.
    LogitLaplace,
}

impl Function {
    /// Whether its tables lie in planes.
    #[must_use]
    pub const fn is_by_planes(self) -> bool {
        matches!(
            self,
            Self::KlToUniformByPlanes | Self::EntropyByPlanes | Self::KlDivergenceByPlanes | Self::CrossEntropyByPlanes
        )
    }
}

/// What a function is called with: tables of one kind, rounded to the type, and the targets that stand beside them.
#[derive(Debug, Clone)]
pub struct Call<E> {
    /// What kind of numbers these are.
    pub name: &'static str,
    /// The length of a row.
    pub k: usize,
    /// The tables, row by row.
    pub tables: Vec<Vec<E>>,
    /// A target a row.
    pub targets: Vec<Target>,
}

/// What goes wrong with a call.
pub type EngineError = Box<dyn std::error::Error + Send + Sync>;

impl<E: Copy> Call<E> {
    /// A table's rows as the positions of images, a plane for every place of a row.
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

    /// What lies in planes, back in rows.
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

    /// How many positions an image has: the rows are one image's, or two's.
    #[must_use]
    pub const fn positions(&self, rows: usize) -> usize {
        if rows.is_multiple_of(2) { rows / 2 } else { rows }
    }
}

/// One call of the objective.
#[derive(Debug)]
pub struct ElboCall<E> {
    /// `x`, `mu`, `ln b`: a row an image.
    pub pixels: Call<E>,
    /// A row a position.
    pub logits: Call<E>,
    /// Images.
    pub images: usize,
    /// The weight on the divergence.
    pub beta: Beta,
    /// Whether the logits are handed over by planes.
    pub by_planes: bool,
}

/// What comes of it.
#[derive(Debug)]
pub struct ElboFound<E> {
    /// An objective an image.
    pub values: Vec<Elbo>,
    /// With respect to `mu`, `ln b` and the logits, a row a position.
    pub grads: [Vec<E>; 3],
}
