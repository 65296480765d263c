//! Computes the addends of a claim by a hypothesis, one item and one row at a time.
//!
//! Every quantity has at most three axes: the batch, rows (positions or tokens), and the entries of a row (codes,
//! pixels, coordinates or vocabulary entries).

use bounds::{Addend, BoundedSum, Rows};
use reference::model::Model as _;

use crate::dump::{Claim, Expectation, Input, Item, Pixels, Quantity, Table};
use crate::hypothesis::{Hypothesis, Masked, Slope};
use crate::inputs::{Absence, Addends, Inputs, Row, weights};

mod finite_worlds;
mod gaussian;
mod pixels;
mod schedules;
pub(crate) mod sequence;
mod tokens;

impl Inputs<'_> {
    /// The addends of a row of a claim's quantity. `fine` asks for all of them. Otherwise the sum of the row may be
    /// returned alone, where it is known better than by adding up.
    ///
    /// # Errors
    /// Where there is no value, or where the hypothesis does not affect it.
    pub fn row(
        &self,
        claim: &Claim,
        hypothesis: &Hypothesis,
        item: usize,
        row: usize,
        fine: bool,
    ) -> Result<Row, Absence> {
        let lengths = hypothesis.claim_lengths.factor(self.sizes) * hypothesis.factor;
        let row = match claim.of.as_deref() {
            Some(of) => {
                let mut slopes = self.gradient(claim, of, hypothesis, item, row)?;
                if hypothesis.slope == Slope::OneTooLarge {
                    let one = of.divisor(self.sizes) / of.factor();
                    let one = Addend::new(one, 0.0, one.abs());
                    slopes
                        .iter_mut()
                        .for_each(|slope| *slope = slope.plus(one, self.arithmetic));
                }
                Row::Entries(slopes)
            }
            None => self.quantity(claim.quantity, hypothesis, item, row, fine)?,
        };
        Ok(row.times(lengths))
    }

    fn quantity(
        &self,
        quantity: Quantity,
        hypothesis: &Hypothesis,
        item: usize,
        row: usize,
        fine: bool,
    ) -> Result<Row, Absence> {
        match quantity {
            Quantity::LogEvidence => match self.items.get(item) {
                Some(Item::World(world)) => finite_worlds::log_evidence(self, world, hypothesis).map(Row::Sum),
                _ => Err(Absence::NotAffected),
            },
            Quantity::BetaAt => schedules::at(self, self.statement.beta_schedule, hypothesis).map(Row::from),
            Quantity::TemperatureAt => {
                schedules::at(self, self.statement.temperature_schedule, hypothesis).map(Row::from)
            }
            Quantity::Sample => match self.items.get(item) {
                Some(Item::Tokens(_)) if self.skips(item, row) => Ok(Row::Entries(self.nothing())),
                Some(Item::Tokens(_)) => tokens::sample(self, hypothesis, item, row).map(Row::Entries),
                Some(Item::Gaussian(gaussian)) => gaussian::sample(self, gaussian, hypothesis).map(Row::Entries),
                _ => Err(Absence::NotAffected),
            },
            Quantity::Entropy => self.divergence(Expectation::Entropy, hypothesis, item, row, fine),
            Quantity::CrossEntropy => self.divergence(Expectation::CrossEntropy, hypothesis, item, row, fine),
            Quantity::Kl => self.divergence(Expectation::Kl, hypothesis, item, row, fine),
            Quantity::Reconstruction => self.reconstruction(hypothesis, item).map(Row::Entries),
            Quantity::TokenNll => match self.items.get(item) {
                Some(Item::Sequence(_)) => sequence::token_nll(self, hypothesis, item, row).map(Row::Sum),
                _ => Err(Absence::NotAffected),
            },
            Quantity::Elbo | Quantity::Loss => {
                if let Some(Item::Sequence(_)) = self.items.get(item) {
                    return sequence::loss(self, hypothesis, item, row).map(Row::Sum);
                }
                self.bound(quantity, hypothesis, item).map(Row::Sum)
            }
            Quantity::Gradient(_) => Err(Absence::NotAffected),
        }
    }

    pub(crate) fn divergence(
        &self,
        quantity: Expectation,
        hypothesis: &Hypothesis,
        item: usize,
        row: usize,
        fine: bool,
    ) -> Result<Row, Absence> {
        if self.skips(item, row) {
            return Ok(Row::Entries(self.nothing()));
        }
        if hypothesis.masked == Masked::Row && self.is_masked(item, row) {
            let undefined = Addend::new(f64::NAN, 0.0, 0.0);
            return Ok(if fine {
                Row::Entries(vec![undefined; self.sizes.codes])
            } else {
                undefined.into()
            });
        }
        let row = match self.items.get(item) {
            Some(Item::Tokens(_)) => tokens::divergence(self, quantity, hypothesis, item, row, fine)?,
            Some(Item::Gaussian(gaussian)) => Row::Entries(gaussian::divergence(self, gaussian, quantity, hypothesis)?),
            Some(Item::World(world)) => Row::Sum(finite_worlds::divergence(self, world, quantity, hypothesis)?),
            _ => return Err(Absence::NotAffected),
        };
        Ok(row.times(hypothesis.divergence_lengths.factor(self.sizes)))
    }

    pub(crate) fn reconstruction(&self, hypothesis: &Hypothesis, item: usize) -> Addends {
        if let Some(Item::World(world)) = self.items.get(item) {
            return finite_worlds::reconstruction(self, world, hypothesis);
        }
        let lengths = hypothesis.reconstruction_lengths.factor(self.sizes);
        let addends = pixels::log_likelihood(self, self.pixels(item)?, hypothesis)?;
        Ok(addends.into_iter().map(|addend| addend.times(lengths, 0.0)).collect())
    }

    /// The bound `R - D` (Eq. 9), or the loss `-(R - beta D)`, which is Eq. 1 as it is minimised.
    fn bound(&self, quantity: Quantity, hypothesis: &Hypothesis, item: usize) -> Result<BoundedSum, Absence> {
        if hypothesis.samples > 1 {
            return match self.items.get(item) {
                Some(Item::World(world)) if quantity == Quantity::Elbo => {
                    finite_worlds::importance_weighted(self, world, hypothesis.samples)
                }
                _ => Err(Absence::NotAffected),
            };
        }
        let u = self.arithmetic.u();
        let [on_reconstruction, on_divergence] = weights(quantity, hypothesis, self.beta(item));
        let mut sum = BoundedSum::default();
        if on_reconstruction != 0.0 {
            let reconstruction = BoundedSum::of_row(self.reconstruction(hypothesis, item)?, self.arithmetic);
            sum += reconstruction.times(on_reconstruction, u);
        }
        if on_divergence != 0.0 {
            let (mut rows, mut divergence) = (Rows::default(), BoundedSum::default());
            for row in 0..self.divergence_rows() {
                let row = self.divergence(Expectation::Kl, hypothesis, item, row, false)?;
                rows.add(&mut divergence, row.sum(self.arithmetic), self.arithmetic);
            }
            sum += divergence.closed(rows.added(), self.arithmetic).times(on_divergence, u);
        }
        Ok(sum)
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

    fn gradient(&self, claim: &Claim, of: &Claim, hypothesis: &Hypothesis, item: usize, row: usize) -> Addends {
        let Quantity::Gradient(input) = claim.quantity else {
            return Err(Absence::NotAffected);
        };
        match (self.items.get(item).ok_or(Absence::NotAffected)?, input) {
            (Item::Sequence(_), Input::TokenLogits) => sequence::gradient(self, of.quantity, hypothesis, item, row),
            (Item::Tokens(_), Input::EncoderLogits | Input::PriorLogits) if self.skips(item, row) => Ok(self.nothing()),
            (Item::Tokens(_), Input::EncoderLogits | Input::PriorLogits) => {
                tokens::gradient(self, input, of, hypothesis, item, row)
            }
            (Item::Gaussian(gaussian), Input::QMean | Input::QSpread) => {
                gaussian::gradient(self, gaussian, input, of, hypothesis)
            }
            (_, Input::Mu | Input::LnB) => pixels::gradient(self, self.pixels(item)?, input, of.quantity, hypothesis),
            _ => Err(Absence::NotAffected),
        }
    }

    /// The image of an item, and the decoder's parameters.
    fn pixels(&self, item: usize) -> Result<&Pixels, Absence> {
        let pixels = match self.items.get(item) {
            Some(Item::Tokens(tokens)) => tokens.pixels.as_ref(),
            Some(Item::Gaussian(gaussian)) => gaussian.pixels.as_ref(),
            _ => None,
        };
        pixels.ok_or(Absence::NotAffected)
    }

    /// Whether a position does not count, since all its logits are masked.
    fn skips(&self, item: usize, row: usize) -> bool {
        let Some(Item::Tokens(tokens)) = self.items.get(item).filter(|_| self.statement.skip_masked_rows) else {
            return false;
        };
        let all = |logits: &Table| logits.row(row).iter().all(|x| *x == f64::NEG_INFINITY);
        tokens.logits.as_ref().is_some_and(all)
    }

    /// The addends of a position that does not count.
    fn nothing(&self) -> Vec<Addend> {
        vec![Addend::ZERO; self.sizes.codes]
    }

    fn is_masked(&self, item: usize, row: usize) -> bool {
        match self.items.get(item) {
            Some(Item::Tokens(tokens)) => tokens
                .logits
                .as_ref()
                .is_some_and(|logits| logits.row(row).contains(&f64::NEG_INFINITY)),
            _ => false,
        }
    }
}
