//! A transformer's loss from its logits, forward and backward by hand, right or with a fault in it; and schedules.

use serde_json::json;

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;

/// Computes and dumps it on inputs drawn anew.
pub(crate) fn dump<T: Number>(random: &mut Random, order: Order, fault: Fault) -> Draft {
    let (batch, text, image, words, codes) = (3, 5, 7, 9, 13);
    let (tokens, entries) = (text + image, words + codes);
    let split = random.chance(0.5) || matches!(fault, Fault::OverAllEntries);
    let split = split
        && !matches!(
            fault,
            Fault::TextLabelIsImage | Fault::ShiftedTwice | Fault::OffsetMissing | Fault::LabelShifted
        );
    let pad = 2;
    let logits: Vec<T> = (0..batch * tokens * entries)
        .map(|_| T::of(2.5 * random.normal()))
        .collect();
    let mut ids = Vec::new();
    for _ in 0..batch {
        let padded = text - random.below(3);
        ids.extend((0..text).map(|t| if t >= padded { pad } else { random.below(words) }));
        ids.extend((0..image).map(|_| words + random.below(codes)));
    }
    (ids[0], ids[1], ids[tokens]) = (0, pad, 0); // entry 0 is a word, and something is padded
    let weights = [0.125, 0.875];
    let label = |i: usize| {
        let (row, t) = (i / tokens, i % tokens);
        match fault {
            Fault::TextLabelIsImage | Fault::LabelShifted => ids[row * tokens + (t + 1).min(tokens - 1)],
            Fault::ShiftedTwice => ids[(i + 1) % ids.len()],
            Fault::OffsetMissing if t >= text => ids[i] - words,
            _ => ids[i],
        }
    };
    let mut nll = Vec::new();
    let mut slopes = vec![T::of(0.0); logits.len()];
    let counts_text = |i: usize| match fault {
        Fault::PaddingCounted => true,
        Fault::ZeroIsPadding => ids[i] != 0,
        _ => ids[i] != pad,
    };
    let is_text = |i: usize| i % tokens < text;
    let all: Vec<usize> = (0..batch * tokens).collect();
    let counted = |kind: bool| {
        let of_kind = all.iter().filter(|i| is_text(**i) == kind);
        match fault {
            Fault::PaddingInMean => of_kind.count(),
            _ => of_kind.filter(|i| !kind || counts_text(**i)).count(),
        }
    };
    let counts = [counted(true), counted(false)];
    for &i in &all {
        let is_image = !is_text(i);
        let range = match (split && fault != Fault::OverAllEntries, is_image) {
            (false, _) => 0..entries,
            (true, true) => words..entries,
            (true, false) => 0..words,
        };
        let row = &logits[i * entries..][range.clone()];
        let max = row.iter().copied().fold(row[0], T::larger);
        let weight: Vec<T> = row.iter().map(|x| (*x - max).exp()).collect();
        let (sum, target) = (order.sum(&weight), label(i) - range.start);
        nll.push(-((row[target] - max) - sum.ln()));
        let part = usize::from(is_image);
        let share = match fault {
            Fault::NotWeighted => 1.0,
            Fault::WeightsSwapped => weights[1 - part],
            _ => weights[part],
        };
        let share = T::of(share / counts[part] as f64);
        if is_image || counts_text(i) {
            for (k, w) in weight.iter().enumerate() {
                let own = T::of(f64::from(u8::from(k == target)));
                slopes[i * entries + range.start + k] = share * (*w / sum - own);
            }
        }
    }
    let mean = |kind: bool| {
        let terms: Vec<T> = all
            .iter()
            .filter(|i| is_text(**i) == kind && (!kind || counts_text(**i)))
            .map(|i| nll[*i])
            .collect();
        order.sum(&terms) / T::of(counts[usize::from(!kind)] as f64)
    };
    let [a, b] = match fault {
        Fault::NotWeighted => [1.0, 1.0],
        Fault::WeightsSwapped => [weights[1], weights[0]],
        _ => weights,
    };
    let loss = T::of(a) * mean(true) + T::of(b) * mean(false);
    let mut draft = Draft::new(
        "sequence",
        &json!({
            "dtype": T::NAME, "accumulation": if T::NAME == "bf16" { "f32" } else { T::NAME }, "summation": order.name(),
            "text": {"tokens": text, "vocabulary": words, "softmax": if split { "split" } else { "joint" }, "padding": [pad], "weights": weights},
        }),
    );
    draft.tensor("token_logits", &[batch, tokens, entries], &logits);
    draft.integers("tokens", &[batch, tokens], &ids);
    draft.claim("token_nll", &[batch, tokens], &nll, &json!({}));
    draft.claim("loss", &[], &[loss], &json!({}));
    draft.claim("grad.token_logits", &[batch, tokens, entries], &slopes, &json!({}));
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
