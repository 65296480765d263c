//! Worlds in: five sources, shared by tests, program and benches.

pub mod edge;
#[cfg(feature = "lapack")]
pub mod gaussian;
pub mod list;
pub mod random;
pub mod tiny;

use reference::world::World;
use serde::Serialize;

/// Where a world comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A case file.
    File,
    /// A regression or a named example, each with its origin.
    List,
    /// A shape or a number at the end of its range.
    Edge,
    /// Every world of at most 2 x 2 states with small fractions.
    Tiny,
    /// Drawn from a seed.
    Random,
}

/// A list of worlds that may be made on demand, one after the other or in parallel.
#[derive(Debug)]
pub struct Cases<W = World> {
    fixed: Vec<(Origin, W)>,
    draw: fn(u64, u64) -> W,
    seed: u64,
    random: u64,
}

impl Cases<World> {
    /// The file's worlds, the listed, the edge and the tiny ones, and `random` worlds from `seed`.
    #[must_use]
    pub fn all(file: &[World], random: u64, seed: u64) -> Self {
        let mut fixed: Vec<(Origin, World)> = file.iter().map(|world| (Origin::File, world.clone())).collect();
        fixed.extend(list::worlds().into_iter().map(|world| (Origin::List, world)));
        fixed.extend(edge::worlds().into_iter().map(|world| (Origin::Edge, world)));
        fixed.extend(tiny::worlds().into_iter().map(|world| (Origin::Tiny, world)));
        Self::of(fixed, random, seed, random::world)
    }
}

impl<W: Clone> Cases<W> {
    /// Fixed worlds, then `random` drawn by `draw(seed, index)`.
    pub const fn of(fixed: Vec<(Origin, W)>, random: u64, seed: u64, draw: fn(u64, u64) -> W) -> Self {
        Self {
            fixed,
            draw,
            seed,
            random,
        }
    }

    /// How many worlds there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        (self.fixed.len() as u64).saturating_add(self.random)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The world of that number; the same for the same seed, whoever asks first.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<(Origin, W)> {
        let fixed = self.fixed.len() as u64;
        if number < fixed {
            return self.fixed.get(usize::try_from(number).ok()?).cloned();
        }
        let drawn = number - fixed;
        (drawn < self.random).then(|| (Origin::Random, (self.draw)(self.seed, drawn)))
    }
}
