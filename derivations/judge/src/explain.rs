//! Explains a claim that is out of bound: searches for one or two mistakes with which the definition gives the claimed
//! numbers.

use std::sync::Mutex;

use bounds::{Arithmetic, Comparison};
use rayon::prelude::*;
use worlds::case::FileError;

use super::evaluate::{self, Evaluation, StopAt};
use super::explanation::Explanation;
use super::hypothesis::Hypothesis;
use super::inputs::Inputs;
use super::judgement::{Judged, Verdict};
use super::mistakes::{Mistake, of_form, with};
use super::reduction::Reduction;
use crate::dump::{Claim, Claimed, Dump, Quantity, Sizes};

mod arithmetic;
mod changed;
mod decide;
mod fitted;
mod plant;
mod search;

pub(super) use plant::Plant;

use decide::Decision;
use search::{Items, Search};

/// The largest number of input numbers that are kept in memory while explanations are tried. Of more, one item is.
const MOST_KEPT: usize = 1 << 24;

/// The largest number of input numbers for which pairs of mistakes are tried.
const MOST_FOR_PAIRS: usize = 1 << 17;

/// The largest number of claimed numbers in which a constant or another order is looked for.
const MOST_FITTED: usize = 1 << 20;

/// The largest number of explanations of a claim that are reported.
const MOST_TOLD: usize = 6;

/// Searches for explanations of each claim that is out of bound and does not follow from another claim.
pub(super) fn explain(dump: &Dump, judged: &mut [Judged]) -> Result<(), FileError> {
    let is_open = |judged: &&mut Judged| judged.verdict == Verdict::Beyond && judged.explanations.is_empty();
    if !judged.iter_mut().any(|judged| is_open(&judged)) {
        return Ok(());
    }
    let (sizes, arithmetic) = (&dump.sizes, dump.statement.arithmetic());
    let numbers = numbers(sizes);
    let items = items(dump)?;
    let is_small = |claim: &Claim| claim.shape.iter().product::<usize>() <= MOST_KEPT;
    let right = judged
        .iter()
        .filter(|judged| judged.verdict == Verdict::Within && is_small(&judged.claim));
    let right = right
        .map(|judged| Ok((judged.claim.clone(), dump.claimed(&judged.claim, None)?)))
        .collect::<Result<Vec<_>, FileError>>()?;
    let wrong = judged
        .iter()
        .filter(|judged| matches!(judged.verdict, Verdict::Beyond | Verdict::Follows(_)));
    let wrong: Vec<Quantity> = wrong.map(|judged| judged.claim.quantity).collect();
    let mut coarser = false;
    for judged in judged.iter_mut().filter(is_open) {
        let inputs = Inputs {
            statement: &dump.statement,
            sizes,
            items: &[],
            arithmetic,
            shared: None,
        };
        let mut search = Search {
            inputs,
            items: &items,
            claim: &judged.claim,
            claimed: dump.claimed(&judged.claim, None)?,
            right: &right,
            places: judged.comparison.places.clone(),
            failed: judged.comparison.failed,
            different: 0,
            value_stands: judged.claim.of.as_deref().filter(|of| !wrong.contains(&of.quantity)),
            stated: Vec::new(),
        };
        let held = Reduction::new(&judged.claim, &dump.statement, sizes, arithmetic);
        search.stated = search.numbers(&Hypothesis::AS_STATED, held).unwrap_or_default();
        search.different = search.count_different();
        // Sums that are coarser than stated show in the values. A gradient that alone is slightly off has another
        // reason.
        let may_be_coarser = coarser || !matches!(judged.claim.quantity, Quantity::Gradient(_));
        judged.explanations = search.best(numbers <= MOST_FOR_PAIRS, may_be_coarser);
        coarser |= judged.explanations.iter().any(Explanation::is_of_arithmetic);
        judged.unexplained = None;
        if judged.explanations.is_empty() && numbers > MOST_FOR_PAIRS {
            judged.unexplained = Some(format!(
                "pairs of mistakes are tried on dumps of at most {MOST_FOR_PAIRS} numbers: dump a few items of the batch"
            ));
        }
    }
    Ok(())
}

