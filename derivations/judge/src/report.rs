//! The reports on dumps: as text, as JSON, as a test report, and as a comment on a pull request.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use bounds::Float;
use files::numbers::unravel;
use typeset::plural::count;
use typeset::words::quoted;
use typeset::wrap::prose;

use crate::dump::Claim;
use crate::{Comparison, Judged, Judgement, NoiseVerdict, Verdict, Worst};

pub mod allowance;
mod json;
mod junit;
mod markdown;
mod places;
mod power;
pub mod probe;

pub use json::{Report, SCHEMA, report};
pub use junit::junit;
pub use markdown::markdown;

/// All judgements as text. Lines have at most 100 columns, except for names and for what dumps say about themselves.
/// Dumps that do not stand come first, and within a dump the claims that do not.
#[must_use]
pub fn text(judgements: &[Judgement]) -> String {
    let mut out = String::new();
    let mut sorted: Vec<&Judgement> = judgements.iter().collect();
    sorted.sort_by_key(|judgement| judgement.stands());
    for judgement in sorted {
        one(&mut out, judgement);
        out.push('\n');
    }
    out.push_str(&closing(judgements));
    out
}

fn one(out: &mut String, judgement: &Judgement) {
    // This line is not wrapped. A wrapped line could begin with words from the dump, and look like a line of ours.
    let _ = writeln!(out, "{}: {}", quoted(&judgement.name), judgement.subject);
    let _ = writeln!(
        out,
        "\n  {:<20} {:<9} {:>8} {:>11} {:>10} {:>10}  at",
        "claim", "verdict", "numbers", "error/bound", "error", "bound"
    );
    let mut rows: Vec<&Judged> = judgement.claims.iter().collect();
    rows.sort_by(|a, b| {
        severity(a)
            .cmp(&severity(b))
            .then(b.comparison.used().total_cmp(&a.comparison.used()))
    });
    for judged in &rows {
        let (name, verdict) = (judged.claim.quantity.name(), verdict(judged));
        let worst = judged.comparison.worst.as_ref();
        let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1e}"));
        let at = worst.map_or_else(|| "-".to_owned(), |worst| index(&judged.claim, worst));
        let style = style(&judged.verdict);
        let line = format!(
            "{:>8} {:>11} {:>10} {:>10}  {at}",
            judged.comparison.numbers,
            worst.map_or_else(|| "-".to_owned(), |worst| used(worst.ratio)),
            cell(worst.map(|worst| (worst.found - worst.expected).abs())),
            cell(worst.map(|worst| worst.bound)),
        );
        let _ = writeln!(out, "  {name:<20} {style}{verdict:<9}{style:#} {line}");
    }
    judgement.noise.iter().for_each(|noise| noise_row(out, noise));
    if let Some(first) = judgement.first_divergence() {
        let _ = writeln!(
            out,
            "\nFirst divergence: {}, {}",
            first.claim.quantity.name(),
            first.claim.quantity.source()
        );
    }
    for judged in judgement
        .claims
        .iter()
        .filter(|judged| judged.verdict != Verdict::Within)
    {
        details(out, judged);
    }
    for noise in &judgement.noise {
        if let Some(failed) = &noise.failed {
            let text = format!("{}: OUT, not of {}: {failed}", noise.tensor, noise.law.name());
            let _ = writeln!(out, "\n{}", prose(&text, "  ", "    "));
        }
    }
    if let Some(power) = &judgement.power {
        out.push('\n');
        out.push_str(&power::text(power));
    }
    for warning in &judgement.warnings {
        let _ = writeln!(out, "\n{}", prose(&format!("warning: {warning}"), "", "    "));
    }
}

fn noise_row(out: &mut String, noise: &NoiseVerdict) {
    let (verdict, colour) = match noise.failed {
        None => ("ok", AnsiColor::Green),
        Some(_) => ("OUT", AnsiColor::Red),
    };
    let style = colour.on_default();
    let (name, numbers) = (noise.tensor, noise.numbers);
    let _ = writeln!(
        out,
        "  {name:<20} {style}{verdict:<9}{style:#} {numbers:>8} {:>11} {:>10} {:>10}  -",
        "-", "-", "-"
    );
}

