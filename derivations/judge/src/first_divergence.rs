//! Finds the claim that diverges first. A claim that is out of bound only because the claims from which it was computed
//! are wrong is not counted as wrong itself.

use bounds::{Arithmetic, BoundedSum, compare};
use worlds::case::FileError;

use super::hypothesis::Hypothesis;
use super::inputs::Inputs;
use super::judgement::{Judged, Verdict};
use crate::dump::{Axis, Claim, Dump, Form, Quantity};
use crate::terms::sequence;

/// The numbers of a claim as sums in nats, with the axes that they keep.
struct Known {
    quantity: Quantity,
    axes: Vec<(Axis, usize)>,
    values: Vec<f64>,
    /// The relative error of storing a number.
    rounded: f64,
    wrong: bool,
}

/// The largest number of numbers of a claim that are kept in memory for this.
const MOST: usize = 1 << 24;

/// Marks the claims that are out of bound and follow from the subject's own claims before them.
pub(super) fn trace(dump: &Dump, judged: &mut [Judged]) -> Result<(), FileError> {
    let arithmetic = dump.statement.arithmetic();
    let mut known: Vec<Known> = Vec::new();
    for judged in judged {
        let quantity = judged.claim.quantity;
        if quantity.upstream().is_empty() && !feeds(quantity) {
            continue;
        }
        if judged.claim.shape.iter().product::<usize>() > MOST {
            continue;
        }
        let numbers = dump.claimed(&judged.claim, None)?;
        let upstream: Vec<&Known> = known
            .iter()
            .filter(|k| quantity.upstream().contains(&k.quantity))
            .collect();
        let is_suspect = judged.verdict == Verdict::Beyond && upstream.iter().any(|known| known.wrong);
        if is_suspect
            && follows(
                dump,
                &judged.claim,
                &numbers,
                &upstream,
                arithmetic,
                judged.comparison.widest,
            )?
        {
            let wrong = upstream.iter().filter(|known| known.wrong);
            judged.verdict = Verdict::Follows(wrong.map(|known| known.quantity).collect());
        }
        let wrong = matches!(judged.verdict, Verdict::Beyond | Verdict::Follows(_));
        known.push(Known::of(&judged.claim, &numbers, dump, wrong));
    }
    Ok(())
}

fn feeds(quantity: Quantity) -> bool {
    Quantity::ALL.iter().any(|other| other.upstream().contains(&quantity))
}

impl Known {
    fn of(claim: &Claim, numbers: &[f64], dump: &Dump, wrong: bool) -> Self {
        let back = claim.divisor(&dump.sizes) / claim.factor();
        let axes = claim.axes.iter().filter(|(axis, _)| claim.keeps(*axis));
        let mut axes: Vec<_> = axes.map(|(axis, _)| (*axis, dump.sizes.of_axis(*axis))).collect();
        if dump.sizes.grid.is_some() && claim.keeps(Axis::Position) && claim.keeps(Axis::Code) {
            let last = axes.len() - 1;
            axes.swap(last - 1, last); // In planes, the codes come before the positions.
        }
        Self {
            quantity: claim.quantity,
            axes,
            values: numbers.iter().map(|number| number * back).collect(),
            rounded: claim.stored.unit_roundoff(),
            wrong,
        }
    }

    /// The sums over the axes that the target does not keep, each with the size of its addends, with the batch first.
    /// It is `None` where the target keeps an axis over which these numbers are already summed.
    fn reduced(&self, target: &[Axis]) -> Option<Vec<[f64; 2]>> {
        let lengths: Option<Vec<usize>> = target
            .iter()
            .map(|axis| {
                self.axes
                    .iter()
                    .find(|(mine, _)| mine == axis)
                    .map(|(_, length)| *length)
            })
            .collect();
        let lengths = lengths?;
        let mut sums = vec![[0.0; 2]; lengths.iter().product()];
        for (flat, value) in self.values.iter().enumerate() {
            let (mut rest, mut index) = (flat, Vec::new());
            for (axis, length) in self.axes.iter().rev() {
                index.push((*axis, rest % length));
                rest /= length;
            }
            let place = target.iter().zip(&lengths).fold(0, |place, (axis, length)| {
                let at = index.iter().find(|(mine, _)| mine == axis).map_or(0, |(_, at)| *at);
                place * length + at
            });
            sums[place][0] += value;
            sums[place][1] += value.abs();
        }
        Some(sums)
    }
}

