//! Says why a claim cannot be decided, and what would decide it.

use bounds::{Arithmetic, Comparison, Float, Order};
use files::numbers::unravel;

use crate::dump::{Axis, Claim, Dump, Kept};

/// A sentence about why the claim is undecided, and what to change in the dump.
pub(super) fn reason(dump: &Dump, claim: &Claim, comparison: &Comparison) -> String {
    let w = dump.statement.arithmetic();
    let (untold, numbers) = (comparison.untold, comparison.numbers);
    let blunt = comparison.is_blunt() && comparison.unbounded == 0;
    let example = if blunt { comparison.sharpest } else { comparison.dimmest };
    let example = example.map_or_else(String::new, |(flat, expected, bound)| {
        let at = match numbers {
            1 => String::new(),
            _ => format!(" at {:?}", unravel(&claim.shape, flat)),
        };
        match (bound.is_finite(), numbers) {
            (true, _) => format!(": {expected:.3e}{at} is known within {bound:.1e}"),
            (false, 1) => String::new(),
            (false, _) => format!(", {expected:.3e}{at} for one"),
        }
    });
    let types = types(w);
    let told = match (comparison.unbounded, numbers) {
        _ if blunt => format!("rounding in {types} may put each of its numbers far off"),
        (0, 1) => format!("rounding in {types} may put its number far off"),
        (0, _) => format!("rounding in {types} may put {untold} of its {numbers} numbers far off"),
        (unbounded, _) if unbounded == numbers => format!("nothing bounds what rounding in {types} may do to it"),
        (unbounded, _) => {
            format!("{unbounded} of its {numbers} numbers were not compared, since nothing bounds them in {types}")
        }
    };
    format!(
        "{told}{example}; what would tell: {}",
        advice(dump, claim, comparison, w).join(", ")
    )
}

fn types(w: Arithmetic) -> String {
    if w.each == w.sums {
        w.each.name().to_owned()
    } else {
        format!("{} with sums in {}", w.each.name(), w.sums.name())
    }
}

fn advice(dump: &Dump, claim: &Claim, comparison: &Comparison, w: Arithmetic) -> Vec<String> {
    let mut advice = Vec::new();
    let finer: Vec<&str> = claim
        .axes
        .iter()
        .filter(|(axis, kept)| {
            let rows = [Axis::Batch, Axis::Position, Axis::Token, Axis::Coordinate, Axis::Pixel].contains(axis);
            rows && *kept != Kept::Each && dump.sizes.of_axis(*axis) > 1
        })
        .map(|(axis, _)| if *axis == Axis::Batch { "item" } else { axis.name() })
        .collect();
    if !finer.is_empty() {
        advice.push(format!("a claim for each {}", finer.join(", ")));
    }
    if w.order == Order::Sequential {
        advice.push("a stated `summation`, where it is known".to_owned());
    }
    match (w.each, w.sums) {
        (_, Float::F16 | Float::Bf16 | Float::Tf32) => advice.push("sums in f32, stated as `accumulation`".to_owned()),
        (Float::F16 | Float::Bf16 | Float::Tf32, _) => advice.push("the same in f32".to_owned()),
        (Float::F32, _) => advice.push("the same in f64".to_owned()),
        _ => {}
    }
    if comparison.dimmest.is_some_and(|(_, expected, _)| expected == 0.0) {
        advice.push("inputs at which it is not 0: logits that are not all equal".to_owned());
    } else {
        advice.push("inputs of a smaller size or range".to_owned());
    }
    advice
}
