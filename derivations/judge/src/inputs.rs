//! The inputs from which a quantity is computed, and the addends that it consists of.

use std::borrow::Cow;
use std::sync::OnceLock;

use bounds::{Added, Addend, Arithmetic, BoundedSum, LogSoftmaxRow};
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
    /// What the claims of a row have in common, where several are computed.
    pub shared: Option<&'a Shared>,
}

/// The rows of a position by the definition, which all claims about it have in common: each is normalised once.
#[derive(Debug, Default)]
pub struct Shared {
    /// The index of the item among the inputs, and the position.
    place: [usize; 2],
    encoder: OnceLock<LogSoftmaxRow>,
    prior: OnceLock<LogSoftmaxRow>,
}

/// One of the rows of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// That of the encoder.
    Encoder,
    /// That of the prior.
    Prior,
}

impl Shared {
    /// Nothing yet is known of a position.
    #[must_use]
    pub const fn at(item: usize, row: usize) -> Self {
        Self {
            place: [item, row],
            encoder: OnceLock::new(),
            prior: OnceLock::new(),
        }
    }

    const fn row(&self, side: Side) -> &OnceLock<LogSoftmaxRow> {
        match side {
            Side::Encoder => &self.encoder,
            Side::Prior => &self.prior,
        }
    }
}

impl<'a> Inputs<'a> {
    /// A row of a position, which `normalise` computes where it is not known yet. Claims share it where it is read as it is
    /// stated.
    pub(super) fn shared_row(
        &self,
        (side, is_stated): (Side, bool),
        place: [usize; 2],
        normalise: impl FnOnce() -> Result<LogSoftmaxRow, Absence>,
    ) -> Result<Cow<'a, LogSoftmaxRow>, Absence> {
        let Some(shared) = self.shared.filter(|shared| is_stated && shared.place == place) else {
            return normalise().map(Cow::Owned);
        };
        let known = shared.row(side);
        match known.get() {
            Some(row) => Ok(Cow::Borrowed(row)),
            None => normalise().map(|row| Cow::Borrowed(known.get_or_init(|| row))),
        }
    }

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

/// What a row of a claim consists of.
#[derive(Debug, Clone)]
pub enum Row {
    /// Its addends, entry by entry.
    Entries(Vec<Addend>),
    /// Their sum, where it is known better than by adding them up, or is no sum of entries.
    Sum(BoundedSum),
}

impl Row {
    /// The sum of the row, closed.
    #[must_use]
    pub fn sum(self, w: Arithmetic) -> BoundedSum {
        match self {
            Self::Entries(addends) => BoundedSum::of_row(addends, w),
            Self::Sum(sum) => sum.closed(Added::ONE, w),
        }
    }

    /// The values of its entries, or that of the sum.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        match self {
            Self::Entries(addends) => addends.iter().map(|addend| addend.value).collect(),
            Self::Sum(sum) => vec![sum.value()],
        }
    }

    /// The row, each part of which is multiplied by a factor that the subject does not round.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        match self {
            Self::Sum(sum) => Self::Sum(sum.times(factor, 0.0)),
            Self::Entries(mut addends) => {
                if factor.to_bits() != 1.0_f64.to_bits() {
                    addends
                        .iter_mut()
                        .for_each(|addend| *addend = addend.times(factor, 0.0));
                }
                Self::Entries(addends)
            }
        }
    }
}

impl From<Addend> for Row {
    fn from(addend: Addend) -> Self {
        Self::Sum(addend.into())
    }
}

/// The addends of a row, or the reason why there are none.
pub(super) type Addends = Result<Vec<Addend>, Absence>;

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
