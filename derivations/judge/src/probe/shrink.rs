//! Makes smaller questions from a question.

use super::hello::Hello;
use super::question::Question;
use crate::dump::Axis;

impl Question {
    /// The questions with fewer indices along an axis that the child can vary, with larger steps first, followed by
    /// those with rounder numbers. Each is made when it is needed, so that a large question is not copied many times at
    /// once.
    pub(super) fn smaller(&self, hello: &Hello) -> impl Iterator<Item = Self> {
        let by_text =
            |axis: Axis| matches!(axis, Axis::Token | Axis::Entry) && self.tables.contains_key("token_logits");
        let axes = self.lengths.iter().map(|(axis, length)| (*axis, *length));
        let free =
            axes.filter(move |(axis, length)| !hello.sizes.contains_key(axis) && *length >= 2 && !by_text(*axis));
        let fewer = free.flat_map(move |(axis, length)| {
            let half = length / 2;
            let halves = [half..length, 0..half].into_iter().filter(move |_| length > 3);
            let each = (0..length).rev().take(16).map(|index| index..index + 1);
            halves
                .chain(each)
                .map(move |gone| self.kept(axis, |index| !gone.contains(&index)))
        });
        // A pixel or a standard deviation must not be rounded to 0.
        let may_be_rounded = |name: &&'static str| !matches!(*name, "tokens" | "x" | "q_spread" | "prior_spread");
        let rounder = self.tables.keys().copied().filter(may_be_rounded).filter_map(|name| {
            let mut rounder = self.clone();
            rounder.map(name, f64::round);
            let pairs = rounder.tables[name].values.iter().zip(&self.tables[name].values);
            let moved = pairs.into_iter().any(|(a, b)| a.to_bits() != b.to_bits());
            moved.then_some(rounder)
        });
        fewer.chain(rounder)
    }

    /// Divides the question into questions of `at_once` rows each.
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

    /// The question without some indices of an axis.
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
            let after: usize = table.axes[at + 1..].iter().map(|axis| self.lengths[axis]).product();
            let values = table
                .values
                .iter()
                .enumerate()
                .filter(|(i, _)| keep(i / after % length));
            table.values = values.map(|(_, value)| *value).collect();
        }
        question
    }

    /// A question with the same first row among other rows. The answer of a model to that row must not change.
    pub(super) fn in_other_company(&self, hello: &Hello) -> Option<Self> {
        let batch = self.lengths[&Axis::Batch];
        let entries = hello.length(Axis::Entry, 9);
        if !hello.is_model() || batch < 2 || hello.rows_at_once() == Some(1) {
            return None;
        }
        let mut other = self.clone();
        let tokens = other.tables.get_mut("tokens")?;
        let length = tokens.values.len() / batch;
        #[expect(clippy::cast_precision_loss, reason = "tokens")]
        for token in tokens.values.iter_mut().skip(length) {
            *token = (*token + 1.0) % entries as f64;
        }
        Some(other)
    }
}