fn details(out: &mut String, judged: &Judged) {
    let name = judged.claim.quantity.name();
    let tell = |out: &mut String, text: &str| {
        let _ = writeln!(out, "{}", prose(text, "    ", "      "));
    };
    match &judged.verdict {
        Verdict::Within => {}
        Verdict::Undecided(reason) | Verdict::Skipped(reason) | Verdict::Known(reason) => {
            let text = format!("{name}: {}, {reason}", verdict(judged));
            let _ = writeln!(out, "\n{}", prose(&text, "  ", "    "));
        }
        Verdict::Follows(upstream) => {
            let names: Vec<&str> = upstream.iter().map(|quantity| quantity.name()).collect();
            let text = format!(
                "{name}: out of bound, but what {} as claimed come to",
                names.join(" and ")
            );
            let _ = writeln!(out, "\n{}", prose(&text, "  ", "    "));
        }
        Verdict::Beyond => {
            let _ = writeln!(
                out,
                "\n  {name}: {} of {} out of bound",
                judged.comparison.failed,
                count(judged.comparison.numbers, "number")
            );
            if let Some(worst) = &judged.comparison.worst {
                let (claimed, expected) = both(&judged.claim, worst);
                let _ = writeln!(out, "    at {}", index(&judged.claim, worst));
                let _ = writeln!(out, "    claimed   {claimed}");
                let _ = writeln!(out, "    expected  {expected}, within {:.2e}", worst.bound);
                if let Some(ulps) = worst.ulps(judged.claim.stored) {
                    let name = judged.claim.stored.name();
                    let _ = writeln!(
                        out,
                        "    error     {:.3e}, {} times the bound, {ulps:.3e} ulp of {name}",
                        (worst.found - worst.expected).abs(),
                        used(worst.ratio)
                    );
                }
            }
            for (k, explanation) in judged.explanations.iter().enumerate() {
                let word = if k == 0 { "explained by" } else { "or by" };
                let source = match explanation.source() {
                    source if source.is_empty() => source,
                    source => format!(" ({source})"),
                };
                let text = format!("{word} {}: {}{source}", explanation.name(), explanation.words());
                tell(out, &text);
            }
            if judged.explanations.is_empty() {
                let reason = judged.unexplained.as_deref();
                tell(
                    out,
                    reason.unwrap_or("explained by no mistake that is known here, nor by two of them"),
                );
                tell(out, &places::text(judged));
            }
        }
    }
}

/// The rank of a claim in a report.
const fn severity(judged: &Judged) -> u8 {
    match judged.verdict {
        Verdict::Beyond => 0,
        Verdict::Follows(_) => 1,
        Verdict::Undecided(_) => 2,
        Verdict::Skipped(_) => 3,
        Verdict::Known(_) => 4,
        Verdict::Within => 5,
    }
}

/// The verdict in a word.
pub(crate) const fn verdict(judged: &Judged) -> &'static str {
    match judged.verdict {
        Verdict::Beyond => "OUT",
        Verdict::Follows(_) => "follows",
        Verdict::Undecided(_) => "undecided",
        Verdict::Skipped(_) => "skipped",
        Verdict::Known(_) => "known",
        Verdict::Within => "ok",
    }
}

const fn style(verdict: &Verdict) -> Style {
    let colour = match verdict {
        Verdict::Beyond => AnsiColor::Red,
        Verdict::Follows(_) | Verdict::Undecided(_) | Verdict::Skipped(_) | Verdict::Known(_) => AnsiColor::Yellow,
        Verdict::Within => AnsiColor::Green,
    };
    colour.on_default()
}

