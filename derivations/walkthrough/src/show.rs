//! One line, step or bound on a world, for `elbo show`.

use check::observe::{UNDECIDED, Values, judge};
use note::checkable::Checkable;
use note::line::{Line, LineId, line};
use note::proposition::{Proposition, bound_at_beta, own_bound_at_beta, proposition};
use note::step::{STEPS, Step, StepId, step};
use note::under_reading::UnderReading;
use reference::vocab::{Error, Nats, Reading};
use typeset::amount::Amount;
use typeset::latex::plain_or_source;
use typeset::wrap;

use crate::table::printed;

/// The reason why there is nothing to show.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShowError {
    /// No line, step or bound has the name.
    #[error("no line is called `{id}`; there are {known}")]
    Unknown {
        /// The name that was asked for.
        id: String,
        /// The names that exist.
        known: String,
    },
    /// The reading has no such step.
    #[error("under the reading `{reading}` there is no step {id}; it exists under {known}")]
    Reading {
        /// The step that was asked for.
        id: String,
        /// The reading that was asked for.
        reading: &'static str,
        /// The readings that have the step.
        known: String,
    },
    /// A side could not be computed.
    #[error(transparent)]
    Value(#[from] Error),
}

/// Describes a line (`13`) with the step that leads to it, a step (`12-13`) or a bound (`3-13`), with its values on a
/// world.
///
/// # Errors
/// A [`ShowError`] for an unknown name, or a side that cannot be computed.
pub fn text<W: Checkable>(id: &str, reading: Reading, world: &W) -> Result<String, ShowError> {
    let bare = id.trim().trim_start_matches("Eq.").trim_start_matches("eq").trim();
    let inner = bare.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let asked = inner.unwrap_or(bare);
    let scene = UnderReading::new(world, reading)?;
    if let Ok(id) = asked.parse::<LineId>() {
        let mut blocks = vec![describe(line(id), &scene)?];
        let into = STEPS
            .iter()
            .filter(|step| step.to == id && step.readings.contains(&reading));
        for step in into {
            blocks.push(describe_step(step, &scene)?);
        }
        if blocks.len() == 1 && STEPS.iter().any(|step| step.to == id) {
            blocks.push(format!("Under the reading `{}` no step leads here.\n", reading.name()));
        }
        return Ok(blocks.join("\n"));
    }
    let named = asked.parse::<StepId>().ok();
    if let Some(step) = named.and_then(|id| step(id, reading)) {
        return Ok(describe_sides([step.from, step.to], &scene)? + &describe_step(step, &scene)?);
    }
    let at_beta = || {
        let swept = [bound_at_beta(reading), own_bound_at_beta(reading)];
        swept.into_iter().flatten().find(|bound| bound.id == asked)
    };
    if let Some(stated) = proposition(asked, reading).or_else(at_beta) {
        // Bounds up to line 12, and the bounds of a reading on a target of its own, are claims about the tables as
        // given, whatever the reading.
        let scene = if stated.depends_on_reading {
            scene
        } else {
            UnderReading::new(world, stated.reading)?
        };
        let described = match named.and_then(|id| step(id, stated.reading)) {
            Some(step) => describe_step(step, &scene)?,
            None => describe_bound(&stated, &scene)?,
        };
        return Ok(describe_sides([stated.from, stated.to], &scene)? + &described);
    }
    let elsewhere: Vec<&str> = STEPS
        .iter()
        .filter(|step| Some(step.id) == named)
        .flat_map(|step| step.readings)
        .map(|reading| reading.name())
        .collect();
    Err(if elsewhere.is_empty() {
        let lines = LineId::ALL.iter().map(|id| id.as_str());
        let known: Vec<&str> = lines.chain(StepId::ALL.iter().map(|id| id.as_str())).collect();
        ShowError::Unknown {
            id: asked.to_owned(),
            known: known.join(", "),
        }
    } else {
        ShowError::Reading {
            id: asked.to_owned(),
            reading: reading.name(),
            known: elsewhere.join(", "),
        }
    })
}

/// Describes both sides of a step or a bound, one after the other.
fn describe_sides<W: Checkable>(sides: [LineId; 2], scene: &UnderReading<W>) -> Result<String, Error> {
    sides
        .map(|id| Ok(describe(line(id), scene)? + "\n"))
        .into_iter()
        .collect()
}

fn describe<W: Checkable>(side: &Line, scene: &UnderReading<W>) -> Result<String, Error> {
    let indent = " ".repeat(12);
    let equals = if side.id.is_probability() { "ln of it =" } else { "=" };
    Ok([
        wrap::formula(
            &plain_or_source(&side.latex_of::<W>(scene.reading)),
            &format!("{:<12}", format!("({})", side.id)),
            &indent,
        ),
        wrap::prose(side.reads, &indent, &indent),
        format!("{indent}{}", side.function),
        wrap::prose(
            &format!("{equals} {}", amounts(side, scene)?),
            &indent,
            &format!("{indent}  "),
        ),
        String::new(),
    ]
    .join("\n"))
}

