//! The data of a search for explanations of one claim.

use std::sync::{Arc, Mutex, PoisonError};

use bounds::Place;

use crate::dump::{Claim, Dump, Item};
use crate::hypothesis::Hypothesis;
use crate::inputs::{Inputs, Row};

/// The items of a dump, for which hypotheses are tried.
pub(super) enum Items<'a> {
    /// All of them, in memory.
    All(Vec<Item>),
    /// One after the other, since they are too many. Mistakes that mix items are not tried.
    OneByOne {
        dump: &'a Dump,
        last: Mutex<Option<(usize, Arc<[Item; 1]>)>>,
    },
}

/// The different numbers out of bound that are enough for what fits all of them: one may fit by chance, two more confirm it.
pub(super) const ENOUGH: usize = 3;

/// A claim that is out of bound, and what the search for its explanations needs.
pub(super) struct Search<'a> {
    /// Everything but the items.
    pub(super) inputs: Inputs<'a>,
    pub(super) items: &'a Items<'a>,
    pub(super) claim: &'a Claim,
    pub(super) claimed: Vec<f64>,
    /// The claims that are within their bounds, with their numbers.
    pub(super) right: &'a [(Claim, Vec<f64>)],
    /// The places of the numbers that are out of bound.
    pub(super) places: Vec<Place>,
    /// The number of numbers that are out of bound.
    pub(super) failed: usize,
    /// The number of those that differ from each other by more than their bounds. Copies of one number are one equation,
    /// and confirm nothing.
    pub(super) different: usize,
    /// For a gradient, the claim of which it is the gradient, where that claim is not out of bound.
    pub(super) value_stands: Option<&'a Claim>,
    /// Its numbers by the definition and their bounds, in the order of the tensor. The list is empty where a row has no
    /// value.
    pub(super) stated: Vec<[f64; 2]>,
}

impl Search<'_> {
    /// What a function makes of an item, which is number `at` of the inputs that it is given. It is `None` where the item
    /// cannot be read.
    pub(super) fn with_item<T>(&self, item: usize, f: impl FnOnce(&Inputs<'_>, usize) -> T) -> Option<T> {
        match self.items {
            Items::All(items) => Some(f(&Inputs { items, ..self.inputs }, item)),
            Items::OneByOne { dump, last } => {
                let mut kept = last.lock().unwrap_or_else(PoisonError::into_inner);
                let one = match kept.as_ref().filter(|(at, _)| *at == item) {
                    Some((_, one)) => Arc::clone(one),
                    None => {
                        let one = Arc::new([dump.item(item).ok()?]);
                        *kept = Some((item, Arc::clone(&one)));
                        one
                    }
                };
                drop(kept);
                let items = one.as_slice();
                Some(f(&Inputs { items, ..self.inputs }, 0))
            }
        }
    }

    /// Counts the numbers for [`Search::different`].
    pub(super) fn count_different(&self) -> usize {
        let pairs = self.stated.iter().zip(&self.claimed);
        let out = pairs.filter(|([value, bound], claimed)| !((*claimed - value).abs() <= *bound));
        let mut numbers: Vec<[f64; 2]> = out.map(|(number, _)| *number).collect();
        numbers.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let mut last: Option<f64> = None;
        let mut count = 0;
        for [value, bound] in numbers {
            let apart = if bound.is_finite() { bound } else { 0.0 };
            if last.is_none_or(|last| value - last > apart || !value.is_finite()) {
                (last, count) = (Some(value), count + 1);
            }
        }
        count
    }

    /// The addends of a row by a hypothesis, where it has a value.
    pub(super) fn row(
        &self,
        claim: &Claim,
        hypothesis: &Hypothesis,
        item: usize,
        row: usize,
        fine: bool,
    ) -> Option<Row> {
        self.with_item(item, |inputs, at| inputs.row(claim, hypothesis, at, row, fine).ok())?
    }
}
