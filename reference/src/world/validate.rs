//! The validation of a finite world's tables: every world passes through here once.

use ndarray::{Array2, Axis, Ix1, Ix2};

use super::marginal::marginal;
use super::{Tables, World};
use crate::vocab::{Beta, Error, LogProbs, UNIT_ROUNDOFF_F64, sum_tolerance};

impl World {
    /// Validates tables that were computed in `f64`, and renormalises them. See [`World::from_rounded`].
    ///
    /// # Errors
    /// As [`World::from_rounded`].
    pub fn new(tables: Tables) -> Result<Self, Error> {
        Self::from_rounded(tables, UNIT_ROUNDOFF_F64)
    }

    /// Validates tables that were stored in a type with the given unit roundoff, and renormalises them.
    ///
    /// A sum may miss 1 by what [`sum_tolerance`] allows for that roundoff. A free joint is the authority on its own
    /// marginals: `q(z|x)` and `q(y|x)` are checked against it, and then taken from it.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Empty`], [`Error::Entry`], [`Error::Sum`], [`Error::Caption`], [`Error::Beta`], and
    /// [`Error::Marginal`] for a free joint that disagrees with the marginals given beside it. Each names the table,
    /// and an entry's error the index and the value.
    pub fn from_rounded(tables: Tables, unit_roundoff: f64) -> Result<Self, Error> {
        let Tables {
            ln_p_x_given_yz,
            ln_p_yz,
            ln_q_z_given_x,
            ln_q_y_given_x,
            ln_q_yz_given_x,
            y,
            beta,
        } = tables;
        let (captions, codes) = ln_p_x_given_yz.dim();
        shape("ln_p_yz", ln_p_yz.shape(), &[captions, codes])?;
        shape("ln_q_z_given_x", ln_q_z_given_x.shape(), &[codes])?;
        shape("ln_q_y_given_x", ln_q_y_given_x.shape(), &[captions])?;
        valid_likelihood(&ln_p_x_given_yz)?;
        if y >= captions {
            return Err(Error::Caption { y, captions });
        }
        let ln_p_yz = LogProbs::new("ln_p_yz", ln_p_yz, unit_roundoff)?;
        let ln_q_z = LogProbs::new("ln_q_z_given_x", ln_q_z_given_x, unit_roundoff)?;
        let ln_q_y = LogProbs::new("ln_q_y_given_x", ln_q_y_given_x, unit_roundoff)?;
        let beta = Beta::new(beta)?;
        let Some(joint) = ln_q_yz_given_x else {
            let ln_q_yz = LogProbs::product(&ln_q_y, &ln_q_z);
            return Ok(Self {
                ln_p_x_given_yz,
                ln_p_yz,
                ln_q_z,
                ln_q_y,
                ln_q_yz,
                free: false,
                y,
                beta,
            });
        };
        shape("ln_q_yz_given_x", joint.shape(), &[captions, codes])?;
        let ln_q_yz = LogProbs::new("ln_q_yz_given_x", joint, unit_roundoff)?;
        let ln_q_z = agreeing_marginal("ln_q_z_given_x", &ln_q_yz, Axis(0), &ln_q_z, unit_roundoff)?;
        let ln_q_y = agreeing_marginal("ln_q_y_given_x", &ln_q_yz, Axis(1), &ln_q_y, unit_roundoff)?;
        Ok(Self {
            ln_p_x_given_yz,
            ln_p_yz,
            ln_q_z,
            ln_q_y,
            ln_q_yz,
            free: true,
            y,
            beta,
        })
    }
}

/// Checks that a table has the expected shape.
fn shape(tensor: &'static str, found: &[usize], expected: &[usize]) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape {
        tensor,
        found: found.to_vec(),
        expected: expected.to_vec(),
    })
}

/// Checks that there is a likelihood and that each entry is a number below `+inf`.
fn valid_likelihood(ln_p_x_given_yz: &Array2<f64>) -> Result<(), Error> {
    let tensor = "ln_p_x_given_yz";
    if ln_p_x_given_yz.is_empty() {
        return Err(Error::Empty { tensor });
    }
    for ((row, code), &value) in ln_p_x_given_yz.indexed_iter() {
        if value.is_nan() || value == f64::INFINITY {
            return Err(Error::Entry {
                tensor,
                index: vec![row, code],
                value,
            });
        }
    }
    Ok(())
}

/// The marginal of a joint, where it agrees with the table given beside the joint.
fn agreeing_marginal(
    tensor: &'static str,
    joint: &LogProbs<Ix2>,
    over: Axis,
    given: &LogProbs<Ix1>,
    unit_roundoff: f64,
) -> Result<LogProbs<Ix1>, Error> {
    let own = marginal(tensor, joint, over)?;
    for (k, (&found, &expected)) in own.p().iter().zip(given.p()).enumerate() {
        // Both were normalised and stored, so each entry may be off by its share of what a whole sum may be off by, its
        // own logarithm in the place of the average one; and by the smallest number of the stored type.
        let (larger, smaller) = (found.max(expected), found.min(expected));
        let surprise = if smaller > 0.0 { smaller.ln().abs() } else { 0.0 };
        let bound =
            2.0 * larger * sum_tolerance(joint.ln().len(), surprise, unit_roundoff) + unit_roundoff * unit_roundoff;
        if !((found - expected).abs() <= bound) {
            return Err(Error::Marginal {
                tensor,
                index: vec![k],
                found,
                expected,
            });
        }
    }
    Ok(own)
}
