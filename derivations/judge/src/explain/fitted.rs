//! Explanations by a constant: a mistake with a number in it, which is found from one of the claimed numbers and tried
//! on all of them.

use std::f64::consts::{LN_10, PI};

use bounds::Place;
use rayon::prelude::*;

use super::super::constants::{CONSTANTS, Constant, Found};
use super::super::explanation::{Cause, Explanation};
use super::super::hypothesis::Hypothesis;
use super::super::mistakes::Mistake;
use super::decide::Evidence;
use super::search::{ENOUGH, Search};
use crate::dump::Axis;

/// The largest part of the errors that bounds may be where one number is explained by a usual constant. There are some
/// hundred of those that may be near it.
const MOST_OF_ONE: f64 = 1e-5;

/// The same where two numbers are.
const MOST_OF_TWO: f64 = 1e-3;

/// The same where at least [`ENOUGH`] are.
const MOST_OF_SEVERAL: f64 = 0.03;

/// The same where the constant is any number, found from one of at least [`ENOUGH`] numbers.
const MOST_BY_ANY: f64 = 0.01;

/// The steps of the grid on which the logarithm of a constant is looked for, and a constant itself.
const GRIDS: [i32; 2] = [32, 512];

/// The halvings of a step of the grid.
const HALVINGS: usize = 48;

/// The largest number of input numbers behind a claimed number from which a constant is found that no ratio gives.
const MOST_BEHIND: usize = 1 << 14;

/// The largest integer of a fraction that counts as a usual factor.
const LARGEST_TERM: u32 = 16;

/// A number that may be the constant.
struct Candidate {
    values: [f64; 2],
    /// The number in words.
    number: String,
    /// What usually makes it.
    usual: Option<String>,
    /// Whether it is one that people write.
    is_usual: bool,
    /// Whether it has a single digit, is a power, or is known to be made by something.
    is_short: bool,
}

impl Candidate {
    fn any(value: f64) -> Self {
        Self {
            values: [value, 0.0],
            number: digits(value),
            usual: None,
            is_usual: false,
            is_short: false,
        }
    }
}

