//! Describes where in a claim the numbers lie that are out of bound.

use std::collections::BTreeSet;

use crate::Judged;
use crate::dump::Role;

/// A sentence about the items, positions and codes of the numbers that are out of bound.
pub(super) fn text(judged: &Judged) -> String {
    let mut parts = Vec::new();
    for role in [Role::Batch, Role::Row, Role::Entry] {
        let mut axes = judged.claim.axes.iter().map(|(axis, _)| *axis);
        let Some(axis) = axes.find(|axis| axis.role() == role && judged.claim.keeps(*axis)) else {
            continue;
        };
        let places = judged.comparison.places.iter();
        let found: BTreeSet<usize> = match role {
            Role::Batch => places.map(|place| place.item).collect(),
            Role::Row => places.map(|place| place.row).collect(),
            Role::Entry => places.map(|place| place.entry).collect(),
        };
        parts.push(format!("{} {}", axis.name(), ranges(&found)));
    }
    match (parts.as_slice(), judged.comparison.failed < judged.comparison.numbers) {
        ([], _) if judged.claim.axes.is_empty() => "it is one number".to_owned(),
        ([], _) => "it is one number: dump it with more axes kept, and it can be located".to_owned(),
        (parts, true) => format!("out of bound: {}", parts.join(", ")),
        (parts, false) => format!("every number is out of bound: {}", parts.join(", ")),
    }
}

/// A list of ranges such as `0 to 3, 7, 9 to 12`, of which only the first few are written.
fn ranges(numbers: &BTreeSet<usize>) -> String {
    const MOST: usize = 6;
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let told: Vec<String> = ranges
        .iter()
        .take(MOST)
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            _ => format!("{first} to {last}"),
        })
        .collect();
    let rest = ranges.len().saturating_sub(MOST);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    told.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn neighbours_are_told_as_one() {
        assert_eq!(ranges(&[0, 1, 2, 7, 9, 10].into()), "0 to 2, 7, 9 to 10");
        assert_eq!(
            ranges(&(0..40).map(|k| 2 * k).collect()),
            "0, 2, 4, 6, 8, 10 and 34 more"
        );
    }
}
