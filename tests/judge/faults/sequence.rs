//! A transformer's loss from its logits, forward and backward by hand, right or with a fault in it; and schedules.

use serde_json::json;

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;

const BATCH: usize = 3;
/// The tokens of the text and of the image in a row.
const TEXT: usize = 5;
const IMAGE: usize = 7;
const TOKENS: usize = TEXT + IMAGE;
/// The entries of a row of logits that are words, and those that are codes.
const WORDS: usize = 9;
const CODES: usize = 13;
const ENTRIES: usize = WORDS + CODES;
/// The word that text is padded with.
const PAD: usize = 2;
/// The weights of text and image in the loss.
const WEIGHTS: [f64; 2] = [0.125, 0.875];

/// Whether a place of the batch is one of text.
const fn is_text(i: usize) -> bool {
    i % TOKENS < TEXT
}

/// Inputs as the subject has them, `[B, T, K]` and `[B, T]`.
struct Inputs<T> {
    logits: Vec<T>,
    ids: Vec<usize>,
    /// Whether words and codes are normalised apart.
    split: bool,
}

impl<T: Number> Inputs<T> {
    /// Draws them anew.
    fn drawn(random: &mut Random, fault: Fault) -> Self {
        let split = random.chance(0.5) || matches!(fault, Fault::OverAllEntries);
        let split = split
            && !matches!(
                fault,
                Fault::TextLabelIsImage | Fault::ShiftedTwice | Fault::OffsetMissing | Fault::LabelShifted
            );
        let logits = (0..BATCH * TOKENS * ENTRIES)
            .map(|_| T::of(2.5 * random.normal()))
            .collect();
        let mut ids = Vec::new();
        for _ in 0..BATCH {
            let padded = TEXT - random.below(3);
            ids.extend((0..TEXT).map(|t| if t >= padded { PAD } else { random.below(WORDS) }));
            ids.extend((0..IMAGE).map(|_| WORDS + random.below(CODES)));
        }
        (ids[0], ids[1], ids[TOKENS]) = (0, PAD, 0); // entry 0 is a word, and something is padded
        Self { logits, ids, split }
    }

    /// The entry that a place is to predict.
    fn label(&self, i: usize, fault: Fault) -> usize {
        let (row, t) = (i / TOKENS, i % TOKENS);
        match fault {
            Fault::TextLabelIsImage | Fault::LabelShifted => self.ids[row * TOKENS + (t + 1).min(TOKENS - 1)],
            Fault::ShiftedTwice => self.ids[(i + 1) % self.ids.len()],
            Fault::OffsetMissing if t >= TEXT => self.ids[i] - WORDS,
            _ => self.ids[i],
        }
    }

    /// Whether a place enters the loss: an image's always does, and text that is not padding.
    fn counts(&self, i: usize, fault: Fault) -> bool {
        let of_text = match fault {
            Fault::PaddingCounted => true,
            Fault::ZeroIsPadding => self.ids[i] != 0,
            _ => self.ids[i] != PAD,
        };
        !is_text(i) || of_text
    }

    /// How many places of text, and of images, the means are over.
    fn counted(&self, fault: Fault) -> [usize; 2] {
        [true, false].map(|text| {
            let of_kind = (0..BATCH * TOKENS).filter(|i| is_text(*i) == text);
            match fault {
                Fault::PaddingInMean => of_kind.count(),
                _ => of_kind.filter(|i| self.counts(*i, fault)).count(),
            }
        })
    }

    /// The negative log-probability of every token, and the slopes of the loss by the logits.
    fn nll(&self, order: Order, fault: Fault) -> [Vec<T>; 2] {
        let counted = self.counted(fault);
        let mut nll = Vec::new();
        let mut slopes = vec![T::of(0.0); self.logits.len()];
        for i in 0..BATCH * TOKENS {
            let range = match (self.split && fault != Fault::OverAllEntries, is_text(i)) {
                (false, _) => 0..ENTRIES,
                (true, false) => WORDS..ENTRIES,
                (true, true) => 0..WORDS,
            };
            let row = &self.logits[i * ENTRIES..][range.clone()];
            let max = row.iter().copied().fold(row[0], T::larger);
            let weight: Vec<T> = row.iter().map(|x| (*x - max).exp()).collect();
            let (sum, target) = (order.sum(&weight), self.label(i, fault) - range.start);
            nll.push(-((row[target] - max) - sum.ln()));
            let part = usize::from(!is_text(i));
            let share = match fault {
                Fault::NotWeighted => 1.0,
                Fault::WeightsSwapped => WEIGHTS[1 - part],
                _ => WEIGHTS[part],
            };
            let share = T::of(share / counted[part] as f64);
            if self.counts(i, fault) {
                for (k, w) in weight.iter().enumerate() {
                    let own = T::of(f64::from(u8::from(k == target)));
                    slopes[i * ENTRIES + range.start + k] = share * (*w / sum - own);
                }
            }
        }
        [nll, slopes]
    }
}

