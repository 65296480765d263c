//! Linear-Gaussian worlds drawn from a seed: with covariances of every condition, with encoders at or near the
//! posterior, and with certain and impossible captions.

use ndarray::{Array1, Array2, Array3, Axis};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use reference::gaussian::{Gaussian, Parts, posterior_encoder};

use super::random::{beta, concentration, dirichlet, point_mass};

/// World number `index` of the stream `seed`.
///
/// The numbers of captions, coordinates and pixels are pairwise distinct. In most worlds they are at most 5, 6 and 7;
/// in one of 64, coordinates and pixels go up to 16, and in one of 1024 up to 64. Condition numbers go up to 100 in
/// most worlds and up to 1e12 in one of eight. In one world of five the weights are scaled by 1e-3 to 1e3. Two encoders
/// of seven lie near the posterior, and one of seven is the posterior.
#[must_use]
pub fn world(seed: u64, index: u64) -> Gaussian {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    // A covariance that rounding made singular is drawn again, from the same stream.
    loop {
        if let Some(world) = draw(&mut rng, index) {
            return world;
        }
    }
}

/// Draws a world. There is none where rounding made one of its covariances singular.
fn draw(rng: &mut ChaCha8Rng, index: u64) -> Option<Gaussian> {
    let (captions, d, pixels) = sizes(rng, most(index));
    let ill = rng.random_bool(0.125);
    let decades = if ill {
        rng.random_range(1.0..6.0)
    } else {
        rng.random_range(0.0..1.0)
    };
    let covariances: Vec<Array2<f64>> = (0..captions).map(|_| covariance(rng, d, decades)).collect();
    let views: Vec<_> = covariances.iter().map(|matrix| matrix.view()).collect();
    let prior_covariance: Array3<f64> = ndarray::stack(Axis(0), &views).ok()?;
    let noise = 10.0_f64.powf(rng.random_range(-1.5..0.5));
    let mut ln_p_y = any_distribution(rng, captions);
    let y = rng.random_range(0..captions);
    if captions > 2 && rng.random_bool(0.05) {
        ln_p_y = remove(&ln_p_y, rng.random_range(0..captions));
    }
    let ln_q_y_given_x = match rng.random_range(0..10) {
        0 => point_mass(captions, y),
        1 => point_mass(captions, rng.random_range(0..captions)),
        _ => any_distribution(rng, captions),
    };
    let scale = if rng.random_bool(0.2) {
        10.0_f64.powf(rng.random_range(-3.0..3.0))
    } else {
        1.0
    };
    let weight = normal(rng, pixels, d) * scale;
    let decoder_offset = if rng.random_bool(0.1) {
        let row = normal(rng, 1, pixels);
        row.broadcast((captions, pixels))?.to_owned()
    } else {
        normal(rng, captions, pixels)
    };
    let parts = Parts {
        ln_p_y,
        prior_mean: normal(rng, captions, d),
        prior_covariance,
        decoder_weight: weight,
        decoder_offset,
        decoder_covariance: covariance(rng, pixels, decades) * noise,
        encoder_weight: normal(rng, d, pixels) * 0.5,
        encoder_offset: normal(rng, 1, d).row(0).to_owned(),
        encoder_covariance: covariance(rng, d, decades) * 10.0_f64.powf(rng.random_range(-1.0..0.5)),
        ln_q_y_given_x,
        x: normal(rng, 1, pixels).row(0).to_owned() * rng.random_range(0.2..3.0),
        y,
        beta: beta(rng),
    };
    match rng.random_range(0..7) {
        0 => planted(parts),
        1 | 2 => near(rng, parts),
        _ => Gaussian::new(parts).ok(),
    }
}

/// The most coordinates and pixels that the world of this number may have.
fn most(index: u64) -> usize {
    match index {
        index if index % 1024 == 1023 => 64,
        index if index % 64 == 63 => 16,
        _ => 7,
    }
}

/// A distribution over captions, of a concentration that is drawn first.
fn any_distribution(rng: &mut ChaCha8Rng, captions: usize) -> Array1<f64> {
    let a = concentration(rng);
    dirichlet(rng, captions, a)
}

/// Replaces the encoder by the posterior.
fn planted(parts: Parts) -> Option<Gaussian> {
    let world = Gaussian::new(parts).ok()?;
    Gaussian::new(posterior_encoder(&world)).ok()
}

/// Replaces the encoder by the posterior, which is then scaled, and moved by a part of its own width.
fn near(rng: &mut impl Rng, parts: Parts) -> Option<Gaussian> {
    let world = Gaussian::new(parts).ok()?;
    let planted = posterior_encoder(&world);
    let widths = planted.encoder_covariance.diag().mapv(f64::sqrt);
    let moved = widths * &(normal(rng, 1, planted.encoder_offset.len()).row(0).to_owned() * rng.random_range(0.0..1.0));
    Gaussian::new(Parts {
        encoder_offset: &planted.encoder_offset + &moved,
        encoder_covariance: &planted.encoder_covariance * rng.random_range(0.6..1.5),
        ..planted
    })
    .ok()
}

/// Draws `Q diag(10^u) Q^T`, `[d, d]`. The exponents lie within `decades` of 0, and `Q` is a product of random
/// reflections.
fn covariance(rng: &mut impl Rng, d: usize, decades: f64) -> Array2<f64> {
    let mut root = Array2::from_diag(&Array1::from_shape_simple_fn(d, || {
        10.0_f64.powf(0.5 * decades * rng.random_range(-1.0..=1.0))
    }));
    for _ in 0..d.min(8) {
        let v = normal(rng, d, 1);
        let length: f64 = v.iter().map(|entry| entry * entry).sum();
        root = &root - &(v.dot(&v.t().dot(&root)) * (2.0 / length));
    }
    let covariance = root.dot(&root.t());
    (&covariance + &covariance.t()) / 2.0
}

fn normal(rng: &mut impl Rng, rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(rng))
}

/// Gives one caption the probability 0, and renormalises the others.
fn remove(ln_p: &Array1<f64>, caption: usize) -> Array1<f64> {
    let mut rest = ln_p.clone();
    rest[caption] = f64::NEG_INFINITY;
    let total = rest.iter().map(|ln_p| ln_p.exp()).sum::<f64>().ln();
    rest - total
}

fn sizes(rng: &mut impl Rng, most: usize) -> (usize, usize, usize) {
    loop {
        let (captions, d, pixels) = (
            rng.random_range(1..=5),
            rng.random_range(1..most),
            rng.random_range(1..=most),
        );
        if captions != d && captions != pixels && d != pixels {
            return (captions, d, pixels);
        }
    }
}
