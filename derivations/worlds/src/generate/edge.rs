//! Worlds at the end of a range: with one state, with probabilities that underflow, with evidence 0, or with an encoder
//! that misses everything.

use ndarray::{Array1, Array2, array};
use reference::world::{Tables, World};

const ZERO: f64 = f64::NEG_INFINITY;

/// The edge worlds, validated, in the order of [`tables`].
#[must_use]
pub fn worlds() -> Vec<World> {
    tables()
        .into_iter()
        .filter_map(|tables| World::new(tables).ok())
        .collect()
}

/// The tables of the edge worlds. The comment above each says which edge it stands on.
#[must_use]
#[expect(
    clippy::too_many_lines,
    reason = "a flat list of worlds, which are read one after the other"
)]
pub fn tables() -> Vec<Tables> {
    let half = -std::f64::consts::LN_2;
    let thirds = |a: f64, b: f64, c: f64| array![a.ln(), b.ln(), c.ln()];
    let plain = Tables {
        ln_p_x_given_yz: array![[-0.5, -1.5, -2.5], [-0.25, -3.0, -0.75]],
        ln_p_yz: array![[0.1_f64, 0.2, 0.1], [0.25, 0.05, 0.3]].mapv(f64::ln),
        ln_q_z_given_x: thirds(0.5, 0.3, 0.2),
        ln_q_y_given_x: array![0.4_f64, 0.6].mapv(f64::ln),
        ln_q_yz_given_x: None,
        y: 1,
        beta: 6.6,
    };
    let with = |change: &dyn Fn(&mut Tables)| {
        let mut tables = plain.clone();
        change(&mut tables);
        tables
    };
    vec![
        // There is one state of everything.
        Tables {
            ln_p_x_given_yz: array![[-0.75]],
            ln_p_yz: array![[0.0]],
            ln_q_z_given_x: array![0.0],
            ln_q_y_given_x: array![0.0],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 0.0,
        },
        plain.clone(),
        // The likelihoods lie far below the smallest double, or far above 1, as those of a density may.
        with(&|t| t.ln_p_x_given_yz.mapv_inplace(|ln_p| ln_p - 1e4)),
        with(&|t| t.ln_p_x_given_yz.mapv_inplace(|ln_p| ln_p + 1e4)),
        with(&|t| t.ln_p_x_given_yz.mapv_inplace(|ln_p| ln_p * 1e3 - 1e6)),
        // An encoder probability is positive, but underflows to 0.
        with(&|t| t.ln_q_z_given_x = array![-(-800.0_f64).exp().ln_1p(), -800.0, -900.0]),
        // A prior cell underflows, in the observed row and outside of it.
        with(&|t| {
            t.ln_p_yz = array![[half, -760.0, ZERO], [half, -800.0, -1200.0]];
        }),
        // The encoder is a point mass, on a likely code and on an impossible one.
        with(&|t| t.ln_q_z_given_x = array![ZERO, 0.0, ZERO]),
        with(&|t| {
            t.ln_q_z_given_x = array![ZERO, 0.0, ZERO];
            t.ln_p_x_given_yz[[1, 1]] = ZERO;
        }),
        // The encoder misses the posterior's support altogether.
        with(&|t| {
            t.ln_q_z_given_x = thirds(0.0, 0.5, 0.5);
            t.ln_p_x_given_yz = array![[-1.0, -1.0, -1.0], [-1.0, ZERO, ZERO]];
        }),
        // The encoder misses one code of the posterior's support.
        with(&|t| t.ln_q_z_given_x = thirds(0.5, 0.5, 0.0)),
        // The encoder misses by far the most likely code, and covers a share of e^-60, e^-740, e^-800 or e^-10000.
        uncovered(60.0),
        uncovered(740.0),
        uncovered(800.0),
        uncovered(1e4),
        // Rounding left the probability of a certain state above 1.
        Tables {
            ln_p_x_given_yz: array![[0.0]],
            ln_p_yz: array![[0.0]],
            ln_q_z_given_x: array![8e-16],
            ln_q_y_given_x: array![8e-16],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 3.0,
        },
        // The encoder is the posterior, and the divergence is 0.
        Tables {
            ln_p_x_given_yz: array![[0.3_f64.ln(), 0.3_f64.ln(), 0.3_f64.ln()]],
            ln_p_yz: array![[0.1_f64.ln(), 0.3_f64.ln(), 0.6_f64.ln()]],
            ln_q_z_given_x: thirds(0.1, 0.3, 0.6),
            ln_q_y_given_x: array![0.0],
            ln_q_yz_given_x: None,
            y: 0,
            beta: 1.0,
        },
        // With this free joint, the two entries of the ledger that the reading adds are opposite infinities.
        Tables {
            ln_p_x_given_yz: array![[-1.0, -2.0], [-0.5, -0.25]],
            ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
            ln_q_z_given_x: array![0.25_f64.ln(), 0.75_f64.ln()],
            ln_q_y_given_x: array![half, half],
            ln_q_yz_given_x: Some(array![[0.0_f64, 0.5], [0.25, 0.25]].mapv(f64::ln)),
            y: 0,
            beta: 1.0,
        },
        // The evidence is 0 because of the decoder, or because of the prior.
        with(&|t| t.ln_p_x_given_yz.row_mut(1).fill(ZERO)),
        with(&|t| t.ln_p_yz = array![[0.25_f64, 0.5, 0.25], [0.0, 0.0, 0.0]].mapv(f64::ln)),
        // The observed caption is impossible under q(y|x), or certain.
        with(&|t| t.ln_q_y_given_x = array![0.0, ZERO]),
        with(&|t| t.ln_q_y_given_x = array![ZERO, 0.0]),
        // A free joint denies the observed caption one of the codes that it allows the other caption.
        with(&|t| {
            t.ln_q_yz_given_x = Some(array![[0.25_f64, 0.25, 0.0], [0.25, 0.0, 0.25]].mapv(f64::ln));
            t.ln_q_z_given_x = thirds(0.5, 0.25, 0.25);
            t.ln_q_y_given_x = array![half, half];
        }),
        // There are enough codes for a careless sum to lose digits.
        large(17, 257),
    ]
}

