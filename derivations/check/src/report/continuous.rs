//! The section of the report about continuous worlds. It stands below that about finite ones.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::lines::{counted, failed, in_the_file, wrap};
use super::{explain, table};
use crate::continuous::{Continuous, SKIPPED};

/// The section as text. It also says and counts what was left out.
#[must_use]
pub fn continuous(found: Option<&Continuous>) -> String {
    let mut out = String::from(
        "\nContinuous worlds: z in R^d, p(z|y), p(x|y,z) and q(z|x) Gaussian, Eq. 3's integral as printed\n",
    );
    let Some(Continuous { checked, integrals }) = found else {
        return format!("\nSkipped, 1 part: {SKIPPED}\n");
    };
    table::table(&mut out, checked);
    wrap(
        &mut out,
        "  ",
        "not asked: the footnote's reading, rows A2 to A4 and a free joint, where p(z) or p(y|z) is a mixture without a closed form",
    );
    explain::undecided(&mut out, checked);
    in_the_file(&mut out, checked, "continuous worlds");
    let _ = writeln!(out, "\nWorlds: {}", counted(checked));
    wrap(
        &mut out,
        "Three ways: ",
        &format!(
            "of {} worlds {} sides in closed form and by quadrature differ by at most {:.3} of their bound ({} not asked: more than 256 nodes \
             needed), {} by sampling by at most {:.1} standard errors ({} not asked: weights too heavy for a standard error)",
            integrals.worlds,
            integrals.by_quadrature,
            integrals.worst_quadrature,
            integrals.unsettled,
            integrals.by_sampling,
            integrals.worst_sampling,
            integrals.heavy
        ),
    );
    match failed(checked) {
        Some(failures) => {
            let _ = writeln!(
                out,
                "FAILED: a row does not close or a sign that we claim does not hold: {failures}"
            );
        }
        None if !integrals.agree() => out.push_str("FAILED: the three ways to integrate differ\n"),
        None => {
            let stands = format!("in {} row checks on continuous worlds", checked.judged());
            wrap(&mut out, "OK, the same statements stand ", &stands);
        }
    }
    out
}

/// The section as JSON.
#[must_use]
pub fn continuous_json(found: Option<&Continuous>) -> Value {
    found.map_or(Value::Null, |Continuous { checked, integrals }| {
        let mut body = super::json::judged(checked);
        body["integrals"] = json!(integrals);
        body
    })
}
