//! Judges a dump. Every claim is computed again from the inputs and compared within a bound. A claim that is out of
//! bound is traced to the claims from which it was computed, and explained.
//!
//! ```text
//! dump -> terms by a hypothesis -> reduction -> comparison       the verdict on a claim (the hypothesis is the definition)
//!                                                            its explanation (the hypothesis has one or two mistakes in it)
//! ```
//!
//! Verdicts and explanations take the same path: an explanation is tested like a verdict, with other numbers.

pub mod allowance;
mod causality;
mod constants;
mod definition;
pub mod dump;
mod evaluate;
mod explain;
mod explanation;
mod first_divergence;
mod hypothesis;
mod inputs;
mod judgement;
pub mod known;
mod mistakes;
mod noise;
mod planting;
mod plausible;
mod power;
pub mod probe;
mod reduction;
mod replay;
pub mod report;
mod subject;
mod terms;
mod undecided;

use worlds::case::FileError;

use crate::dump::{Claim, Claimed, Dump, Item, Quantity};
use evaluate::{Evaluation, StopAt, Stopped};
use noise::Noise;

pub use bounds::{Comparison, Worst};
pub use constants::{CONSTANTS, Constant, Found};
pub use definition::{Defined, defined, widest};
pub use explanation::{ArithmeticCause, Cause, Changed, Explanation};
pub use hypothesis::Hypothesis;
pub use inputs::Inputs;
pub use judgement::{Judged, Judgement, Verdict};
pub use mistakes::{MISTAKES, Mistake};
pub use noise::{Law, NoiseVerdict};
pub use planting::{power, steps};
pub use power::{ClaimPower, Power};
pub use reduction::Reduction;

/// Judges a dump.
///
/// # Errors
/// [`FileError`] for a number in the inputs that is not allowed, or a file that cannot be read.
pub fn judge(dump: &Dump, progress: &dyn Fn(u64)) -> Result<Judgement, FileError> {
    let mut judgement = verdicts(dump, progress)?;
    explain::explain(dump, &mut judgement.claims)?;
    Ok(judgement)
}

/// Judges a dump, and looks for no explanations of what is wrong in it. They take a hundred times as long as a verdict.
///
/// # Errors
/// As [`judge`].
pub fn verdicts(dump: &Dump, progress: &dyn Fn(u64)) -> Result<Judgement, FileError> {
    let Items {
        cells,
        skipped,
        seen,
        noise,
    } = Items::compared(dump, progress)?;
    let (mut judged, mut warnings) = (Vec::new(), dump.changes());
    warnings.extend(seen.warnings());
    warnings.extend(dump.claims.iter().filter_map(|claim| claim.assumed(&dump.sizes)));
    if seen.is_grey {
        warnings.push(
            "x has values between 0 and 1: x mu - softplus(mu) is the likelihood of pixels that are 0 or 1, and no density over [0, 1]"
                .to_owned(),
        );
    }
    for ((claim, cells), skipped) in dump.claims.iter().zip(cells).zip(skipped) {
        judged.push(verdict(dump, claim, cells, skipped, &mut warnings)?);
    }
    first_divergence::trace(dump, &mut judged)?;
    let noise: Vec<NoiseVerdict> = noise.iter().map(Noise::verdict).collect();
    warnings.extend(noise.iter().filter_map(|noise| noise.note.clone()));
    Ok(Judgement {
        name: dump.name.clone(),
        subject: subject::subject(dump),
        claims: judged,
        warnings,
        noise,
        power: None,
        allows_undecided: false,
    })
}

/// The result of comparing the items of a dump, one after the other.
struct Items {
    /// The reduction of each claim.
    cells: Vec<Reduction>,
    /// The reason why a claim is skipped, for those that are.
    skipped: Vec<Option<String>>,
    seen: Variety,
    noise: Vec<Noise>,
}

impl Items {
    /// Computes every claim of every item and compares it.
    fn compared(dump: &Dump, progress: &dyn Fn(u64)) -> Result<Self, FileError> {
        let (statement, sizes, arithmetic) = (&dump.statement, &dump.sizes, dump.statement.arithmetic());
        let stated = |claim: &Claim| Reduction::new(claim, statement, sizes, arithmetic);
        let mut cells: Vec<Reduction> = dump.claims.iter().map(stated).collect();
        let mut skipped = vec![None; cells.len()];
        let mut seen = Variety::default();
        let mut noise: Vec<Noise> = dump
            .noise()
            .map(|(name, law, stored)| Noise::new(name, law, stored))
            .into_iter()
            .collect();
        for batch in 0..sizes.batch.max(1) {
            let item = [dump.item(batch)?];
            seen.look(&item[0]);
            for noise in &mut noise {
                item[0].noise(|row, numbers| noise.row([batch, row], numbers));
            }
            let inputs = Inputs {
                statement,
                sizes,
                items: &item,
                arithmetic,
                shared: None,
            };
            compare_item(dump, &inputs, batch, (&mut cells, &mut skipped))?;
            progress(1);
        }
        Ok(Self {
            cells,
            skipped,
            seen,
            noise,
        })
    }
}

