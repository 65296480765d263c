//! What worlds in fractions have in common, whatever kind of world they are.

use std::fmt::Display;

use note::checkable::Checkable;
use reference::world::World;

use super::world::FractionWorld;
use crate::error::FileError;

/// A world in fractions.
pub trait InFractions: Clone + Display {
    /// The kind of world it is.
    type World: Checkable;

    /// The world, checked in exact arithmetic.
    ///
    /// # Errors
    /// [`FileError`], naming table and index.
    fn to_world(&self) -> Result<Self::World, FileError>;

    /// As TOML that [`InFractions::from_toml`] reads back equal.
    fn to_toml(&self) -> String;

    /// Reads a world and checks it.
    ///
    /// # Errors
    /// [`FileError`], naming table and index.
    fn from_toml(text: &str) -> Result<Self, FileError>;

    /// What there is of states, in the singular, and how many.
    fn states(&self) -> [(&'static str, usize); 3];

    /// The observed caption.
    fn y(&self) -> usize;

    /// What the world shows.
    fn note(&self) -> Option<&str>;

    /// The same world, said to show something else or nothing.
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
