//! A number line that shows where lines of the note stand relative to `ln p(x,y)`. The page and the terminal both draw
//! it.

use typeset::amount::Amount;

/// A number line with the lines of the note up to the current one.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberLine {
    /// The names and values of those lines that have a finite value, in the order of the walk.
    pub marks: Vec<(&'static str, f64)>,
    /// Whether the last mark is the current line. It is false when that line is infinite or undefined.
    pub has_current: bool,
    /// The evidence, `ln p(x,y)`.
    pub evidence: Amount,
    /// The two ends of the number line, in nats. They are the same in every section of a walk.
    pub range: (f64, f64),
}

impl NumberLine {
    /// The ends of a number line that shows all of these values, with a margin.
    pub(super) fn range_of(values: impl Iterator<Item = f64>) -> (f64, f64) {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        if !(low <= high) {
            return (-1.0, 0.0);
        }
        let margin = (0.15 * (high - low)).max(1e-3 * (1.0 + high.abs()));
        (low - margin, high + margin)
    }

    /// The place of a value on the number line: 0 at its left end and 1 at its right end.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// The name and the value of the current line, if its value is finite.
    #[must_use]
    pub fn current(&self) -> Option<(&'static str, f64)> {
        self.marks.last().copied().filter(|_| self.has_current)
    }

    /// The value of the line before, if the current one lies visibly apart from it.
    #[must_use]
    pub fn before(&self) -> Option<f64> {
        let (_, now) = self.current()?;
        let (_, before) = self.marks.len().checked_sub(2).and_then(|k| self.marks.get(k))?;
        (self.share(*before) - self.share(now))
            .abs()
            .ge(&0.004)
            .then_some(*before)
    }

    /// The marks, grouped by place. Each group has its value and a label with the first and the last name in it, such
    /// as `3–5` for lines 3, 4 and 5.
    #[must_use]
    pub fn groups(&self) -> Vec<(f64, String)> {
        let mut groups: Vec<(f64, Vec<&str>)> = Vec::new();
        for (id, value) in &self.marks {
            match groups
                .iter_mut()
                .find(|(at, _)| (self.share(*at) - self.share(*value)).abs() < 0.004)
            {
                Some((_, ids)) => ids.push(id),
                None => groups.push((*value, vec![id])),
            }
        }
        groups
            .into_iter()
            .map(|(at, ids)| match ids.as_slice() {
                [only] => (at, (*only).to_owned()),
                [first, .., last] => (at, format!("{first}–{last}")),
                [] => (at, String::new()),
            })
            .collect()
    }
}
