//! Explanations by what was done with right numbers afterwards: another order, missing addends, printed digits; and by
//! estimates that stand for them.

use bounds::MOST_OF_ERROR;

use super::super::evaluate::StopAt;
use super::super::explanation::{ArithmeticCause, Cause, Changed, Explanation};
use super::super::hypothesis::Hypothesis;
use super::search::{ENOUGH, Search};
use crate::dump::{Axis, Claim, Form, Item, Kept, Quantity, Role};

/// The largest number of items or rows whose order is looked for.
const MOST_ORDERED: usize = 1 << 12;

/// The largest probability that numbers are near estimates by chance.
const MOST_BY_CHANCE: f64 = 1e-3;

/// The most digits of a rounded number.
const MOST_DIGITS: u8 = 7;

/// The largest part of a last digit that a stored number may be off from a number of so many digits.
const OFF_DIGIT: f64 = 0.05;

/// A number by the definition, and its bound.
type Stated = [f64; 2];

impl Search<'_> {
    /// The explanations by a change of right numbers.
    pub(super) fn changed(&self) -> Vec<Explanation> {
        if self.stated.len() != self.claimed.len() || self.claimed.iter().any(|number| !number.is_finite()) {
            return Vec::new();
        }
        [self.permuted(), self.missing(), self.one_sample(), self.digits()]
            .into_iter()
            .flatten()
            .map(|(changed, used)| Explanation::of(Cause::Changed(changed), used))
            .collect()
    }

    /// The share of its bound that the worst claimed number uses of these, if all are within their bounds and these are
    /// narrow enough: at most this part of the errors.
    fn used(&self, numbers: &[Stated], most: f64) -> Option<f64> {
        let (mut used, mut bounds, mut errors) = (0.0_f64, 0.0, 0.0);
        for ((number, stated), claimed) in numbers.iter().zip(&self.stated).zip(&self.claimed) {
            let [value, bound] = *number;
            let share = (value - claimed).abs() / bound;
            if !(share <= 1.0) {
                return None;
            }
            used = used.max(share);
            let error = (stated[0] - claimed).abs();
            if !(error <= stated[1]) {
                (bounds, errors) = (bounds + bound, errors + error);
            }
        }
        (errors > 0.0 && bounds <= most * errors).then_some(used)
    }

    /// The largest part of the errors that the bounds may be, where so many changes are tried. Enough different numbers do
    /// not all fit one of them by chance.
    fn most_of_error(&self, tried: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let tried = if self.different >= ENOUGH { 1.0 } else { tried as f64 };
        MOST_OF_ERROR / tried
    }

    /// The axis of items or of rows, as a word, with the indices of the numbers of each.
    fn groups(&self, role: Role) -> Option<(&'static str, Vec<Vec<usize>>)> {
        let cells = self.cells(self.claim, self.inputs.arithmetic);
        let axis = self
            .claim
            .axes
            .iter()
            .map(|(axis, _)| *axis)
            .find(|axis| axis.role() == role)?;
        let kept = self.claim.keeps(axis);
        let entries = if cells.is_fine() { cells.entries() } else { 1 };
        let [items, rows] = [
            if cells.keeps_batch() { cells.items() } else { 1 },
            if cells.keeps_rows() { cells.rows() } else { 1 },
        ];
        let (count, word) = match role {
            Role::Batch => (items, "item"),
            Role::Row => (rows, axis.name()),
            Role::Entry => return None,
        };
        if !kept || !(2..=MOST_ORDERED).contains(&count) {
            return None;
        }
        let mut groups = vec![Vec::new(); count];
        for item in 0..items {
            for row in 0..rows {
                for entry in 0..entries {
                    let at = if role == Role::Batch { item } else { row };
                    groups[at].push(cells.flat(bounds::Place { item, row, entry }));
                }
            }
        }
        Some((word, groups))
    }

    /// Numbers in another order of items or of rows.
    fn permuted(&self) -> Option<(Changed, f64)> {
        [Role::Batch, Role::Row].into_iter().find_map(|role| {
            let (axis, groups) = self.groups(role)?;
            let fits = |claimed: &[usize], stated: &[usize]| {
                let pairs = claimed.iter().zip(stated);
                pairs.into_iter().all(|(claimed, stated)| {
                    let [value, bound] = self.stated[*stated];
                    (self.claimed[*claimed] - value).abs() <= bound
                })
            };
            let (mut from, mut taken) = (Vec::new(), vec![false; groups.len()]);
            for (at, claimed) in groups.iter().enumerate() {
                // Its own place first: equal numbers need not move.
                let mut others = std::iter::once(at).chain(0..groups.len());
                let found = others.find(|other| !taken[*other] && fits(claimed, &groups[*other]))?;
                taken[found] = true;
                from.push(found);
            }
            let mut numbers = self.stated.clone();
            for (claimed, other) in groups.iter().zip(&from) {
                for (claimed, stated) in claimed.iter().zip(&groups[*other]) {
                    numbers[*claimed] = self.stated[*stated];
                }
            }
            // Any of so many numbers may be near one by chance, but not several at once.
            let used = self.used(&numbers, self.most_of_error(groups.len()))?;
            let order = order(axis, &from);
            Some((Changed::Permuted { axis, order }, used))
        })
    }

    /// Sums or means that lack the first or the last items or rows.
    fn missing(&self) -> Option<(Changed, f64)> {
        let reduced = self.claim.axes.iter().filter(|(_, kept)| *kept != Kept::Each);
        let mut reduced = reduced.filter(|(axis, _)| axis.role() != Role::Entry);
        reduced.find_map(|(axis, kept)| self.missing_of(*axis, *kept))
    }

    fn missing_of(&self, axis: Axis, kept: Kept) -> Option<(Changed, f64)> {
        let n = self.inputs.sizes.of_axis(axis);
        if !(2..=MOST_ORDERED).contains(&n) {
            return None;
        }
        let mut apart = self.claim.clone();
        for (other, kept) in &mut apart.axes {
            if *other == axis {
                *kept = Kept::Each;
            }
        }
        // As many numbers for each of the claim's as the axis is long. Without a claim to compare with, they are recorded.
        let cells = self.cells(&apart, self.inputs.arithmetic);
        if axis.role() == Role::Row && cells.keeps_batch() && self.claim.keeps(Axis::Code) {
            return None;
        }
        let each = self.recorded(&apart, n * self.claimed.len())?;
        let inner = if axis.role() == Role::Batch {
            self.claimed.len()
        } else {
            1
        };
        let of = |at: usize, range: std::ops::Range<usize>| -> f64 {
            let at_index = |k: usize| {
                if axis.role() == Role::Batch {
                    k * inner + at
                } else {
                    at * n + k
                }
            };
            range.map(|k| each[at_index(k)][0]).sum::<f64>()
        };
        #[expect(clippy::cast_precision_loss, reason = "a length")]
        let (length, most) = (n as f64, self.most_of_error(4 * n));
        let word = if axis == Axis::Batch { "item" } else { axis.name() };
        for left_out in 1..n {
            #[expect(clippy::cast_precision_loss, reason = "counts")]
            let rest = (n - left_out) as f64;
            for (first, range) in [(true, left_out..n), (false, 0..n - left_out)] {
                let mut divisors = vec![if kept == Kept::Mean { length } else { 1.0 }];
                if kept == Kept::Mean {
                    divisors.push(rest);
                }
                for divisor in divisors {
                    let one = |at: usize| [of(at, range.clone()) / divisor, self.stated[at][1]];
                    let numbers: Vec<Stated> = (0..self.claimed.len()).map(one).collect();
                    if let Some(used) = self.used(&numbers, most) {
                        let end = if first { "first" } else { "last" };
                        let which = format!("the {end} {left_out} of {n} are left out");
                        return Some((Changed::Missing { axis: word, which }, used));
                    }
                }
            }
        }
        None
    }

    /// The numbers of another form of the claim by the definition.
    fn recorded(&self, claim: &Claim, count: usize) -> Option<Vec<Stated>> {
        let mut cells = self.cells(claim, self.inputs.arithmetic);
        cells.record();
        let nothing = vec![0.0; count];
        let comparison = self.compared(claim, &nothing, &Hypothesis::AS_STATED, cells, StopAt::Nothing)?;
        comparison.recorded.filter(|recorded| recorded.len() == count)
    }

    /// Right numbers, rounded to a few digits.
    fn digits(&self) -> Option<(Changed, f64)> {
        let stored = self.claim.stored.unit_roundoff();
        let decimals = (0..=MOST_DIGITS).map(|digits| (Changed::Decimals(digits), i32::from(digits)));
        let decimal = |digits: i32| move |_: f64| 10.0_f64.powi(-digits);
        let significant = (1..=MOST_DIGITS).map(|digits| (Changed::Digits(digits), i32::from(digits)));
        let place = |digits: i32| {
            move |number: f64| {
                #[expect(clippy::cast_possible_truncation, reason = "an exponent of ten")]
                let exponent = number.abs().log10().floor() as i32;
                10.0_f64.powi(exponent + 1 - digits)
            }
        };
        let try_place = |changed: Changed, unit: &dyn Fn(f64) -> f64| {
            let mut used = 0.0_f64;
            let (mut any, mut finest) = (false, true);
            for ([value, bound], claimed) in self.stated.iter().zip(&self.claimed) {
                if *claimed == 0.0 && value.abs() <= *bound {
                    continue;
                }
                let unit = unit(*claimed);
                let off = 2.0 * stored * claimed.abs() + f64::MIN_POSITIVE;
                let distance = (claimed / unit - (claimed / unit).round()).abs() * unit;
                let share = (claimed - value).abs() / (0.5 * unit + bound + off);
                // A type in which every number has so few digits shows nothing, nor does a bound as wide as the digit.
                if !(distance <= off && off <= OFF_DIGIT * unit && share <= 1.0 && *bound <= 0.25 * unit) {
                    return None;
                }
                any |= *claimed != 0.0;
                finest &= (claimed - value).abs() <= *bound;
                used = used.max(share);
            }
            (any && !finest).then_some((changed, used))
        };
        decimals
            .into_iter()
            .find_map(|(changed, digits)| try_place(changed, &decimal(digits)))
            .or_else(|| {
                significant
                    .into_iter()
                    .find_map(|(changed, digits)| try_place(changed, &place(digits)))
            })
    }

    /// Estimates of an expectation over codes from one code for each position.
    fn one_sample(&self) -> Option<(Changed, f64)> {
        let claim = self.claim;
        let sums_codes = claim.axes.contains(&(Axis::Code, Kept::Sum));
        let each = sums_codes && claim.keeps(Axis::Batch) && claim.keeps(Axis::Position);
        if self.inputs.statement.inputs != Form::Tokens || !each {
            return None;
        }
        ESTIMATORS.iter().find_map(|estimator| {
            if estimator.of != claim.quantity {
                return None;
            }
            let (mut worst, mut bounds, mut errors) = (0.0_f64, 0.0, 0.0);
            // The logarithm of the probability that so many numbers are near an estimate by chance.
            let mut by_chance = 0.0_f64;
            let cells = self.cells(claim, self.inputs.arithmetic);
            for item in 0..cells.items() {
                for row in 0..cells.rows() {
                    let flat = cells.flat(bounds::Place { item, row, entry: 0 });
                    let (claimed, [value, own]) = (self.claimed[flat], self.stated[flat]);
                    let u = self
                        .inputs
                        .arithmetic
                        .each
                        .unit_roundoff()
                        .max(claim.stored.unit_roundoff());
                    let bound = own.max(8.0 * u * (1.0 + claimed.abs()));
                    let mut estimates: Vec<f64> = self.estimates(estimator, item, row)?;
                    let nearest = estimates.iter().map(|estimate| (estimate - claimed).abs());
                    let nearest = nearest.fold(f64::INFINITY, f64::min);
                    if !(nearest <= bound) {
                        return None;
                    }
                    estimates.sort_by(f64::total_cmp);
                    by_chance += covered(&estimates, bound, [value, (claimed - value).abs().max(bound)]).ln();
                    worst = worst.max(nearest / bound);
                    (bounds, errors) = (bounds + bound, errors + (claimed - value).abs());
                }
            }
            let changed = Changed::OneSample {
                estimator: estimator.name,
                formula: estimator.formula,
            };
            (by_chance <= MOST_BY_CHANCE.ln() && bounds <= MOST_OF_ERROR * errors).then_some((changed, worst))
        })
    }

    /// The estimates of a position, one for each code.
    fn estimates(&self, estimator: &Estimator, item: usize, row: usize) -> Option<Vec<f64>> {
        let cells = self.cells(self.claim, self.inputs.arithmetic);
        let [ln_q, ln_p] = self.logarithms(item, row)?;
        let each = ln_q.iter().zip(&ln_p);
        Some(each.map(|(q, p)| cells.scaled((estimator.at)(*q, *p))).collect())
    }

    /// `ln q` and `ln p` of a position.
    fn logarithms(&self, item: usize, row: usize) -> Option<[Vec<f64>; 2]> {
        self.with_item(item, |inputs, at| {
            let Some(Item::Tokens(tokens)) = inputs.items.get(at) else {
                return None;
            };
            let normalised = |x: &[f64]| {
                let row = reference::logits::Softmax::new("logits", x).ok()?;
                Some((0..x.len()).map(|k| row.ln_q(k)).collect::<Vec<f64>>())
            };
            let x = tokens.logits.as_ref()?.row(row);
            let ln_q = normalised(&x)?;
            let ln_p = match &tokens.prior {
                Some(prior) => normalised(&prior.row(row))?,
                None => normalised(&vec![0.0; x.len()])?,
            };
            Some([ln_q, ln_p])
        })?
    }

    /// A log-sum-exp that was added up by `logaddexp`, one term after the other, as a replay in the subject's type shows.
    pub(super) fn logarithms_in_turn(&self) -> Option<Explanation> {
        if self.claim.quantity != Quantity::LogEvidence || self.claimed.len() != self.inputs.sizes.batch {
            return None;
        }
        let each = self.inputs.arithmetic.each;
        let nearest = |value: f64| each.nearest(value);
        let cells = self.cells(self.claim, self.inputs.arithmetic);
        let mut numbers = Vec::new();
        for item in 0..self.claimed.len() {
            let chain = self.with_item(item, |inputs, at| {
                let Some(Item::World(world)) = inputs.items.get(at) else {
                    return None;
                };
                let y = reference::model::Model::y(world.as_ref());
                let terms = world.likelihood().row(y).to_vec();
                let terms = terms.iter().zip(world.prior().ln().row(y)).map(|(a, b)| nearest(a + b));
                Some(terms.fold(f64::NEG_INFINITY, |sum, term| {
                    let (larger, smaller) = (sum.max(term), sum.min(term));
                    if smaller == f64::NEG_INFINITY {
                        return larger;
                    }
                    nearest(larger + nearest(nearest((smaller - larger).exp()).ln_1p()))
                }))
            })??;
            let [value, bound] = self.stated[item];
            let error = (cells.scaled(chain) - value).abs();
            numbers.push([cells.scaled(chain), bound.max(MOST_OF_ERROR * error)]);
        }
        // The chain drifts by its own roundings, of which a library's exponentials change some.
        let used = self.used(&numbers, 2.0 * MOST_OF_ERROR)?;
        Some(Explanation::of(
            Cause::Arithmetic(ArithmeticCause::LogarithmsInTurn),
            used,
        ))
    }
}

