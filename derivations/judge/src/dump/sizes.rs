//! The sizes of a dump's inputs. Each is checked against the statement and against the others.

use worlds::case::FileError;

use super::axis::Axis;
use super::padding::{PADDING, is_padding};
use super::shape::{floats, forbid, misshapen, of_each_or_of_all, same};
use super::statement::{Statement, refuse};
use super::tensors::{TensorFile, token_row};
use super::words::{Decoder, Form, Layout, Prior};

/// The sizes of the inputs. A size that does not exist in a form of inputs is 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sizes {
    /// The number of items, `B`.
    pub batch: usize,
    /// The number of positions of an image, `H W` or `S`.
    pub positions: usize,
    /// `H` and `W`, where codes lie in planes.
    pub grid: Option<[usize; 2]>,
    /// The number of codes, `K`.
    pub codes: usize,
    /// The shape of an image.
    pub image: Vec<usize>,
    /// The number of coordinates of a continuous code, `D`.
    pub coordinates: usize,
    /// The number of tokens of a sequence, `T`.
    pub tokens: usize,
    /// The number of entries of the vocabulary, `V`.
    pub entries: usize,
    /// The numbers of text tokens and of image tokens of the whole batch that count in the loss.
    pub counted: [usize; 2],
}

/// The inputs that belong to some forms only, with these forms.
const STRAYS: &[(&str, &[Form])] = &[
    ("encoder_logits", &[Form::Tokens]),
    ("prior_logits", &[Form::Tokens]),
    ("gumbel_noise", &[Form::Tokens]),
    ("gumbel_uniform", &[Form::Tokens]),
    ("q_mean", &[Form::Gaussian]),
    ("q_spread", &[Form::Gaussian]),
    ("prior_mean", &[Form::Gaussian]),
    ("prior_spread", &[Form::Gaussian]),
    ("noise", &[Form::Gaussian]),
    ("token_logits", &[Form::Sequence]),
    ("tokens", &[Form::Sequence]),
    ("sample_gradient", &[Form::Tokens, Form::Gaussian]),
    ("x", &[Form::Tokens, Form::Gaussian]),
    ("mu", &[Form::Tokens, Form::Gaussian]),
    ("ln_b", &[Form::Tokens, Form::Gaussian]),
    ("ln_p_x_given_yz", &[Form::Worlds]),
    ("ln_p_yz", &[Form::Worlds]),
    ("ln_q_z_given_x", &[Form::Worlds]),
    ("ln_q_y_given_x", &[Form::Worlds]),
    ("ln_q_yz_given_x", &[Form::Worlds]),
    ("y", &[Form::Worlds]),
    ("beta", &[Form::Worlds]),
];

impl Sizes {
    pub(super) fn of(source: &TensorFile, statement: &Statement) -> Result<Self, FileError> {
        let mut sizes = Self::default();
        let stray = STRAYS
            .iter()
            .find(|(name, forms)| source.has(name) && !forms.contains(&statement.inputs));
        if let Some((name, _)) = stray {
            let found = format!("{} beside {name}", statement.inputs.name());
            return Err(refuse("inputs", &found, "the inputs of one form"));
        }
        match statement.inputs {
            Form::Tokens => sizes.tokens_of(source, statement)?,
            Form::Sequence => sizes.sequence_of(source, statement)?,
            Form::Gaussian => sizes.gaussian_of(source, statement)?,
            Form::Worlds if statement.beta.is_some() => {
                return Err(refuse(
                    "beta",
                    "stated beside worlds",
                    "the tensor beta, which worlds have",
                ));
            }
            Form::Worlds => {}
        }
        if matches!(statement.inputs, Form::Tokens | Form::Gaussian) && source.has("x") {
            sizes.pixels_of(source, statement)?;
        }
        Ok(sizes)
    }

    fn tokens_of(&mut self, source: &TensorFile, statement: &Statement) -> Result<(), FileError> {
        if !source.has("encoder_logits") && source.has("x") {
            return Ok(());
        }
        let shape = floats(source, "encoder_logits")?;
        let layout = statement
            .layout
            .ok_or_else(|| refuse("layout", "missing", "BKHW or BSK: it is never guessed"))?;
        match (layout, shape) {
            (Layout::Planes, &[batch, codes, height, width]) => {
                (self.batch, self.codes, self.positions) = (batch, codes, height.saturating_mul(width));
                self.grid = Some([height, width]);
            }
            (Layout::Rows, &[batch, positions, codes]) => {
                (self.batch, self.positions, self.codes) = (batch, positions, codes);
            }
            (layout, shape) => {
                let expected = match layout {
                    Layout::Planes => "[B, K, H, W], as the statement's layout says",
                    Layout::Rows => "[B, S, K], as the statement's layout says",
                };
                return Err(misshapen("encoder_logits", shape, expected));
            }
        }
        if shape.contains(&0) {
            return Err(misshapen("encoder_logits", shape, "no axis of length 0"));
        }
        match statement.prior {
            Some(Prior::Uniform) => forbid(source, "prior_logits", "absent with a uniform prior")?,
            Some(Prior::Logits) => of_each_or_of_all(source, "prior_logits", shape)?,
            _ => return Err(refuse("prior", "missing or continuous", "uniform or logits")),
        }
        if source.has("gumbel_noise") {
            forbid(
                source,
                "gumbel_uniform",
                "absent beside gumbel_noise, which is made of it",
            )?;
        }
        for name in ["gumbel_noise", "gumbel_uniform", "sample_gradient"] {
            if source.has(name) {
                same(source, name, shape)?;
            }
        }
        Ok(())
    }

