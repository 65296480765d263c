//! The encoder and the decoder of the first stage.

use candle_core::Tensor;

use super::layers::wide;
use super::{Parameters, conv2d, max_pool, upsample};
use crate::{Error, autograd};

/// The number of groups of blocks, and of blocks in each. The widths are those of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The number of groups, between which the size changes by a factor of 2.
    pub groups: usize,
    /// The number of blocks in each group.
    pub blocks: usize,
}

/// A function that is told the name of each layer and what the layer returned, in the order in which they run.
pub type Seen<'a> = &'a mut dyn FnMut(&str, &Tensor);

/// The encoder, from images to the logits of `q(z|x)`.
///
/// Shapes: from `[B, 3, H, W]` to `[B, K, H', W']`; height and width are halved between groups.
/// Reference: `reference::network::Dvae::encoder`.
///
/// # Errors
/// [`Error::Parameter`] for a parameter that is not there; [`Error::Device`] when a shape does not fit or the device
/// refuses.
pub fn encoder(sizes: Sizes, parameters: &Parameters, images: &Tensor, seen: Seen<'_>) -> Result<Tensor, Error> {
    run(sizes, parameters, images, seen, max_pool)
}

/// The decoder, from codes, one-hot or relaxed, to `mu` and `ln b` of `p(x|z)`.
///
/// Shapes: from `[B, K, H', W']` to `[B, 6, H, W]`; height and width are doubled between groups.
/// Reference: `reference::network::Dvae::decoder`.
///
/// # Errors
/// [`Error::Parameter`] for a parameter that is not there; [`Error::Device`] when a shape does not fit or the device
/// refuses.
pub fn decoder(sizes: Sizes, parameters: &Parameters, codes: &Tensor, seen: Seen<'_>) -> Result<Tensor, Error> {
    run(sizes, parameters, codes, seen, upsample)
}

fn run(
    sizes: Sizes,
    parameters: &Parameters,
    input: &Tensor,
    seen: Seen<'_>,
    resize: fn(&Tensor) -> Result<Tensor, Error>,
) -> Result<Tensor, Error> {
    let mut x = conv2d(parameters, "blocks.input", input)?;
    seen("blocks.input", &x);
    for group in 1..=sizes.groups {
        for block in 1..=sizes.blocks {
            x = residual(
                sizes,
                parameters,
                &format!("blocks.group_{group}.block_{block}"),
                &x,
                seen,
            )?;
        }
        if group < sizes.groups {
            x = resize(&x)?;
            seen(&format!("blocks.group_{group}.resize"), &x);
        }
    }
    x = autograd::relu(&x)?;
    seen("blocks.output.relu", &x);
    x = conv2d(parameters, "blocks.output.conv", &x)?;
    seen("blocks.output.conv", &x);
    Ok(x)
}

/// A residual block, `id(x) + res(x) / layers^2`.
fn residual(sizes: Sizes, parameters: &Parameters, name: &str, x: &Tensor, seen: Seen<'_>) -> Result<Tensor, Error> {
    let id_path = format!("{name}.id_path");
    let identity = if parameters.has(&format!("{id_path}.w")) {
        let identity = conv2d(parameters, &id_path, x)?;
        seen(&id_path, &identity);
        identity
    } else {
        x.clone()
    };
    let mut path = x.clone();
    for layer in 1..=4 {
        path = autograd::relu(&path)?;
        seen(&format!("{name}.res_path.relu_{layer}"), &path);
        let conv = format!("{name}.res_path.conv_{layer}");
        path = conv2d(parameters, &conv, &path)?;
        seen(&conv, &path);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of layers")]
    let layers = (sizes.groups * sizes.blocks) as f64;
    let sum = (wide(&identity)? + (wide(&path)? * (1.0 / (layers * layers)))?)?.to_dtype(x.dtype())?;
    seen(name, &sum);
    Ok(sum)
}