/// The items of a dump, in memory where they are few.
fn items(dump: &Dump) -> Result<Items<'_>, FileError> {
    if numbers(&dump.sizes) > MOST_KEPT {
        return Ok(Items::OneByOne {
            dump,
            last: Mutex::new(None),
        });
    }
    let items = (0..dump.sizes.batch.max(1)).map(|batch| dump.item(batch));
    Ok(Items::All(items.collect::<Result<_, _>>()?))
}

/// The number of all input numbers.
fn numbers(sizes: &Sizes) -> usize {
    let per_item = sizes.positions * sizes.codes + sizes.tokens * sizes.entries + sizes.coordinates;
    let per_item = per_item + sizes.image.iter().product::<usize>();
    per_item.saturating_mul(sizes.batch.max(1))
}

impl Search<'_> {
    fn best(&self, pairs: bool, may_be_coarser: bool) -> Vec<Explanation> {
        let active = self.active();
        let alone: Vec<Decision> = active
            .par_iter()
            .map(|(mistake, hypothesis)| self.cause(vec![mistake], hypothesis))
            .collect();
        // Where one mistake gives these numbers with bounds that are too wide to decide, a pair that decides would only
        // have narrower bounds.
        let possible = alone.iter().any(|decision| matches!(decision, Decision::Possible));
        let mut found: Vec<Explanation> = alone.into_iter().filter_map(Decision::told).collect();
        let few = self.claimed.len() <= MOST_FITTED;
        if found.is_empty() && few {
            found = self.changed();
            found.extend(self.constants(true));
        }
        if found.is_empty() && !possible && pairs {
            found = self.pairs(&active);
        }
        if found.is_empty() && may_be_coarser {
            found.extend(self.arithmetic());
        }
        if found.is_empty() && few {
            found = self.constants(false);
        }
        if found.is_empty() && pairs {
            found = self.factors_beside(&active);
        }
        self.drop_denied(&mut found);
        found.sort_by_key(Explanation::rank); // The sort is stable, so the order of the table decides ties.
        found.truncate(MOST_TOLD);
        found
    }

    /// The mistakes that change the addends of the claim. Only these can explain anything.
    fn active(&self) -> Vec<(&'static Mistake, Hypothesis)> {
        let form = self.inputs.statement.inputs;
        let stated = self.first(self.claim, &Hypothesis::AS_STATED);
        let mistakes: Vec<&'static Mistake> = of_form(form).collect();
        mistakes
            .into_par_iter()
            .map(|mistake| (mistake, with(&[mistake])))
            .filter(|(_, hypothesis)| {
                self.first(self.claim, hypothesis)
                    .is_some_and(|first| Some(first) != stated)
            })
            .collect()
    }

    /// The explanations by two of these mistakes.
    fn pairs(&self, active: &[(&'static Mistake, Hypothesis)]) -> Vec<Explanation> {
        let two: Vec<(usize, usize)> = (0..active.len())
            .flat_map(|a| (a + 1..active.len()).map(move |b| (a, b)))
            .collect();
        two.par_iter()
            .filter_map(|&(a, b)| {
                let [(first, alone), (second, other)] = [&active[a], &active[b]];
                let both = with(&[first, second]);
                // Two mistakes that change the same decision are not a pair.
                if both != with(&[second, first]) || both == *alone || both == *other {
                    return None;
                }
                self.cause(vec![first, second], &both).told()
            })
            .collect()
    }

    /// The claims within their bounds that would be out of bound by a hypothesis.
    fn contradicted(&self, hypothesis: &Hypothesis) -> Vec<Quantity> {
        let broken = |(claim, claimed): &&(Claim, Vec<f64>)| self.contradicts(claim, claimed, hypothesis);
        let broken = self.right.iter().filter(broken);
        broken.map(|(claim, _)| claim.quantity).collect()
    }

    /// Whether a claim that is right disagrees with a hypothesis. It does not where the hypothesis leaves its quantity
    /// out.
    fn contradicts(&self, claim: &Claim, claimed: &[f64], hypothesis: &Hypothesis) -> bool {
        self.moves(claim, hypothesis) && self.fit(claim, claimed, hypothesis, self.inputs.arithmetic).is_none()
    }

    /// Whether a hypothesis gives a claim other numbers than the definition does.
    fn moves(&self, claim: &Claim, hypothesis: &Hypothesis) -> bool {
        let first = self.first(claim, hypothesis);
        first.is_some_and(|first| Some(first) != self.first(claim, &Hypothesis::AS_STATED))
    }

    /// The claim's numbers by a hypothesis and their bounds, in the order of the tensor. It is `None` where a row has
    /// no value.
    fn numbers(&self, hypothesis: &Hypothesis, mut cells: Reduction) -> Option<Vec<[f64; 2]>> {
        cells.record();
        self.compared(self.claim, &self.claimed, hypothesis, cells, StopAt::Nothing)?
            .recorded
    }

    fn cells(&self, claim: &Claim, arithmetic: Arithmetic) -> Reduction {
        Reduction::new(claim, self.inputs.statement, self.inputs.sizes, arithmetic).of_mistakes()
    }

    /// The bits of addends by a hypothesis, with which hypotheses are compared cheaply. They are those of all rows
    /// where these are few, and otherwise of the first row and of the rows that are out of bound.
    fn first(&self, claim: &Claim, hypothesis: &Hypothesis) -> Option<Vec<u64>> {
        let cells = self.cells(claim, self.inputs.arithmetic);
        let (items, rows) = (cells.items(), cells.rows());
        let few = items.saturating_mul(rows) <= 256;
        let first = (0..items).flat_map(|item| (0..rows).map(move |row| (item, row)));
        let first = first.take(if few { 256 } else { 16 });
        let failed = self
            .places
            .iter()
            .map(|place| (place.item.min(items - 1), place.row.min(rows - 1)));
        let mut all = Vec::new();
        for (item, row) in first.chain(failed.take(if few { 0 } else { 64 })) {
            let row = self.row(claim, hypothesis, item, row, cells.is_fine())?;
            all.extend(row.values().into_iter().map(f64::to_bits));
        }
        Some(all)
    }

    /// The share of its bound that the worst number uses, if all numbers are within their bounds.
    fn fit(&self, claim: &Claim, claimed: &[f64], hypothesis: &Hypothesis, arithmetic: Arithmetic) -> Option<f64> {
        let comparison = self.within(claim, claimed, hypothesis, self.cells(claim, arithmetic))?;
        Some(comparison.used())
    }

    /// As [`Self::fit`], for the claimed numbers as numbers of `claim`, which may be another form of the claim. The
    /// second result is that of [`Self::numbers`].
    fn fit_and_numbers(&self, claim: &Claim, hypothesis: &Hypothesis) -> Option<(f64, Vec<[f64; 2]>)> {
        let mut cells = self.cells(claim, self.inputs.arithmetic);
        cells.record();
        let comparison = self.within(claim, &self.claimed, hypothesis, cells)?;
        Some((comparison.used(), comparison.recorded?))
    }

    /// The comparison by a hypothesis, if all numbers are within their bounds.
    fn within(&self, claim: &Claim, claimed: &[f64], hypothesis: &Hypothesis, cells: Reduction) -> Option<Comparison> {
        let comparison = self.compared(claim, claimed, hypothesis, cells, StopAt::FirstOutOfBound)?;
        (comparison.failed == 0 && comparison.unbounded == 0).then_some(comparison)
    }

    /// The comparison by a hypothesis. It ends with the first number out of bound if that is asked for.
    fn compared(
        &self,
        claim: &Claim,
        claimed: &[f64],
        hypothesis: &Hypothesis,
        cells: Reduction,
        stop: StopAt,
    ) -> Option<Comparison> {
        let mut cells = cells.offset_by(hypothesis.offset);
        let arithmetic = cells.arithmetic();
        let per_item = if cells.keeps_batch() {
            claimed.len() / self.inputs.sizes.batch.max(1)
        } else {
            0
        };
        for item in 0..cells.items() {
            let of_item = &claimed[item * per_item..][..per_item];
            let of_item = Claimed::Numbers(of_item);
            let stopped = self.with_item(item, |inputs, at| {
                let inputs = Inputs { arithmetic, ..*inputs };
                let mut evaluation = [Evaluation::new((claim, hypothesis), of_item, &mut cells, stop)];
                evaluate::item(&inputs, at, item, &mut evaluation);
                evaluation[0].stopped.is_some()
            })?;
            if stopped {
                return None;
            }
            cells.end_of_item(item, of_item);
        }
        if !cells.keeps_batch() {
            cells.end(Claimed::Numbers(claimed));
        }
        Some(cells.into_comparison())
    }
}
