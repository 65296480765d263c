//! Smaller questions.

use super::hello::Hello;
use super::question::Question;
use crate::dump::Axis;

impl Question {
    /// Questions with one index less along an axis that the child can vary, larger steps first, then with rounder numbers.
    pub(super) fn smaller(&self, hello: &Hello) -> Vec<Self> {
        let mut all = Vec::new();
        for (axis, length) in &self.lengths {
            let fixed = hello.sizes.contains_key(axis);
            let by_text = *axis == Axis::Token || *axis == Axis::Entry;
            if fixed || *length < 2 || (by_text && self.tables.contains_key("token_logits")) {
                continue;
            }
            if *length > 3 {
                all.push(self.kept(*axis, |index| index < length / 2));
                all.push(self.kept(*axis, |index| index >= length / 2));
            }
            for gone in (0..*length).rev().take(16) {
                all.push(self.kept(*axis, |index| index != gone));
            }
        }
        for name in self.tables.keys().filter(|name| **name != "tokens") {
            let mut rounder = self.clone();
            rounder.map(name, f64::round);
            let table = |question: &Self| question.tables[name].values.clone();
            let positive = !matches!(*name, "x" | "q_spread" | "prior_spread");
            if positive
                && table(&rounder)
                    .iter()
                    .zip(table(self))
                    .any(|(a, b)| a.to_bits() != b.to_bits())
            {
                all.push(rounder);
            }
        }
        all
    }

    /// The rows that are asked about at once, as many of them.
    pub(super) fn parts(&self, at_once: Option<usize>) -> Vec<Self> {
        let batch = self.lengths[&Axis::Batch];
        match at_once {
            Some(n) if n < batch => (0..batch)
                .step_by(n)
                .map(|first| self.kept(Axis::Batch, |row| (first..first + n).contains(&row)))
                .collect(),
            _ => vec![self.clone()],
        }
    }

    /// The same without some indices of an axis.
    fn kept(&self, axis: Axis, keep: impl Fn(usize) -> bool) -> Self {
        let length = self.lengths[&axis];
        let mut question = self.clone();
        question
            .lengths
            .insert(axis, (0..length).filter(|index| keep(*index)).count());
        for table in question.tables.values_mut() {
            let Some(at) = table.axes.iter().position(|other| *other == axis) else {
                continue;
            };
            let after: usize = table.axes[at + 1..]
                .iter()
                .map(|axis| self.lengths[axis])
                .product::<usize>()
                * table.inner;
            let values = table
                .values
                .iter()
                .enumerate()
                .filter(|(i, _)| keep(i / after % length));
            table.values = values.map(|(_, value)| *value).collect();
        }
        question
    }
}
