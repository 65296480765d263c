//! A dump from candle: the divergence of discrete codes and its gradient, by candle's own operations.
//!
//! ```sh
//! cargo run --release --example candle -- kl.safetensors && elbo judge kl.safetensors
//! ```
//!
//! `matrix.py` asks for other sizes, types and errors: `kl.safetensors 1x64x512 f64 0.001 image`.

use std::path::Path;

use bounds::Float;
use gpu::candle_core::{D, DType, Device, Result, Tensor, Var};
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

/// The tensor's numbers, each wrong by a share.
fn numbers(tensor: &Tensor, share: f64) -> Result<Vec<f64>> {
    let numbers = tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    Ok(numbers.into_iter().map(|number| number * (1.0 + share)).collect())
}

/// What is computed and claimed.
struct Asked {
    /// Images, positions, codes.
    shape: [usize; 3],
    float: Float,
    /// The share by which every number is wrong.
    share: f64,
    /// Whether the divergences of images are claimed, and not those of positions.
    image: bool,
}

impl Asked {
    const USUAL: Self = Self {
        shape: [3, 10, 17],
        float: Float::F32,
        share: 0.0,
        image: false,
    };

    /// Reads the arguments behind the path.
    fn read(arguments: &[String]) -> std::result::Result<Self, Box<dyn std::error::Error>> {
        let mut asked = Self::USUAL;
        if let Some(shape) = arguments.first() {
            let lengths: Vec<usize> = shape
                .split('x')
                .map(str::parse)
                .collect::<std::result::Result<_, _>>()?;
            asked.shape = lengths.try_into().map_err(|_| "expected a shape such as 1x64x512")?;
        }
        if let Some(float) = arguments.get(1) {
            asked.float = match float.as_str() {
                "f64" => Float::F64,
                "f32" => Float::F32,
                _ => return Err(format!("{float} is no type here, expected f64 or f32").into()),
            };
        }
        if let Some(share) = arguments.get(2) {
            asked.share = share.parse()?;
        }
        asked.image = arguments.get(3).is_some_and(|word| word == "image");
        Ok(asked)
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, asked) = arguments.split_first().ok_or("expected the dump's path")?;
    write(path.as_ref(), &Asked::read(asked)?)
}

/// Computes and writes.
fn write(path: &Path, asked: &Asked) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let Asked {
        shape,
        float,
        share,
        image,
    } = *asked;
    let drawn = Tensor::randn(0.0_f64, 2.0, &shape, &Device::Cpu)?;
    let logits = Var::from_tensor(&drawn.to_dtype(if float == Float::F64 { DType::F64 } else { DType::F32 })?)?;
    let divergence = kl(logits.as_tensor())?;
    let slopes = divergence.sum_all()?.backward()?;
    let gradient = slopes.get(logits.as_tensor()).ok_or("no gradient")?;

    let claims = if image {
        json!({"kl": {"sum": ["position", "code"]}})
    } else {
        json!({"kl": {"sum": ["code"]}, "grad.encoder_logits": {"of": "kl"}})
    };
    let mut dump = DumpBuilder::new(json!({
        "inputs": "tokens", "dtype": float.name(), "layout": "BSK", "prior": "uniform", "framework": "candle", "claims": claims,
    }));
    let [images, positions, _] = shape;
    dump.floats("encoder_logits", &shape, &numbers(logits.as_tensor(), 0.0)?, float);
    if image {
        let sums = divergence.sum(D::Minus1)?;
        dump.floats("claim.kl", &[images], &numbers(&sums, share)?, float);
    } else {
        dump.floats("claim.kl", &[images, positions], &numbers(&divergence, share)?, float);
        dump.floats("claim.grad.encoder_logits", &shape, &numbers(gradient, share)?, float);
    }
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
        super::write(&path, &super::Asked::USUAL)?;
        let judgement = judge::judge(&dump::open(&path)?, &|_| ())?;
        let used: Vec<f64> = judgement.claims.iter().map(|judged| judged.comparison.used()).collect();
        assert!(judgement.stands() && used.len() == 2, "{used:?}");
        Ok(())
    }
}
