//! A linear-Gaussian world as fractions: probabilities, means, weights and covariances.

use std::fmt;

use ndarray::{Array1, Array2, Array3};
use reference::gaussian::{Gaussian, Parts};

use super::blocks::{matrix, shelves, vector};
use super::exact::{check_entry, check_length, check_matrix, check_vector, shape};
use super::fraction::{Fraction, as_f64, ln};
use crate::error::FileError;

/// A linear-Gaussian world at one observed pair: `Y` captions, codes of `d` coordinates, images of `D` pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct FractionGaussian {
    /// `p(y)`, `[Y]`, sums to 1.
    pub p_y: Vec<Fraction>,
    /// The prior's means `m_y`, `[Y][d]`.
    pub prior_mean: Vec<Vec<Fraction>>,
    /// The prior's covariances `S_y`, `[Y][d][d]`.
    pub prior_covariance: Vec<Vec<Vec<Fraction>>>,
    /// The decoder's weight `W`, `[D][d]`.
    pub decoder_weight: Vec<Vec<Fraction>>,
    /// The decoder's offsets `b_y`, `[Y][D]`.
    pub decoder_offset: Vec<Vec<Fraction>>,
    /// The decoder's covariance `R`, `[D][D]`.
    pub decoder_covariance: Vec<Vec<Fraction>>,
    /// The encoder's weight `A`, `[d][D]`.
    pub encoder_weight: Vec<Vec<Fraction>>,
    /// The encoder's offset `c`, `[d]`.
    pub encoder_offset: Vec<Fraction>,
    /// The encoder's covariance `V`, `[d][d]`.
    pub encoder_covariance: Vec<Vec<Fraction>>,
    /// `q(y|x)`, `[Y]`, sums to 1.
    pub q_y_given_x: Vec<Fraction>,
    /// The observed image, `[D]`.
    pub x: Vec<Fraction>,
    /// The observed caption.
    pub y: usize,
    /// The weight on the divergence.
    pub beta: Fraction,
    /// A sentence about what the world shows.
    pub note: Option<String>,
}

impl FractionGaussian {
    /// The numbers of captions, coordinates and pixels: `(Y, d, D)`.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize, usize) {
        let coordinates = self.decoder_weight.first().map_or(0, Vec::len);
        (self.p_y.len(), coordinates, self.decoder_weight.len())
    }

    /// The same world in floating point, with `ln p(y)` and `ln q(y|x)`.
    ///
    /// # Errors
    /// [`FileError::Shape`], [`FileError::Entry`] and [`FileError::Sum`], which are decided in exact arithmetic.
    /// [`FileError::World`] for a covariance that is not positive definite.
    pub fn to_world(&self) -> Result<Gaussian, FileError> {
        let (captions, d, pixels) = self.sizes();
        check_vector("p_y", &self.p_y)?;
        check_vector("q_y_given_x", &self.q_y_given_x)?;
        check_length("q_y_given_x", self.q_y_given_x.len(), captions)?;
        check_length("x", self.x.len(), pixels)?;
        check_length("encoder_offset", self.encoder_offset.len(), d)?;
        if self.prior_covariance.len() != captions {
            let found = [self.prior_covariance.len(), d, d];
            return Err(shape("prior_covariance", &found, &format!("[{captions}, {d}, {d}]")));
        }
        check_entry(
            "beta",
            vec![],
            &self.beta,
            |f| *f.numer() >= 0,
            "a fraction from 0 to 1e6",
        )?;
        let numbers = |name: &str, table: &[Vec<Fraction>], rows: usize, columns: usize| {
            check_matrix(name, table, rows, columns)?;
            let of = |(row, column): (usize, usize)| as_f64(&table[row][column]);
            Ok::<_, FileError>(Array2::from_shape_fn((rows, columns), of))
        };
        for (y, covariance) in self.prior_covariance.iter().enumerate() {
            check_matrix(&format!("prior_covariance[{y}]"), covariance, d, d)?;
        }
        let vector = |table: &[Fraction]| table.iter().map(as_f64).collect::<Array1<f64>>();
        let parts = Parts {
            ln_p_y: self.p_y.iter().map(ln).collect(),
            prior_mean: numbers("prior_mean", &self.prior_mean, captions, d)?,
            prior_covariance: Array3::from_shape_fn((captions, d, d), |(y, row, column)| {
                as_f64(&self.prior_covariance[y][row][column])
            }),
            decoder_weight: numbers("decoder_weight", &self.decoder_weight, pixels, d)?,
            decoder_offset: numbers("decoder_offset", &self.decoder_offset, captions, pixels)?,
            decoder_covariance: numbers("decoder_covariance", &self.decoder_covariance, pixels, pixels)?,
            encoder_weight: numbers("encoder_weight", &self.encoder_weight, d, pixels)?,
            encoder_offset: vector(&self.encoder_offset),
            encoder_covariance: numbers("encoder_covariance", &self.encoder_covariance, d, d)?,
            ln_q_y_given_x: self.q_y_given_x.iter().map(ln).collect(),
            x: vector(&self.x),
            y: self.y,
            beta: as_f64(&self.beta),
        };
        Gaussian::new(parts).map_err(|error| FileError::World {
            index: Vec::new(),
            error,
        })
    }
}

impl fmt::Display for FractionGaussian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "p(z|y) = N(m, S)   p(x|y,z) = N(W z + b, R)   q(z|x) = N(A x + c, V)"
        )?;
        let mut blocks = vec![
            vector("p(y)", 'y', &self.p_y),
            matrix("m", ('y', 'z'), &self.prior_mean),
        ];
        for (y, covariance) in self.prior_covariance.iter().enumerate() {
            blocks.push(matrix(&format!("S at y{y}"), ('z', 'z'), covariance));
        }
        blocks.extend([
            matrix("W", ('x', 'z'), &self.decoder_weight),
            matrix("b", ('y', 'x'), &self.decoder_offset),
            matrix("R", ('x', 'x'), &self.decoder_covariance),
            matrix("A", ('z', 'x'), &self.encoder_weight),
            vector("c", 'z', &self.encoder_offset),
            matrix("V", ('z', 'z'), &self.encoder_covariance),
            vector("q(y|x)", 'y', &self.q_y_given_x),
            vector("x", 'x', &self.x),
        ]);
        shelves(f, blocks)?;
        write!(f, "observed y{}, beta = {}", self.y, self.beta)?;
        self.note.as_ref().map_or(Ok(()), |note| write!(f, "\n{note}"))
    }
}