/// Compares the numbers that all claims have of an item.
fn compare_item(
    dump: &Dump,
    inputs: &Inputs<'_>,
    batch: usize,
    (cells, skipped): (&mut [Reduction], &mut [Option<String>]),
) -> Result<(), FileError> {
    let mut parts = Vec::new();
    for (claim, (cells, skipped)) in dump.claims.iter().zip(cells.iter_mut().zip(skipped)) {
        if skipped.is_none() && batch < cells.items() && !is_black_box(dump, claim) {
            let numbers = cells.keeps_batch().then(|| dump.stored(claim, Some(batch)));
            parts.push((claim, cells, skipped, numbers.transpose()?));
        }
    }
    let mut evaluations: Vec<Evaluation<'_>> = parts
        .iter_mut()
        .map(|(claim, cells, _, numbers)| {
            let by = (*claim, &Hypothesis::AS_STATED);
            Evaluation::new(by, Claimed::of(numbers.as_ref()), cells, StopAt::Nothing)
        })
        .collect();
    evaluate::item(inputs, 0, batch, &mut evaluations);
    let stopped: Vec<Option<Stopped>> = evaluations.into_iter().map(|one| one.stopped).collect();
    for ((_, cells, skipped, numbers), stopped) in parts.into_iter().zip(stopped) {
        if let Some(Stopped::Absent { row, why }) = stopped {
            *skipped = Some(format!("it has no value at item {batch}, row {row}: {why}"));
        }
        cells.end_of_item(batch, Claimed::of(numbers.as_ref()));
    }
    Ok(())
}

/// The verdict on a claim whose items were compared. Warnings about it are added to the others.
fn verdict(
    dump: &Dump,
    claim: &Claim,
    mut cells: Reduction,
    skipped: Option<String>,
    warnings: &mut Vec<String>,
) -> Result<Judged, FileError> {
    let black_box = is_black_box(dump, claim);
    if !cells.keeps_batch() && !black_box {
        cells.end(Claimed::Stored(&dump.stored(claim, None)?));
    }
    let mut held = if black_box {
        causality::hold(dump, claim)?
    } else {
        causality::Causality::of(cells.into_comparison())
    };
    let mut comparison = std::mem::take(&mut held.comparison);
    if !comparison.open.is_empty() {
        warnings.extend(replay::decide(dump, claim, &mut comparison)?);
    }
    let verdict = match skipped {
        Some(reason) => Verdict::Skipped(reason),
        None if comparison.failed > 0 => Verdict::Beyond,
        None if black_box && held.tested == 0 => Verdict::Skipped(held.untested().to_owned()),
        None if black_box && comparison.classed == comparison.numbers => {
            Verdict::Undecided("every number is infinite, and held against itself".to_owned())
        }
        None if comparison.numbers == 0 => Verdict::Skipped("it has no numbers".to_owned()),
        None if comparison.is_undecided() => Verdict::Undecided(undecided::reason(dump, claim, &comparison)),
        None => Verdict::Within,
    };
    if verdict == Verdict::Within {
        warnings.extend(comparison.weakness(claim.quantity.name()));
        warnings.extend(std::mem::take(&mut held.notes));
    }
    Ok(Judged {
        claim: claim.clone(),
        verdict,
        comparison,
        explanations: held.explanations(),
        unexplained: Some("no explanation was looked for".to_owned()),
    })
}

/// Whether a claim is about the log-probabilities of a model whose logits are not in the dump.
fn is_black_box(dump: &Dump, claim: &Claim) -> bool {
    claim.quantity == Quantity::TokenNll && dump.sizes.entries == 0
}

/// What the inputs are like: whether one ever differs from itself, and whether binary pixels are binary.
#[derive(Debug, Default)]
struct Variety {
    varies: std::collections::BTreeMap<&'static str, (f64, bool)>,
    is_grey: bool,
}

impl Variety {
    fn look(&mut self, item: &Item) {
        self.is_grey |= item.is_grey();
        for (name, mut values) in item.tables() {
            let Some(first) = values.next() else { continue };
            let (known, varies) = self.varies.entry(name).or_insert((first, false));
            *varies = *varies || first.to_bits() != known.to_bits();
            *varies = *varies || values.any(|value| value.to_bits() != known.to_bits());
        }
    }

    fn warnings(&self) -> Vec<String> {
        let constant = self.varies.iter().filter(|(_, (_, varies))| !varies);
        constant
            .map(|(name, (value, _))| format!("{name} is {value} throughout: a claim about it proves little"))
            .collect()
    }
}
