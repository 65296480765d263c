//! The loss of the second stage, over a sequence of text tokens and then image tokens, each scored given those before
//! it.
//!
//! The note's `-ln p(y,z)` is the sum over both parts, but training takes a weighted mean of each. A token's
//! log-probability is [`token_log_prob`](crate::logits::token_log_prob), which is computed from its row of logits.

use crate::vocab::Nats;

/// The part of a sequence that a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The tokens of the caption.
    Text,
    /// The tokens of the image, its codes.
    Image,
}

/// One value for the text and one for the image, such as a weight or a number of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerPart<T> {
    /// The value for the text.
    pub text: T,
    /// The value for the image.
    pub image: T,
}

impl<T: Copy> PerPart<T> {
    /// The value for the given part.
    pub const fn get(self, part: Part) -> T {
        match part {
            Part::Text => self.text,
            Part::Image => self.image,
        }
    }
}

/// The weights of the two parts in the loss as published: 1/8 on the text, 7/8 on the image.
///
/// Source: Ramesh et al. 2021, section 2.2.
pub const WEIGHTS: PerPart<f64> = PerPart {
    text: 0.125,
    image: 0.875,
};

/// The factor of a token's negative log-probability in the loss.
///
/// ```text
/// w_part / n_part
/// ```
///
/// `counted` is the number of each part's tokens that count, over the whole batch. Padding tokens have weight 0 and do
/// not count.
#[must_use]
pub fn token_weight(weights: PerPart<f64>, counted: PerPart<f64>, part: Part) -> f64 {
    weights.get(part) / counted.get(part)
}

/// The loss of a batch: the weighted sum of the mean negative log-probabilities of its text and of its image tokens.
///
/// ```text
/// loss = -(w_text / n_text) sum_text ln p(t_i | t_<i) - (w_image / n_image) sum_image ln p(t_i | t_<i)
/// ```
///
/// `log_probs` are those of the counted tokens of every sequence, without the padding. Unit: nats per token.
/// Limits: `+inf` where a token is impossible; a part without tokens, or of weight 0, adds nothing. Range: `[0, +inf]`.
/// Source: Ramesh et al. 2021, section 2.2.
///
/// ```
/// use reference::sequence::{Part, WEIGHTS, loss};
/// use reference::vocab::Nats;
///
/// // Text at 8 nats a token, its two tokens alike; an image token at 16 nats: 8/8 + 16 * 7/8.
/// let tokens = [(Part::Text, -8.0), (Part::Image, -16.0), (Part::Text, -8.0)];
/// let loss = loss(&tokens.map(|(part, ln_p)| (part, Nats::of(ln_p))), WEIGHTS);
/// assert_eq!(loss.value(), 15.0);
/// ```
#[must_use]
pub fn loss(log_probs: &[(Part, Nats)], weights: PerPart<f64>) -> Nats {
    #[expect(clippy::cast_precision_loss, reason = "a count below 2^53")]
    let count = |part: Part| log_probs.iter().filter(|(of, _)| *of == part).count() as f64;
    let counted = PerPart {
        text: count(Part::Text),
        image: count(Part::Image),
    };
    let weighted = |(part, ln_p): &(Part, Nats)| token_weight(weights, counted, *part) * -*ln_p;
    log_probs.iter().map(weighted).sum()
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::{Part, PerPart, WEIGHTS, loss};
    use crate::vocab::Nats;

    #[test]
    fn a_mean_of_each_part_does_not_look_at_the_others_length() {
        let text = (Part::Text, Nats::of(-2.0));
        for images in [1, 3, 1024] {
            let mut tokens = vec![text, text];
            tokens.extend(vec![(Part::Image, Nats::of(-4.0)); images]);
            assert_eq!(loss(&tokens, WEIGHTS).value(), 0.25 + 3.5);
        }
        assert_eq!(loss(&[text], WEIGHTS).value(), 0.25);
        assert_eq!(loss(&[], WEIGHTS), Nats::ZERO);
    }

    #[test]
    fn an_impossible_token_is_an_infinite_loss_unless_its_part_has_no_weight() {
        let tokens = [(Part::Text, Nats::NEG_INFINITY), (Part::Image, Nats::of(-1.0))];
        assert_eq!(loss(&tokens, WEIGHTS), Nats::with_mass(f64::INFINITY, 0.875));
        let image_alone = PerPart { text: 0.0, image: 1.0 };
        assert_eq!(loss(&tokens, image_alone).value(), 1.0);
    }
}
