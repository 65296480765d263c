//! Shrinks finite worlds: captions and codes are removed one at a time, and then all small fractions are tried.

use std::path::Path;

use ndarray::{Array1, Array2, Axis};
use reference::model::Model as _;
use reference::repairs::posterior;
use reference::vocab::Error;
use reference::world::{Tables, World};
use worlds::case::{self, FileError};
use worlds::fractions::FractionWorld;
use worlds::generate::random;

use super::Shrinkable;
use crate::counterexample::simplest;
use crate::counterexample::target::{Grade, Target};

impl Shrinkable for World {
    type Written = FractionWorld;

    fn draw(seed: u64, index: u64) -> Self {
        random::world(seed, index)
    }

    fn size(&self) -> String {
        format!("{} x {} states", self.captions(), self.codes())
    }

    fn smaller(&self) -> Vec<Self> {
        let captions = (0..self.captions()).filter(|caption| *caption != self.y());
        let fewer_captions = captions.map(|caption| without(self, Some(caption), None));
        let fewer_codes = (0..self.codes()).map(|code| without(self, None, Some(code)));
        fewer_captions.chain(fewer_codes).flatten().collect()
    }

    fn simplest(target: &Target, grade: Grade, small: &Self) -> Result<(Option<FractionWorld>, u64), Error> {
        let simple = simplest::search(target, grade, small.captions(), small.codes(), small.is_free())?;
        let world = simple.world.or_else(|| simplest::round(target, grade, small));
        Ok((world, simple.tried))
    }

    fn with_caption_model(&self, ln_q_y_given_x: Array1<f64>) -> Result<Self, Error> {
        with(self, |tables| {
            tables.ln_q_y_given_x = ln_q_y_given_x;
            tables.ln_q_yz_given_x = None;
        })
    }

    fn with_posterior_encoder(&self) -> Result<Self, Error> {
        let q = posterior(self)?;
        with(self, |tables| tables.ln_q_z_given_x = q.ln().clone())
    }

    fn with_product_encoder(&self) -> Result<Self, Error> {
        with(self, |tables| tables.ln_q_yz_given_x = None)
    }

    fn with_one_decoder(&self) -> Result<Self, Error> {
        with(self, |tables| {
            let first = tables.ln_p_x_given_yz.row(self.y()).to_owned();
            tables.ln_p_x_given_yz = Array2::from_shape_fn((self.captions(), self.codes()), |(_, z)| first[z]);
        })
    }

    fn write(path: &Path, worlds: &[Self], title: &str) -> Result<(), FileError> {
        case::write(path, worlds, title)
    }
}

fn with(world: &World, change: impl FnOnce(&mut Tables)) -> Result<World, Error> {
    let mut tables = world.tables();
    change(&mut tables);
    World::new(tables)
}

/// The world without a caption or a code, renormalised. It is `None` when no mass is left.
fn without(world: &World, caption: Option<usize>, code: Option<usize>) -> Option<World> {
    let captions: Vec<usize> = (0..world.captions()).filter(|y| Some(*y) != caption).collect();
    let codes: Vec<usize> = (0..world.codes()).filter(|z| Some(*z) != code).collect();
    let tables = world.tables();
    let matrix = |table: &Array2<f64>| table.select(Axis(0), &captions).select(Axis(1), &codes);
    let ln_p_yz = simplest::normalised(matrix(&tables.ln_p_yz))?;
    let joint = match &tables.ln_q_yz_given_x {
        Some(joint) => Some(simplest::normalised(matrix(joint))?),
        None => None,
    };
    let (q_z, q_y) = match &joint {
        Some(joint) => simplest::marginals(joint),
        None => (
            simplest::normalised(tables.ln_q_z_given_x.select(Axis(0), &codes))?,
            simplest::normalised(tables.ln_q_y_given_x.select(Axis(0), &captions))?,
        ),
    };
    World::new(Tables {
        ln_p_x_given_yz: matrix(&tables.ln_p_x_given_yz),
        ln_p_yz,
        ln_q_z_given_x: q_z,
        ln_q_y_given_x: q_y,
        ln_q_yz_given_x: joint,
        y: captions.iter().position(|y| *y == world.y())?,
        beta: tables.beta,
    })
    .ok()
}
