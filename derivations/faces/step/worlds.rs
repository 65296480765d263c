//! Worlds to learn from. Their numbers are those of `derivations/data/worlds/*.toml`.

use ndarray::{Array1, Array2};
use reference::vocab::Error;
use reference::world::{Tables, World};

/// A numerator and a denominator.
pub type Fraction = (u32, u32);

/// A world's probabilities as fractions.
#[derive(Debug, Clone, Copy)]
pub struct Fractions<const Y: usize, const Z: usize> {
    /// `p(x|y,z)` at the observed `x`.
    pub p_x_given_yz: [[Fraction; Z]; Y],
    /// `p(y,z)`.
    pub p_yz: [[Fraction; Z]; Y],
    /// `q(z|x)`.
    pub q_z_given_x: [Fraction; Z],
    /// `q(y|x)`.
    pub q_y_given_x: [Fraction; Y],
    /// The observed caption.
    pub y: usize,
    /// The weight on the divergence.
    pub beta: Fraction,
}

/// Two captions, three codes, every number a fraction to follow by hand.
///
/// `p(x,y) = 1/4` and the posterior is (1/4, 1/2, 1/4) where q(z|x) is (1/2, 1/4, 1/4), so Jensen loses (ln 2)/4; dropping
/// `ln q(y|x) = ln 2/3` gains more than that.
pub const TEACHING: Fractions<2, 3> = Fractions {
    p_x_given_yz: [[(3, 4), (1, 2), (3, 8)], [(1, 4), (1, 8), (1, 2)]],
    p_yz: [[(1, 12), (1, 4), (1, 6)], [(1, 4), (1, 6), (1, 12)]],
    q_z_given_x: [(1, 2), (1, 4), (1, 4)],
    q_y_given_x: [(2, 3), (1, 3)],
    y: 0,
    beta: (1, 1),
};

/// After the note's Fig. 3: `q(z|x)` over four codes beside a joint `p(y,z)` over three captions and four codes.
pub const FIG3: Fractions<3, 4> = Fractions {
    p_x_given_yz: [
        [(3, 5), (1, 5), (1, 10), (1, 2)],
        [(2, 5), (1, 2), (4, 5), (2, 5)],
        [(1, 2), (2, 5), (3, 5), (1, 10)],
    ],
    p_yz: [
        [(1, 10), (1, 20), (1, 40), (3, 40)],
        [(1, 40), (1, 10), (3, 20), (1, 8)],
        [(1, 20), (3, 20), (3, 40), (3, 40)],
    ],
    q_z_given_x: [(1, 10), (1, 5), (2, 5), (3, 10)],
    q_y_given_x: [(1, 4), (1, 2), (1, 4)],
    y: 1,
    beta: (33, 5),
};

/// The world of [`TEACHING`].
///
/// # Errors
/// None: its tables are distributions.
pub fn teaching() -> Result<World, Error> {
    TEACHING.to_world()
}

/// The world of [`FIG3`].
///
/// # Errors
/// None: its tables are distributions.
pub fn fig3() -> Result<World, Error> {
    FIG3.to_world()
}

impl<const Y: usize, const Z: usize> Fractions<Y, Z> {
    /// The tables in log space, validated.
    ///
    /// # Errors
    /// Those of [`World::new`].
    pub fn to_world(&self) -> Result<World, Error> {
        let number = |(above, below): Fraction| f64::from(above) / f64::from(below);
        let ln = |fraction: Fraction| number(fraction).ln();
        World::new(Tables {
            ln_p_x_given_yz: Array2::from_shape_fn((Y, Z), |(y, z)| ln(self.p_x_given_yz[y][z])),
            ln_p_yz: Array2::from_shape_fn((Y, Z), |(y, z)| ln(self.p_yz[y][z])),
            ln_q_z_given_x: Array1::from_shape_fn(Z, |z| ln(self.q_z_given_x[z])),
            ln_q_y_given_x: Array1::from_shape_fn(Y, |y| ln(self.q_y_given_x[y])),
            ln_q_yz_given_x: None,
            y: self.y,
            beta: number(self.beta),
        })
    }
}
