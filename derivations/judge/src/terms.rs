//! The numbers that a claim is added up from, by a recipe, an item and a row at a time.
//!
//! Every quantity has three axes at most: the batch, rows (positions, tokens) and what lies within a row (codes, pixels, coordinates, entries).

use bounds::{Arithmetic, BoundedSum};
use reference::model::Model as _;
use reference::vocab::Error;

use super::recipe::{Masked, Recipe, Slope, Terms, Weight};
use super::{finite_worlds, gaussian, pixels, schedules, sequence, tokens};
use crate::dump::{Claim, Input, Item, Layout, Pixels, Quantity, Sizes, Statement};

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

/// A row of addends, or why there is none.
pub(super) type Row = Result<Vec<BoundedSum>, Absence>;

/// Why a row has no addends. Neither is a fault of anybody's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Absence {
    /// The recipe says nothing about this quantity, or the inputs have nothing that it could be said of.
    #[error("the recipe says nothing about it")]
    NotAffected,
    /// The quantity has no value there.
    #[error(transparent)]
    NoValue(#[from] Error),
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

    /// The addends of a row of a claim's quantity. `fine` asks for each of them, else their sum may be known better than by them.
    ///
    /// # Errors
    /// Where there is no value, or none by this recipe.
    pub fn row(&self, claim: &Claim, recipe: &Recipe, item: usize, row: usize, fine: bool) -> Row {
        let lengths = recipe.claim_lengths.factor(self.sizes) * recipe.factor;
        let row = match claim.of.as_deref() {
            Some(of) => {
                let mut slopes = self.gradient(claim, of, recipe, item, row)?;
                if recipe.slope == Slope::OneTooLarge {
                    let one = of.divisor(self.sizes) / of.factor();
                    slopes
                        .iter_mut()
                        .for_each(|slope| *slope += BoundedSum::one(one, 0.0, one.abs()));
                }
                slopes
            }
            None => self.quantity(claim.quantity, recipe, item, row, fine)?,
        };
        let scaled = |addends: BoundedSum| addends.times(lengths, 0.0);
        Ok(row.into_iter().map(scaled).collect())
    }

    fn quantity(&self, quantity: Quantity, recipe: &Recipe, item: usize, row: usize, fine: bool) -> Row {
        match quantity {
            Quantity::LogEvidence => match self.items.get(item) {
                Some(Item::World(world)) => finite_worlds::log_evidence(self, world, recipe).map(|sum| vec![sum]),
                _ => Err(Absence::NotAffected),
            },
            Quantity::BetaAt | Quantity::TemperatureAt => schedules::at(self, quantity, recipe),
            Quantity::Sample => match self.items.get(item) {
                Some(Item::Tokens(_)) => tokens::sample(self, recipe, item, row),
                Some(Item::Gaussian(gaussian)) => gaussian::sample(self, gaussian, recipe),
                _ => Err(Absence::NotAffected),
            },
            Quantity::Entropy | Quantity::CrossEntropy | Quantity::Kl => {
                self.divergence(quantity, recipe, item, row, fine)
            }
            Quantity::Reconstruction => self.reconstruction(recipe, item),
            Quantity::TokenNll => match self.items.get(item) {
                Some(Item::Sequence(_)) => sequence::token_nll(self, recipe, item, row).map(|nll| vec![nll]),
                _ => Err(Absence::NotAffected),
            },
            Quantity::Elbo | Quantity::Loss => {
                if let Some(Item::Sequence(_)) = self.items.get(item) {
                    return sequence::loss(self, recipe, item, row).map(|loss| vec![loss]);
                }
                self.bound(quantity, recipe, item)
            }
            Quantity::Gradient(_) => Err(Absence::NotAffected),
        }
    }

    fn divergence(&self, quantity: Quantity, recipe: &Recipe, item: usize, row: usize, fine: bool) -> Row {
        let mut addends = match self.items.get(item) {
            Some(Item::Tokens(_)) => tokens::divergence(self, quantity, recipe, item, row, fine)?,
            Some(Item::Gaussian(gaussian)) => gaussian::divergence(self, gaussian, quantity, recipe)?,
            Some(Item::World(world)) => finite_worlds::divergence(self, world, quantity, recipe)?,
            _ => return Err(Absence::NotAffected),
        };
        let lengths = recipe.divergence_lengths.factor(self.sizes);
        for addend in &mut addends {
            *addend = addend.times(lengths, 0.0);
        }
        if recipe.masked == Masked::Row && self.is_masked(item, row) {
            addends = vec![BoundedSum::one(f64::NAN, 0.0, 0.0)];
        }
        Ok(addends)
    }

    fn reconstruction(&self, recipe: &Recipe, item: usize) -> Row {
        if let Some(Item::World(world)) = self.items.get(item) {
            return finite_worlds::reconstruction(self, world);
        }
        let lengths = recipe.reconstruction_lengths.factor(self.sizes);
        let addends = pixels::log_likelihood(self, self.pixels(item)?, recipe)?;
        Ok(addends.into_iter().map(|addend| addend.times(lengths, 0.0)).collect())
    }

    /// `R - D` (Eq. 9), or `-(R - beta D)` (Eq. 1 as it is minimised).
    fn bound(&self, quantity: Quantity, recipe: &Recipe, item: usize) -> Row {
        let u = self.arithmetic.u();
        let [on_reconstruction, on_divergence] = weights(quantity, recipe, self.beta(item));
        let mut sum = BoundedSum::default();
        if on_reconstruction != 0.0 {
            let reconstruction = self.reconstruction(recipe, item)?.into_iter().sum::<BoundedSum>();
            sum += reconstruction.times(on_reconstruction, u);
        }
        if on_divergence != 0.0 {
            for row in 0..self.divergence_rows() {
                let divergence = self.divergence(Quantity::Kl, recipe, item, row, false)?;
                sum += divergence.into_iter().sum::<BoundedSum>().times(on_divergence, u);
            }
        }
        Ok(vec![sum])
    }

    fn beta(&self, item: usize) -> f64 {
        match self.items.get(item) {
            Some(Item::World(world)) => world.beta().get(),
            _ => self.statement.beta(),
        }
    }

    const fn divergence_rows(&self) -> usize {
        if self.sizes.positions > 0 {
            self.sizes.positions
        } else {
            1
        }
    }

    fn gradient(&self, claim: &Claim, of: &Claim, recipe: &Recipe, item: usize, row: usize) -> Row {
        let Quantity::Gradient(input) = claim.quantity else {
            return Err(Absence::NotAffected);
        };
        match (self.items.get(item).ok_or(Absence::NotAffected)?, input) {
            (Item::Sequence(_), Input::TokenLogits) => sequence::gradient(self, of.quantity, recipe, item, row),
            (Item::Tokens(_), Input::EncoderLogits | Input::PriorLogits) => {
                tokens::gradient(self, input, of, recipe, item, row)
            }
            (Item::Gaussian(gaussian), Input::QMean | Input::QSpread) => {
                gaussian::gradient(self, gaussian, input, of, recipe)
            }
            (_, Input::Mu | Input::LnB) => pixels::gradient(self, self.pixels(item)?, input, of.quantity, recipe),
            _ => Err(Absence::NotAffected),
        }
    }

    /// The decoder's side of an item.
    fn pixels(&self, item: usize) -> Result<&Pixels, Absence> {
        let pixels = match self.items.get(item) {
            Some(Item::Tokens(tokens)) => tokens.pixels.as_ref(),
            Some(Item::Gaussian(gaussian)) => gaussian.pixels.as_ref(),
            _ => None,
        };
        pixels.ok_or(Absence::NotAffected)
    }

    fn is_masked(&self, item: usize, row: usize) -> bool {
        match self.items.get(item) {
            Some(Item::Tokens(tokens)) => tokens
                .logits
                .as_ref()
                .is_some_and(|logits| logits.row(row).iter().any(|x| *x == f64::NEG_INFINITY)),
            _ => false,
        }
    }
}