/// A world of two codes. The encoder is certain of one of them, which is less likely than the other by `by` nats.
fn uncovered(by: f64) -> Tables {
    Tables {
        ln_p_x_given_yz: array![[-1.0, -1.0 - by]],
        ln_p_yz: array![[0.5_f64.ln(), 0.5_f64.ln()]],
        ln_q_z_given_x: array![ZERO, 0.0],
        ln_q_y_given_x: array![0.0],
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    }
}

/// A larger world from a closed form. Its encoder is not far from its posterior.
fn large(captions: usize, codes: usize) -> Tables {
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let wave = |y: usize, z: usize, f: f64| ((y * codes + z) as f64 * f).sin();
    let normalised = |weights: Array2<f64>| {
        let total = weights.iter().map(|w| w.exp()).sum::<f64>().ln();
        weights.mapv(|w| w - total)
    };
    let row = |weights: Array1<f64>| {
        let total = weights.iter().map(|w| w.exp()).sum::<f64>().ln();
        weights.mapv(|w| w - total)
    };
    Tables {
        ln_p_x_given_yz: Array2::from_shape_fn((captions, codes), |(y, z)| -40.0 + 12.0 * wave(y, z, 0.7)),
        ln_p_yz: normalised(Array2::from_shape_fn((captions, codes), |(y, z)| 5.0 * wave(y, z, 1.3))),
        ln_q_z_given_x: row(Array1::from_shape_fn(codes, |z| 10.0 * wave(3, z, 0.7))),
        ln_q_y_given_x: row(Array1::from_shape_fn(captions, |y| 3.0 * wave(y, 0, 0.37))),
        ln_q_yz_given_x: None,
        y: 3,
        beta: 2.5,
    }
}