/// The share of a window that lies within `bound` of one of these sorted numbers. The window is as wide, on either side of
/// the right number, as the error is.
fn covered(sorted: &[f64], bound: f64, [centre, radius]: [f64; 2]) -> f64 {
    let [low, high] = [centre - radius, centre + radius];
    let (mut sum, mut end) = (0.0, low);
    for number in sorted.iter().filter(|number| number.is_finite()) {
        let [begin, last] = [number - bound, number + bound].map(|edge| edge.clamp(low, high));
        sum += (last - begin.max(end)).max(0.0);
        end = end.max(last);
    }
    (sum / (high - low)).min(1.0)
}

/// An estimator of an expectation under `q` from one code.
struct Estimator {
    name: &'static str,
    formula: &'static str,
    of: Quantity,
    at: fn(f64, f64) -> f64,
}

/// Known estimators, by `ln q` and `ln p` of the code.
const ESTIMATORS: &[Estimator] = &[
    Estimator {
        name: "k1",
        formula: "ln q/p",
        of: Quantity::Kl,
        at: |q, p| q - p,
    },
    Estimator {
        name: "k2",
        formula: "(ln q/p)^2 / 2",
        of: Quantity::Kl,
        at: |q, p| 0.5 * (q - p) * (q - p),
    },
    Estimator {
        name: "k3",
        formula: "p/q - 1 - ln p/q",
        of: Quantity::Kl,
        at: |q, p| (p - q).exp_m1() - (p - q),
    },
    Estimator {
        name: "k1",
        formula: "-ln q",
        of: Quantity::Entropy,
        at: |q, _| -q,
    },
    Estimator {
        name: "k1",
        formula: "-ln p",
        of: Quantity::CrossEntropy,
        at: |_, p| -p,
    },
];

/// An order in words. `from` are the right places of what stands at each place.
fn order(axis: &str, from: &[usize]) -> String {
    let n = from.len();
    let each = || from.iter().enumerate();
    if each().all(|(at, from)| *from == n - 1 - at) {
        return "the last first".to_owned();
    }
    let roll = from.first().copied().unwrap_or_default();
    if each().all(|(at, from)| *from == (at + roll) % n) {
        return format!("each is moved by {}", if roll <= n / 2 { roll } else { n - roll });
    }
    let moved = each().filter(|(at, from)| at != *from).count();
    let first = each().find(|(at, from)| at != *from);
    first.map_or(String::new(), |(at, from)| {
        format!("{moved} of {n} stand elsewhere, such as that of {axis} {from} at {at}")
    })
}
