//! A test of somebody's code that judges what it computes: `cargo test --example judge_in_a_test`.
#![allow(clippy::print_stdout, reason = "an example prints")]

/// Somebody's divergence of `softmax(logits)` from uniform, in single precision.
fn divergence(logits: &[f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let ln_sum = largest + logits.iter().map(|x| (x - largest).exp()).sum::<f32>().ln();
    let ln_k = f32::from(u16::try_from(logits.len()).unwrap_or(u16::MAX)).ln();
    logits.iter().map(|x| (x - ln_sum).exp() * (x - ln_sum + ln_k)).sum()
}

fn main() {
    println!("{}", divergence(&[1.5, -0.25, 3.0, 0.0]));
}

#[cfg(test)]
mod tests {
    use elbo::prelude::*;

    use super::divergence;

    #[test]
    fn my_divergence_is_right() -> Result<(), Box<dyn std::error::Error>> {
        let logits = [1.5, -0.25, 3.0, 0.0];
        let sum = ClaimSpec::sum(&[Axis::Position, Axis::Code]);
        let dump = DumpBuilder::tokens(Float::F32, Layout::Rows, Prior::Uniform)
            .input("encoder_logits", &[1, 1, 4], &logits)
            .claim(Quantity::Kl, &sum, &[1], &[divergence(&logits)]);
        let judgement = elbo::judge(&dump.open("my test")?)?;
        assert!(judgement.stands(), "{judgement}");
        Ok(())
    }
}
