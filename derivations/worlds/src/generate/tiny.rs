//! Every world of at most 2 captions and 2 codes whose tables are small fractions, zeros included.

use ndarray::{Array1, Array2};
use reference::world::{Tables, World};

/// All tiny worlds. The priors are in thirds, the likelihoods in `{0, 1/2, 1}`, and the encoders in halves. Beside a
/// free joint, which is in halves, the priors are in halves too, and the likelihoods in `{1/2, 1}`.
#[must_use]
pub fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for (captions, codes) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let states = captions * codes;
        for prior in compositions(3, states) {
            for decoder in tuples(&[0.0, 0.5, 1.0], states) {
                for q_z in compositions(2, codes) {
                    for q_y in compositions(2, captions) {
                        worlds.extend(world((captions, codes), &decoder, (&prior, 3.0), &q_z, &q_y, None));
                    }
                }
            }
        }
    }
    for joint in compositions(2, 4) {
        let q_z = [joint[0] + joint[2], joint[1] + joint[3]];
        let q_y = [joint[0] + joint[1], joint[2] + joint[3]];
        for prior in compositions(2, 4) {
            for decoder in tuples(&[0.5, 1.0], 4) {
                worlds.extend(world((2, 2), &decoder, (&prior, 2.0), &q_z, &q_y, Some(&joint)));
            }
        }
    }
    worlds
}

fn world(
    shape: (usize, usize),
    decoder: &[f64],
    (prior, thirds): (&[u8], f64),
    q_z: &[u8],
    q_y: &[u8],
    joint: Option<&[u8]>,
) -> Option<World> {
    let ln = |parts: &[u8], whole: f64| {
        parts
            .iter()
            .map(|part| (f64::from(*part) / whole).ln())
            .collect::<Vec<_>>()
    };
    let matrix = |entries: Vec<f64>| Array2::from_shape_vec(shape, entries).ok();
    let tables = Tables {
        ln_p_x_given_yz: matrix(decoder.iter().map(|p| p.ln()).collect())?,
        ln_p_yz: matrix(ln(prior, thirds))?,
        ln_q_z_given_x: Array1::from_vec(ln(q_z, 2.0)),
        ln_q_y_given_x: Array1::from_vec(ln(q_y, 2.0)),
        ln_q_yz_given_x: joint.and_then(|joint| matrix(ln(joint, 2.0))),
        y: 0,
        beta: 1.0,
    };
    World::new(tables).ok()
}

/// All ways to write `whole` as an ordered sum of `parts` numbers, 0 included.
#[must_use]
pub fn compositions(whole: u8, parts: usize) -> Vec<Vec<u8>> {
    if parts == 1 {
        return vec![vec![whole]];
    }
    (0..=whole)
        .flat_map(|first| {
            compositions(whole - first, parts - 1).into_iter().map(move |mut rest| {
                rest.insert(0, first);
                rest
            })
        })
        .collect()
}

/// All tuples of this length whose entries are among the given values.
fn tuples(values: &[f64], length: usize) -> Vec<Vec<f64>> {
    (0..length).fold(vec![Vec::new()], |tuples, _| {
        tuples
            .into_iter()
            .flat_map(|tuple| {
                values.iter().map(move |value| {
                    let mut longer = tuple.clone();
                    longer.push(*value);
                    longer
                })
            })
            .collect()
    })
}