/// The index of a number in its tensor, or that of the row of which it is the sum.
pub(crate) fn index(claim: &Claim, worst: &Worst) -> String {
    let row = if worst.is_sum { "the sum of the row of " } else { "" };
    format!("{row}{:?}", unravel(&claim.shape, worst.flat))
}

/// Both values, with as many digits as distinguish numbers of the stored type, followed by their bits.
fn both(claim: &Claim, worst: &Worst) -> (String, String) {
    let digits = match claim.stored {
        Float::F64 => 16,
        Float::F32 | Float::Tf32 => 8,
        Float::F16 | Float::Bf16 => 4,
    };
    let one = |value: f64| format!("{:<24} {}", format!("{value:.digits$e}"), bits(value, claim.stored));
    (one(worst.found), one(worst.expected))
}

/// The bits of a number in a type, in hexadecimal.
pub(crate) fn bits(value: f64, stored: Float) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the number as that type has it")]
    let single = value as f32;
    match stored {
        Float::F64 => format!("{:#018x}", value.to_bits()),
        Float::F32 | Float::Tf32 => format!("{:#010x}", single.to_bits()),
        Float::F16 => format!("{:#06x}", half::f16::from_f64(value).to_bits()),
        Float::Bf16 => format!("{:#06x}", half::bf16::from_f64(value).to_bits()),
    }
}

/// A share of a bound, with two digits.
pub(crate) fn used(ratio: f64) -> String {
    if ratio.is_infinite() {
        "inf".to_owned()
    } else {
        format!("{ratio:.1e}")
    }
}

/// A sentence about the share of its bound that the worst claim uses, and about what was not decided.
fn closing(judgements: &[Judgement]) -> String {
    let claims = || judgements.iter().flat_map(|judgement| &judgement.claims);
    let of = |wanted: &str| claims().filter(|judged| verdict(judged) == wanted).count();
    let numbers: usize = claims().map(|judged| judged.comparison.numbers).sum();
    let [out, follows, undecided, skipped] = ["OUT", "follows", "undecided", "skipped"].map(of);
    let cut_off = judgements.iter().flat_map(|judgement| &judgement.noise);
    let cut_off = cut_off.filter(|noise| noise.failed.is_some()).count();
    let known = of("known");
    let mut text = format!(
        "{} in {}, {}: ",
        count(claims().count(), "claim"),
        count(judgements.len(), "dump"),
        count(numbers, "number")
    );
    let worst = claims()
        .filter(|judged| !matches!(judged.verdict, Verdict::Known(_)))
        .map(|judged| &judged.comparison)
        .map(Comparison::used)
        .fold(0.0, f64::max);
    let _ = match (claims().count() - skipped, out + follows, undecided + skipped + known) {
        (0, ..) => write!(text, "nothing was judged, and that is a failure"),
        (_, 0, 0) => write!(
            text,
            "all within their bounds, the worst uses {} of its own",
            used(worst)
        ),
        (_, 0, _) => write!(text, "none out of bound"),
        _ => write!(text, "{out} out of bound, {follows} because of others"),
    };
    if known > 0 {
        let _ = write!(text, "; {known} known to be out of bound");
    }
    if cut_off > 0 {
        let _ = write!(text, "; {} not of its law", count(cut_off, "tensor of noise"));
    }
    if undecided > 0 {
        let untold = claims().filter(|judged| verdict(judged) == "undecided");
        let untold: usize = untold.map(|judged| judged.comparison.untold).sum();
        let allowed = judgements.iter().all(|judgement| judgement.allows_undecided);
        let what = if allowed { "allowed" } else { "and that is no pass" };
        let _ = write!(text, "; {undecided} undecided ({}), {what}", count(untold, "number"));
    }
    if skipped > 0 && skipped < claims().count() {
        let _ = write!(text, "; {skipped} skipped, and that is no pass");
    }
    prose(&text, "", "  ") + "\n"
}

/// Writes the text of the report on this dump, without colours.
impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coloured = text(std::slice::from_ref(self));
        write!(f, "{}", anstream::adapter::strip_str(&coloured))
    }
}
