//! A world by its name, or a row of a case file.

use std::path::PathBuf;

use typeset::words::one_line;
use worlds::case;
use worlds::generate::list;

use super::input::{Chosen, row};
use crate::outcome::Result;

/// Reads a named world, or a row of a case file. The second result is its name for reports.
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
