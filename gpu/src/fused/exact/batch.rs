//! The sides of a batch of worlds, each at its own observed caption, from the exact tables.

use candle_core::{DType, Device, Tensor, WithDType};
use vocab::{Beta, Reading};

use super::{Adder, Exact, Numbers, Sides, sides};
use crate::Error;
use crate::fused::Rows;
use crate::world::Batch;

/// The sides of every world of a batch, `[B]`, computed from tables in the batch's own type.
///
/// # Errors
/// As [`sides`], and [`Error::Device`] for a batch on a device from which `by` does not take tables.
pub fn of_batch(by: &impl Adder, batch: &Batch, reading: Reading) -> Result<Vec<Sides>, Error> {
    if !by.takes_from(batch.ln_p_yz().device()) {
        return Err(candle_core::Error::Msg("these exact sides run on the CPU, the batch does not".to_owned()).into());
    }
    match batch.ln_p_yz().dtype() {
        DType::F64 => of_type::<f64>(by, batch, reading),
        _ => of_type::<f32>(by, batch, reading),
    }
}

/// One side of every world as a tensor, `[B]`. The functions of `equations` return the same, but this one is in `f64`.
///
/// # Errors
/// As [`of_batch`].
pub fn column(by: &impl Adder, batch: &Batch, reading: Reading, side: fn(&Sides) -> f64) -> Result<Tensor, Error> {
    let values: Vec<f64> = of_batch(by, batch, reading)?.iter().map(side).collect();
    Ok(Tensor::new(values, &Device::Cpu)?)
}

fn of_type<E: Numbers + WithDType>(by: &impl Adder, batch: &Batch, reading: Reading) -> Result<Vec<Sides>, Error> {
    let numbers = |table: &Tensor| -> Result<Vec<E>, Error> { Ok(table.flatten_all()?.to_vec1()?) };
    let (captions, codes) = (batch.captions(), batch.codes());
    let likelihood = numbers(batch.ln_p_x_given_yz())?;
    let (prior, encoder) = (numbers(batch.ln_p_yz())?, numbers(batch.ln_q_z())?);
    let (caption, joint) = (numbers(batch.ln_q_y())?, numbers(batch.ln_q_yz())?);
    let tables = Exact::new(
        Rows::new("ln_p_x_given_yz", &likelihood, codes)?,
        Rows::new("ln_p_yz", &prior, codes)?,
        Rows::new("ln_q_z_given_x", &encoder, codes)?,
        Rows::new("ln_q_y_given_x", &caption, captions)?,
    )?;
    let tables = tables.with_joint(Rows::new("ln_q_yz_given_x", &joint, codes)?)?;
    let everywhere = sides(by, tables, reading, &batch.betas()?)?;
    let at = |(world, y): (usize, usize)| everywhere[world * captions + y];
    Ok(batch.observed()?.into_iter().enumerate().map(at).collect())
}

impl Batch {
    fn betas(&self) -> Result<Vec<Beta>, Error> {
        let numbers = crate::transfer::download(self.beta())?;
        let refused = |error: vocab::Error| candle_core::Error::Msg(error.to_string()).into();
        let betas = numbers.into_iter().map(|beta| Beta::new(beta).map_err(refused));
        betas.collect()
    }
}
