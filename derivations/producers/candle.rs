//! A dump from candle: the divergence of discrete codes and its gradient, by candle's own operations.
//!
//! ```sh
//! cargo run --release --example candle -- kl.safetensors && elbo judge kl.safetensors
//! ```

use std::path::Path;

use bounds::Float;
use gpu::candle_core::{D, Device, Result, Tensor, Var};
use judge::dump::DumpBuilder;
use serde_json::json;
use worlds::case::write_bytes;

/// `sum_k q_k (ln q_k + ln K)`, position by position.
fn kl(logits: &Tensor) -> Result<Tensor> {
    let codes = logits.dim(D::Minus1)?;
    let centred = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
    let ln_q = centred.broadcast_sub(&centred.exp()?.sum_keepdim(D::Minus1)?.log()?)?;
    #[expect(clippy::cast_precision_loss, reason = "a number of codes")]
    let ln_k = (codes as f64).ln();
    (ln_q.exp()? * (&ln_q + ln_k)?)?.sum(D::Minus1)
}

/// The tensor's numbers.
fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    let single = tensor.flatten_all()?.to_vec1::<f32>()?;
    Ok(single.into_iter().map(f64::from).collect())
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("expected the dump's path")?;
    write(path.as_ref())
}

/// Computes and writes.
fn write(path: &Path) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let shape = (3, 10, 17);
    let logits = Var::randn(0.0_f32, 2.0, shape, &Device::Cpu)?;
    let divergence = kl(logits.as_tensor())?;
    let slopes = divergence.sum_all()?.backward()?;
    let gradient = slopes.get(logits.as_tensor()).ok_or("no gradient")?;

    let mut dump = DumpBuilder::new(json!({
        "inputs": "tokens", "dtype": "f32", "layout": "BSK", "prior": "uniform", "framework": "candle",
        "claims": {"kl": {"sum": ["code"]}, "grad.encoder_logits": {"of": "kl"}},
    }));
    dump.floats(
        "encoder_logits",
        &[3, 10, 17],
        &numbers(logits.as_tensor())?,
        Float::F32,
    );
    dump.floats("claim.kl", &[3, 10], &numbers(&divergence)?, Float::F32);
    dump.floats(
        "claim.grad.encoder_logits",
        &[3, 10, 17],
        &numbers(gradient)?,
        Float::F32,
    );
    write_bytes(path, &dump.bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use judge::dump;

    #[test]
    fn its_dump_stands() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("kl.safetensors");
        super::write(&path)?;
        let judgement = judge::judge(&dump::open(&path)?, &|_| ())?;
        let used: Vec<f64> = judgement.claims.iter().map(|judged| judged.comparison.used()).collect();
        assert!(judgement.stands() && used.len() == 2, "{used:?}");
        Ok(())
    }
}
