//! The sides of the note's lines, as combinations of the sums over the codes.

use vocab::{Beta, Reading};

use super::{Adder, Exact, Numbers, Sums};
use crate::Error;

/// The sides of Eqs. 3 to 14 at one image and caption, in nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sides {
    /// Eqs. 3 to 5: the evidence `ln p(x,y)`.
    pub log_evidence: f64,
    /// Eqs. 6 to 9: the bound `E[ln p(x|y,z) + ln p(y,z) - ln q(z|x)]`.
    pub elbo: f64,
    /// Eqs. 10 and 11: the bound with `ln q(y|x)` added and subtracted.
    pub split: f64,
    /// Eq. 12: the bound with `ln q(y,z|x)` for the two encoders.
    pub joint_encoder: f64,
    /// Eq. 13: the objective with its divergence named, and with the constant `ln q(y|x)`.
    pub kl_named: f64,
    /// Eqs. 14 and 1: the objective without the constant, and with the divergence weighted by beta.
    pub objective: f64,
    /// The reconstruction term `R` of the objective.
    pub reconstruction: f64,
    /// The divergence `D` of the objective, as the reading has it.
    pub divergence: f64,
}

/// Computes the sides at every image and caption, `[X, Y]`, under a reading of `q(y,z|x)` and with a beta for every
/// image.
///
/// ```text
/// R = E[ln p(x|y,z)]    D = E[ln q(z|x) - ln p(y,z)]  (observed; the others as `equations::objective::divergence`)
/// Eqs. 6 to 9: R + E[ln p(y,z)] - E[ln q(z|x)]    Eq. 13: R - D + ln q(y|x)    Eq. 14: R - beta D
/// ```
///
/// The tables are read once. Unit: nats. Limits: as the functions of `equations`; NaN where opposite infinities meet.
/// Reference: `reference::equations`.
///
/// # Errors
/// [`Error::Footnote`] under [`Reading::Footnote`], whose divergence needs `p(z)` and so another read of the tables.
/// `equations::objective` computes it. [`Error::Device`] as [`Adder::add_up`].
///
/// # Panics
/// When there is not one beta for every image.
pub fn sides<E: Numbers>(
    by: &impl Adder,
    tables: Exact<'_, E>,
    reading: Reading,
    betas: &[Beta],
) -> Result<Vec<Sides>, Error> {
    if reading == Reading::Footnote {
        return Err(Error::Footnote);
    }
    assert_eq!(betas.len(), tables.images(), "one beta an image");
    let rows = by.add_up(tables)?;
    let image = |(image, rows): (usize, &[Sums])| {
        let ln_q_y: Vec<f64> = tables
            .captions
            .row(image)
            .iter()
            .map(|x| super::Real::to_f64(x.widen()))
            .collect();
        let both = OverBoth::of(rows, &ln_q_y);
        let side = |(row, ln_q_y): (&Sums, f64)| at(row, ln_q_y, &both, reading, betas[image].get());
        rows.iter().zip(ln_q_y).map(side).collect::<Vec<_>>()
    };
    Ok(rows.chunks(tables.captions()).enumerate().flat_map(image).collect())
}

/// Expectations under `q(y,z|x)`, over captions and codes.
struct OverBoth {
    divergence: f64,
    likelihood: f64,
    ln_caption: f64,
}

impl OverBoth {
    fn of(rows: &[Sums], ln_q_y: &[f64]) -> Self {
        let sum = |of: &dyn Fn(usize) -> f64| -> f64 { (0..rows.len()).map(of).sum() };
        let mass = |y: usize| rows[y].over_joint[0];
        let total = sum(&mass);
        let caption = |y: usize| if mass(y) > 0.0 { mass(y) * ln_q_y[y] } else { 0.0 };
        Self {
            divergence: sum(&|y| rows[y].over_joint[1]) / total,
            likelihood: sum(&|y| rows[y].over_joint[2]) / total,
            ln_caption: sum(&caption) / total,
        }
    }
}

fn at(row: &Sums, ln_q_y: f64, both: &OverBoth, reading: Reading, beta: f64) -> Sides {
    let elbo = row.likelihood + row.prior - row.encoder;
    let divergence = match reading {
        Reading::Observed => row.encoder - row.prior,
        Reading::Pointwise => row.joint - row.prior,
        Reading::Joint | Reading::Footnote | Reading::Expected => both.divergence,
    };
    let reconstruction = if reading.averages_captions() {
        both.likelihood
    } else {
        row.likelihood
    };
    let ln_caption = match reading {
        Reading::Observed => 0.0,
        Reading::Expected => both.ln_caption,
        Reading::Pointwise | Reading::Joint | Reading::Footnote => ln_q_y,
    };
    // At beta = 0 the divergence is not there, whatever it is.
    let weighted = if beta > 0.0 { beta * divergence } else { 0.0 };
    // Under the observed reading q(y|x) is certain of the caption, and q(y,z|x) is q(z|x).
    let (split, joint_encoder) = match reading {
        Reading::Observed => (elbo, elbo),
        Reading::Pointwise | Reading::Joint | Reading::Footnote | Reading::Expected => (
            (elbo - ln_q_y) + ln_q_y,
            (row.likelihood + row.prior - row.joint) + ln_q_y,
        ),
    };
    Sides {
        log_evidence: row.log_evidence,
        elbo,
        split,
        joint_encoder,
        kl_named: (reconstruction - divergence) + ln_caption,
        objective: reconstruction - weighted,
        reconstruction,
        divergence,
    }
}
