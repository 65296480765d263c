//! A world from probabilities.

use ndarray::{Array1, Array2};
use reference::world::{Tables, World};

/// The product of the two encoders, caption 0 observed, beta 1.
pub(crate) fn world(likelihood: Array2<f64>, prior: Array2<f64>, q_z: Array1<f64>, q_y: Array1<f64>) -> World {
    World::new(Tables {
        ln_p_x_given_yz: likelihood.mapv(f64::ln),
        ln_p_yz: prior.mapv(f64::ln),
        ln_q_z_given_x: q_z.mapv(f64::ln),
        ln_q_y_given_x: q_y.mapv(f64::ln),
        ln_q_yz_given_x: None,
        y: 0,
        beta: 1.0,
    })
    .unwrap()
}
