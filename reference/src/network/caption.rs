//! The caption model `q(y|x)` of the note: the probability mass function of the byte-pair encoding.

use super::{NetworkError, count};
use crate::vocab::Nats;

/// The caption model: tokens are drawn one by one, from their frequencies in the training captions, until the end is
/// drawn.
///
/// ```text
/// q(y|x) = prod_{i <= n} f(y_i) f(end)          without f(end) where n = T, the longest caption
/// f(t)   = (N_t + 1) / (N + V + 1)
/// ```
///
/// `N_t` is the number of times that a token stood in the captions, `N` the number of all tokens and ends, and `V` the
/// number of kinds of tokens. The `+ 1` makes a token possible that was never seen.
///
/// The model depends neither on `phi` nor on `x`, as the note has it below Eq. 13. Its logarithm is negative, which the
/// note gets wrong. Over all strings of at most `T` tokens it adds up to 1. Over captions it adds up to less, since a
/// caption has more than one string.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptionModel {
    ln_f: Vec<f64>,
    longest: usize,
}

impl CaptionModel {
    /// The model of a set of captions.
    ///
    /// `counts` says how often each token stood in them, `[V]`. `captions` is their number, since each ends once.
    /// `longest` is `T`.
    #[must_use]
    pub fn from_counts(counts: &[u64], captions: u64, longest: usize) -> Self {
        let total = counts.iter().sum::<u64>() + captions + counts.len() as u64 + 1;
        #[expect(clippy::cast_precision_loss, reason = "numbers of tokens")]
        let ln_f = |n: u64| ((n + 1) as f64).ln() - (total as f64).ln();
        Self {
            ln_f: counts.iter().copied().chain([captions]).map(ln_f).collect(),
            longest,
        }
    }

    /// The log-probability `ln q(y|x)` of a caption, from its tokens without pads.
    ///
    /// Unit: nats. Range: below 0.
    ///
    /// # Errors
    /// [`NetworkError::Number`] for a token outside the vocabulary; [`NetworkError::Size`] for more than `T` of them.
    pub fn log_prob(&self, tokens: &[usize]) -> Result<Nats, NetworkError> {
        let end = self.ln_f.len() - 1;
        if tokens.len() > self.longest {
            return Err(NetworkError::Size {
                what: "the number of a caption's tokens",
                found: tokens.len(),
                expected: "at most as many as there are text positions",
            });
        }
        if let Some(place) = tokens.iter().position(|&token| token >= end) {
            return Err(NetworkError::Number {
                name: "tokens".to_owned(),
                index: vec![place],
                value: count(tokens[place]),
            });
        }
        let last = (tokens.len() < self.longest).then_some(end);
        let ln_f = tokens.iter().copied().chain(last).map(|token| self.ln_f[token]);
        let (value, mass) = ln_f.fold((0.0, 0.0), |(sum, mass), ln| (sum + ln, mass + ln.abs()));
        Ok(Nats::with_mass(value, mass))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::CaptionModel;

    #[test]
    fn all_strings_together_have_probability_one() {
        // Two tokens seen 3 times and never, 2 captions: f = 4/8, 1/8, end 3/8.
        let model = CaptionModel::from_counts(&[3, 0], 2, 2);
        let p = |tokens: &[usize]| model.log_prob(tokens).unwrap().value().exp();
        assert!((p(&[]) - 3.0 / 8.0).abs() < 1e-15);
        assert!((p(&[0]) - 4.0 / 8.0 * 3.0 / 8.0).abs() < 1e-15);
        assert!((p(&[0, 1]) - 4.0 / 8.0 / 8.0).abs() < 1e-15, "the longest needs no end");
        let strings: [&[usize]; 7] = [&[], &[0], &[1], &[0, 0], &[0, 1], &[1, 0], &[1, 1]];
        let total: f64 = strings.iter().map(|tokens| p(tokens)).sum();
        assert!((total - 1.0).abs() < 1e-14, "{total}");
        assert!(
            model
                .log_prob(&[2])
                .unwrap_err()
                .to_string()
                .starts_with("tokens[0] is 2")
        );
        assert!(model.log_prob(&[0, 0, 0]).is_err());
    }
}
