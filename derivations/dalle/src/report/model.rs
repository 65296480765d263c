//! The reports on a trained model: its evaluation, its training steps, and the worlds that it is exported as.

use std::fmt::Write as _;

use agree::bounds::Storage;
use typeset::amount::rounded;

use crate::checks::layers::NetworkReport;
use crate::checks::steps::StepReport;
use crate::evaluate::{Bound, Estimate, Report, SplitReport};

mod world;

pub use world::{WorldRow, worlds};

/// The relative error of a number of the networks, which is computed in single precision. A report shows no digits
/// beyond it.
const SINGLE: f64 = Storage::F32.computed;

/// A number with at most `places` decimals, of which only those are written that single precision leaves.
#[must_use]
pub fn number(value: f64, places: u8) -> String {
    digits(value, SINGLE * value.abs(), places)
}

/// The digits of a number that are known. Where none is, it is an upper bound such as `<2e-5`, doubled so that rounding
/// cannot make it too small.
fn digits(value: f64, within: f64, places: u8) -> String {
    rounded(value, within, places).unwrap_or_else(|| format!("<{:.0e}", 2.0 * (value.abs() + within)))
}

/// A mean with at most `places` decimals and its standard error, which has no more known digits than the mean. For a
/// single number the text says so in place of the error.
#[must_use]
pub fn estimate(found: &Estimate, places: u8) -> String {
    let mean = number(found.mean, places);
    match found.standard_error {
        Some(error) => {
            let within = SINGLE * found.mean.abs().max(error);
            format!("{mean} ± {}", digits(error, within, places))
        }
        None => format!("{mean} (n = 1)"),
    }
}

/// A table as text. The first column is aligned to the left and the others to the right, with at least two spaces
/// between cells. `narrowest` holds the smallest width of each column.
fn table(rows: &[Vec<String>], narrowest: &[usize]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let longest = cells
            .map(|cell| cell.chars().count() + if column > 0 { 2 } else { 0 })
            .max();
        longest.unwrap_or(0).max(narrowest[column])
    };
    let widths: Vec<usize> = (0..narrowest.len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(text, "{cell:<width$}"),
                _ => write!(text, "{cell:>width$}"),
            };
        }
        text.push('\n');
    }
    text
}

/// The report of an evaluation, in nats, bits and codes.
#[must_use]
pub fn evaluation(model: &str, device: &str, report: &Report, layers: &[NetworkReport]) -> String {
    let mut text = format!("{model}, on {device}; means over images ± standard error, nats an image\n\n");
    text.push_str(&table(&quantities(report), &[44, 20, 20, 20]));
    if let Some(bound) = &report.bound {
        write_bound(&mut text, bound, report.stands());
    }
    if !layers.is_empty() {
        write_layers(&mut text, layers);
    }
    text
}

