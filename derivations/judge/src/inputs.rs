//! The inputs from which a quantity is computed, and the addends that it consists of.

use bounds::{Arithmetic, BoundedSum};
use reference::vocab::Error;

use super::hypothesis::{Hypothesis, PriorOf, Slope, Terms, Weight};
use crate::dump::{Form, Item, Layout, Quantity, Sizes, Statement};

/// Everything from which a quantity is computed, beside the hypothesis.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The statement of the dump.
    pub statement: &'a Statement,
    /// The sizes of the inputs.
    pub sizes: &'a Sizes,
    /// Items of the batch, in their order. [`Inputs::row`] counts from the first of them.
    pub items: &'a [Item],
    /// The arithmetic of the subject.
    pub arithmetic: Arithmetic,
}

impl Inputs<'_> {
    /// The arithmetic of the subject along the codes of a position or the entries of a token. In planes, codes lie apart
    /// in memory, so that a softmax over them adds sequentially in every framework, whatever the order of its other sums
    /// is. So do entries that a program moves behind the batch.
    pub(super) fn of_rows(&self) -> Arithmetic {
        if self.statement.layout == Some(Layout::Planes) || self.statement.inputs == Form::Sequence {
            self.arithmetic.in_turn()
        } else {
            self.arithmetic
        }
    }
}

/// A row of addends, or the reason why there is none.
pub(super) type Row = Result<Vec<BoundedSum>, Absence>;

/// The reason why a row has no addends. Neither of them is anybody's mistake.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Absence {
    /// The hypothesis does not affect this quantity, or the inputs lack what it is about.
    #[error("the hypothesis says nothing about it")]
    NotAffected,
    /// The quantity has no value on these inputs.
    #[error(transparent)]
    NoValue(#[from] Error),
}

/// The item whose prior a hypothesis gives to all, where it is not each item's own and there are others.
pub(super) fn prior_item<'a>(inputs: &Inputs<'a>, hypothesis: &Hypothesis) -> Option<&'a Item> {
    let all = inputs.items.len() == inputs.sizes.batch && inputs.sizes.batch > 1;
    inputs
        .items
        .first()
        .filter(|_| all && hypothesis.prior_of == PriorOf::FirstItem)
}

/// The weights of the reconstruction and of the divergence in the objective of a gradient. Entropies count as the
/// divergence.
pub(super) fn objective(of: Quantity, hypothesis: &Hypothesis, beta: f64) -> [f64; 2] {
    let in_gradient = match hypothesis.slope {
        Slope::BetaOnReconstruction => Hypothesis {
            weight: Weight::OnReconstruction,
            ..*hypothesis
        },
        _ => *hypothesis,
    };
    if matches!(of, Quantity::Elbo | Quantity::Loss) {
        weights(of, &in_gradient, beta)
    } else if of == Quantity::Reconstruction {
        [1.0, 0.0]
    } else {
        [0.0, 1.0]
    }
}

/// The factors of the reconstruction and of the divergence in the bound or in the loss.
pub(super) fn weights(quantity: Quantity, hypothesis: &Hypothesis, beta: f64) -> [f64; 2] {
    let bound = quantity == Quantity::Elbo;
    let [reconstruction, divergence] = match hypothesis.weight {
        Weight::InBound => [1.0, beta],
        _ if bound => [1.0, 1.0],
        Weight::AsStated => [1.0, beta],
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
