//! How far a correct program may be off, as text and JSON.

use std::fmt::Write as _;

use bounds::Arithmetic;
use serde_json::{Value, json};
use typeset::wrap::prose_within;

use crate::allowance::{Allowance, in_order};
use crate::definition::Defined;
use crate::dump::Prior;

/// The widest line.
const COLUMNS: usize = 80;

/// What a bound is of the number, in words.
fn share(number: Defined) -> String {
    let share = number.bound / number.value.abs();
    if share.is_nan() || share > 1.0 {
        "all".to_owned()
    } else {
        format!("{:.1e}", share)
    }
}

/// The table and the reasons, at most 80 columns.
#[must_use]
pub fn text(allowance: &Allowance) -> String {
    let question = &allowance.question;
    let Arithmetic { each, sums, order, .. } = question.arithmetic;
    let prior = if question.prior == Prior::Logits {
        "a prior with logits"
    } else {
        "a uniform prior"
    };
    let mut out = String::new();
    let asked = format!(
        "{} of discrete codes {:?} against {prior}, computed and stored in {}, accumulated in {} {}; logits drawn from N(0, {}^2), seed {}",
        question.quantity.name(),
        question.shape,
        each.name(),
        sums.name(),
        in_order(order),
        question.spread,
        question.seed
    );
    let _ = writeln!(out, "{}\n", prose_of(&asked, "", "  "));
    let _ = writeln!(
        out,
        "  {:<36} {:>13} {:>10} {:>10}",
        "", "nats", "may be off", "of itself"
    );
    for number in &allowance.numbers {
        let Defined { value, bound, .. } = number.defined;
        let own = share(number.defined);
        let _ = writeln!(out, "  {:<36} {value:>13.6} {bound:>10.1e} {own:>10}", number.number);
    }
    list(
        &mut out,
        "Why, for the image; each reason by itself, all else exact:",
        &allowance.reasons,
    );
    list(&mut out, "The same image, computed otherwise:", &allowance.instead);
    out.push('\n');
    if allowance
        .numbers
        .iter()
        .any(|number| !(number.defined.bound <= number.defined.value.abs()))
    {
        let words = "Where a bound is all of the number, nothing tells a right number from a wrong one: elbo judge calls such a claim undecided.";
        let _ = writeln!(out, "{}", prose_of(words, "", ""));
    }
    let closing = "A correct program's error is at most this but in one dump of 10^12, whatever framework it uses; a mistake that moves a number by less is not seen in it. \
                   elbo judge holds a dump against the same bounds, on its own logits.";
    let _ = writeln!(out, "{}", prose_of(closing, "", ""));
    out
}

/// Bounds of an image with what they come from, below a heading; nothing where there are none.
fn list(out: &mut String, heading: &str, bounds: &[(String, f64)]) {
    if bounds.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{heading}");
    for (words, bound) in bounds {
        let first = format!("  {bound:>8.1e}  ");
        let _ = writeln!(out, "{}", prose_of(words, &first, &" ".repeat(first.len())));
    }
}

/// Prose of 80 columns.
fn prose_of(text: &str, first: &str, next: &str) -> String {
    prose_within(COLUMNS, text, first, next)
}

/// The same for a program.
#[must_use]
pub fn json(allowance: &Allowance) -> Value {
    let question = &allowance.question;
    let number = |value: f64| {
        if value.is_finite() {
            json!(value)
        } else {
            json!(value.to_string())
        }
    };
    let of = |parts: &[(String, f64)]| -> Vec<Value> {
        parts
            .iter()
            .map(|(words, bound)| json!({"words": words, "bound": number(*bound)}))
            .collect()
    };
    json!({
        "schema": "elbo-bounds/1",
        "quantity": question.quantity.name(),
        "prior": question.prior,
        "dtype": question.arithmetic.each,
        "accumulation": question.arithmetic.sums,
        "summation": question.arithmetic.order,
        "shape": question.shape,
        "spread": question.spread,
        "seed": question.seed,
        "numbers": allowance.numbers.iter().map(|allowed| json!({
            "number": allowed.number,
            "nats": number(allowed.defined.value),
            "bound": number(allowed.defined.bound),
        })).collect::<Vec<_>>(),
        "reasons": of(&allowance.reasons),
        "instead": of(&allowance.instead),
    })
}