/// The quantities of every part of the data, a row each, below a row with the parts' names.
fn quantities(report: &Report) -> Vec<Vec<String>> {
    let mut lines = vec![vec![String::new()]];
    lines[0].extend((report.splits.iter()).map(|split| format!("{} ({})", split.split, split.images)));
    type Row = (&'static str, fn(&SplitReport) -> Estimate, u8);
    let rows: [Row; 14] = [
        ("reconstruction, E ln p(x|z)", |s| s.reconstruction, 1),
        ("ln p(y)", |s| s.ln_p_y, 1),
        ("E ln p(z|y)", |s| s.ln_p_z_given_y, 1),
        ("entropy H(q(z|x))", |s| s.entropy, 1),
        ("KL(q(z|x) || 1/K)", |s| s.divergence_from_uniform, 1),
        ("KL(q(z|x) || p(y,z))", |s| s.divergence_from_prior, 1),
        ("ELBO, ln p(x,y) >=", |s| s.elbo, 1),
        ("  in bits per dimension", |s| s.bits_per_dim, 3),
        ("  over even codes and the caption model", |s| s.over_uniform_codes, 1),
        ("  over the same with an untrained prior", |s| s.over_untrained_prior, 1),
        ("  over a logit-Laplace a pixel, no latent", |s| s.over_no_latent, 1),
        ("ln q(y|x), the caption model", |s| s.ln_q_y, 1),
        ("relaxation gap", |s| s.relaxation_gap, 1),
        ("pixel error (root mean square, of 1)", |s| s.pixel_error, 4),
    ];
    for (name, get, places) in rows {
        let cells = report.splits.iter().map(|split| estimate(&get(split), places));
        lines.push(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    for (name, of) in [
        (
            "codes used",
            (|s| s.codes_used.to_string()) as fn(&SplitReport) -> String,
        ),
        ("codebook perplexity", |s| format!("{:.1}", s.codebook_perplexity)),
    ] {
        let cells = report.splits.iter().map(of);
        lines.push(
            std::iter::once(format!("{name}, of {}", report.codes))
                .chain(cells)
                .collect(),
        );
    }
    lines
}

/// Writes the importance-weighted bound, and whether its samples are those of `q`.
fn write_bound(text: &mut String, bound: &Bound, stands: bool) {
    let _ = writeln!(
        text,
        "\nimportance-weighted bound on {} images of the test part, L_1 = ELBO <= L_k <= ln p(x,y); ELBO with exact entropy {}",
        bound.images,
        estimate(&bound.elbo, 1)
    );
    for (place, (k, value)) in bound.values.iter().enumerate() {
        let rise = place.checked_sub(1).and_then(|before| bound.rises.get(before));
        let rise = rise.map_or_else(String::new, |rise| {
            format!("   + {} over half as many", estimate(rise, 2))
        });
        let _ = writeln!(text, "  L_{k:<5} {:>12}{rise}", number(value.mean, 2));
    }
    let verdict = if stands { "" } else { ": NOT those of q" };
    let _ = writeln!(
        text,
        "  the samples' mean of -ln q(z|x) less the exact entropy: {}{verdict}",
        estimate(&bound.entropy_residue, 3)
    );
}

/// Writes a line for each network: whether every layer of it agrees with the reference.
fn write_layers(text: &mut String, layers: &[NetworkReport]) {
    text.push_str("\nevery layer against the reference, each from the twin's own inputs\n");
    for network in layers {
        let verdict = network.first_beyond.as_ref().map_or_else(
            || "agree".to_owned(),
            |first| format!("{} BEYOND their bounds, the first in {first}", network.failed),
        );
        let _ = writeln!(
            text,
            "  {:<12} {:<5} {:>9} numbers {verdict}; worst {:.2} of its bound, in {}",
            network.network, network.dtype, network.compared, network.worst, network.worst_layer
        );
    }
}

/// The report on training steps that were compared with the CPU. It is empty where none were.
#[must_use]
pub fn training_steps(device: &str, steps: &[StepReport]) -> String {
    let mut text = String::new();
    if !steps.is_empty() {
        let beside = if device == "cpu" {
            "layers composed of candle's operations"
        } else {
            device
        };
        let _ = writeln!(
            text,
            "\na training step from fresh parameters, {beside} against the CPU's: loss, gradients, update"
        );
    }
    for step in steps {
        let verdict = step.beyond.first().map_or_else(
            || "agree".to_owned(),
            |first| {
                format!(
                    "are NOT alike, {} tensors beyond their bounds, the first {first}",
                    step.beyond.len()
                )
            },
        );
        let _ = writeln!(
            text,
            "  {:<12} loss {:.9}, in double precision {:.9}; {} numbers {verdict}; worst {:.2} of its bound, {}",
            step.stage, step.loss[0], step.loss[1], step.compared, step.worst, step.worst_at
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::evaluate::Estimate;

    use super::{estimate, table};

    #[test]
    fn no_digit_is_written_that_single_precision_does_not_hold() {
        for (numbers, places, text) in [
            (&[1.0, 2.0, 6.0][..], 2, "3.00 ± 1.53"),
            (&[1.0], 1, "1.0 (n = 1)"),
            (&[-0.001, 0.001], 1, "0.0 ± 0.0"),
            (&[-23_332.92, -23_332.92], 1, "-23332.9 ± 0.0"),
            (&[-2_000_001.0, -2_000_003.0], 1, "-2000002 ± 1"),
            (&[-5.723_891_4e23, -5.723_891_4e23], 1, "-5.723891e23 ± <7e16"),
            (&[0.0, 1e20], 1, "5.000000e19 ± 5.000000e19"),
        ] {
            assert_eq!(estimate(&Estimate::of(numbers), places), text);
        }
    }

    #[test]
    fn columns_do_not_touch() {
        let rows = [["a", "1", "12345678"], ["bcd", "-2", "9"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, &[2, 4, 4]), "a     1  12345678\nbcd  -2         9\n");
    }
}
