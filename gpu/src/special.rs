//! Functions that own an edge of the real line, and the two ways of lining up tensors.

use candle_core::{D, Tensor};

use crate::Error;

/// Logarithm of a sum of exponentials over the last dimension.
///
/// ```text
/// ln sum_k exp(a_k) = m + ln sum_k exp(a_k - m),   m = max_k a_k
/// ```
///
/// Shapes: `[.., n]` to `[..]`. Unit: nats. Limits: `-inf` where all are `-inf`; `+inf` and NaN stay.
/// Reference: `reference::special::log_sum_exp`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn log_sum_exp(a: &Tensor) -> Result<Tensor, Error> {
    let max = a.max_keepdim(D::Minus1)?;
    // An infinite maximum is not subtracted (inf - inf is NaN): exp then gives 0 or inf by itself, and ln gives it back.
    let max = select(&is_infinite(&max)?, 0.0, &max)?;
    let sum = a.broadcast_sub(&max)?.exp()?.sum_keepdim(D::Minus1)?;
    Ok((max + sum.log()?)?.squeeze(D::Minus1)?)
}

/// Sum over every dimension but the first, the last one first: `[B, ..]` to `[B]`.
///
/// Dimension by dimension the rounding errors grow with `Y + Z`, not with `Y Z`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn sum_states(table: &Tensor) -> Result<Tensor, Error> {
    let mut sum = table.clone();
    while sum.rank() > 1 {
        sum = sum.sum(D::Minus1)?;
    }
    Ok(sum)
}

/// One number per world beside each of the world's states: `[B]` to the shape of `like`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn beside(per_world: &Tensor, like: &Tensor) -> Result<Tensor, Error> {
    let mut column = per_world.clone();
    while column.rank() < like.rank() {
        column = column.unsqueeze(D::Minus1)?;
    }
    Ok(column.broadcast_as(like.shape())?)
}

/// Where a table says `ln 0`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn is_ln_zero(ln: &Tensor) -> Result<Tensor, Error> {
    Ok(ln.eq(f64::NEG_INFINITY)?)
}

/// Where a table is `+inf` or `-inf`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn is_infinite(table: &Tensor) -> Result<Tensor, Error> {
    Ok(table.abs()?.eq(f64::INFINITY)?)
}

/// `value` where the mask holds, the table's own entry elsewhere. A selection, not a product: `0 x inf` never happens.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn select(mask: &Tensor, value: f64, table: &Tensor) -> Result<Tensor, Error> {
    let value = Tensor::new(value, table.device())?
        .to_dtype(table.dtype())?
        .broadcast_as(table.shape())?;
    Ok(mask.where_cond(&value, table)?)
}

#[cfg(test)]
mod tests {
    use super::{log_sum_exp, select};
    use crate::transfer::download;
    use candle_core::{Device, Tensor};

    const INF: f64 = f64::INFINITY;

    #[test]
    fn log_sum_exp_of_nothing_is_minus_infinity_and_never_nan() -> Result<(), crate::Error> {
        let rows = [[-INF, -INF], [-INF, 3.0], [1e4, 1e4], [-1e4, -INF], [INF, 0.0]];
        for dtype in [candle_core::DType::F32, candle_core::DType::F64] {
            let a = Tensor::new(&rows, &Device::Cpu)?.to_dtype(dtype)?;
            let found = download(&log_sum_exp(&a)?)?;
            for (found, expected) in found.iter().zip([-INF, 3.0, 1e4 + 2.0_f64.ln(), -1e4, INF]) {
                let same = found.to_bits() == f64::to_bits(expected);
                assert!(same || (found - expected).abs() < 1e-3, "{found} is not {expected}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_selection_keeps_no_trace_of_what_it_hides() -> Result<(), crate::Error> {
        let table = Tensor::new(&[f64::NAN, INF, 2.0], &Device::Cpu)?;
        let mask = Tensor::new(&[1_u8, 1, 0], &Device::Cpu)?;
        let bits: Vec<u64> = download(&select(&mask, 0.0, &table)?)?
            .into_iter()
            .map(f64::to_bits)
            .collect();
        assert_eq!(bits, [0.0, 0.0, 2.0].map(f64::to_bits));
        Ok(())
    }
}
