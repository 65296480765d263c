//! What a line needs: each assumption a predicate, and a committed witness that breaks it.

use ndarray::{Array1, Array2};
use reference::repairs::posterior;
use reference::vocab::{Beta, Error, Reading};
use reference::world::{Tables, World};
use serde::Serialize;

use crate::precision::closure_bound;
use crate::scene::Scene;

/// Where an assumption comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The note states it.
    Stated,
    /// The note does not state it, and only a zero probability violates it.
    Support,
    /// Neither: it repairs a line that is refuted.
    Repair,
}

/// An assumption.
#[derive(Debug)]
pub struct Assumption {
    /// Its name on the command line.
    pub id: &'static str,
    /// As a formula.
    pub latex: &'static str,
    /// In words.
    pub words: &'static str,
    /// Where it comes from.
    pub kind: Kind,
    /// Whether a scene satisfies it.
    pub holds: fn(&Scene) -> bool,
    /// The claim that falls with it.
    pub breaks: &'static str,
    /// The reading under which it does.
    pub reading: Reading,
    /// A world that violates it, as TOML with fractions.
    pub witness: &'static str,
    /// The nearest world that satisfies it.
    pub restore: fn(&World) -> Result<World, Error>,
}

impl Assumption {
    /// The letter that stands for it in `check`'s table: `A` for the first.
    #[must_use]
    pub fn letter(&self) -> String {
        let place = ASSUMPTIONS.iter().position(|a| a.id == self.id);
        let letter = place.and_then(|place| ('A'..='Z').nth(place));
        letter.map_or_else(|| self.id.to_owned(), String::from)
    }

    /// Whether it speaks of beta alone, and so says nothing of a claim made at a fixed beta.
    #[must_use]
    pub fn is_about_beta(&self) -> bool {
        self.id.starts_with("beta-")
    }
}

/// The assumption of that name, or of that letter.
#[must_use]
pub fn assumption(id: &str) -> Option<&'static Assumption> {
    ASSUMPTIONS
        .iter()
        .find(|a| a.id == id || a.letter().eq_ignore_ascii_case(id))
}

/// Bit `i` set: `ASSUMPTIONS[i]` is violated.
#[must_use]
pub fn violated(scene: &Scene) -> u16 {
    ASSUMPTIONS.iter().enumerate().fold(
        0,
        |mask, (bit, a)| if (a.holds)(scene) { mask } else { mask | (1 << bit) },
    )
}

/// Whether every probability of the world is positive: of the tables given, and of the images not observed.
#[must_use]
pub fn every_probability_positive(world: &World) -> bool {
    let positive = |ln_p: &f64| *ln_p > f64::NEG_INFINITY;
    let likelihood = world.likelihood();
    let certain = likelihood.iter().all(|ln_p| *ln_p == 0.0);
    (certain || likelihood.iter().all(|ln_p| positive(ln_p) && *ln_p < 0.0))
        && world.prior().ln().iter().all(positive)
        && world.joint_encoder().ln().iter().all(positive)
}

fn q_covers_posterior(scene: &Scene) -> bool {
    let (w, y) = (&scene.seen, scene.seen.y());
    (0..w.codes())
        .all(|z| w.ln_q_z(z).is_finite() || !w.ln_p_x_given_yz(y, z).is_finite() || !w.ln_p_yz(y, z).is_finite())
}

fn caption_possible(scene: &Scene) -> bool {
    scene.seen.ln_q_y(scene.seen.y()).is_finite()
}

fn factorises(scene: &Scene) -> bool {
    let w = &scene.seen;
    (0..w.captions()).all(|y| {
        (0..w.codes()).all(|z| {
            let (joint, product) = (w.ln_q_yz(y, z), w.ln_q_y(y) + w.ln_q_z(z));
            match (joint.is_finite(), product.is_finite()) {
                (true, true) => {
                    (joint - product).value().abs() <= closure_bound(&[joint, product]) + f64::EPSILON * 8.0
                }
                (a, b) => a == b,
            }
        })
    })
}

fn caption_certain(scene: &Scene) -> bool {
    let others = (0..scene.seen.captions()).filter(|y| *y != scene.seen.y());
    others.into_iter().all(|y| !scene.seen.ln_q_y(y).is_finite())
}

fn beta_is_one(scene: &Scene) -> bool {
    scene.world.beta() == Beta::ONE
}

