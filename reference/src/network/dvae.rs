//! The discrete variational autoencoder of the first stage, with the released architecture at any size.

use super::{Conv2d, Graph, Layer, NetworkError, Parameters};

/// The sizes of an encoder and a decoder, from which both are built.
///
/// ```text
/// encoder   7x7 conv | groups of residual blocks, of widths n, 2n, 4n, ..   | ReLU, 1x1 conv: logits of q(z|x)
/// decoder   1x1 conv | groups of residual blocks, of widths .., 4n, 2n, n   | ReLU, 1x1 conv: mu and ln b of p(x|z)
/// block     y = id(x) + g res(x),   res = four times (ReLU, conv),   g = 1 / (groups blocks)^2
/// ```
///
/// Between two groups the encoder halves height and width, and the decoder doubles them. The kernels of a block are 3,
/// 3, 3, 1 in the encoder and 1, 3, 3, 3 in the decoder. The inner width of a block is a quarter of its outer one. `id`
/// is a 1x1 convolution where the width changes, and the identity elsewhere. Source: openai/DALL-E.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dvae {
    /// The number of groups of blocks, from 1 to 6.
    pub groups: usize,
    /// The number of channels `n` of the blocks at the full size of the image; a multiple of 4.
    pub hidden: usize,
    /// The number of blocks in each group.
    pub blocks: usize,
    /// The number of channels of the decoder's first map.
    pub initial: usize,
    /// The number of codes, `K`.
    pub vocabulary: usize,
}

/// The channels of an image: red, green and blue.
const CHANNELS: usize = 3;

/// The sizes of a convolution: its outputs, its inputs and its kernel.
type Shape = (usize, usize, usize);

impl Dvae {
    /// The released sizes: 53,786,240 parameters in the encoder, 43,829,766 in the decoder.
    pub const RELEASED: Self = Self {
        groups: 4,
        hidden: 256,
        blocks: 2,
        initial: 128,
        vocabulary: 8192,
    };

    /// The names and the shapes of the encoder's parameters, in the order of its layers.
    ///
    /// # Errors
    /// [`NetworkError::Size`] for sizes without a network.
    pub fn encoder_shapes(self) -> Result<Vec<(String, Vec<usize>)>, NetworkError> {
        Ok(Self::shapes(&self.encoder_plan()?))
    }

    /// The names and the shapes of the decoder's parameters, in the order of its layers.
    ///
    /// # Errors
    /// [`NetworkError::Size`] for sizes without a network.
    pub fn decoder_shapes(self) -> Result<Vec<(String, Vec<usize>)>, NetworkError> {
        Ok(Self::shapes(&self.decoder_plan()?))
    }

    /// The encoder, from an image to the logits of `q(z|x)`.
    ///
    /// Shapes: from `[3, H, W]` to `[K, H', W']`, where `H = 2^(groups - 1) H'` and `W = 2^(groups - 1) W'`.
    ///
    /// # Errors
    /// [`NetworkError::Size`] for sizes without a network; [`NetworkError::Missing`] and [`NetworkError::Shape`] for
    /// parameters that do not fit.
    pub fn encoder(self, parameters: &Parameters) -> Result<Graph, NetworkError> {
        self.graph(&self.encoder_plan()?, parameters)
    }

    /// The decoder, from one-hot codes, or their relaxations, to `mu` and `ln b` of `p(x|z)`.
    ///
    /// Shapes: from `[K, H', W']` to `[6, H, W]`, the first three channels of which are `mu`, with `H` and `W` as in
    /// [`Dvae::encoder`].
    ///
    /// # Errors
    /// As [`Dvae::encoder`].
    pub fn decoder(self, parameters: &Parameters) -> Result<Graph, NetworkError> {
        self.graph(&self.decoder_plan()?, parameters)
    }

    fn encoder_plan(self) -> Result<Vec<Step>, NetworkError> {
        self.check()?;
        let widths = (0..self.groups).map(|group| self.hidden << group).collect();
        self.plan(
            (CHANNELS, self.hidden, 7),
            widths,
            [3, 3, 3, 1],
            Layer::MaxPool,
            self.vocabulary,
        )
    }

    fn decoder_plan(self) -> Result<Vec<Step>, NetworkError> {
        self.check()?;
        let widths = (0..self.groups).rev().map(|group| self.hidden << group).collect();
        self.plan(
            (self.vocabulary, self.initial, 1),
            widths,
            [1, 3, 3, 3],
            Layer::Upsample,
            2 * CHANNELS,
        )
    }

