//! A world seen under a reading of `q(y,z|x)`: what every row of the table is evaluated on.

use reference::model::Model;
use reference::vocab::{Beta, Error, Reading};
use reference::world::World;

use crate::checkable::Checkable;

/// A world, a reading, and the world as that reading has it.
#[derive(Debug, Clone)]
pub struct UnderReading<W = World> {
    /// The world as given; Eqs. 13, 14 and 1 take the reading as an argument.
    pub world: W,
    /// [`Model::under`] the reading; Eqs. 3 to 12 and the slacks see this one.
    pub seen: W,
    /// What `q(y,z|x)` and `D_KL` are taken to mean.
    pub reading: Reading,
}

impl<W: Model> UnderReading<W> {
    /// A world under a reading.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] for a reading that the world cannot be put under; none for a finite one.
    pub fn new(world: &W, reading: Reading) -> Result<Self, Error> {
        Ok(Self {
            world: world.clone(),
            seen: world.under(reading)?,
            reading,
        })
    }

    /// Puts the scene under another beta.
    pub fn set_beta(&mut self, beta: Beta) {
        self.world.set_beta(beta);
        self.seen.set_beta(beta);
    }
}

impl<W: Checkable> UnderReading<W> {
    /// What the reading evaluates in place of this world's tables; none where it takes them as they are.
    #[must_use]
    pub fn in_place_of_tables(&self) -> Option<&'static str> {
        let replaced = match self.reading {
            Reading::Observed => "q(y|x) is 1 at the observed caption, and q(y,z|x) is q(z|x) there",
            Reading::Footnote => "q(y,z|x) is q(z|x) p(y|z), and q(y|x) its sum over z",
            _ => return None,
        };
        (!self.seen.same_encoders(&self.world)).then_some(replaced)
    }
}
