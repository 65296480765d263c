//! Replays the sums of a claim in the subject's type, in the orders that libraries have, where nothing bounds what an
//! order may do: millions of numbers, added up one after the other.

// An accumulator s is a multiple of its last place ulp(s), so that adding a moves it by round(a / ulp(s)) ulp(s), whatever
// its digits are, while it stays in one binade. What a long sum loses is therefore the same in every program that adds
// equal numbers in equal order. Numbers that differ by their own roundings, d_i, move a few of these steps:
//
//   - on average by sum |d_i|, at most 32 u of the mass (bounds::implementation);
//   - at random by sqrt(sum |d_i| ulp(s)), since a step of one last place is taken or not.

use bounds::{Arithmetic, Comparison, Float, Number, deviations};
use rayon::prelude::*;
use worlds::case::FileError;

use super::hypothesis::Hypothesis;
use super::inputs::{Inputs, Shared};
use crate::dump::{Axis, Claim, Dump, Expectation, Form, Layout, Prior, Quantity};

/// The numbers of accumulators among which libraries deal a sum out: one, and vector registers of some widths.
const LANES: [usize; 5] = [1, 4, 8, 16, 32];

/// The roundings of an addend, of its logarithms and its products, in units of `u` of its size.
const OFF: f64 = 32.0;

/// A sum that is dealt out to accumulators in turn.
struct Dealt {
    accumulators: Vec<f64>,
    next: usize,
}

impl Dealt {
    fn new(lanes: usize) -> Self {
        Self {
            accumulators: vec![0.0; lanes],
            next: 0,
        }
    }

    fn add(&mut self, number: f64, float: Float) {
        let accumulator = &mut self.accumulators[self.next];
        *accumulator = float.nearest(*accumulator + number);
        self.next = if self.next + 1 == self.accumulators.len() {
            0
        } else {
            self.next + 1
        };
    }

    fn sum(&self, float: Float) -> f64 {
        self.accumulators
            .iter()
            .fold(0.0, |sum, part| float.nearest(sum + part))
    }
}

/// A quantity that a program adds up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The divergence, code by code.
    Divergence,
    /// The entropy, code by code.
    Entropy,
    /// The cross-entropy, code by code.
    CrossEntropy,
}

/// A way of adding up: an order, a type, and accumulators.
struct Way {
    words: String,
    float: Float,
    /// Whether the sum begins anew with every item, and the sums of items are added in turn.
    by_item: bool,
    /// The sum so far of each part.
    parts: [Dealt; 3],
    /// The sums of the items so far.
    items: [f64; 3],
}

impl Way {
    fn end_of_item(&mut self) {
        if self.by_item {
            for (sum, part) in self.items.iter_mut().zip(&mut self.parts) {
                *sum = self.float.nearest(*sum + part.sum(self.float));
                *part = Dealt::new(part.accumulators.len());
            }
        }
    }

    fn sums(&self) -> [f64; 3] {
        if self.by_item {
            self.items
        } else {
            [0, 1, 2].map(|part| self.parts[part].sum(self.float))
        }
    }
}

/// The ways that are replayed in types.
fn ways(w: Arithmetic, items: usize) -> Vec<Way> {
    let mut floats = vec![w.usual, w.sums];
    floats.dedup();
    let mut all = Vec::new();
    for float in floats {
        for lanes in LANES {
            for by_item in [false, true].into_iter().filter(|by_item| !by_item || items > 1) {
                let dealt = match lanes {
                    1 => "one after the other".to_owned(),
                    _ => format!("in {lanes} lanes"),
                };
                let scope = if by_item {
                    "the numbers of an item"
                } else {
                    "all numbers"
                };
                all.push(Way {
                    words: format!("{scope} added up {dealt} in {}", float.name()),
                    float,
                    by_item,
                    parts: std::array::from_fn(|_| Dealt::new(lanes)),
                    items: [0.0; 3],
                });
            }
        }
    }
    all
}

/// What a way of adding up does to a number: the number by it is `off` more than the exact one.
struct Drift {
    words: String,
    off: f64,
}