/// What reconstruction and divergence are multiplied by in bound and loss.
pub(super) fn weights(quantity: Quantity, recipe: &Recipe, beta: f64) -> [f64; 2] {
    let bound = quantity == Quantity::Elbo;
    let [reconstruction, divergence] = match recipe.weight {
        Weight::InBound => [1.0, beta],
        _ if bound => [1.0, 1.0],
        Weight::Stated => [1.0, beta],
        Weight::Missing => [1.0, 1.0],
        Weight::Squared => [1.0, beta * beta],
        Weight::OnReconstruction => [beta, 1.0],
        Weight::OnBoth => [beta, beta],
        Weight::Inverted => [1.0, 1.0 / beta],
    };
    let [reconstruction, divergence] = match recipe.terms {
        Terms::Both => [reconstruction, -divergence],
        Terms::DivergenceMissing => [reconstruction, 0.0],
        Terms::ReconstructionMissing => [0.0, -divergence],
        Terms::DivergenceSign => [reconstruction, divergence],
        Terms::ReconstructionSign => [-reconstruction, -divergence],
    };
    let sign = if bound { 1.0 } else { -1.0 };
    [sign * reconstruction, sign * divergence]
}

/// What a gradient's objective weighs reconstruction and divergence with, its entropies among the latter.
pub(super) fn objective(of: Quantity, recipe: &Recipe, beta: f64) -> [f64; 2] {
    let in_gradient = match recipe.slope {
        Slope::BetaOnReconstruction => Recipe {
            weight: Weight::OnReconstruction,
            ..*recipe
        },
        _ => *recipe,
    };
    match of {
        Quantity::Elbo | Quantity::Loss => weights(of, &in_gradient, beta),
        Quantity::Reconstruction => [1.0, 0.0],
        _ => [0.0, 1.0],
    }
}
