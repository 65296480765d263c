//! The worlds on which claims are checked, from five sources. Tests, program and benches share them.

pub mod edge;
#[cfg(feature = "lapack")]
pub mod gaussian;
pub mod list;
pub mod random;
pub mod tiny;

use reference::world::World;
use serde::Serialize;

/// The source of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A case file that the user gave.
    File,
    /// A named example, a regression, or a witness of an assumption.
    List,
    /// A world with a shape or a number at the end of its range.
    Edge,
    /// One of all the worlds of at most 2 x 2 states with small fractions.
    Tiny,
    /// A world that is drawn from a seed.
    Random,
}

/// A numbered list of worlds. The random ones are drawn on demand, so that threads can share the list.
#[derive(Debug)]
pub struct Cases<W = World> {
    fixed: Vec<(Origin, W)>,
    draw: fn(u64, u64) -> W,
    seed: u64,
    random: u64,
}

impl Cases<World> {
    /// The worlds of all five sources: those of the file, the listed, the edge and the tiny ones, and `random` worlds
    /// drawn from `seed`.
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
    /// The fixed worlds, followed by `random` worlds that `draw(seed, index)` draws.
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

    /// Whether there are no worlds.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The world with this number, and its source. It depends on the number and the seed only, not on the order of the
    /// calls. It is `None` beyond the end.
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
