//! The search for counterexamples: it finds a world that breaks a claim, and then shrinks it to the simplest one.

pub mod shrinkable;
pub mod simplest;
pub mod target;

use note::checkable::Checkable;
use note::line::{LineId, line};
use note::proposition::Proposition;
use note::step::Step;
use note::under_reading::UnderReading;
use rayon::prelude::*;
use reference::vocab::{Error, Nats};
use reference::world::World;
use worlds::fractions::InFractions as _;

use self::shrinkable::Shrinkable;
use self::target::{Grade, Target, violated_names};
use crate::observe::{Values, judge};

/// A world that breaks a claim, shrunk as far as the search could.
#[derive(Debug, Clone)]
pub struct Counterexample<W: Shrinkable = World> {
    /// The claim that it breaks.
    pub target: Target,
    /// The world, in fractions.
    pub world: W::Written,
    /// How good it is as a counterexample.
    pub grade: Grade,
    /// The names of the assumptions that it violates.
    pub violates: Vec<&'static str>,
    /// The step that raises the line the most in this world.
    pub because: Option<&'static Step>,
    /// The value of the upper side in nats. It is absent when that side has no value.
    pub above: Option<Nats>,
    /// The value of the lower side in nats. It is absent when that side has no value.
    pub below: Option<Nats>,
    /// The number of random worlds that were drawn until one broke the claim.
    pub drawn: u64,
    /// The size of that random world, in words.
    pub found_at: String,
    /// The number of candidates that were tried while shrinking.
    pub shrinks: u64,
}

/// The reason why a search ends without an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The reference refused a world. This does not happen to worlds that a generator draws.
    #[error(transparent)]
    Reference(#[from] Error),
    /// The claim is broken, but only by worlds that cannot be written down.
    #[error(
        "random world {drawn} breaks the claim, and no world near it in fractions of 64-bit integers does: expected another --seed to find one"
    )]
    Unwritable {
        /// The number of that world within the seed.
        drawn: u64,
    },
}

/// Searches `tries` random worlds of `seed` for a counterexample and shrinks the best that it finds.
///
/// # Errors
/// [`SearchError::Unwritable`] when the claim is broken, but by no world in small fractions that was found.
pub fn refute<W: Shrinkable>(target: &Target, seed: u64, tries: u64) -> Result<Option<Counterexample<W>>, SearchError> {
    let Some((drawn, found, grade)) = find::<W>(target, seed, tries)? else {
        return Ok(None);
    };
    let (small, removed) = fewest_states(target, &found, grade)?;
    let unwritable = || SearchError::Unwritable { drawn };
    let (world, simplified) = W::simplest(target, grade, &small)?;
    let world = world.ok_or_else(unwritable)?;
    let exact = world.to_world().map_err(|_| unwritable())?;
    let scene = target.scene(&exact)?;
    let side = |id: LineId| {
        let values = line(id).value(&scene).ok()?;
        values.first().copied()
    };
    Ok(Some(Counterexample {
        target: target.clone(),
        grade: target.grade(&exact)?.unwrap_or(grade),
        because: culprit(&target.claim, &scene),
        violates: violated_names(&scene, target.beta.is_some())
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        above: side(target.claim.from),
        below: side(target.claim.to),
        world,
        drawn: drawn + 1,
        found_at: found.size(),
        shrinks: removed + simplified,
    }))
}

/// The row of the claim that raises the line. Of several rows it is the one with the smallest slack. A slack without a
/// value counts as the smallest.
fn culprit<W: Checkable>(claim: &Proposition, scene: &UnderReading<W>) -> Option<&'static Step> {
    let mut values = Values::new();
    let mut rank = |step: &Step| {
        let alone = note::proposition::proposition(step.id.as_str(), claim.reading);
        let stands = alone.is_none_or(|claim| !judge(&claim, scene, &mut values).broken);
        let slack = step.slack(scene).map_or(f64::NEG_INFINITY, |nats| nats.value());
        (stands, slack)
    };
    let ranked = claim.rows.iter().map(|step| (rank(step), *step));
    let first = ranked.min_by(|((a, x), _), ((b, y), _)| a.cmp(b).then(x.total_cmp(y)));
    first.map(|(_, step)| step)
}

/// The first random world that refutes the claim, or else the first of the best grade.
fn find<W: Shrinkable>(target: &Target, seed: u64, tries: u64) -> Result<Option<(u64, W, Grade)>, Error> {
    const BATCH: u64 = 512;
    let mut fallback: Option<(u64, W, Grade)> = None;
    let mut start = 0;
    while start < tries {
        let batch: Vec<u64> = (start..(start + BATCH).min(tries)).collect();
        let graded: Vec<(u64, W, Option<Grade>)> = batch
            .into_par_iter()
            .map(|index| {
                let world = W::draw(seed, index);
                let grade = target.grade(&world)?;
                Ok((index, world, grade))
            })
            .collect::<Result<_, Error>>()?;
        for (index, world, grade) in graded {
            let Some(grade) = grade else { continue };
            if fallback.as_ref().is_none_or(|(_, _, best)| grade > *best) {
                fallback = Some((index, world, grade));
            }
            if grade == Grade::Refutes {
                return Ok(fallback);
            }
        }
        start += BATCH;
    }
    Ok(fallback)
}

/// Removes captions, codes or coordinates, one at a time, as long as the world still breaks the claim with the same
/// grade.
fn fewest_states<W: Shrinkable>(target: &Target, found: &W, grade: Grade) -> Result<(W, u64), Error> {
    let (mut world, mut tried) = (found.clone(), 0);
    'again: loop {
        for candidate in world.smaller() {
            tried += 1;
            if target.grade(&candidate)? >= Some(grade) {
                world = candidate;
                continue 'again;
            }
        }
        return Ok((world, tried));
    }
}
