//! What finite and linear-Gaussian worlds in fractions have in common.

use std::fmt::Display;

use note::checkable::Checkable;
use reference::world::World;

use super::world::FractionWorld;
use crate::error::FileError;

/// A world in fractions of either kind. The search for counterexamples and the reports are generic in it.
pub trait InFractions: Clone + Display {
    /// The same kind of world in floating point.
    type World: Checkable;

    /// Checks the world in exact arithmetic and converts it to floating point.
    ///
    /// # Errors
    /// A [`FileError`] that names the table and the index.
    fn to_world(&self) -> Result<Self::World, FileError>;

    /// The world as TOML that [`InFractions::from_toml`] reads back equal.
    fn to_toml(&self) -> String;

    /// Reads a world from TOML and checks it.
    ///
    /// # Errors
    /// A [`FileError`] that names the table and the index.
    fn from_toml(text: &str) -> Result<Self, FileError>;

    /// The sizes of the world: the name of each, in the singular, and its number.
    fn states(&self) -> [(&'static str, usize); 3];

    /// The observed caption.
    fn y(&self) -> usize;

    /// The sentence about what the world shows, if it has one.
    fn note(&self) -> Option<&str>;

    /// The same world with another note, or with none.
    #[must_use]
    fn noted(self, note: Option<String>) -> Self;
}

impl InFractions for FractionWorld {
    type World = World;

    fn to_world(&self) -> Result<World, FileError> {
        Self::to_world(self)
    }

    fn to_toml(&self) -> String {
        Self::to_toml(self)
    }

    fn from_toml(text: &str) -> Result<Self, FileError> {
        Self::from_toml(text)
    }

    fn states(&self) -> [(&'static str, usize); 3] {
        let (captions, codes, images) = Self::states(self);
        [("caption", captions), ("code", codes), ("image", images)]
    }

    fn y(&self) -> usize {
        self.y
    }

    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    fn noted(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}

#[cfg(feature = "lapack")]
impl InFractions for super::FractionGaussian {
    type World = reference::gaussian::Gaussian;

    fn to_world(&self) -> Result<reference::gaussian::Gaussian, FileError> {
        Self::to_world(self)
    }

    fn to_toml(&self) -> String {
        Self::to_toml(self)
    }

    fn from_toml(text: &str) -> Result<Self, FileError> {
        Self::from_toml(text)
    }

    fn states(&self) -> [(&'static str, usize); 3] {
        let (captions, coordinates, pixels) = self.sizes();
        [("caption", captions), ("coordinate", coordinates), ("pixel", pixels)]
    }

    fn y(&self) -> usize {
        self.y
    }

    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    fn noted(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}
