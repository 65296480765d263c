//! The transformer of the second stage, which predicts a caption's tokens and then an image's codes.

use super::{Attention, Embedding, Graph, Layer, LayerNorm, Linear, Mask, NetworkError, Parameters};

/// The sizes of the transformer `p_psi(y,z)`, from which it is built.
///
/// ```text
/// ln p(y,z) = sum_i ln p(y_i | y_<i) + sum_j ln p(z_j | y, z_<j)
/// x_0 = embedding      x' = x + attention(norm x)      x'' = x' + mlp(norm x')      mlp h = W_2 gelu(W_1 h)
/// ```
///
/// Position `s` predicts token `s`, having read those before it. The first `T` positions predict the text and the next
/// `side^2` the codes, each from logits over its own vocabulary alone. Layer `l` has the mask [`Mask::of_layer`], for
/// which the start and the `T` words are the text. Source: Ramesh et al. 2021, section 2.2 and appendix B.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transformer {
    /// The number of layers, each of which has an attention and an MLP.
    pub layers: usize,
    /// The number of heads of each attention, which divides the width.
    pub heads: usize,
    /// The width of a position's vector, `d`. The inner width of an MLP is `4 d`.
    pub width: usize,
    /// The number of text positions, `T`.
    pub text: usize,
    /// The number of text tokens without pads, `V`.
    pub vocabulary: usize,
    /// The number of codes along an edge of the image.
    pub side: usize,
    /// The number of codes in the image's vocabulary, `K`.
    pub codes: usize,
    /// The kernel of the last layer's mask, an odd number.
    pub kernel: usize,
}

impl Transformer {
    /// The number of text tokens with the pads, `V + T`. Token `V + i` is the pad of text position `i`.
    #[must_use]
    pub const fn words(self) -> usize {
        self.vocabulary + self.text
    }

    /// The number of positions of a sequence, `T + side^2`.
    #[must_use]
    pub const fn length(self) -> usize {
        self.text + self.side * self.side
    }

    /// The mask of a layer. The first layer has the number 0.
    #[must_use]
    pub const fn mask(self, layer: usize) -> Mask {
        Mask::of_layer(layer, self.layers, self.kernel)
    }

    /// The names and the shapes of the parameters, in the order of the layers.
    ///
    /// # Errors
    /// [`NetworkError::Size`] for sizes without a network.
    pub fn shapes(self) -> Result<Vec<(String, Vec<usize>)>, NetworkError> {
        self.check()?;
        let d = self.width;
        let mut shapes = vec![("start".to_owned(), vec![d])];
        for (name, rows) in [
            ("text", self.words()),
            ("position", self.text + 1),
            ("image", self.codes),
            ("row", self.side),
            ("column", self.side),
        ] {
            shapes.push((format!("{name}.weight"), vec![rows, d]));
        }
        let norm = |name: String| [(format!("{name}.weight"), vec![d]), (format!("{name}.bias"), vec![d])];
        let linear = |name: String, outputs: usize, inputs: usize| {
            [
                (format!("{name}.weight"), vec![outputs, inputs]),
                (format!("{name}.bias"), vec![outputs]),
            ]
        };
        for layer in 0..self.layers {
            shapes.extend(norm(format!("layers.{layer}.attention.norm")));
            for part in ["queries", "keys", "values", "output"] {
                shapes.extend(linear(format!("layers.{layer}.attention.{part}"), d, d));
            }
            shapes.extend(norm(format!("layers.{layer}.mlp.norm")));
            shapes.extend(linear(format!("layers.{layer}.mlp.inner"), 4 * d, d));
            shapes.extend(linear(format!("layers.{layer}.mlp.output"), d, 4 * d));
        }
        shapes.extend(norm("norm".to_owned()));
        shapes.extend(linear("to_text".to_owned(), self.words(), d));
        shapes.extend(linear("to_image".to_owned(), self.codes, d));
        Ok(shapes)
    }

