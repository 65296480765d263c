//! Worlds to look at: with zeros, with decimals, large.

use ndarray::{Array1, Array2, array};
use reference::model::Model as _;
use reference::world::{Tables, World};

fn world(
    decoder: Array2<f64>,
    prior: Array2<f64>,
    q_z: Array1<f64>,
    q_y: Array1<f64>,
    q_yz: Option<Array2<f64>>,
    beta: f64,
) -> World {
    World::new(Tables {
        ln_p_x_given_yz: decoder.ln(),
        ln_p_yz: prior.ln(),
        ln_q_z_given_x: q_z.ln(),
        ln_q_y_given_x: q_y.ln(),
        ln_q_yz_given_x: q_yz.map(|joint| joint.ln()),
        y: 0,
        beta,
    })
    .unwrap()
}

/// Two by two worlds in which something is 0 or infinite.
#[expect(clippy::too_many_lines, reason = "a flat list of worlds")]
pub(crate) fn edges() -> Vec<(&'static str, World)> {
    let half = || array![0.5, 0.5];
    let prior = || array![[0.25, 0.25], [0.25, 0.25]];
    let decoder = || array![[0.5, 0.25], [0.125, 0.75]];
    vec![
        (
            "q misses a code",
            world(decoder(), prior(), array![1.0, 0.0], half(), None, 1.0),
        ),
        (
            "q misses the posterior",
            world(
                array![[0.5, 0.0], [0.5, 0.5]],
                prior(),
                array![0.0, 1.0],
                half(),
                None,
                2.0,
            ),
        ),
        (
            "decoder denies a code",
            world(array![[0.5, 0.0], [0.5, 0.5]], prior(), half(), half(), None, 2.0),
        ),
        (
            "prior denies a code",
            world(decoder(), array![[0.5, 0.0], [0.25, 0.25]], half(), half(), None, 0.0),
        ),
        (
            "caption impossible",
            world(decoder(), prior(), half(), array![0.0, 1.0], None, 1.0),
        ),
        (
            "pair impossible",
            world(array![[0.0, 0.0], [0.5, 0.5]], prior(), half(), half(), None, 6.6),
        ),
        (
            "joint with zeros",
            world(
                decoder(),
                prior(),
                half(),
                half(),
                Some(array![[0.5, 0.0], [0.0, 0.5]]),
                3.0,
            ),
        ),
        (
            "almost nothing",
            world(
                array![[1e-200, 1e-300], [1.0, 1.0]],
                prior(),
                array![1.0 - 1e-9, 1e-9],
                half(),
                None,
                1.0,
            ),
        ),
        (
            "a density",
            world(array![[1e12, 3.0], [1e-9, 1.0]], prior(), half(), half(), None, 1.0),
        ),
    ]
}

/// Numbers that are no simple fractions.
pub(crate) fn decimals() -> World {
    let e = std::f64::consts::E;
    let (a, b) = (1.0 / e, 1.0 - 1.0 / e);
    let prior = array![[a * a, a * b], [b * a, b * b]];
    world(
        array![[a, b], [0.3 * e, a * a]],
        prior,
        array![b, a],
        array![a, b],
        None,
        1.0,
    )
}

/// More codes and captions than anyone writes out, the observed caption far down.
pub(crate) fn large() -> World {
    let (captions, codes) = (12_usize, 40_usize);
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let weight = |k: usize| 1.0 + ((k * 7919) % 101) as f64;
    let normalised = |n: usize| {
        let weights = Array1::from_shape_fn(n, weight);
        &weights / weights.sum()
    };
    let table = Array2::from_shape_fn((captions, codes), |(y, z)| weight(y * codes + z));
    world(
        &table / 110.0,
        &table / table.sum(),
        normalised(codes),
        normalised(captions),
        None,
        1.0,
    )
    .observing(captions - 1)
}
