//! A world seen under a reading of `q(y,z|x)`: what every row of the table is evaluated on.

use reference::vocab::{Beta, Error, Reading};
use reference::world::World;

/// A world, a reading, and the world as that reading has it.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The world as given; Eqs. 13, 14 and 1 take the reading as an argument.
    pub world: World,
    /// [`World::under`] the reading; Eqs. 3 to 12 and the slacks see this one.
    pub seen: World,
    /// What `q(y,z|x)` and `D_KL` are taken to mean.
    pub reading: Reading,
}

impl Scene {
    /// A world under a reading.
    ///
    /// # Errors
    /// None that a validated world can cause.
    pub fn new(world: &World, reading: Reading) -> Result<Self, Error> {
        Ok(Self {
            world: world.clone(),
            seen: world.under(reading)?,
            reading,
        })
    }

    /// What the reading evaluates in place of this world's tables; none where it takes them as they are.
    #[must_use]
    pub fn in_place_of_tables(&self) -> Option<&'static str> {
        let caption = self.seen.caption_model().ln() != self.world.caption_model().ln();
        let joint = self.seen.joint_encoder().ln() != self.world.joint_encoder().ln();
        let replaced = match self.reading {
            Reading::Observed => "q(y|x) is 1 at the observed caption, and q(y,z|x) is q(z|x) there",
            Reading::Footnote => "q(y,z|x) is q(z|x) p(y|z), and q(y|x) its sum over z",
            _ => return None,
        };
        (caption || joint).then_some(replaced)
    }

    /// Puts the scene under another beta.
    pub const fn set_beta(&mut self, beta: Beta) {
        self.world.set_beta(beta);
        self.seen.set_beta(beta);
    }
}
