//! Posteriors of a finite world, normalised here with no help of the functions that the lines of the derivation use.

use crate::model::Model;
use crate::vocab::{Error, Nats};
use crate::world::World;

/// A distribution formed from unnormalised log-weights, with the size of what each logarithm was made of.
pub(crate) struct Posterior {
    ln: Vec<Nats>,
    ln_total: Nats,
}

/// A state of caption and code, and the caption that its decoder is told, which may be another.
#[derive(Clone, Copy)]
struct Cell {
    caption: usize,
    code: usize,
    decoder: usize,
}

impl Posterior {
    /// `p(z|x,y)` restricted to the codes that `keep` names, renormalised.
    pub(super) fn of_codes(world: &World, keep: impl Fn(usize) -> bool) -> Result<Self, Error> {
        let y = world.y();
        Self::of_cells(world, world.codes(), |code| {
            keep(code).then_some(Cell {
                caption: y,
                code,
                decoder: y,
            })
        })
    }

    /// `p(y,z|x)`, caption by caption.
    pub(super) fn of_captions_and_codes(world: &World) -> Result<Self, Error> {
        Self::of_table(world, |caption| caption)
    }

    /// The distribution proportional to `p(y',z) p(x|y,z)`, caption by caption, with the decoder at the observed `y`
    /// for each.
    pub(super) fn with_caption_fixed(world: &World) -> Result<Self, Error> {
        Self::of_table(world, |_| world.y())
    }

    fn of_table(world: &World, decoder: impl Fn(usize) -> usize) -> Result<Self, Error> {
        let codes = world.codes();
        Self::of_cells(world, world.captions() * codes, |flat| {
            Some(Cell {
                caption: flat / codes,
                code: flat % codes,
                decoder: decoder(flat / codes),
            })
        })
    }

    /// The distribution proportional to decoder times prior, over the states that have a cell. The largest
    /// log-likelihood among the possible states is taken off first: it cancels, so that a decoder's offset of thousands
    /// of nats costs no digit.
    fn of_cells(world: &World, states: usize, cell: impl Fn(usize) -> Option<Cell>) -> Result<Self, Error> {
        let ln_prior = |cell: Cell| world.prior().ln()[[cell.caption, cell.code]];
        let ln_likelihood = |cell: Cell| world.likelihood()[[cell.decoder, cell.code]];
        let possible = (0..states).filter_map(&cell).filter(|&cell| ln_prior(cell).is_finite());
        let largest = possible.map(ln_likelihood).fold(f64::NEG_INFINITY, f64::max);
        Self::new(states, |state| match cell(state) {
            // This subtracts two table entries, and so rounds once, by the size of the difference.
            Some(cell) if largest.is_finite() => Nats::of(ln_likelihood(cell) - largest) + Nats::of(ln_prior(cell)),
            _ => Nats::NEG_INFINITY,
        })
    }

    /// The distribution over so many states that is proportional to `exp(ln_weight)`.
    pub(crate) fn new(states: usize, ln_weight: impl Fn(usize) -> Nats) -> Result<Self, Error> {
        let weights: Vec<Nats> = (0..states).map(ln_weight).collect();
        let Some((top, sum)) = sum_of_weights(&weights) else {
            return Err(Error::Indeterminate { line: "the posterior" });
        };
        let (total, spread) = (sum.value(), sum.mass());
        // The normaliser errs as a log-sum-exp does: by its terms, by `top`, by the logarithm and by the sum itself.
        let normaliser = spread / total + top.abs() + total.ln() + 1.0;
        let normalise = |weight: Nats| {
            let mass = if weight.is_finite() {
                weight.mass() + normaliser
            } else {
                0.0
            };
            Nats::with_mass((weight.value() - top) - total.ln(), mass)
        };
        let ln_total = Nats::with_mass(top + total.ln(), normaliser);
        Ok(Self {
            ln: weights.into_iter().map(normalise).collect(),
            ln_total,
        })
    }

