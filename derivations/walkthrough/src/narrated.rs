//! The parts of a walk that depend on the kind of world.

use note::checkable::Checkable;
use note::line::LineId;
use note::step::StepId;
use note::under_reading::UnderReading;
use reference::vocab::Error;
use reference::world::World;
use typeset::amount::Amount;

use crate::numbers::{self, Written};
use crate::opening::{self, Opening};

/// A kind of world that can be walked through: finite, or linear-Gaussian.
pub trait Narrated: Checkable {
    /// The first section: the world, and the question that the walk answers.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn opening(scene: &UnderReading<Self>, name: &str) -> Result<Opening, Error>;

    /// A line with the world's numbers put in, followed by the quantities that occur in it. It is empty for a kind of
    /// world whose sums cannot be written out.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn written(id: LineId, scene: &UnderReading<Self>, value: Amount) -> Result<Vec<Written>, Error>;

    /// The slack of a step with the world's numbers, in LaTeX, where it can be written out.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn slack_written(id: StepId, scene: &UnderReading<Self>) -> Result<Option<String>, Error>;
}

impl Narrated for World {
    fn opening(scene: &UnderReading<Self>, name: &str) -> Result<Opening, Error> {
        Ok(opening::opening(scene, name))
    }

    fn written(id: LineId, scene: &UnderReading<Self>, value: Amount) -> Result<Vec<Written>, Error> {
        numbers::line(id, scene, value)
    }

    fn slack_written(id: StepId, scene: &UnderReading<Self>) -> Result<Option<String>, Error> {
        numbers::slack(id, scene)
    }
}
