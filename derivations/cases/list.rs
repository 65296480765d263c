//! Regressions and named examples, stored as values and not as seeds, each with its origin.

use reference::world::World;

use crate::assumption::ASSUMPTIONS;
use crate::fractions::FractionWorld;

/// A named world.
#[derive(Debug)]
pub struct Named {
    /// Its name on the command line.
    pub name: &'static str,
    /// Where it comes from.
    pub origin: &'static str,
    /// The world, as TOML with fractions.
    pub toml: &'static str,
}

/// Every named world; a shrunk failure is copied here with the claim that it broke.
pub static NAMED: &[Named] = &[
    Named {
        name: "teaching",
        origin: "two captions, three codes, fractions that can be followed by hand",
        toml: include_str!("../data/worlds/teaching.toml"),
    },
    Named {
        name: "fig3",
        origin: "the note's Fig. 3: a distribution over codes against a joint over captions and codes",
        toml: include_str!("../data/worlds/fig3.toml"),
    },
];

/// Worlds that a search once missed, so that no verdict depends on the seed.
static REGRESSIONS: &[Named] = &[Named {
    name: "expected-below-one",
    origin: "with 30 random worlds and seed 2, 14b-1 under the expected reading was called true for every beta",
    toml: include_str!("../data/worlds/expected-below-one.toml"),
}];

/// The named world.
#[must_use]
pub fn named(name: &str) -> Option<World> {
    let toml = NAMED.iter().find(|world| world.name == name)?.toml;
    FractionWorld::from_toml(toml).ok()?.to_world().ok()
}

/// The named worlds, the regressions and the witnesses of the assumptions.
#[must_use]
pub fn worlds() -> Vec<World> {
    NAMED
        .iter()
        .chain(REGRESSIONS)
        .map(|world| world.toml)
        .chain(ASSUMPTIONS.iter().map(|assumption| assumption.witness))
        .filter_map(|toml| FractionWorld::from_toml(toml).ok()?.to_world().ok())
        .collect()
}

/// The continuous teaching world, `curves`: one-dimensional `z`, two captions, an encoder that is too wide and looks a little aside.
///
/// ```text
/// p(y) = 1/2, 1/2     z|y ~ N(0, 1), N(1, 4)     x|y,z ~ N(z, 1/2)     q(z|x) = N(x / 2 + 1/10, 3/5)     q(y|x) = 2/3, 1/3     x = 3/2, y = 0
/// ```
#[cfg(feature = "lapack")]
#[must_use]
pub fn named_gaussian(name: &str) -> Option<reference::gaussian::Gaussian> {
    use ndarray::array;
    let parts = reference::gaussian::Parts {
        ln_p_y: array![0.5_f64, 0.5].mapv(f64::ln),
        prior_mean: array![[0.0], [1.0]],
        prior_covariance: array![[[1.0]], [[4.0]]],
        decoder_weight: array![[1.0]],
        decoder_offset: array![[0.0], [0.0]],
        decoder_covariance: array![[0.5]],
        encoder_weight: array![[0.5]],
        encoder_offset: array![0.1],
        encoder_covariance: array![[0.6]],
        ln_q_y_given_x: array![2.0_f64 / 3.0, 1.0 / 3.0].mapv(f64::ln),
        x: array![1.5],
        y: 0,
        beta: 1.0,
    };
    (name == CURVES)
        .then(|| reference::gaussian::Gaussian::new(parts).ok())
        .flatten()
}

/// The name of the continuous teaching world.
pub const CURVES: &str = "curves";