/// The value of a side, or the first cells where it is a table.
fn amounts<W: Checkable>(side: &Line, scene: &UnderReading<W>) -> Result<String, Error> {
    const SHOWN: usize = 6;
    let cells = match side.value(scene) {
        Err(Error::Indeterminate { .. }) => return Ok(Amount::Undefined.to_string()),
        cells => cells?,
    };
    let mut words: Vec<String> = cells
        .iter()
        .take(SHOWN)
        .map(|nats| Amount::from(*nats).to_string())
        .collect();
    if cells.len() > SHOWN {
        words.push(format!("… ({} cells)", cells.len()));
    }
    let unit = if cells.len() == 1 { " nats" } else { "" };
    Ok(words.join(", ") + unit)
}

fn describe_bound<W: Checkable>(bound: &Proposition, scene: &UnderReading<W>) -> Result<String, Error> {
    let indent = " ".repeat(12);
    let gap = bound
        .reading
        .averages_captions()
        .then_some("the gap of line 14 below ln p(x)");
    let rows = gap.into_iter().chain(bound.rows.iter().map(|row| row.id.as_str()));
    let made_of = rows.collect::<Vec<_>>().join(", ");
    let slack = Amount::of(bound.slack(scene))?;
    let undefined = [bound.from, bound.to]
        .into_iter()
        .find(|id| matches!(line(*id).value(scene), Err(Error::Indeterminate { .. })));
    let verdict = match (judge(bound, scene, &mut Values::new()).holds(), undefined) {
        (Some(false), Some(id)) => format!("BROKEN, line {id} has no value"),
        (Some(false), None) => "BROKEN".to_owned(),
        (Some(true), _) => "not broken".to_owned(),
        (None, _) => UNDECIDED.to_owned(),
    };
    let reading = if bound.depends_on_reading {
        format!("reading {}", bound.reading.name())
    } else {
        "the tables as given".to_owned()
    };
    Ok([
        format!("{:<12}the bound {}", bound.id, bound.sentence()),
        wrap::prose(&made_of, &format!("{indent}made of  "), &" ".repeat(21)),
        format!("{indent}slack    = {slack}"),
        format!("{indent}in this world, {reading}: {verdict}"),
        String::new(),
    ]
    .join("\n"))
}

fn describe_step<W: Checkable>(step: &Step, scene: &UnderReading<W>) -> Result<String, Error> {
    let indent = " ".repeat(12);
    let slack = Amount::of(step.slack(scene))?;
    Ok([
        format!(
            "{:<12}printed {} between ({}) and ({}); rule: {}",
            step.id,
            printed(step.printed),
            step.from,
            step.to,
            step.rule.words()
        ),
        wrap::prose(step.remark, &indent, &indent),
        wrap::formula(
            &format!(
                "{}   (claimed: {})",
                plain_or_source(step.slack_latex),
                step.sign.symbol()
            ),
            &format!("{indent}slack    "),
            &" ".repeat(21),
        ),
        format!("{indent}       = {slack}"),
        format!("{indent}residue  {}", residue(step, scene)?),
        String::new(),
    ]
    .join("\n"))
}

/// Describes the residue of a step, `to - (from - slack)`: the largest over all cells, in nats and relative to the size
/// of what was added up.
fn residue<W: Checkable>(step: &Step, scene: &UnderReading<W>) -> Result<String, Error> {
    let value = |id| line(id).value(scene);
    let (from, to, slack) = match (value(step.from), value(step.to), step.slack(scene)) {
        (Err(Error::Indeterminate { .. }), _, _)
        | (_, Err(Error::Indeterminate { .. }), _)
        | (_, _, Err(Error::Indeterminate { .. })) => {
            return Ok("none: a side or the slack is undefined in this world".to_owned());
        }
        (from, to, slack) => (from?, to?, slack?),
    };
    let mut worst: Option<Nats> = None;
    for (&from, &to) in from.iter().zip(&to) {
        if !(from.is_finite() && to.is_finite() && slack.is_finite()) {
            continue;
        }
        let residue = to - (from - slack);
        if worst.is_none_or(|worst| !(residue.value().abs() <= worst.value().abs())) {
            worst = Some(residue);
        }
    }
    Ok(worst.map_or_else(
        || "none: infinite sides are compared by class, not subtracted".to_owned(),
        |worst| {
            format!(
                "to - (from - slack) = {:.1e}, where the addends sum to {:.1}",
                worst.value(),
                worst.mass()
            )
        },
    ))
}
