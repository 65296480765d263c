//! The transformer's first layer: from tokens to vectors.

use ndarray::{Array1, Array2, ArrayD};

use super::{NetworkError, Parameters, Traced, Transformer, axes};

/// The embedding of a caption and an image's codes: each position has a vector for its token plus one for the position.
///
/// ```text
/// e[0]       = start                + position[0]
/// e[i]       = text[y_i]            + position[i]                          1 <= i <= T
/// e[T+j]     = image[z_j]           + row[(j-1) / side] + column[(j-1) % side]     1 <= j < side^2
/// ```
///
/// A position embeds the token before it, since it predicts its own. A caption shorter than `T` goes on with pads, one
/// learned vector for each text position: the table `text` has `V` tokens, then `T` pads. Nobody reads the last code,
/// so that it has no vector.
///
/// Mass: the sizes of the addends. Source: Ramesh et al. 2021, appendix B.1.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    start: Array1<f64>,
    text: Array2<f64>,
    position: Array2<f64>,
    image: Array2<f64>,
    row: Array2<f64>,
    column: Array2<f64>,
}

impl Embedding {
    /// The embedding whose tables are among a transformer's parameters, by the names of its fields.
    ///
    /// # Errors
    /// [`NetworkError::Missing`] for a parameter that is not there; [`NetworkError::Shape`] for one of another shape.
    pub fn named(sizes: Transformer, parameters: &Parameters) -> Result<Self, NetworkError> {
        let table = |name: &str, rows: usize| parameters.get(&format!("{name}.weight"), (rows, sizes.width));
        Ok(Self {
            start: parameters.get("start", sizes.width)?,
            text: table("text", sizes.words())?,
            position: table("position", sizes.text + 1)?,
            image: table("image", sizes.codes)?,
            row: table("row", sizes.side)?,
            column: table("column", sizes.side)?,
        })
    }

    /// The vectors of a sequence of tokens, whose indices are given as floating-point numbers.
    ///
    /// Shapes: `tokens` is `[T + side^2]`, the text's tokens and then the image's; returns `[T + side^2, d]`.
    ///
    /// # Errors
    /// [`NetworkError::Shape`] for another length; [`NetworkError::Number`] for a number that is no token of its
    /// vocabulary.
    pub fn apply(&self, tokens: &ArrayD<f64>) -> Result<Traced, NetworkError> {
        let (text, side) = (self.position.nrows() - 1, self.row.nrows());
        let length = text + side * side;
        let tokens: Array1<f64> = axes("tokens", tokens, &[length])?;
        if tokens.len() != length {
            return Err(NetworkError::Shape {
                name: "tokens".to_owned(),
                found: vec![tokens.len()],
                expected: vec![length],
            });
        }
        let width = self.start.len();
        let (mut value, mut mass) = (Array2::zeros((length, width)), Array2::zeros((length, width)));
        for s in 0..length {
            let what = match s {
                0 => self.start.view(),
                s if s <= text => self.text.row(token(&tokens, s - 1, self.text.nrows())?),
                s => self.image.row(token(&tokens, s - 1, self.image.nrows())?),
            };
            let place = s.checked_sub(text + 1);
            let standing = place.map_or_else(
                || vec![self.position.row(s)],
                |j| vec![self.row.row(j / side), self.column.row(j % side)],
            );
            for addend in std::iter::once(what).chain(standing) {
                for (i, entry) in addend.iter().enumerate() {
                    value[[s, i]] += entry;
                    mass[[s, i]] += entry.abs();
                }
            }
        }
        token(&tokens, length - 1, self.image.nrows())?; // predicted, never read
        Ok(Traced {
            value: value.into_dyn(),
            mass: mass.into_dyn(),
            roundings: 2.0,
        })
    }
}

/// The token at a place, as an index below `vocabulary`.
fn token(tokens: &Array1<f64>, place: usize, vocabulary: usize) -> Result<usize, NetworkError> {
    let value = tokens[place];
    #[expect(clippy::cast_precision_loss, reason = "a vocabulary")]
    let fits = value >= 0.0 && value < vocabulary as f64 && value.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "just checked")]
    let whole = value as usize;
    fits.then_some(whole).ok_or_else(|| NetworkError::Number {
        name: "tokens".to_owned(),
        index: vec![place],
        value,
    })
}