    /// The logarithm of the sum of the unnormalised weights.
    pub(crate) const fn ln_total(&self) -> Nats {
        self.ln_total
    }

    /// Each state with its log-probability.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, Nats)> + '_ {
        self.ln.iter().copied().enumerate()
    }

    /// The logarithm of the probability that the states for which `counts` holds have together.
    pub(crate) fn log_share(&self, counts: impl Fn(usize) -> bool) -> Result<Nats, Error> {
        let within: Vec<Nats> = self
            .entries()
            .filter(|(k, ln_p)| counts(*k) && ln_p.is_finite())
            .map(|(_, ln_p)| ln_p)
            .collect();
        let Some((top, sum)) = sum_of_weights(&within) else {
            return Err(Error::Indeterminate {
                line: "a share of probability 0",
            });
        };
        let (total, mass) = (sum.value(), sum.mass());
        let ln_total = total.ln();
        Ok(Nats::with_mass(
            top + ln_total,
            mass / total + top.abs() + ln_total.abs() + 1.0,
        ))
    }

    /// The divergence `sum_k q_k ln (q_k / posterior_k)`, where `q(k)` returns `(q_k, ln q_k)`.
    pub(crate) fn divergence_from(&self, q: impl Fn(usize) -> (f64, f64)) -> Result<Nats, Error> {
        let mut terms = Vec::with_capacity(self.ln.len());
        for (k, ln_posterior) in self.entries() {
            let (q_k, ln_q_k) = q(k);
            if ln_q_k == f64::NEG_INFINITY {
                continue;
            }
            if !ln_posterior.is_finite() {
                return Ok(Nats::INFINITY);
            }
            terms.push(-(q_k * (ln_posterior - Nats::of(ln_q_k))));
        }
        Ok(terms.into_iter().sum())
    }
}

/// The largest of some log-weights, and the compensated sum of the weights relative to it. There is none where every
/// weight is 0.
fn sum_of_weights(ln_weights: &[Nats]) -> Option<(f64, Nats)> {
    let mut top = f64::NEG_INFINITY;
    for ln_weight in ln_weights {
        top = top.max(ln_weight.value());
    }
    if top == f64::NEG_INFINITY {
        return None;
    }
    let relative = |ln_weight: &Nats| {
        let weight = (ln_weight.value() - top).exp();
        if !ln_weight.is_finite() {
            return Nats::with_mass(weight, 0.0);
        }
        Nats::with_mass(weight, weight * (ln_weight.mass() + (ln_weight.value() - top).abs()))
    };
    Some((top, ln_weights.iter().map(relative).sum()))
}

#[cfg(test)]
mod tests {
    use super::Posterior;
    use crate::vocab::Nats;
    use approx::assert_relative_eq;

    #[test]
    fn a_share_carries_the_mass_of_its_addends() {
        let ln2 = 2.0_f64.ln();
        let posterior = Posterior {
            ln: vec![
                Nats::with_mass(-ln2, 9.0),
                Nats::with_mass(-2.0 * ln2, 3.0),
                Nats::with_mass(-3.0 * ln2, 5.0),
                Nats::NEG_INFINITY,
            ],
            ln_total: Nats::ZERO,
        };
        // States 1 to 3: 1/4 and 1/8 (the last is impossible). Weights 1 and 1/2 below the largest, their sum 3/2.
        let share = posterior.log_share(|k| k > 0).expect("a share");
        assert_relative_eq!(share.value(), 0.375_f64.ln(), max_relative = 1e-15);
        let carried = (3.0 + 0.5 * (5.0 + ln2)) / 1.5;
        assert_relative_eq!(
            share.mass(),
            carried + 2.0 * ln2 + 1.5_f64.ln() + 1.0,
            max_relative = 1e-15
        );
        assert!(posterior.log_share(|k| k == 3).is_err());
    }
}