/// A number with as many digits as tell it apart from its neighbours in a report.
fn digits(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if (1e-4..1e6).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// A number rounded to so many digits.
fn to_digits(value: f64, count: usize) -> f64 {
    format!("{value:.*e}", count - 1).parse().unwrap_or(value)
}

impl Search<'_> {
    /// The explanations by one constant. `usual` asks for those that people write, and otherwise for any number.
    pub(super) fn constants(&self, usual: bool) -> Vec<Explanation> {
        let Some(place) = self.widest_error() else {
            return Vec::new();
        };
        let form = self.inputs.statement.inputs;
        let constants = CONSTANTS.par_iter().filter(|constant| constant.forms.contains(&form));
        constants
            .filter_map(|constant| {
                let mut candidates = self.candidates(constant, &Hypothesis::AS_STATED, place).into_iter();
                let mut told = candidates.by_ref().filter(|candidate| candidate.is_usual == usual);
                told.find_map(|candidate| self.told(constant, &candidate, (None, &Hypothesis::AS_STATED)))
            })
            .collect()
    }

    /// The explanations by a factor beside one of these mistakes.
    pub(super) fn factors_beside(&self, active: &[(&'static Mistake, Hypothesis)]) -> Vec<Explanation> {
        let factor = CONSTANTS.iter().find(|constant| constant.found == Found::AsRatio);
        let (Some(factor), Some(place)) = (factor, self.widest_error()) else {
            return Vec::new();
        };
        if self.different < ENOUGH {
            return Vec::new();
        }
        let told = |(mistake, hypothesis): &(&'static Mistake, Hypothesis)| {
            let candidates = self.candidates(factor, hypothesis, place);
            let mut usual = candidates.iter().filter(|candidate| candidate.is_usual);
            usual.find_map(|candidate| self.told(factor, candidate, (Some(*mistake), hypothesis)))
        };
        active.iter().filter_map(told).collect()
    }

    /// The explanation by a constant, if it is one.
    fn told(
        &self,
        constant: &'static Constant,
        candidate: &Candidate,
        (beside, from): (Option<&'static Mistake>, &Hypothesis),
    ) -> Option<Explanation> {
        let most_of_error = match (candidate.is_usual, self.different) {
            (true, ENOUGH..) => MOST_OF_SEVERAL,
            (true, 2) => MOST_OF_TWO,
            (true, _) if candidate.is_short => MOST_OF_ONE,
            (false, ENOUGH..) => MOST_BY_ANY,
            _ => return None,
        };
        let mut hypothesis = *from;
        (constant.change)(&mut hypothesis, candidate.values);
        let cause = Cause::Constant {
            constant,
            number: candidate.number.clone(),
            usual: candidate.usual.clone(),
            beside,
        };
        let evidence = Evidence {
            is_alone: beside.is_none(),
            most_of_error,
        };
        self.decide(cause, &hypothesis, evidence).told()
    }

    /// The place of the number out of bound with the largest error, if the claimed number is finite.
    fn widest_error(&self) -> Option<Place> {
        let cells = self.cells(self.claim, self.inputs.arithmetic);
        let error = |place: &Place| {
            let flat = cells.flat(*place);
            let (stated, claimed) = (self.stated.get(flat)?, self.claimed.get(flat)?);
            claimed.is_finite().then_some((claimed - stated[0]).abs())
        };
        let each = self.places.iter().filter_map(|place| Some((error(place)?, *place)));
        each.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, place)| place)
    }

    /// The numbers that may be the constant, those that people write first.
    fn candidates(&self, constant: &Constant, from: &Hypothesis, place: Place) -> Vec<Candidate> {
        let flat = self.cells(self.claim, self.inputs.arithmetic).flat(place);
        let Some(&claimed) = self.claimed.get(flat) else {
            return Vec::new();
        };
        let expected = || self.value_at(from, place).filter(|value| value.is_finite());
        match constant.found {
            Found::AsRatio => expected().map_or(Vec::new(), |expected| self.ratios(claimed / expected)),
            Found::AsDifference => expected().map_or(Vec::new(), |expected| self.differences(claimed - expected)),
            Found::Among(values) => values
                .iter()
                .map(|values| Candidate {
                    values: *values,
                    number: match values {
                        [number, 0.0] => digits(*number),
                        [low, high] => format!("[{low}, {high}]"),
                    },
                    usual: None,
                    is_usual: true,
                    is_short: true,
                })
                .collect(),
            Found::ByLogarithm(..) | Found::Between(..) if self.behind() > MOST_BEHIND => Vec::new(),
            Found::ByLogarithm(low, high) => {
                let at = |ln: f64| self.error_at(constant, from, [ln, 0.0], (place, claimed));
                roots([low, high], GRIDS[0], at)
                    .into_iter()
                    .flat_map(logarithms)
                    .collect()
            }
            Found::Between(low, high) => {
                let at = |value: f64| self.error_at(constant, from, [value, 0.0], (place, claimed));
                roots([low, high], GRIDS[1], at).into_iter().flat_map(numbers).collect()
            }
        }
    }

    /// The number of input numbers behind a claimed number.
    fn behind(&self) -> usize {
        let (cells, sizes) = (self.cells(self.claim, self.inputs.arithmetic), self.inputs.sizes);
        let in_row = [
            sizes.codes,
            sizes.entries,
            sizes.coordinates,
            sizes.image.iter().product(),
        ];
        let in_row = in_row.into_iter().max().unwrap_or_default().max(1);
        let rows = if cells.keeps_rows() {
            1
        } else {
            sizes.positions.max(sizes.tokens).max(1)
        };
        let items = if cells.keeps_batch() { 1 } else { sizes.batch.max(1) };
        in_row.saturating_mul(rows).saturating_mul(items)
    }

    /// The number at a place by a constant, less the claimed one.
    fn error_at(
        &self,
        constant: &Constant,
        from: &Hypothesis,
        values: [f64; 2],
        (place, claimed): (Place, f64),
    ) -> f64 {
        let mut hypothesis = *from;
        (constant.change)(&mut hypothesis, values);
        self.value_at(&hypothesis, place).unwrap_or(f64::NAN) - claimed
    }

    /// A single number of the claim by a hypothesis.
    fn value_at(&self, hypothesis: &Hypothesis, place: Place) -> Option<f64> {
        let cells = self
            .cells(self.claim, self.inputs.arithmetic)
            .offset_by(hypothesis.offset);
        let items = if cells.keeps_batch() {
            place.item..place.item + 1
        } else {
            0..cells.items()
        };
        let mut sum = 0.0;
        for item in items {
            let rows = if cells.keeps_rows() {
                place.row..place.row + 1
            } else {
                0..cells.rows()
            };
            for row in rows {
                let values = self.row(self.claim, hypothesis, item, row, cells.is_fine())?.values();
                sum += if cells.is_fine() {
                    *values.get(place.entry)?
                } else {
                    values.iter().sum()
                };
            }
        }
        Some(cells.scaled(sum))
    }

    /// Factors near a ratio, those first that something usually makes.
    fn ratios(&self, ratio: f64) -> Vec<Candidate> {
        let is_near = |factor: f64| (ratio / factor - 1.0).abs() < 0.01;
        let usual = |(value, words): (f64, String)| Candidate {
            values: [value, 0.0],
            number: digits(value),
            usual: Some(words),
            is_usual: true,
            is_short: true,
        };
        let mut all: Vec<Candidate> = self
            .usual_factors()
            .into_iter()
            .filter(|(value, _)| is_near(*value))
            .map(usual)
            .collect();
        all.extend([1, 2, 3].map(|count| Candidate::any(to_digits(ratio, count))));
        all.push(Candidate::any(ratio));
        all.retain(|candidate| candidate.values[0].is_normal() && (candidate.values[0] - 1.0).abs() > 1e-12);
        all
    }

    /// Factors that a forgotten or a repeated step makes.
    fn usual_factors(&self) -> Vec<(f64, String)> {
        let (sizes, statement) = (self.inputs.sizes, self.inputs.statement);
        let mut factors = Vec::new();
        let mut add = |value: f64, words: &str| {
            factors.push((value, words.to_owned()));
            factors.push((1.0 / value, format!("1 / {words}")));
        };
        #[expect(clippy::cast_precision_loss, reason = "lengths of axes")]
        let length = |n: usize| n as f64;
        for axis in Axis::ALL {
            let n = sizes.of_axis(axis);
            if n > 1 {
                add(
                    length(n),
                    &format!(
                        "{n}, the number of {}s",
                        if axis == Axis::Batch { "item" } else { axis.name() }
                    ),
                );
            }
        }
        for (k, n) in sizes.image.iter().enumerate().filter(|(_, n)| **n > 1) {
            add(length(*n), &format!("{n}, the length of the image's axis {k}"));
        }
        if let Some(tau) = statement.temperature {
            add(tau, "the temperature");
            add(tau * tau, "the square of the temperature");
        }
        if let Some(beta) = statement.beta.filter(|beta| *beta > 0.0) {
            add(beta, "beta");
        }
        add(LN_10, "ln 10: logarithms to base ten");
        add(PI, "pi");
        for (a, b) in (2..=LARGEST_TERM).flat_map(|a| (1..a).map(move |b| (a, b))) {
            let is_lowest = (2..=b).all(|d| a % d != 0 || b % d != 0);
            if is_lowest {
                let value = f64::from(a) / f64::from(b);
                let ratio = |a: u32, b: u32| if b == 1 { a.to_string() } else { format!("{a}/{b}") };
                factors.push((value, ratio(a, b)));
                factors.push((1.0 / value, ratio(b, a)));
            }
        }
        let negative: Vec<_> = factors
            .iter()
            .map(|(value, words)| (-value, format!("-({words})")))
            .collect();
        factors.extend(negative);
        factors
    }

    /// Numbers near a difference, those first that something usually makes.
    fn differences(&self, difference: f64) -> Vec<Candidate> {
        let sizes = self.inputs.sizes;
        #[expect(clippy::cast_precision_loss, reason = "lengths of axes")]
        let length = |axis: Axis| sizes.of_axis(axis) as f64;
        let mut usual: Vec<(f64, Option<String>)> = Vec::new();
        for whole in 1..=LARGEST_TERM {
            usual.push((f64::from(whole), None));
            usual.push((0.5 * f64::from(whole), None));
        }
        for axis in Axis::ALL.into_iter().filter(|axis| sizes.of_axis(*axis) > 1) {
            let name = if axis == Axis::Batch { "item" } else { axis.name() };
            let words = format!("ln {}, the logarithm of the number of {name}s", length(axis));
            usual.push((length(axis).ln(), Some(words)));
            for (each, words) in [(0.5 * (2.0 * PI).ln(), "ln(2 pi) / 2"), (0.5, "1/2"), (1.0, "1")] {
                usual.push((length(axis) * each, Some(format!("{words} for each {name}"))));
            }
        }
        let near = |value: f64| (difference / value - 1.0).abs() < 1e-3;
        let mut all = Vec::new();
        for (value, words) in usual {
            for signed in [value, -value].into_iter().filter(|value| near(*value)) {
                let minus = |words: &String| format!("-({words})");
                all.push(Candidate {
                    values: [signed, 0.0],
                    number: digits(signed),
                    usual: if signed < 0.0 {
                        words.as_ref().map(minus)
                    } else {
                        words.clone()
                    },
                    is_usual: true,
                    is_short: true,
                });
            }
        }
        all.extend([1, 2, 3].map(|count| Candidate::any(to_digits(difference, count))));
        all.push(Candidate::any(difference));
        all.retain(|candidate| candidate.values[0].is_finite() && candidate.values[0] != 0.0);
        all
    }
}

/// Where a function of one number changes its sign, at most three places.
fn roots([low, high]: [f64; 2], steps: i32, at: impl Fn(f64) -> f64) -> Vec<f64> {
    // A constant that is of no effect at its largest is of none at all.
    let at_most = at(high);
    if at_most.is_nan() || at_most.total_cmp(&at(low)).is_eq() {
        return Vec::new();
    }
    let point = |k: i32| low + (high - low) * f64::from(k) / f64::from(steps);
    let grid: Vec<(f64, f64)> = (0..=steps).map(|k| (point(k), at(point(k)))).collect();
    let mut found = Vec::new();
    for pair in grid.windows(2) {
        let [(mut left, below), (mut right, above)] = [pair[0], pair[1]];
        if !(below * above <= 0.0) || below.total_cmp(&above).is_eq() {
            continue;
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (left + right);
            if at(middle) * below > 0.0 {
                left = middle;
            } else {
                right = middle;
            }
        }
        found.push(0.5 * (left + right));
    }
    found.truncate(3);
    found
}

/// A constant with this logarithm, as people write it, and as it is.
fn logarithms(ln: f64) -> Vec<Candidate> {
    let written = |value: f64, number: String, is_short: bool| Candidate {
        values: [value, 0.0],
        number,
        usual: None,
        is_usual: true,
        is_short,
    };
    let mut all = Vec::new();
    let near = |other: f64| (ln - other).abs() < 0.02;
    let power = (ln / std::f64::consts::LN_2).round();
    for count in [1, 2] {
        let value = to_digits(ln.exp(), count);
        if near(value.ln()) {
            all.push(written(value.ln(), digits(value), count == 1));
        }
    }
    if near(ln.round()) {
        all.push(written(ln.round(), format!("e^{}", ln.round()), true));
    }
    if near(power * std::f64::consts::LN_2) {
        all.push(written(power * std::f64::consts::LN_2, format!("2^{power}"), true));
    }
    all.push(Candidate {
        number: digits(ln.exp()),
        ..Candidate::any(ln)
    });
    all
}

/// A number as people write it, and as it is.
fn numbers(value: f64) -> Vec<Candidate> {
    let near = |other: f64| (value - other).abs() <= 0.01 * value.abs();
    let written = [1, 2].map(|count| (to_digits(value, count), count == 1));
    let mut all: Vec<Candidate> = written
        .into_iter()
        .filter(|(other, _)| near(*other))
        .map(|(other, is_short)| Candidate {
            is_usual: true,
            is_short,
            ..Candidate::any(other)
        })
        .collect();
    all.push(Candidate::any(value));
    all
}
