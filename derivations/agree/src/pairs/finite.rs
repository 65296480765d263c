//! Batches of finite worlds, which are tables of log-probabilities.

use gpu::device::Device;
use gpu::transfer::Tables;
use gpu::world::Batch;
use reference::model::Model as _;
use reference::vocab::{Beta, Error, Float, Reading};
use reference::world::World;

use super::batchable::{Batchable, TooLarge, limit};
use crate::bounds::{self, Size};

impl Batchable for World {
    type Batch = Batch;

    fn shape(&self) -> [usize; 3] {
        [self.captions(), self.codes(), 1]
    }

    fn prepared(worlds: &[&Self], reading: Reading, float: Float) -> Vec<Result<Self, Error>> {
        let under = |world: &&Self| rounded(&world.under(reading)?, float);
        worlds.iter().map(under).collect()
    }

    fn rounded(worlds: &[&Self], float: Float) -> Vec<Result<Self, Error>> {
        worlds.iter().map(|world| rounded(world, float)).collect()
    }

    fn batch(worlds: &[Self], device: &Device, float: Float) -> Result<Batch, gpu::Error> {
        Batch::new(&tables(worlds), device, float)
    }

    fn entries(&self) -> usize {
        self.captions() * self.codes()
    }

    /// A log-probability that is too large for the type would become an infinity, and its state impossible.
    fn too_large(&self, float: Float) -> Option<TooLarge> {
        let named = |table: &'static str| move |value: &f64| (table, *value);
        let free = self.is_free().then(|| self.joint_encoder().ln());
        let mut entries = (self.likelihood().iter().map(named("ln_p_x_given_yz")))
            .chain(self.prior().ln().iter().map(named("ln_p_yz")))
            .chain(self.encoder().ln().iter().map(named("ln_q_z_given_x")))
            .chain(self.caption_model().ln().iter().map(named("ln_q_y_given_x")))
            .chain(free.into_iter().flatten().map(named("ln_q_yz_given_x")));
        let limit = limit(float, self.beta());
        let (table, value) = entries.find(|(_, value)| value.is_finite() && value.abs() > limit)?;
        Some(TooLarge { table, value, limit })
    }

    /// Every finite world is comparable, because tables of logarithms have no condition number.
    fn comparable(worlds: &[Self], _: Float) -> Vec<bool> {
        vec![true; worlds.len()]
    }

    fn size(&self) -> Size {
        #[expect(clippy::cast_precision_loss, reason = "counts of captions and codes")]
        let count = |n: usize| n as f64;
        Size {
            captions: count(self.captions()),
            codes: count(self.codes()),
        }
    }

    fn floor(&self, _: Reading, float: Float) -> f64 {
        bounds::floor(self.size(), float, largest(self), self.beta().get())
    }
}

fn rounded(world: &World, float: Float) -> Result<World, Error> {
    let round = |value| float.nearest(value);
    let beta = Beta::new(round(world.beta().get()))?;
    Ok(world.rounded(round).with_beta(beta))
}

/// Joins the tables of worlds of one shape, one world after the other, as a batch takes them.
#[must_use]
pub fn tables(worlds: &[World]) -> Tables {
    let mut tables = Tables {
        captions: worlds.first().map_or(0, World::captions),
        codes: worlds.first().map_or(0, World::codes),
        ..Tables::default()
    };
    for world in worlds {
        tables.ln_p_x_given_yz.extend(world.likelihood());
        tables.ln_p_yz.extend(world.prior().ln());
        tables.ln_q_z.extend(world.encoder().ln());
        tables.ln_q_y.extend(world.caption_model().ln());
        tables.ln_q_yz.extend(world.joint_encoder().ln());
        tables.y.push(world.y());
        tables.beta.push(world.beta());
    }
    tables
}

/// The largest absolute value of a finite entry of a world's tables.
fn largest(world: &World) -> f64 {
    let tables = [world.likelihood(), world.prior().ln(), world.joint_encoder().ln()];
    let matrices = tables.into_iter().flatten();
    let vectors = world.encoder().ln().iter().chain(world.caption_model().ln());
    matrices
        .chain(vectors)
        .filter(|entry| entry.is_finite())
        .fold(0.0, |largest, entry| entry.abs().max(largest))
}