    fn gaussian_of(&mut self, source: &TensorFile, statement: &Statement) -> Result<(), FileError> {
        if !source.has("q_mean") && source.has("x") {
            return Ok(());
        }
        let shape = floats(source, "q_mean")?;
        let &[batch, coordinates] = shape else {
            return Err(misshapen(
                "q_mean",
                shape,
                "[B, D]: flatten all axes behind the batch into one, here and in what belongs to it",
            ));
        };
        if shape.contains(&0) {
            return Err(misshapen("q_mean", shape, "no axis of length 0"));
        }
        (self.batch, self.coordinates) = (batch, coordinates);
        same(source, "q_spread", shape)?;
        if statement.parameter.is_none() {
            return Err(refuse("parameter", "missing", "ln_variance, ln_std, variance or std"));
        }
        match statement.prior {
            Some(Prior::StandardNormal) => {}
            Some(Prior::Normal) => {
                of_each_or_of_all(source, "prior_mean", shape)?;
                of_each_or_of_all(source, "prior_spread", shape)?;
            }
            _ => return Err(refuse("prior", "missing or discrete", "standard_normal or normal")),
        }
        for name in ["noise", "sample_gradient"] {
            if source.has(name) {
                same(source, name, shape)?;
            }
        }
        Ok(())
    }

    fn pixels_of(&mut self, source: &TensorFile, statement: &Statement) -> Result<(), FileError> {
        let shape = floats(source, "x")?;
        let (&batch, image) = shape
            .split_first()
            .filter(|_| !shape.contains(&0))
            .ok_or_else(|| misshapen("x", shape, "[B, ...], no axis of length 0"))?;
        if self.batch != 0 && batch != self.batch {
            return Err(misshapen(
                "x",
                shape,
                &format!("{} items, as the encoder has", self.batch),
            ));
        }
        (self.batch, self.image) = (batch, image.to_vec());
        same(source, "mu", shape)?;
        match statement.decoder {
            Some(Decoder::Bernoulli) => forbid(source, "ln_b", "absent with a Bernoulli decoder"),
            Some(_) => same(source, "ln_b", shape),
            None => Err(refuse("decoder", "missing", "logit_laplace, normal or bernoulli")),
        }
    }

    fn sequence_of(&mut self, source: &TensorFile, statement: &Statement) -> Result<(), FileError> {
        if !source.has("token_logits") {
            return self.tokens_alone(source, statement);
        }
        let shape = floats(source, "token_logits")?;
        let &[batch, tokens, entries] = shape else {
            return Err(misshapen("token_logits", shape, "[B, T, V]"));
        };
        if shape.contains(&0) {
            return Err(misshapen("token_logits", shape, "no axis of length 0"));
        }
        (self.batch, self.tokens, self.entries) = (batch, tokens, entries);
        let found = &source.info("tokens")?.shape;
        if *found != [batch, tokens] {
            return Err(misshapen("tokens", found, &format!("[{batch}, {tokens}]")));
        }
        let text = statement
            .text
            .as_ref()
            .ok_or_else(|| refuse("text", "missing", "the lengths, weights and padding of the sequence"))?;
        if text.tokens > tokens || text.vocabulary > entries {
            let found = format!("{} tokens of {} entries", text.tokens, text.vocabulary);
            return Err(refuse(
                "text",
                &found,
                &format!("at most {tokens} tokens and {entries} entries"),
            ));
        }
        if !text.weights.iter().all(|w| *w >= 0.0 && *w <= 1e6) {
            return Err(refuse(
                "text.weights",
                &format!("{:?}", text.weights),
                "two numbers from 0 to 1e6",
            ));
        }
        for batch in 0..batch {
            for (t, token) in token_row(source, batch, entries, Some(text))?.into_iter().enumerate() {
                let image = t >= text.tokens;
                if token == PADDING {
                    continue;
                }
                let entries = if image {
                    text.vocabulary..entries
                } else {
                    0..text.vocabulary
                };
                if !entries.contains(&token) {
                    return Err(FileError::Entry {
                        tensor: "tokens",
                        index: vec![batch, t],
                        found: token.to_string(),
                        expected: "an entry of its own kind: text entries come first, an image's token i is entry vocabulary + i",
                    });
                }
                self.counted[usize::from(image)] += usize::from(!is_padding(text, token));
            }
        }
        Ok(())
    }

    /// Reads the sizes of a dump with the tokens of a model whose logits only the model knows.
    fn tokens_alone(&mut self, source: &TensorFile, statement: &Statement) -> Result<(), FileError> {
        let shape = &source.info("tokens")?.shape;
        let &[batch, tokens] = shape.as_slice() else {
            return Err(misshapen("tokens", shape, "[B, T]"));
        };
        if shape.contains(&0) {
            return Err(misshapen("tokens", shape, "no axis of length 0"));
        }
        (self.batch, self.tokens) = (batch, tokens);
        if let Some(entries) = statement.entries {
            let entries = usize::try_from(entries).unwrap_or(usize::MAX);
            for batch in 0..batch {
                token_row(source, batch, entries, None)?;
            }
        }
        Ok(())
    }

    /// The length of an axis.
    #[must_use]
    pub fn of_axis(&self, axis: Axis) -> usize {
        match axis {
            Axis::Batch => self.batch,
            Axis::Position => self.positions,
            Axis::Code => self.codes,
            Axis::Pixel => self.image.iter().product(),
            Axis::Coordinate => self.coordinates,
            Axis::Token => self.tokens,
            Axis::Entry => self.entries,
        }
    }
}
