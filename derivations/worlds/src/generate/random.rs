//! Finite worlds drawn from a seed: with Dirichlet tables, zeros, point masses, encoders that are the posterior, and
//! free joints.

use ndarray::{Array1, Array2};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma};
use reference::repairs::posterior;
use reference::world::{Tables, World};

/// World number `index` of the stream `seed`.
///
/// There are 1 to 5 captions and 1 to 7 codes, never equally many. Concentrations are log-uniform in 0.05..20.
/// Logarithms are drawn directly, so that nothing underflows to 0 by accident. About half of the worlds are plain. The
/// others have one or more special features, such as zeros or a point mass; the source lists them.
#[must_use]
pub fn world(seed: u64, index: u64) -> World {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    // Zeros can leave a table without mass. Then the world is drawn again, from the same stream.
    loop {
        if let Some(world) = draw(&mut rng) {
            return world;
        }
    }
}

fn draw(rng: &mut ChaCha8Rng) -> Option<World> {
    let (captions, codes) = sizes(rng);
    let y = rng.random_range(0..captions);
    let images = rng.random_range(2..=5);
    let sharpness = concentration(rng);
    let ln_p_x_given_yz = Array2::from_shape_simple_fn((captions, codes), || dirichlet(rng, images, sharpness)[0]);
    let alpha = concentration(rng);
    let mut tables = Tables {
        ln_p_x_given_yz,
        ln_p_yz: table(rng, captions, codes, alpha)?,
        ln_q_z_given_x: {
            let a = concentration(rng);
            dirichlet(rng, codes, a)
        },
        ln_q_y_given_x: {
            let a = concentration(rng);
            dirichlet(rng, captions, a)
        },
        ln_q_yz_given_x: None,
        y,
        beta: beta(rng),
    };
    if rng.random_bool(0.2) {
        // Zeros may stand anywhere.
        let share = rng.random_range(0.05..0.5);
        zeros(rng, tables.ln_p_x_given_yz.iter_mut(), share);
        if rng.random_bool(0.5) {
            zeros(rng, tables.ln_p_yz.iter_mut(), share);
        }
        if rng.random_bool(0.5) {
            zeros(rng, tables.ln_q_z_given_x.iter_mut(), share);
        }
        if rng.random_bool(0.5) {
            zeros(rng, tables.ln_q_y_given_x.iter_mut(), share);
        }
    }
    if rng.random_bool(0.05) {
        let z = rng.random_range(0..codes);
        tables.ln_q_z_given_x = point_mass(codes, z);
    }
    if rng.random_bool(0.1) {
        tables.ln_q_y_given_x = point_mass(captions, y);
    }
    if rng.random_bool(0.05) {
        // For a density, ln p(x|.) may be positive.
        let shift: f64 = rng.random_range(-8.0..8.0);
        tables.ln_p_x_given_yz.mapv_inplace(|ln_p| ln_p + shift);
    }
    if rng.random_bool(0.05) {
        // The decoder does not look at the caption.
        let row = tables.ln_p_x_given_yz.row(0).to_owned();
        for mut other in tables.ln_p_x_given_yz.rows_mut() {
            other.assign(&row);
        }
    }
    renormalise(&mut tables)?;
    if rng.random_bool(0.15) {
        let planted = posterior(&World::new(tables.clone()).ok()?).ok()?;
        tables.ln_q_z_given_x = planted.ln().clone();
    }
    if rng.random_bool(0.2) {
        free_joint(rng, &mut tables)?;
    }
    World::new(tables).ok()
}