/// Whether a claim equals what follows from the claims from which it was computed.
///
/// The bound includes the storing of each claim (`u_stored`), the additions between them (which are bounded with the
/// claim's own, from the inputs), and at most eight operations.
fn follows(
    dump: &Dump,
    claim: &Claim,
    numbers: &[f64],
    upstream: &[&Known],
    w: Arithmetic,
    own: f64,
) -> Result<bool, FileError> {
    let scale = claim.factor() / claim.divisor(&dump.sizes);
    if dump.statement.inputs == Form::Sequence {
        let nll = upstream.iter().find(|known| known.quantity == Quantity::TokenNll);
        let sums = match nll {
            Some(nll) if claim.quantity == Quantity::Loss => weighted(dump, nll, w)?,
            Some(_) | None => None,
        };
        let [value, bound] = sums.unwrap_or([f64::NAN, 0.0]).map(|sum| sum * scale);
        let bound = own + bound.abs() + value.abs() * claim.stored.unit_roundoff();
        return Ok(sums.is_some() && numbers.iter().all(|found| is(value, *found, bound)));
    }
    let kept: Vec<Axis> = claim
        .axes
        .iter()
        .map(|(axis, _)| *axis)
        .filter(|axis| claim.keeps(*axis))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a number of claimed numbers")]
    let kept_count = numbers.len().max(1) as f64;
    let of = |quantity: Quantity| {
        let known = upstream.iter().find(|known| known.quantity == quantity)?;
        #[expect(clippy::cast_precision_loss, reason = "a number of claimed numbers")]
        let added = known.values.len() as f64 / kept_count;
        known
            .reduced(&kept)
            .map(|values| (values, known.rounded + 8.0 * w.u() + w.adding(added)))
    };
    // A term that is not claimed is taken as the definition has it.
    let defined = |quantity: Quantity| match of(quantity) {
        Some(known) => Some(known),
        None if quantity == Quantity::Reconstruction => reconstruction(dump, &kept, w),
        None => None,
    };
    let beta = of(Quantity::BetaAt).and_then(|(values, _)| values.first().map(|[beta, _]| *beta));
    let beta = beta.unwrap_or_else(|| dump.beta());
    let parts = match claim.quantity {
        Quantity::Kl => [(Quantity::CrossEntropy, 1.0), (Quantity::Entropy, -1.0)],
        Quantity::Elbo => [(Quantity::Reconstruction, 1.0), (Quantity::Kl, -1.0)],
        Quantity::Loss => [(Quantity::Reconstruction, -1.0), (Quantity::Kl, beta)],
        Quantity::LogEvidence | Quantity::BetaAt | Quantity::TemperatureAt | Quantity::Sample => return Ok(false),
        Quantity::Entropy | Quantity::CrossEntropy | Quantity::Reconstruction => return Ok(false),
        Quantity::TokenNll | Quantity::Gradient(_) => return Ok(false),
    };
    let [Some(first), Some(second)] = parts.map(|(quantity, weight)| Some((defined(quantity)?, weight))) else {
        return Ok(false);
    };
    Ok(numbers.iter().enumerate().all(|(i, found)| {
        let (mut value, mut bound) = (0.0, own);
        for ((values, rounded), weight) in [&first, &second] {
            let Some([part, size]) = values.get(i).map(|part| part.map(|part| part * weight * scale)) else {
                return false;
            };
            value += part;
            bound += size.abs() * rounded;
        }
        bound += value.abs() * claim.stored.unit_roundoff();
        is(value, *found, bound)
    }))
}

/// The reconstruction by the definition, summed over what the target does not keep, and its relative error.
fn reconstruction(dump: &Dump, target: &[Axis], w: Arithmetic) -> Option<(Vec<[f64; 2]>, f64)> {
    let keeps_batch = target == [Axis::Batch];
    if !keeps_batch && !target.is_empty() {
        return None;
    }
    let mut sums = vec![[0.0; 2]; if keeps_batch { dump.sizes.batch } else { 1 }];
    let mut error = 0.0_f64;
    for batch in 0..dump.sizes.batch {
        let inputs = Inputs {
            statement: &dump.statement,
            sizes: &dump.sizes,
            items: &[dump.item(batch).ok()?],
            arithmetic: w,
            shared: None,
        };
        let addends = inputs.reconstruction(&Hypothesis::AS_STATED, 0).ok()?;
        let mut sum = BoundedSum::default();
        addends.into_iter().for_each(|addend| sum += addend);
        let at = if keeps_batch { batch } else { 0 };
        sums[at][0] += sum.value();
        sums[at][1] += sum.mass;
        error = error.max(sum.error / sum.mass.max(f64::MIN_POSITIVE) + w.adding(sum.count));
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of items")]
    let added = dump.sizes.batch as f64;
    Some((sums, error + 8.0 * w.u() + w.adding(added)))
}

/// Whether a claimed number equals the one that follows from others. Where that one is infinite or undefined, the
/// claimed one must be the same.
fn is(value: f64, found: f64, bound: f64) -> bool {
    compare(value, found, if bound.is_finite() { bound } else { f64::MAX }).agrees()
}

/// The loss of a sequence that follows from its claimed `-ln p`, each with the weight of its part, and the bound on the
/// error of the loss. It is `None` where the claim does not keep every token.
fn weighted(dump: &Dump, nll: &Known, w: Arithmetic) -> Result<Option<[f64; 2]>, FileError> {
    let sizes = &dump.sizes;
    if nll.values.len() != sizes.batch * sizes.tokens {
        return Ok(None);
    }
    let (mut sum, mut size) = (0.0, 0.0);
    for (batch, values) in nll.values.chunks(sizes.tokens.max(1)).enumerate() {
        let inputs = Inputs {
            statement: &dump.statement,
            sizes,
            items: &[dump.item(batch)?],
            arithmetic: w,
            shared: None,
        };
        for (t, value) in values.iter().enumerate() {
            match sequence::weight(&inputs, &Hypothesis::AS_STATED, 0, t) {
                Ok(0.0) => {} // Padding adds nothing, whatever its number is.
                Ok(weight) => {
                    sum += weight * value;
                    size += (weight * value).abs();
                }
                Err(_) => return Ok(None),
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of claimed numbers")]
    let added = nll.values.len() as f64;
    Ok(Some([sum, size * (nll.rounded + 8.0 * w.u() + w.adding(added))]))
}
