//! What a walk shows of a world beside its lines, which every kind has.

use reference::vocab::Error;
use reference::world::World;
use typeset::amount::Amount;

use super::{Opening, Written, numbers, opening};
use crate::line::LineId;
use crate::scene::Scene;
use crate::step::StepId;
use crate::subject::Subject;

/// A kind of world that can be walked through.
pub trait Walked: Subject {
    /// The world and the question.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn opening(scene: &Scene<Self>, name: &str) -> Result<Opening, Error>;

    /// A line with the world's numbers put in, and what those need; nothing where there are too many to write.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn written(id: LineId, scene: &Scene<Self>, value: Amount) -> Result<Vec<Written>, Error>;

    /// A step's slack with the world's numbers, as LaTeX, where there is something to write.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn slack_written(id: StepId, scene: &Scene<Self>) -> Result<Option<String>, Error>;
}

impl Walked for World {
    fn opening(scene: &Scene<Self>, name: &str) -> Result<Opening, Error> {
        Ok(opening::opening(scene, name))
    }

    fn written(id: LineId, scene: &Scene<Self>, value: Amount) -> Result<Vec<Written>, Error> {
        numbers::line(id, scene, value)
    }

    fn slack_written(id: StepId, scene: &Scene<Self>) -> Result<Option<String>, Error> {
        numbers::slack(id, scene)
    }
}