/// Computes and dumps it on inputs drawn anew.
pub(crate) fn dump<T: Number>(random: &mut Random, order: Order, fault: Fault) -> Draft {
    let inputs = Inputs::<T>::drawn(random, fault);
    let [nll, slopes] = inputs.nll(order, fault);
    let counted = inputs.counted(fault);
    let mean = |text: bool| {
        let terms: Vec<T> = (0..BATCH * TOKENS)
            .filter(|i| is_text(*i) == text && inputs.counts(*i, fault))
            .map(|i| nll[i])
            .collect();
        order.sum(&terms) / T::of(counted[usize::from(!text)] as f64)
    };
    let [a, b] = match fault {
        Fault::NotWeighted => [1.0, 1.0],
        Fault::WeightsSwapped => [WEIGHTS[1], WEIGHTS[0]],
        _ => WEIGHTS,
    };
    let loss = T::of(a) * mean(true) + T::of(b) * mean(false);
    let softmax = if inputs.split { "split" } else { "joint" };
    let mut draft = Draft::new(
        "sequence",
        &json!({
            "dtype": T::NAME, "accumulation": if T::NAME == "bf16" { "f32" } else { T::NAME }, "summation": order.name(),
            "text": {"tokens": TEXT, "vocabulary": WORDS, "softmax": softmax, "padding": [PAD], "weights": WEIGHTS},
        }),
    );
    draft.tensor("token_logits", &[BATCH, TOKENS, ENTRIES], &inputs.logits);
    draft.integers("tokens", &[BATCH, TOKENS], &inputs.ids);
    draft.claim("token_nll", &[BATCH, TOKENS], &nll, &json!({}));
    draft.claim("loss", &[], &[loss], &json!({}));
    draft.claim("grad.token_logits", &[BATCH, TOKENS, ENTRIES], &slopes, &json!({}));
    draft
}

/// Beta along half a cosine, the temperature along an exponential, at a step.
pub(crate) fn schedules<T: Number>(random: &mut Random, fault: Fault) -> Draft {
    let (step, beta_steps, rate) = (300 + random.below(3000) as u64, 5000_u64, 3e-4);
    let steps = ((16.0_f64).ln() / rate).ceil();
    let decay = (16.0_f64).ln() / steps;
    let share = |step: f64| (step / beta_steps as f64).min(1.0);
    // 1 - cos t = 2 sin^2 (t/2)
    let cosine = |step: f64| 6.6 * (0.5 * std::f64::consts::PI * share(step)).sin().powi(2);
    let at = step as f64;
    let beta = match fault {
        Fault::RestartedInLoop => 0.0,
        Fault::LinearForCosine => 6.6 * share(at),
        Fault::StepLate => cosine(at + 1.0),
        Fault::WarmupSkipped => 6.6,
        _ => cosine(at),
    };
    let temperature = match fault {
        Fault::TemperatureReset => 1.0,
        Fault::Compounded => {
            let mut tau = 1.0;
            for at in (0..=step).step_by(100) {
                tau = f64::max(tau * (-decay * at as f64).exp(), 1.0 / 16.0);
            }
            tau
        }
        _ => f64::max((-decay * at).exp(), 1.0 / 16.0),
    };
    let mut draft = Draft::new(
        "gaussian",
        &json!({
            "dtype": T::NAME, "prior": "standard_normal", "parameter": "ln_std", "step": step,
            "beta_schedule": {"from": 0.0, "to": 6.6, "steps": beta_steps, "shape": "cosine"},
            "temperature_schedule": {"from": 1.0, "to": 0.0625, "steps": steps as u64, "shape": "exponential"},
        }),
    );
    let codes: Vec<T> = (0..6).map(|_| T::of(random.normal())).collect();
    draft.tensor("q_mean", &[2, 3], &codes);
    draft.tensor("q_spread", &[2, 3], &codes);
    draft.claim("beta_at", &[], &[T::of(beta)], &json!({}));
    draft.claim("temperature_at", &[], &[T::of(temperature)], &json!({}));
    draft
}
