//! Named examples and regressions. They are stored as values and not as seeds, so that a change to a generator cannot
//! lose them.

use note::assumption::ASSUMPTIONS;
use reference::world::World;

use crate::fractions::world::FractionWorld;

/// A committed world with a name.
#[derive(Debug)]
pub struct Named {
    /// Its name on the command line.
    pub name: &'static str,
    /// A sentence about where it comes from, or what it shows.
    pub origin: &'static str,
    /// The world, as TOML with fractions.
    pub toml: &'static str,
}

/// The worlds that the command line knows by name. A counterexample that a test found is added here, shrunk, with the
/// claim that it broke.
pub static NAMED: &[Named] = &[
    Named {
        name: "teaching",
        origin: "two captions, three codes, fractions that can be followed by hand",
        toml: include_str!("../../../data/worlds/teaching.toml"),
    },
    Named {
        name: "fig3",
        origin: "the note's Fig. 3: a distribution over codes against a joint over captions and codes",
        toml: include_str!("../../../data/worlds/fig3.toml"),
    },
];

/// Worlds that a random search once missed. They are always tried, so that no verdict depends on the seed.
static REGRESSIONS: &[Named] = &[Named {
    name: "expected-below-one",
    origin: "with 30 random worlds and seed 2, 14b-1 under the expected reading was called true for every beta",
    toml: include_str!("../../../data/worlds/expected-below-one.toml"),
}];

/// The world of [`NAMED`] with this name.
#[must_use]
pub fn named(name: &str) -> Option<World> {
    let toml = NAMED.iter().find(|world| world.name == name)?.toml;
    FractionWorld::from_toml(toml).ok()?.to_world().ok()
}

/// The named worlds, the regressions, and the finite witnesses of the assumptions.
#[must_use]
pub fn worlds() -> Vec<World> {
    NAMED
        .iter()
        .chain(REGRESSIONS)
        .map(|world| world.toml)
        .chain(ASSUMPTIONS.iter().map(|assumption| assumption.witness))
        .filter_map(|toml| FractionWorld::from_toml(toml).ok()?.to_world().ok())
        .collect()
}

/// The continuous world with this name. There is one, [`CURVES`].
#[cfg(feature = "lapack")]
#[must_use]
pub fn named_gaussian(name: &str) -> Option<reference::gaussian::Gaussian> {
    let toml = (name == CURVES).then_some(include_str!("../../../data/worlds/curves.toml"))?;
    crate::fractions::FractionGaussian::from_toml(toml)
        .ok()?
        .to_world()
        .ok()
}

/// The continuous teaching world and the continuous witnesses of the assumptions.
#[cfg(feature = "lapack")]
#[must_use]
pub fn gaussian_worlds() -> Vec<reference::gaussian::Gaussian> {
    let witnesses = ASSUMPTIONS.iter().filter_map(|assumption| assumption.continuous);
    let read = |toml| {
        crate::fractions::FractionGaussian::from_toml(toml)
            .ok()?
            .to_world()
            .ok()
    };
    named_gaussian(CURVES)
        .into_iter()
        .chain(witnesses.filter_map(read))
        .collect()
}

/// The name of the continuous teaching world. Its `z` is one-dimensional, so that densities can be drawn as curves.
pub const CURVES: &str = "curves";