/// Decides about the numbers of a claim that only the order of a sum may explain. A number is right that lies near what
/// one of the orders gives, and wrong if none does. Returns a sentence about the orders that explain numbers.
///
/// # Errors
/// [`FileError`] for a number in the inputs that is not allowed, or a file that cannot be read.
pub(super) fn decide(dump: &Dump, claim: &Claim, comparison: &mut Comparison) -> Result<Option<String>, FileError> {
    let open = std::mem::take(&mut comparison.open);
    let Some(weight) = weight(dump, claim) else {
        return Ok(None);
    };
    let scale = weight * claim.factor() / claim.divisor(&dump.sizes);
    let keeps_batch = claim.keeps(Axis::Batch);
    let w = dump.statement.arithmetic();
    let is_narrow = w.sums != w.usual;
    let mut told = None;
    let mut at: Option<(usize, Vec<Drift>, f64)> = None;
    for number in open {
        let item = number.place.item;
        if at.as_ref().is_none_or(|(known, ..)| *known != item) {
            let items = if keeps_batch {
                item..item + 1
            } else {
                0..dump.sizes.batch
            };
            let (drifts, tolerance) = drifts(dump, claim, items)?;
            at = Some((item, drifts, tolerance));
        }
        let Some((_, drifts, tolerance)) = &at else { continue };
        let near = |drift: &&Drift| {
            let by_order = number.expected + drift.off * scale;
            (number.found - by_order).abs() <= number.known_order + tolerance * scale.abs()
        };
        let by_order = drifts.iter().find(near);
        if by_order.is_none() && is_narrow {
            continue; // A half accumulator has more orders than are replayed: the number stays open.
        }
        comparison.settle(&number, by_order.map(|drift| number.expected + drift.off * scale));
        if let Some(drift) = by_order {
            let lost = (drift.off * scale).abs();
            told.get_or_insert_with(|| sentence(claim, &number, drift, lost));
        }
    }
    Ok(told)
}

fn sentence(claim: &Claim, number: &Number, drift: &Drift, lost: f64) -> String {
    format!(
        "{} is right as {}, which puts it {lost:.2e} off {:.6e}: the rounding of one long sum",
        claim.quantity.name(),
        drift.words,
        number.expected
    )
}

/// The weight of the divergence in a claim that sums over positions, where its sums can be replayed.
fn weight(dump: &Dump, claim: &Claim) -> Option<f64> {
    let sums_all = dump.statement.inputs == Form::Tokens && !claim.keeps(Axis::Position) && !claim.keeps(Axis::Code);
    let weight = match claim.quantity {
        Quantity::Entropy | Quantity::CrossEntropy | Quantity::Kl => 1.0,
        Quantity::Elbo => -1.0,
        Quantity::Loss => dump.beta(),
        Quantity::LogEvidence | Quantity::BetaAt | Quantity::TemperatureAt | Quantity::Sample => return None,
        Quantity::Reconstruction | Quantity::TokenNll | Quantity::Gradient(_) => return None,
    };
    sums_all.then_some(weight)
}

/// What the ways of adding up do to the divergence of these items, and how far a program of that way may lie from it.
fn drifts(dump: &Dump, claim: &Claim, items: std::ops::Range<usize>) -> Result<(Vec<Drift>, f64), FileError> {
    let w = dump.statement.arithmetic();
    let mut ways = ways(w, items.len());
    let (mut exact, mut sizes) = ([0.0; 3], [0.0; 3]);
    for item in items {
        let one = [dump.item(item)?];
        let inputs = Inputs {
            statement: &dump.statement,
            sizes: &dump.sizes,
            items: &one,
            arithmetic: w,
            shared: None,
        };
        in_memory_order(&inputs, &mut |numbers: &[[f32; 2]]| {
            for parts in numbers.iter().map(parts) {
                for ((sum, size), part) in exact.iter_mut().zip(&mut sizes).zip(parts) {
                    (*sum, *size) = (*sum + part, *size + part.abs());
                }
            }
            ways.par_iter_mut().for_each(|way| {
                for parts in numbers.iter().map(parts) {
                    for (dealt, part) in way.parts.iter_mut().zip(parts) {
                        dealt.add(part, way.float);
                    }
                }
            });
        });
        ways.iter_mut().for_each(Way::end_of_item);
    }
    let [_, entropy, cross] = sizes;
    let place = 4.0 * w.usual.unit_roundoff() * sizes.into_iter().fold(0.0, f64::max);
    let moved = OFF * w.u() * (entropy + cross);
    let tolerance = moved + deviations(1.0) * (moved * place).sqrt();
    let drifts = ways.iter().flat_map(|way| of_way(dump, claim, way, exact));
    Ok((drifts.collect(), tolerance))
}

