//! What a walk shows of a world beside its lines, which every kind has.

use note::checkable::Checkable;
use note::line::LineId;
use note::step::StepId;
use note::under_reading::UnderReading;
use reference::vocab::Error;
use reference::world::World;
use typeset::amount::Amount;

use crate::numbers::{self, Written};
use crate::opening::{self, Opening};

/// A kind of world that can be walked through.
pub trait Narrated: Checkable {
    /// The world and the question.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn opening(scene: &UnderReading<Self>, name: &str) -> Result<Opening, Error>;

    /// A line with the world's numbers put in, and what those need; nothing where there are too many to write.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn written(id: LineId, scene: &UnderReading<Self>, value: Amount) -> Result<Vec<Written>, Error>;

    /// A step's slack with the world's numbers, as LaTeX, where there is something to write.
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
