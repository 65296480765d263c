//! Reads the worlds on which a command works: a case file, a row of one, or a named world.

use std::path::Path;

#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;
use worlds::case::{self, Case};

use crate::outcome::Result;

pub(super) fn read(file: Option<&Path>) -> Result<Case> {
    Ok(file.map_or_else(case::embedded, case::read)?)
}

/// The world that was chosen, of either kind.
pub(super) enum Chosen {
    Finite(Box<World>),
    #[cfg(feature = "lapack")]
    Gaussian(Gaussian),
}

pub(super) fn row(case: &Case, row: usize) -> Result<Chosen> {
    let world = case
        .worlds
        .get(row)
        .cloned()
        .map(|world| Chosen::Finite(Box::new(world)));
    #[cfg(feature = "lapack")]
    let world = world.or_else(|| case.gaussian.get(row).cloned().map(Chosen::Gaussian));
    world.ok_or_else(|| {
        format!(
            "{}: row {row} does not exist, expected 0 to {}",
            case.source,
            case.len() - 1
        )
        .into()
    })
}
