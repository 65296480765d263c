//! What a quantity is computed from, and what may come of it.

use bounds::{Arithmetic, BoundedSum};
use reference::vocab::Error;

use super::hypothesis::{Hypothesis, Slope, Terms, Weight};
use crate::dump::{Item, Layout, Quantity, Sizes, Statement};

/// What a quantity is computed from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What the subject states.
    pub statement: &'a Statement,
    /// How large everything is.
    pub sizes: &'a Sizes,
    /// Items of the batch, in their order; the first is the one that [`Inputs::row`] calls 0.
    pub items: &'a [Item],
    /// What the subject computes with.
    pub arithmetic: Arithmetic,
}

impl Inputs<'_> {
    /// What the subject computes with along the codes of a position. In planes they lie apart in memory: a softmax over them is a loop over
    /// them in every framework, whatever the order of its other sums.
    pub(super) fn of_rows(&self) -> Arithmetic {
        match self.statement.layout {
            Some(Layout::Planes) => self.arithmetic.in_turn(),
            _ => self.arithmetic,
        }
    }
}

/// A row of addends, or why there is none.
pub(super) type Row = Result<Vec<BoundedSum>, Absence>;

/// Why a row has no addends. Neither is a fault of anybody's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Absence {
    /// The hypothesis says nothing about this quantity, or the inputs have nothing that it could be said of.
    #[error("the hypothesis says nothing about it")]
    NotAffected,
    /// The quantity has no value there.
    #[error(transparent)]
    NoValue(#[from] Error),
}

/// What a gradient's objective weighs reconstruction and divergence with, its entropies among the latter.
pub(super) fn objective(of: Quantity, hypothesis: &Hypothesis, beta: f64) -> [f64; 2] {
    let in_gradient = match hypothesis.slope {
        Slope::BetaOnReconstruction => Hypothesis {
            weight: Weight::OnReconstruction,
            ..*hypothesis
        },
        _ => *hypothesis,
    };
    match of {
        Quantity::Elbo | Quantity::Loss => weights(of, &in_gradient, beta),
        Quantity::Reconstruction => [1.0, 0.0],
        _ => [0.0, 1.0],
    }
}

/// What reconstruction and divergence are multiplied by in bound and loss.
pub(super) fn weights(quantity: Quantity, hypothesis: &Hypothesis, beta: f64) -> [f64; 2] {
    let bound = quantity == Quantity::Elbo;
    let [reconstruction, divergence] = match hypothesis.weight {
        Weight::InBound => [1.0, beta],
        _ if bound => [1.0, 1.0],
        Weight::ClaimSpec => [1.0, beta],
        Weight::Missing => [1.0, 1.0],
        Weight::Squared => [1.0, beta * beta],
        Weight::OnReconstruction => [beta, 1.0],
        Weight::OnBoth => [beta, beta],
        Weight::Inverted => [1.0, 1.0 / beta],
    };
    let [reconstruction, divergence] = match hypothesis.terms {
        Terms::Both => [reconstruction, -divergence],
        Terms::DivergenceMissing => [reconstruction, 0.0],
        Terms::ReconstructionMissing => [0.0, -divergence],
        Terms::DivergenceSign => [reconstruction, divergence],
        Terms::ReconstructionSign => [-reconstruction, -divergence],
    };
    let sign = if bound { 1.0 } else { -1.0 };
    [sign * reconstruction, sign * divergence]
}
