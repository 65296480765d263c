//! The worlds that a command works on: a case file, a row of one, a named world.

use std::path::{Path, PathBuf};

#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;
use typeset::words::one_line;
use worlds::case::{self, Case};
use worlds::generate::list;

use crate::outcome::Result;

pub(super) fn read(file: Option<&Path>) -> Result<Case> {
    Ok(file.map_or_else(case::embedded, case::read)?)
}

/// A world of either kind.
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

/// A named world, or a row of a case file.
pub(super) fn named_or_file(name: &str, index: usize) -> Result<(Chosen, String)> {
    let named = list::named(name).map(|world| Chosen::Finite(Box::new(world)));
    #[cfg(feature = "lapack")]
    let named = named.or_else(|| list::named_gaussian(name).map(Chosen::Gaussian));
    if let Some(world) = named {
        if index != 0 {
            return Err(format!("the world {name} has one row, 0; --row {index} does not exist").into());
        }
        return Ok((world, name.to_owned()));
    }
    let path = PathBuf::from(name);
    #[cfg(not(feature = "lapack"))]
    if name == list::CURVES && !path.exists() {
        return super::output::without_lapack(&format!("the world {name} is continuous"));
    }
    if !path.exists() {
        let finite = list::NAMED.iter().map(|named| named.name);
        let known: Vec<&str> = finite.chain(cfg!(feature = "lapack").then_some(list::CURVES)).collect();
        return Err(format!("{name} is neither a file nor a named world ({})", known.join(", ")).into());
    }
    let case = case::read(&path)?;
    Ok((
        row(&case, index)?,
        one_line(case.title.as_deref().unwrap_or(&case.source)),
    ))
}