fn beta_at_least_one(scene: &Scene) -> bool {
    scene.world.beta().get() >= 1.0
}

fn with(world: &World, change: impl FnOnce(&mut Tables)) -> Result<World, Error> {
    let mut tables = world.tables();
    change(&mut tables);
    World::new(tables)
}

fn uniform(states: usize) -> Array1<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a count of states")]
    Array1::from_elem(states, -(states as f64).ln())
}

/// All assumptions; the order is that of the bits of [`violated`].
pub static ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        id: "q-covers-posterior",
        latex: r"p(z|x,y) > 0 \Rightarrow q_\phi(z|x) > 0",
        words: "q(z|x) is positive wherever the posterior is",
        kind: Kind::Support,
        holds: q_covers_posterior,
        breaks: "3-4",
        reading: Reading::Pointwise,
        witness: include_str!("data/witness/q-covers-posterior.toml"),
        restore: |world| {
            let q = posterior(world)?;
            with(world, |tables| tables.ln_q_z_given_x = q.ln().clone())
        },
    },
    Assumption {
        id: "caption-possible",
        latex: r"q_\phi(y|x) > 0",
        words: "the observed caption has positive probability under q(y|x)",
        kind: Kind::Support,
        holds: caption_possible,
        breaks: "9-10",
        reading: Reading::Pointwise,
        witness: include_str!("data/witness/caption-possible.toml"),
        restore: |world| {
            with(world, |tables| {
                tables.ln_q_y_given_x = uniform(world.captions());
                tables.ln_q_yz_given_x = None;
            })
        },
    },
    Assumption {
        id: "joint-factorises",
        latex: r"q_\phi(y,z|x) = q_\phi(y|x)\, q_\phi(z|x)",
        words: "caption and codes are independent given the image",
        kind: Kind::Stated,
        holds: factorises,
        breaks: "11-12",
        reading: Reading::Pointwise,
        witness: include_str!("data/witness/joint-factorises.toml"),
        restore: |world| with(world, |tables| tables.ln_q_yz_given_x = None),
    },
    Assumption {
        id: "caption-certain",
        latex: r"q_\phi(y|x) = 1",
        words: "q(y|x), as the reading has it, is a point mass at the observed caption",
        kind: Kind::Repair,
        holds: caption_certain,
        breaks: "13-14",
        reading: Reading::Pointwise,
        witness: include_str!("data/witness/caption-certain.toml"),
        restore: |world| {
            with(world, |tables| {
                tables.ln_q_y_given_x = Array1::from_elem(world.captions(), f64::NEG_INFINITY);
                tables.ln_q_y_given_x[world.y()] = 0.0;
                tables.ln_q_yz_given_x = None;
            })
        },
    },
    Assumption {
        id: "beta-one",
        latex: r"\beta = 1",
        words: "the divergence has weight one",
        kind: Kind::Stated,
        holds: beta_is_one,
        breaks: "3-1",
        reading: Reading::Observed,
        witness: include_str!("data/witness/beta-one.toml"),
        restore: |world| with(world, |tables| tables.beta = 1.0),
    },
    Assumption {
        id: "beta-at-least-one",
        latex: r"\beta \geq 1",
        words: "the divergence has at least weight one",
        kind: Kind::Repair,
        holds: beta_at_least_one,
        breaks: "3-1",
        reading: Reading::Observed,
        witness: include_str!("data/witness/beta-one.toml"),
        restore: |world| with(world, |tables| tables.beta = tables.beta.max(1.0)),
    },
    Assumption {
        id: "decoder-ignores-caption",
        latex: r"p_\theta(x|y,z) = p_\theta(x|z)",
        words: "the decoder does not look at the caption",
        kind: Kind::Repair,
        holds: |scene| {
            let table = scene.world.likelihood();
            table.rows().into_iter().all(|row| row == table.row(0))
        },
        breaks: "p(x)-A4",
        reading: Reading::Pointwise,
        witness: include_str!("data/witness/decoder-ignores-caption.toml"),
        restore: |world| {
            with(world, |tables| {
                let first = tables.ln_p_x_given_yz.row(world.y()).to_owned();
                tables.ln_p_x_given_yz = Array2::from_shape_fn((world.captions(), world.codes()), |(_, z)| first[z]);
            })
        },
    },
];
