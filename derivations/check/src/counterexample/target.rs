//! The target of a search, and the grade of a world that hits it.

use note::assumption::{ASSUMPTIONS, Kind, violated};
use note::checkable::Checkable;
use note::proposition::Proposition;
use note::under_reading::UnderReading;
use reference::equations::bound::eq03_log_evidence;
use reference::vocab::{Beta, Error};
use serde::Serialize;

use crate::observe::{Values, judge};

/// How good a counterexample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// It breaks the claim, but the evidence is 0 or several assumptions are violated at once.
    Degenerate,
    /// It violates a single assumption, and the note states that assumption or only a zero probability violates it.
    Conditional,
    /// It is `Conditional`, and every probability is positive.
    ConditionalPositive,
    /// Every probability is positive and everything the note assumes holds: the claim is refuted.
    Refutes,
}

/// The claim that is to be broken, and the beta at which.
#[derive(Debug, Clone)]
pub struct Target {
    /// The claim.
    pub claim: Proposition,
    /// The beta of every world that is tried. Where it is absent, each world keeps its own.
    pub beta: Option<Beta>,
}

impl Target {
    /// The world under the reading of the claim, at the beta of the target.
    ///
    /// # Errors
    /// None that a validated world can cause.
    pub fn scene<W: Checkable>(&self, world: &W) -> Result<UnderReading<W>, Error> {
        let mut scene = UnderReading::new(world, self.claim.reading)?;
        if let Some(beta) = self.beta {
            scene.set_beta(beta);
        }
        Ok(scene)
    }

    /// The grade with which the world breaks the claim. It is `None` where the claim is not broken.
    ///
    /// # Errors
    /// None that a validated world can cause.
    pub fn grade<W: Checkable>(&self, world: &W) -> Result<Option<Grade>, Error> {
        let scene = self.scene(world)?;
        let seen = judge(&self.claim, &scene, &mut Values::new());
        if !seen.broken {
            return Ok(None);
        }
        let violated = violated_names(&scene, self.beta.is_some());
        let needed = violated.iter().filter(|(_, kind)| *kind != Kind::Repair).count();
        let stated = violated.iter().any(|(_, kind)| *kind == Kind::Stated);
        let evidence = eq03_log_evidence(world)?.is_finite();
        Ok(Some(match (world.every_probability_positive(), needed) {
            (true, _) if !stated => Grade::Refutes,
            (true, 1) => Grade::ConditionalPositive,
            (_, 1) if evidence => Grade::Conditional,
            _ => Grade::Degenerate,
        }))
    }
}

/// The names and kinds of the assumptions that a world under a reading violates. Assumptions about beta are left out
/// when the user asked for a beta.
pub(crate) fn violated_names<W: Checkable>(scene: &UnderReading<W>, beta_given: bool) -> Vec<(&'static str, Kind)> {
    let mask = violated(scene);
    ASSUMPTIONS
        .iter()
        .enumerate()
        .filter(|(bit, a)| mask & (1 << bit) != 0 && !(beta_given && a.is_about_beta()))
        .map(|(_, a)| (a.id, a.kind))
        .collect()
}
