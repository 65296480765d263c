//! The ledger of a world, which says where every nat of the evidence goes:
//! `evidence = objective + gap + reading + dropped + reweighting`.

use note::checkable::Checkable;
use note::proposition::bound_at_beta;
use note::under_reading::UnderReading;
use reference::critical::{CriticalBeta, critical_beta};
use reference::equations::bound::eq03_log_evidence;
use reference::equations::objective::{divergence, eq14_objective, expected_log_likelihood};
use reference::slack::Slack;
use reference::vocab::{Error, Nats, Reading, closure_bound};

use crate::observe::{Values, judge};

/// One entry of a ledger: a name, a formula, and an amount.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its formula, as plain text.
    pub formula: &'static str,
    /// Its amount in nats. It is absent where the entry has no value.
    pub nats: Option<Nats>,
}

/// The ledger of a world under a reading.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The reading.
    pub reading: Reading,
    /// A sentence about the tables that the reading replaces, if it replaces any.
    pub replaced: Option<&'static str>,
    /// The beta of the objective.
    pub beta: f64,
    /// The evidence: `ln p(x,y)`, or `ln p(x)` under the expected reading.
    pub evidence: Entry,
    /// The entries that add up to the evidence.
    pub entries: Vec<Entry>,
    /// The two parts of the objective: reconstruction and divergence.
    pub parts: Vec<Entry>,
    /// The evidence minus the sum of the entries, and the bound on its rounding error, both in nats. It is absent where
    /// an entry is infinite or has no value.
    pub residue: Option<(f64, f64)>,
    /// The values of beta for which the objective bounds the evidence.
    pub critical: Option<CriticalBeta>,
    /// Whether the objective bounds the evidence at this beta. It agrees with what `check` says about the same claim.
    pub bound: Bound,
}

/// Whether an objective bounds the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The objective is at most the evidence.
    Holds,
    /// The objective exceeds the evidence.
    Fails,
    /// The two are too close: rounding hides which one is larger.
    Undecided,
    /// A side has no value.
    NoValue,
}

impl Bound {
    /// The answer for a program. It is `None` where rounding hides it, or where a side has no value.
    #[must_use]
    pub const fn holds(self) -> Option<bool> {
        match self {
            Self::Holds => Some(true),
            Self::Fails => Some(false),
            Self::Undecided | Self::NoValue => None,
        }
    }
}

impl Ledger {
    /// Whether the entries add up within the bound. A ledger with infinite entries is not summed, and counts as
    /// correct.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.residue
            .is_none_or(|(residue, bound)| residue.abs() <= bound && bound.is_finite())
    }
}

/// Draws up the ledger of a world at its beta.
///
/// # Errors
/// None that a validated world can cause. An entry without a value is left blank.
pub fn ledger<W: Checkable>(world: &W, reading: Reading) -> Result<Ledger, Error> {
    let scene = UnderReading::new(world, reading)?;
    let seen = &scene.seen;
    let expected = reading.averages_captions();
    let target = if expected {
        world.ln_evidence_of_image()
    } else {
        eq03_log_evidence(world)
    };
    let evidence = if expected {
        entry("evidence", "ln p(x)", target)
    } else {
        entry("evidence", "ln p(x,y)", target)
    };
    let gap = if expected {
        entry("gap", "KL(q(y,z|x) || p(y,z|x))", seen.joint_posterior_gap())
    } else {
        entry("gap", "KL(q(z|x) || p(z|x,y))", seen.posterior_gap())
    };
    let objective = eq14_objective(world, reading, world.beta());
    let bound = match (&evidence.nats, &objective) {
        (Some(_), Ok(_)) => bound(&scene),
        _ => Bound::NoValue,
    };
    let mut entries = vec![entry("objective", "E[ln p(x|y,z)] - beta D", objective), gap];
    entries.extend(reading_entries(seen, reading));
    entries.push(if expected {
        entry("dropped", "nothing: line 14 bounds ln p(x) as it is", Ok(Nats::ZERO))
    } else {
        let slack = seen.dropped_constant(reading);
        entry("dropped", "ln q(y|x), never positive", slack)
    });
    entries.push(entry(
        "reweighting",
        "(beta - 1) D",
        seen.reweighted_divergence(reading),
    ));
    let parts = parts(world, reading);
    let residue = residue(&evidence, &entries);
    Ok(Ledger {
        reading,
        replaced: scene.in_place_of_tables(),
        beta: world.beta().get(),
        evidence,
        entries,
        parts,
        residue,
        critical: critical_beta(world, reading, false).ok(),
        bound,
    })
}

/// An entry, whose amount is absent where it has no value.
fn entry(name: &'static str, formula: &'static str, nats: Result<Nats, Error>) -> Entry {
    Entry {
        name,
        formula,
        nats: nats.ok(),
    }
}

/// The two parts of the objective: the reconstruction and the divergence.
fn parts<W: Checkable>(world: &W, reading: Reading) -> Vec<Entry> {
    vec![
        entry(
            "reconstruction",
            "R = E[ln p(x|y,z)]",
            expected_log_likelihood(world, reading).determinate("R"),
        ),
        entry("divergence", "D, as the reading has it", divergence(world, reading)),
    ]
}

fn bound<W: Checkable>(scene: &UnderReading<W>) -> Bound {
    let claim = bound_at_beta(scene.reading);
    match claim.map(|claim| judge(&claim, scene, &mut Values::new()).holds()) {
        Some(Some(true)) => Bound::Holds,
        Some(Some(false)) => Bound::Fails,
        Some(None) => Bound::Undecided,
        None => Bound::NoValue,
    }
}

/// The entries that the reading adds: one for the joint encoder and one for the divergence. The joint reading has a
/// single entry where one of the two is not finite, because they may be opposite infinities.
fn reading_entries<W: Slack>(seen: &W, reading: Reading) -> Vec<Entry> {
    let encoder = if reading.averages_captions() {
        Ok(Nats::ZERO)
    } else {
        seen.conditional_encoder()
    };
    let joint = match reading {
        Reading::Joint => true,
        Reading::Observed | Reading::Pointwise | Reading::Footnote | Reading::Expected => false,
    };
    let divergence = if joint {
        seen.joint_against_pointwise()
    } else {
        Ok(Nats::ZERO)
    };
    let apart = |side: &Result<Nats, Error>| side.as_ref().is_ok_and(|nats| nats.is_finite());
    if joint && !(apart(&encoder) && apart(&divergence)) {
        return vec![entry(
            "reading",
            "D - E[ln q(z|x) q(y|x) - ln p(y,z)]",
            seen.joint_against_product(),
        )];
    }
    vec![
        entry(
            "reading: joint encoder",
            "-KL(q(z|x) || q(z|y,x)), 0 if q(y,z|x) factorises",
            encoder,
        ),
        entry(
            "reading: divergence",
            "D - A(y), what summing over captions adds",
            divergence,
        ),
    ]
}

fn residue(evidence: &Entry, entries: &[Entry]) -> Option<(f64, f64)> {
    let finite = |entry: &Entry| entry.nats.filter(|nats| nats.is_finite());
    let evidence = finite(evidence)?;
    let entries: Vec<Nats> = entries.iter().map(finite).collect::<Option<_>>()?;
    let difference = evidence - entries.iter().copied().sum::<Nats>();
    let sides: Vec<Nats> = entries.into_iter().chain([evidence]).collect();
    Some((difference.value(), closure_bound(&sides)))
}