/// Adds a free joint: the prior, the posterior `p(y,z|x)`, or one that is drawn. Sometimes it has zeros. The two
/// marginal tables follow from it.
fn free_joint(rng: &mut ChaCha8Rng, tables: &mut Tables) -> Option<()> {
    let (captions, codes) = tables.ln_p_yz.dim();
    let mut joint = match rng.random_range(0..6) {
        0 => tables.ln_p_yz.clone(),
        1 => &tables.ln_p_yz + &tables.ln_p_x_given_yz,
        _ => {
            let a = concentration(rng);
            table(rng, captions, codes, a)?
        }
    };
    if rng.random_bool(0.2) {
        zeros(rng, joint.iter_mut(), 0.3);
    }
    normalise(joint.iter_mut())?;
    tables.ln_q_z_given_x = joint
        .columns()
        .into_iter()
        .map(|column| log_sum(column.iter()))
        .collect();
    tables.ln_q_y_given_x = joint.rows().into_iter().map(|row| log_sum(row.iter())).collect();
    tables.ln_q_yz_given_x = Some(joint);
    Some(())
}

fn sizes(rng: &mut impl Rng) -> (usize, usize) {
    loop {
        let (captions, codes) = (rng.random_range(1..=5), rng.random_range(1..=7));
        if captions != codes {
            return (captions, codes);
        }
    }
}

pub(super) fn concentration(rng: &mut impl Rng) -> f64 {
    rng.random_range(0.05_f64.ln()..20.0_f64.ln()).exp()
}

pub(super) fn beta(rng: &mut impl Rng) -> f64 {
    match rng.random_range(0..20) {
        0..8 => 1.0,
        8 => 0.0,
        9..14 => rng.random_range(0.0..1.0),
        14 => 6.6,
        _ => rng.random_range(1.0..10.0),
    }
}

/// Draws the log-probabilities of a symmetric Dirichlet. `ln G(a) = ln G(a + 1) + ln U / a` stays finite where the
/// gamma variate `G(a)` underflows.
pub(super) fn dirichlet(rng: &mut impl Rng, states: usize, alpha: f64) -> Array1<f64> {
    let mut ln_p: Array1<f64> = (0..states)
        .map(|_| {
            let uniform: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
            let gamma = Gamma::new(alpha + 1.0, 1.0).map_or(1.0, |gamma| gamma.sample(rng));
            gamma.max(f64::MIN_POSITIVE).ln() + uniform.ln() / alpha
        })
        .collect();
    // Every entry is finite, so there is mass to normalise.
    let _ = normalise(ln_p.iter_mut());
    ln_p
}

fn table(rng: &mut impl Rng, captions: usize, codes: usize, alpha: f64) -> Option<Array2<f64>> {
    Array2::from_shape_vec((captions, codes), dirichlet(rng, captions * codes, alpha).to_vec()).ok()
}

pub(super) fn point_mass(states: usize, at: usize) -> Array1<f64> {
    let mut ln_p = Array1::from_elem(states, f64::NEG_INFINITY);
    ln_p[at] = 0.0;
    ln_p
}

fn zeros<'a>(rng: &mut impl Rng, entries: impl Iterator<Item = &'a mut f64>, share: f64) {
    for entry in entries {
        if rng.random_bool(share) {
            *entry = f64::NEG_INFINITY;
        }
    }
}

fn log_sum<'a>(entries: impl Iterator<Item = &'a f64> + Clone) -> f64 {
    let max = entries.clone().copied().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return max;
    }
    max + entries.map(|entry| (entry - max).exp()).sum::<f64>().ln()
}

fn renormalise(tables: &mut Tables) -> Option<()> {
    normalise(tables.ln_p_yz.iter_mut())?;
    normalise(tables.ln_q_z_given_x.iter_mut())?;
    normalise(tables.ln_q_y_given_x.iter_mut())
}

fn normalise<'a>(entries: impl Iterator<Item = &'a mut f64>) -> Option<()> {
    let entries: Vec<&mut f64> = entries.collect();
    let total = log_sum(entries.iter().map(|entry| &**entry));
    if total == f64::NEG_INFINITY {
        return None;
    }
    for entry in entries {
        *entry -= total;
    }
    Some(())
}