/// A number of the divergence and one of the entropy as the three parts, see [`Part`].
fn parts([divergence, entropy]: &[f32; 2]) -> [f64; 3] {
    [*divergence, *entropy, divergence + entropy].map(f64::from)
}

/// The largest number of rows that are computed before they are added up.
const ROWS: usize = 64;

/// Hands the numbers of the divergence and of the entropy over, code by code, each as the subject's type has it, in the
/// order in which the logits of the only item lie in memory.
fn in_memory_order(inputs: &Inputs<'_>, take: &mut dyn FnMut(&[[f32; 2]])) {
    let (rows, codes) = (inputs.sizes.positions, inputs.sizes.codes);
    let is_planes = inputs.statement.layout == Some(Layout::Planes);
    let mut all = vec![[0.0; 2]; if is_planes { rows * codes } else { 0 }];
    for first in (0..rows).step_by(ROWS) {
        let these: Vec<Vec<[f32; 2]>> = (first..rows.min(first + ROWS))
            .into_par_iter()
            .map(|at| row(inputs, at))
            .collect();
        if is_planes {
            // A position's numbers lie one in each plane.
            for (at, row) in these.iter().enumerate() {
                for (code, numbers) in row.iter().enumerate() {
                    all[code * rows + first + at] = *numbers;
                }
            }
        } else {
            these.iter().for_each(|row| take(row));
        }
    }
    if is_planes {
        take(&all);
    }
}

/// The numbers of the divergence and of the entropy of a position, code by code. There are none where they have no value.
fn row(inputs: &Inputs<'_>, at: usize) -> Vec<[f32; 2]> {
    let each = inputs.arithmetic.each;
    #[expect(clippy::cast_possible_truncation, reason = "single precision or less")]
    let as_stored = |number: f64| each.nearest(number) as f32;
    let shared = Shared::at(0, at);
    let inputs = Inputs {
        shared: Some(&shared),
        ..*inputs
    };
    let of = |quantity: Expectation| inputs.divergence(quantity, &Hypothesis::AS_STATED, 0, at, true);
    let (Ok(divergence), Ok(entropy)) = (of(Expectation::Kl), of(Expectation::Entropy)) else {
        return Vec::new();
    };
    let pairs = divergence.values().into_iter().zip(entropy.values());
    pairs.map(|(d, h)| [as_stored(d), as_stored(h)]).collect()
}

/// What a way of adding up does to a claim, by the parts that a program may add up apart.
fn of_way(dump: &Dump, claim: &Claim, way: &Way, exact: [f64; 3]) -> Vec<Drift> {
    let sums = way.sums();
    let off = |part: Part| sums[part as usize] - exact[part as usize];
    let [divergence, entropy, cross] = [Part::Divergence, Part::Entropy, Part::CrossEntropy].map(off);
    let mut all = match claim.quantity.expectation() {
        Some(Expectation::Entropy) => vec![("", entropy)],
        Some(Expectation::CrossEntropy) => vec![("", cross)],
        Some(Expectation::Kl) | None => vec![("", divergence), (", entropy and cross-entropy apart", cross - entropy)],
    };
    if dump.statement.prior == Some(Prior::Uniform) && all.len() > 1 {
        all.push((", the entropy alone", -entropy));
    }
    let drift = |(apart, off): (&str, f64)| Drift {
        words: format!("{}{apart}", way.words),
        off,
    };
    all.into_iter().map(drift).collect()
}
