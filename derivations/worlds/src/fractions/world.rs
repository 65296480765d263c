//! A finite world as fractions, its exact checks, and how it prints on a terminal.

use std::fmt;

use ndarray::{Array1, Array2};
use reference::world::{Tables, World};

use super::blocks::{matrix, shelves, vector};
use super::exact::{
    check_distribution, check_entries, check_entry, check_length, check_matrix, check_sum, check_vector, shape,
};
use super::fraction::{Fraction, as_f64, ln};
use crate::error::FileError;

/// A finite world at one observed pair. Its tables hold probabilities, not their logarithms, and each is a fraction.
#[derive(Debug, Clone, PartialEq)]
pub struct FractionWorld {
    /// `p(x|y,z)` at the observed `x`, `[Y][Z]`. It may be a density, and then exceed 1.
    pub p_x_given_yz: Vec<Vec<Fraction>>,
    /// `p(y,z)`, `[Y][Z]`, sums to 1.
    pub p_yz: Vec<Vec<Fraction>>,
    /// `q(z|x)`, `[Z]`, sums to 1.
    pub q_z_given_x: Vec<Fraction>,
    /// `q(y|x)`, `[Y]`, sums to 1.
    pub q_y_given_x: Vec<Fraction>,
    /// A free joint `q(y,z|x)`, `[Y][Z]`, whose marginals are the two tables above. Where it is absent, the joint is
    /// their product.
    pub q_yz_given_x: Option<Vec<Vec<Fraction>>>,
    /// The observed caption.
    pub y: usize,
    /// The weight on the divergence.
    pub beta: Fraction,
    /// A sentence about what the world shows.
    pub note: Option<String>,
}

impl FractionWorld {
    /// The numbers of captions, codes and images. There is one image if every `p(x|y,z)` is 1, else there are two: the
    /// observed one and any other.
    #[must_use]
    pub fn states(&self) -> (usize, usize, usize) {
        let one = |entry: &Fraction| entry.numer() == entry.denom();
        let certain = self.p_x_given_yz.iter().flatten().all(one);
        let codes = self.p_x_given_yz.first().map_or(0, Vec::len);
        (self.p_x_given_yz.len(), codes, if certain { 1 } else { 2 })
    }

    /// Checks in exact arithmetic that the tables are a world.
    ///
    /// # Errors
    /// [`FileError::Shape`], [`FileError::Entry`], [`FileError::Caption`] or [`FileError::Sum`]. Each names the table
    /// and the index.
    pub fn check(&self) -> Result<(), FileError> {
        let (captions, codes, _) = self.states();
        let matrix = |name, table: &[Vec<Fraction>]| check_matrix(name, table, captions, codes);
        if captions == 0 || codes == 0 {
            return Err(shape(
                "p_x_given_yz",
                &[captions, codes],
                "at least one caption and one code",
            ));
        }
        matrix("p_x_given_yz", &self.p_x_given_yz)?;
        matrix("p_yz", &self.p_yz)?;
        check_length("q_z_given_x", self.q_z_given_x.len(), codes)?;
        check_length("q_y_given_x", self.q_y_given_x.len(), captions)?;
        self.q_yz_given_x
            .as_deref()
            .map_or(Ok(()), |joint| matrix("q_yz_given_x", joint))?;
        if self.y >= captions {
            return Err(FileError::Caption {
                index: Vec::new(),
                value: self.y as i128,
                captions,
            });
        }
        let not_negative = |f: &Fraction| *f.denom() > 0 && *f.numer() >= 0;
        check_entries(
            "p_x_given_yz",
            &self.p_x_given_yz,
            not_negative,
            "a fraction that is not negative",
        )?;
        check_entry(
            "beta",
            vec![],
            &self.beta,
            not_negative,
            "a fraction that is not negative",
        )?;
        check_distribution("p_yz", &self.p_yz)?;
        check_vector("q_z_given_x", &self.q_z_given_x)?;
        check_vector("q_y_given_x", &self.q_y_given_x)?;
        let Some(joint) = &self.q_yz_given_x else {
            return Ok(());
        };
        check_distribution("q_yz_given_x", joint)?;
        for (z, expected) in self.q_z_given_x.iter().enumerate() {
            let column = joint.iter().filter_map(|row| row.get(z));
            check_sum(
                format!("the marginal of q_yz_given_x at q_z_given_x[{z}]"),
                column,
                expected,
            )?;
        }
        for (y, (row, expected)) in joint.iter().zip(&self.q_y_given_x).enumerate() {
            check_sum(
                format!("the marginal of q_yz_given_x at q_y_given_x[{y}]"),
                row,
                expected,
            )?;
        }
        Ok(())
    }

    /// The same world in log-probabilities.
    ///
    /// # Errors
    /// Those of [`FractionWorld::check`].
    pub fn to_world(&self) -> Result<World, FileError> {
        self.check()?;
        let (captions, codes, _) = self.states();
        let vector = |table: &[Fraction]| table.iter().map(ln).collect::<Array1<f64>>();
        let matrix = |name, table: &[Vec<Fraction>]| {
            Array2::from_shape_vec((captions, codes), table.iter().flatten().map(ln).collect())
                .map_err(|_| shape(name, &[table.len()], &format!("[{captions}, {codes}]")))
        };
        let tables = Tables {
            ln_p_x_given_yz: matrix("p_x_given_yz", &self.p_x_given_yz)?,
            ln_p_yz: matrix("p_yz", &self.p_yz)?,
            ln_q_z_given_x: vector(&self.q_z_given_x),
            ln_q_y_given_x: vector(&self.q_y_given_x),
            ln_q_yz_given_x: self
                .q_yz_given_x
                .as_deref()
                .map(|joint| matrix("q_yz_given_x", joint))
                .transpose()?,
            y: self.y,
            beta: as_f64(&self.beta),
        };
        World::new(tables).map_err(|error| FileError::World {
            index: Vec::new(),
            error,
        })
    }
}

impl fmt::Display for FractionWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blocks = vec![
            matrix("p(x|y,z)", ('y', 'z'), &self.p_x_given_yz),
            matrix("p(y,z)", ('y', 'z'), &self.p_yz),
        ];
        blocks.extend(
            self.q_yz_given_x
                .as_deref()
                .map(|joint| matrix("q(y,z|x)", ('y', 'z'), joint)),
        );
        blocks.push(vector("q(z|x)", 'z', &self.q_z_given_x));
        blocks.push(vector("q(y|x)", 'y', &self.q_y_given_x));
        shelves(f, blocks)?;
        write!(f, "observed y{}, beta = {}", self.y, self.beta)?;
        self.note.as_ref().map_or(Ok(()), |note| write!(f, "\n{note}"))
    }
}
