//! The transformer of the second stage, which predicts a caption's tokens and then an image's codes.

use candle_core::{DType, Tensor};

use super::layers::wide;
use super::{Mask, Parameters, Seen, attention, gelu, layer_norm, linear};
use crate::Error;
use crate::device::Device;

/// The sizes of a transformer that the shapes of its parameters do not tell, and the masks of its layers on a device.
#[derive(Debug, Clone)]
pub struct Transformer {
    heads: usize,
    text: usize,
    side: usize,
    masks: Vec<Tensor>,
}

impl Transformer {
    /// The transformer with these numbers of layers, heads, text positions and codes along an edge of the image, and
    /// this kernel of the last layer's mask.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn new([layers, heads, text, side, kernel]: [usize; 5], device: &Device) -> Result<Self, Error> {
        let length = text + side * side;
        let mask = |layer| Mask::of_layer(layer, layers, kernel).table(text + 1, side, length, device);
        Ok(Self {
            heads,
            text,
            side,
            masks: (0..layers).map(mask).collect::<Result<_, _>>()?,
        })
    }

    /// The logits of the text and of the codes, where each position's are computed from what is before it.
    ///
    /// Where `codes` has fewer codes than the image, the last logits are those of the code that comes next.
    /// Shapes: the text's tokens are `[B, T]` and the codes `[B, n]`, of `u32`; returns `[B, T, V + T]` and
    /// `[B, min(n + 1, side^2), K]`. Reference: `reference::network::Transformer`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter that is not there; [`Error::Device`] for tokens outside their vocabulary,
    /// or when the device refuses.
    pub fn logits(
        &self,
        parameters: &Parameters,
        (text, codes): (&Tensor, &Tensor),
        seen: Seen<'_>,
    ) -> Result<[Tensor; 2], Error> {
        let mut x = self.embedding(parameters, text, codes)?;
        seen("embedding", &x);
        let length = x.dim(1)?;
        for (layer, mask) in self.masks.iter().enumerate() {
            let mut name = format!("layers.{layer}.attention");
            let mut tell = |name: String, run: &dyn Fn(&str) -> Result<Tensor, Error>| -> Result<Tensor, Error> {
                let y = run(&name)?;
                seen(&name, &y);
                Ok(y)
            };
            let normed = tell(format!("{name}.norm"), &|name| layer_norm(parameters, name, &x))?;
            let [queries, keys, values] = ["queries", "keys", "values"]
                .map(|part| tell(format!("{name}.{part}"), &|name| linear(parameters, name, &normed)));
            let (queries, keys, values) = (queries?, keys?, values?);
            let mask = mask.narrow(0, 0, length)?.narrow(1, 0, length)?;
            let mixed = tell(format!("{name}.mix"), &|_| {
                attention(&queries, &keys, &values, &mask, self.heads)
            })?;
            let output = tell(format!("{name}.output"), &|name| linear(parameters, name, &mixed))?;
            x = tell(name, &|_| Ok((&x + &output)?))?;

            name = format!("layers.{layer}.mlp");
            let normed = tell(format!("{name}.norm"), &|name| layer_norm(parameters, name, &x))?;
            let inner = tell(format!("{name}.inner"), &|name| linear(parameters, name, &normed))?;
            let curved = tell(format!("{name}.gelu"), &|_| gelu(&inner))?;
            let output = tell(format!("{name}.output"), &|name| linear(parameters, name, &curved))?;
            x = tell(name, &|_| Ok((&x + &output)?))?;
        }
        x = layer_norm(parameters, "norm", &x)?;
        seen("norm", &x);
        let part = |name: &str, from: usize, count: usize, seen: Seen<'_>| -> Result<Tensor, Error> {
            let rows = x.narrow(1, from, count)?;
            seen(&format!("{name}.positions"), &rows);
            let logits = linear(parameters, name, &rows)?;
            seen(name, &logits);
            Ok(logits)
        };
        let text = part("to_text", 0, self.text, &mut *seen)?;
        let image = part("to_image", self.text, length - self.text, seen)?;
        Ok([text, image])
    }

    /// What stands at each position, and where it stands.
    fn embedding(&self, parameters: &Parameters, text: &Tensor, codes: &Tensor) -> Result<Tensor, Error> {
        let (batch, _) = text.dims2()?;
        let look_up = |name: &str, tokens: &Tensor| -> Result<Tensor, Error> {
            let table = wide(parameters.get(&format!("{name}.weight"))?)?;
            let rows = table.index_select(&tokens.flatten_all()?, 0)?;
            Ok(rows.reshape((batch, tokens.dim(1)?, table.dim(1)?))?)
        };
        let stored = parameters.get("start")?.dtype();
        let start = wide(parameters.get("start")?)?;
        let start = start.broadcast_as((batch, 1, start.dim(0)?))?;
        let words = Tensor::cat(&[start.contiguous()?, look_up("text", text)?], 1)?;
        let words = words.broadcast_add(&wide(parameters.get("position.weight")?)?)?;
        let read = codes.dim(1)?.min(self.side * self.side - 1);
        if read == 0 {
            return Ok(words.to_dtype(stored)?);
        }
        let codes = look_up("image", &codes.narrow(1, 0, read)?.contiguous()?)?;
        let (row, column) = (
            wide(parameters.get("row.weight")?)?,
            wide(parameters.get("column.weight")?)?,
        );
        let places = row.unsqueeze(1)?.broadcast_add(&column.unsqueeze(0)?)?.flatten(0, 1)?;
        let codes = codes.broadcast_add(&places.narrow(0, 0, read)?)?;
        Ok(Tensor::cat(&[words, codes], 1)?.to_dtype(stored)?)
    }

    /// The number of text positions, `T`.
    #[must_use]
    pub const fn text(&self) -> usize {
        self.text
    }

    /// The number of codes of an image, `side^2`.
    #[must_use]
    pub const fn codes(&self) -> usize {
        self.side * self.side
    }
}

/// The indices of tokens as a tensor of `u32` on a device, in so many rows.
///
/// # Errors
/// [`Error::Device`] when the shape does not fit or the device refuses.
pub fn tokens(numbers: &[u32], rows: usize, device: &Device) -> Result<Tensor, Error> {
    let columns = numbers.len() / rows.max(1);
    let host = Tensor::from_slice(numbers, (rows, columns), &candle_core::Device::Cpu)?;
    Ok(host.to_dtype(DType::U32)?.to_device(device.candle())?)
}
