//! A linear-Gaussian world of fractions as TOML text, both ways.

use std::fmt::Write;

use toml::de::DeTable;

use super::keys::{Keys, LIST, MATRICES, ROWS, missing};
use super::{certain, list, opening, table, write_matrix};
use crate::case::format::GAUSSIAN;
use crate::error::FileError;
use crate::fractions::fraction::Fraction;
use crate::fractions::gaussian::FractionGaussian;

const NAMES: [&str; 15] = [
    "format",
    "note",
    "y",
    "beta",
    "p_y",
    "prior_mean",
    "prior_covariance",
    "decoder_weight",
    "decoder_offset",
    "decoder_covariance",
    "encoder_weight",
    "encoder_offset",
    "encoder_covariance",
    "q_y_given_x",
    "x",
];

impl FractionGaussian {
    /// Reads a world written by [`FractionGaussian::to_toml`] or by hand, and checks it.
    ///
    /// # Errors
    /// A [`FileError`] that names the table and the index.
    pub fn from_toml(text: &str) -> Result<Self, FileError> {
        Self::from_table(&table(text)?)
    }

    pub(crate) fn from_table(table: &DeTable<'_>) -> Result<Self, FileError> {
        let file = Keys::new(table, GAUSSIAN, &NAMES)?;
        let vector = |name| file.vector(name)?.ok_or(missing(name, LIST));
        let matrix = |name| file.matrix(name)?.ok_or(missing(name, ROWS));
        let p_y = vector("p_y")?;
        let y = file.caption(p_y.len())?;
        let world = Self {
            prior_mean: matrix("prior_mean")?,
            prior_covariance: file
                .matrices("prior_covariance")?
                .ok_or(missing("prior_covariance", MATRICES))?,
            decoder_weight: matrix("decoder_weight")?,
            decoder_offset: matrix("decoder_offset")?,
            decoder_covariance: matrix("decoder_covariance")?,
            encoder_weight: matrix("encoder_weight")?,
            encoder_offset: vector("encoder_offset")?,
            encoder_covariance: matrix("encoder_covariance")?,
            q_y_given_x: file.vector("q_y_given_x")?.unwrap_or_else(|| certain(p_y.len(), y)),
            x: vector("x")?,
            p_y,
            y,
            beta: file.number("beta")?.unwrap_or(Fraction::from(1)),
            note: file.string("note")?,
        };
        world.to_world()?;
        Ok(world)
    }

    /// The world as TOML that [`FractionGaussian::from_toml`] reads back equal.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = opening(GAUSSIAN, self.note.as_ref(), self.y, &self.beta);
        text += &format!("p_y = {}\n", list(&self.p_y));
        write_matrix(&mut text, "prior_mean", &self.prior_mean);
        let covariances = self.prior_covariance.iter().map(|covariance| {
            let rows: Vec<String> = covariance.iter().map(|row| list(row)).collect();
            format!("  [{}],\n", rows.join(", "))
        });
        let _ = write!(text, "prior_covariance = [\n{}]\n", covariances.collect::<String>()); // This never fails.
        write_matrix(&mut text, "decoder_weight", &self.decoder_weight);
        write_matrix(&mut text, "decoder_offset", &self.decoder_offset);
        write_matrix(&mut text, "decoder_covariance", &self.decoder_covariance);
        write_matrix(&mut text, "encoder_weight", &self.encoder_weight);
        text += &format!("encoder_offset = {}\n", list(&self.encoder_offset));
        write_matrix(&mut text, "encoder_covariance", &self.encoder_covariance);
        text += &format!("q_y_given_x = {}\n", list(&self.q_y_given_x));
        text += &format!("x = {}\n", list(&self.x));
        text
    }
}