    /// The steps of a network: a first convolution, the groups of blocks with `between` after each but the last, and
    /// the output.
    fn plan(
        self,
        (inputs, first, kernel): Shape,
        widths: Vec<usize>,
        kernels: [usize; 4],
        between: Layer,
        outputs: usize,
    ) -> Result<Vec<Step>, NetworkError> {
        let mut plan = vec![Step::Conv("blocks.input".to_owned(), (first, inputs, kernel))];
        let mut width = first;
        for (group, next) in widths.into_iter().enumerate() {
            for block in 0..self.blocks {
                let name = format!("blocks.group_{}.block_{}", group + 1, block + 1);
                plan.push(Step::Block(name, width, next, kernels));
                width = next;
            }
            if group + 1 < self.groups {
                plan.push(Step::Between(
                    format!("blocks.group_{}.resize", group + 1),
                    between.clone(),
                ));
            }
        }
        plan.push(Step::Between("blocks.output.relu".to_owned(), Layer::Relu));
        plan.push(Step::Conv("blocks.output.conv".to_owned(), (outputs, width, 1)));
        Ok(plan)
    }

    /// Refuses sizes without a network.
    fn check(self) -> Result<(), NetworkError> {
        let sizes = [
            ("the number of groups", self.groups, 1..=6, "1 to 6"),
            ("the number of blocks in a group", self.blocks, 1..=64, "1 to 64"),
            (
                "the hidden width",
                self.hidden,
                4..=4096,
                "a multiple of 4 from 4 to 4096",
            ),
            ("the decoder's initial width", self.initial, 1..=4096, "1 to 4096"),
            ("the vocabulary", self.vocabulary, 2..=1 << 20, "2 to 2^20"),
        ];
        for (what, found, range, expected) in sizes {
            if !range.contains(&found) || (what == "the hidden width" && found % 4 != 0) {
                return Err(NetworkError::Size { what, found, expected });
            }
        }
        Ok(())
    }

    /// The gain `g` of every residual path.
    fn gain(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 384 layers")]
        let layers = (self.groups * self.blocks) as f64;
        1.0 / (layers * layers)
    }

    fn shapes(plan: &[Step]) -> Vec<(String, Vec<usize>)> {
        let convs = plan.iter().flat_map(Step::convs);
        let tensors = convs.flat_map(|(name, (outputs, inputs, kernel))| {
            [
                (format!("{name}.w"), vec![outputs, inputs, kernel, kernel]),
                (format!("{name}.b"), vec![outputs]),
            ]
        });
        tensors.collect()
    }

    fn graph(self, plan: &[Step], parameters: &Parameters) -> Result<Graph, NetworkError> {
        let mut graph = Graph::default();
        let conv = |name: &str, (outputs, inputs, kernel): Shape| {
            Conv2d::named(name, outputs, inputs, kernel, parameters).map(Layer::Conv2d)
        };
        let mut at = 0;
        for step in plan {
            at = match step {
                Step::Conv(name, shape) => graph.push(name.clone(), conv(name, *shape)?, vec![at]),
                Step::Between(name, layer) => graph.push(name.clone(), layer.clone(), vec![at]),
                Step::Block(name, from, to, _) => {
                    let mut residual = at;
                    let mut convs = step.convs().into_iter();
                    let identity = if from == to {
                        at
                    } else {
                        let (name, shape) = convs.next().unwrap_or_default();
                        graph.push(name.clone(), conv(&name, shape)?, vec![at])
                    };
                    for (place, (path, shape)) in convs.enumerate() {
                        let rectified = format!("{name}.res_path.relu_{}", place + 1);
                        residual = graph.push(rectified, Layer::Relu, vec![residual]);
                        residual = graph.push(path.clone(), conv(&path, shape)?, vec![residual]);
                    }
                    graph.push(name.clone(), Layer::AddScaled(self.gain()), vec![identity, residual])
                }
            };
        }
        Ok(graph)
    }
}

/// A named part of a network's plan.
enum Step {
    /// A convolution.
    Conv(String, Shape),
    /// A residual block with its width before, its width after and its kernels.
    Block(String, usize, usize, [usize; 4]),
    /// A layer without parameters, between convolutions or blocks.
    Between(String, Layer),
}

impl Step {
    /// The convolutions of this part. The identity path of a block comes first, where it has one.
    fn convs(&self) -> Vec<(String, Shape)> {
        match self {
            Self::Conv(name, shape) => vec![(name.clone(), *shape)],
            Self::Between(..) => Vec::new(),
            Self::Block(name, from, to, kernels) => {
                let inner = to / 4;
                let identity = (from != to).then(|| (format!("{name}.id_path"), (*to, *from, 1)));
                let widths = [*from, inner, inner, inner, *to];
                let residual = kernels.iter().enumerate().map(|(place, kernel)| {
                    let name = format!("{name}.res_path.conv_{}", place + 1);
                    (name, (widths[place + 1], widths[place], *kernel))
                });
                identity.into_iter().chain(residual).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
