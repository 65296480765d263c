//! A world under a reading of `q(y,z|x)`, on which every line and every step is evaluated.

use reference::model::Model;
use reference::vocab::{Beta, Error, Reading};
use reference::world::World;

use crate::checkable::Checkable;

/// A world, a reading, and the world as that reading changes it.
#[derive(Debug, Clone)]
pub struct UnderReading<W = World> {
    /// The world as given. Eqs. 13, 14 and 1 are evaluated on it, and take the reading as an argument.
    pub world: W,
    /// The world under the reading, as [`Model::under`] gives it. Eqs. 3 to 12 and most slacks are evaluated on it.
    pub seen: W,
    /// The meaning that `q(y,z|x)` and `D_KL` are given.
    pub reading: Reading,
}

impl<W: Model> UnderReading<W> {
    /// A world under a reading.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] for a reading that this kind of world does not have. A finite world has all of them.
    pub fn new(world: &W, reading: Reading) -> Result<Self, Error> {
        Ok(Self {
            world: world.clone(),
            seen: world.under(reading)?,
            reading,
        })
    }

    /// Replaces beta, in both worlds.
    pub fn set_beta(&mut self, beta: Beta) {
        self.world.set_beta(beta);
        self.seen.set_beta(beta);
    }
}

impl<W: Checkable> UnderReading<W> {
    /// A sentence about the tables that the reading replaces. It is `None` where the reading takes this world's tables
    /// as they are.
    #[must_use]
    pub fn in_place_of_tables(&self) -> Option<&'static str> {
        let replaced = match self.reading {
            Reading::Observed => "q(y|x) is 1 at the observed caption, and q(y,z|x) is q(z|x) there",
            Reading::Footnote => "q(y,z|x) is q(z|x) p(y|z), and q(y|x) its sum over z",
            Reading::Pointwise | Reading::Joint | Reading::Expected => return None,
        };
        (!self.seen.same_encoders(&self.world)).then_some(replaced)
    }
}
