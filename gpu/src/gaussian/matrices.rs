//! Linear algebra of many small matrices at once, one for each world: forward substitution, and Cholesky's
//! factorisation.

use candle_core::{D, Tensor};

use crate::Error;

/// The solution `F^-1 b` for each lower triangle `F`, by forward substitution.
///
/// ```text
/// x_i = (b_i - sum_{j < i} F_ij x_j) / F_ii
/// ```
///
/// Shapes: `factor` is `[N, n, n]` and `b` is `[N, n, k]`; returns `[N, n, k]`.
pub(super) fn whiten(factor: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    let n = factor.dim(1)?;
    let mut solved: Option<Tensor> = None;
    for i in 0..n {
        let row = b.narrow(1, i, 1)?;
        let left = match &solved {
            None => row,
            Some(above) => (row - factor.narrow(1, i, 1)?.narrow(2, 0, i)?.contiguous()?.matmul(above)?)?,
        };
        let next = left.broadcast_div(&factor.narrow(1, i, 1)?.narrow(2, i, 1)?)?;
        solved = Some(match solved {
            None => next,
            Some(above) => Tensor::cat(&[&above, &next], 1)?,
        });
    }
    Ok(solved.unwrap_or_else(|| b.clone()))
}

/// The Cholesky factor of each matrix, the lower triangle `K` with `A = K K^T`, column by column.
///
/// ```text
/// K_jj = sqrt(A_jj - sum_{k < j} K_jk^2),   K_ij = (A_ij - sum_{k < j} K_ik K_jk) / K_jj
/// ```
///
/// Shapes: `a` is `[N, n, n]`; returns `[N, n, n]`. Limits: NaN where a matrix is not positive definite.
pub(super) fn cholesky(a: &Tensor) -> Result<Tensor, Error> {
    let (count, n, _) = a.dims3()?;
    let mut columns: Vec<Tensor> = Vec::with_capacity(n);
    for j in 0..n {
        let mut below = a.narrow(2, j, 1)?.narrow(1, j, n - j)?.contiguous()?;
        if !columns.is_empty() {
            let known = Tensor::cat(&columns, 2)?.narrow(1, j, n - j)?.contiguous()?;
            let row = known.narrow(1, 0, 1)?.t()?.contiguous()?;
            below = (below - known.matmul(&row)?)?;
        }
        let column = below.broadcast_div(&below.narrow(1, 0, 1)?.sqrt()?)?;
        let above = Tensor::zeros((count, j, 1), a.dtype(), a.device())?;
        columns.push(Tensor::cat(&[&above, &column], 1)?);
    }
    Ok(Tensor::cat(&columns, 2)?)
}

/// The logarithms of the diagonals' entries, `ln F_ii`: `[N, n, n]` to `[N, n]`.
pub(super) fn ln_diagonal(factor: &Tensor) -> Result<Tensor, Error> {
    let n = factor.dim(D::Minus1)?;
    let entries = (0..n).map(|i| factor.narrow(1, i, 1)?.narrow(2, i, 1)?.squeeze(2));
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::cat(&entries, 1)?.log()?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::{cholesky, ln_diagonal, whiten};
    use crate::Error;
    use crate::transfer::download;

    fn factors() -> Result<Tensor, Error> {
        let of = |a: [[f64; 3]; 3]| a.concat();
        let flat = [
            of([[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-4.0, 0.5, 1.0]]),
            of([[1.0, 0.0, 0.0], [7.0, 0.25, 0.0], [2.0, -1.0, 5.0]]),
        ]
        .concat();
        Ok(Tensor::from_vec(flat, (2, 3, 3), &Device::Cpu)?)
    }

    #[test]
    fn a_factor_is_found_again_and_solves() -> Result<(), Error> {
        let factor = factors()?;
        let found = download(&cholesky(&factor.matmul(&factor.t()?.contiguous()?)?)?)?;
        assert_eq!(found, download(&factor)?); // small integers and halves: every step is exact
        let x = Tensor::from_vec((1..=12).map(f64::from).collect(), (2, 3, 2), &Device::Cpu)?;
        assert_eq!(download(&whiten(&factor, &factor.matmul(&x)?)?)?, download(&x)?);
        let diagonal = [2.0, 3.0, 1.0, 1.0, 0.25, 5.0].map(f64::ln);
        assert_eq!(download(&ln_diagonal(&factor)?)?, diagonal);
        Ok(())
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() -> Result<(), Error> {
        let a = Tensor::new(&[[[1.0, 2.0], [2.0, 1.0]]], &Device::Cpu)?;
        assert!(download(&cholesky(&a)?)?.iter().any(|entry| entry.is_nan()));
        Ok(())
    }
}