    /// The transformer, from tokens to logits.
    ///
    /// Shapes: from `[T + side^2]`. The node `to_text` returns `[T, V + T]`, and the last one, `to_image`, returns
    /// `[side^2, K]`.
    ///
    /// # Errors
    /// [`NetworkError::Size`] for sizes without a network; [`NetworkError::Missing`] and [`NetworkError::Shape`] for
    /// parameters that do not fit.
    pub fn graph(self, parameters: &Parameters) -> Result<Graph, NetworkError> {
        self.check()?;
        let mut graph = Graph::default();
        let linear = |name: &str, outputs, inputs| Linear::named(name, outputs, inputs, parameters).map(Layer::Linear);
        let norm = |name: &str| LayerNorm::named(name, self.width, parameters).map(Layer::LayerNorm);
        let d = self.width;
        let embedding = Layer::Embedding(Box::new(Embedding::named(self, parameters)?));
        let mut at = graph.push("embedding".to_owned(), embedding, vec![0]);
        for layer in 0..self.layers {
            let mut name = format!("layers.{layer}.attention");
            let normed = graph.push(format!("{name}.norm"), norm(&format!("{name}.norm"))?, vec![at]);
            let mut read = Vec::new();
            for part in ["queries", "keys", "values"] {
                let part = format!("{name}.{part}");
                read.push(graph.push(part.clone(), linear(&part, d, d)?, vec![normed]));
            }
            let attention = Attention {
                heads: self.heads,
                mask: self.mask(layer),
                text: self.text + 1,
                side: self.side,
            };
            let mixed = graph.push(format!("{name}.mix"), Layer::Attention(attention), read);
            let output = format!("{name}.output");
            let output = graph.push(output.clone(), linear(&output, d, d)?, vec![mixed]);
            at = graph.push(name, Layer::AddScaled(1.0), vec![at, output]);

            name = format!("layers.{layer}.mlp");
            let normed = graph.push(format!("{name}.norm"), norm(&format!("{name}.norm"))?, vec![at]);
            let inner = format!("{name}.inner");
            let inner = graph.push(inner.clone(), linear(&inner, 4 * d, d)?, vec![normed]);
            let curved = graph.push(format!("{name}.gelu"), Layer::Gelu, vec![inner]);
            let output = format!("{name}.output");
            let output = graph.push(output.clone(), linear(&output, d, 4 * d)?, vec![curved]);
            at = graph.push(name, Layer::AddScaled(1.0), vec![at, output]);
        }
        at = graph.push("norm".to_owned(), norm("norm")?, vec![at]);
        for (name, rows, outputs) in [
            ("to_text", 0..self.text, self.words()),
            ("to_image", self.text..self.length(), self.codes),
        ] {
            let part = graph.push(format!("{name}.positions"), Layer::Rows(rows), vec![at]);
            graph.push(name.to_owned(), linear(name, outputs, d)?, vec![part]);
        }
        Ok(graph)
    }

    fn check(self) -> Result<(), NetworkError> {
        for (what, found, range, expected) in [
            ("the number of layers", self.layers, 1..=256, "1 to 256"),
            ("the width", self.width, 1..=16384, "1 to 16384"),
            (
                "the number of heads",
                self.heads,
                1..=self.width,
                "a divisor of the width",
            ),
            ("the number of text positions", self.text, 1..=4096, "1 to 4096"),
            ("the text vocabulary", self.vocabulary, 1..=1 << 20, "1 to 2^20"),
            ("the image's side", self.side, 1..=64, "1 to 64"),
            ("the number of codes", self.codes, 2..=1 << 20, "2 to 2^20"),
            (
                "the kernel of the last mask",
                self.kernel,
                1..=255,
                "an odd number from 1 to 255",
            ),
        ] {
            let even = what.starts_with("the kernel") && found % 2 == 0;
            let uneven = what.ends_with("heads") && found > 0 && !self.width.is_multiple_of(found);
            if !range.contains(&found) || even || uneven {
                return Err(NetworkError::Size { what, found, expected });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
