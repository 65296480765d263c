//! Where the lines stand relative to `ln p(x,y)`.

use typeset::amount::Amount;

/// A number line with the lines met so far; the last of them is the one looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberLine {
    /// Lines met so far that have a finite value, in order.
    pub marks: Vec<(&'static str, f64)>,
    /// Whether the line looked at is the last mark; not so when it is infinite or undefined.
    pub has_current: bool,
    /// `ln p(x,y)`.
    pub evidence: Amount,
    /// The two ends, the same for every section of a walk.
    pub range: (f64, f64),
}

impl NumberLine {
    /// The ends that hold all of these numbers, with a margin.
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

    /// How far along the line a value stands, from 0 to 1.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// The line looked at, if it has a place here.
    #[must_use]
    pub fn current(&self) -> Option<(&'static str, f64)> {
        self.marks.last().copied().filter(|_| self.has_current)
    }

    /// Where it came from, if it moved visibly.
    #[must_use]
    pub fn before(&self) -> Option<f64> {
        let (_, now) = self.current()?;
        let (_, before) = self.marks.len().checked_sub(2).and_then(|k| self.marks.get(k))?;
        (self.share(*before) - self.share(now))
            .abs()
            .ge(&0.004)
            .then_some(*before)
    }

    /// Lines at one place share a label: `3–5` for lines 3, 4 and 5. Values first, then first and last name.
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
