//! Checks that a dump has the inputs from which a claim can be computed again.

use worlds::case::FileError;

use super::claim::Claim;
use super::quantity::{Input, Quantity};
use super::statement::{Statement, refuse};
use super::tensors::TensorFile;
use super::words::{Decoder, Form};

/// Refuses a claim some of whose inputs are missing.
pub(super) fn check(claim: &Claim, statement: &Statement, source: &TensorFile) -> Result<(), FileError> {
    let key = format!("claims.{}", claim.quantity.name());
    for name in tensors(claim, statement, source) {
        source.info(name)?;
    }
    let needs = |there: bool, what: &str| {
        if there {
            Ok(())
        } else {
            Err(refuse(
                &key,
                &format!("made without {what}"),
                &format!("{what} in the statement"),
            ))
        }
    };
    let of = claim.of.as_deref().map(|of| of.quantity);
    if samples(claim.quantity) || of.is_some_and(samples_in_gradient) && samples_gradient(claim.quantity) {
        needs(
            statement.inputs == Form::Gaussian || statement.temperature.is_some(),
            "a temperature",
        )?;
    }
    match claim.quantity {
        Quantity::BetaAt => needs(
            statement.step.is_some() && statement.beta_schedule.is_some(),
            "step and beta_schedule",
        ),
        Quantity::TemperatureAt => needs(
            statement.step.is_some() && statement.temperature_schedule.is_some(),
            "step and temperature_schedule",
        ),
        Quantity::Gradient(input) => {
            let of = of.unwrap_or(Quantity::Loss);
            if depends(of, input) {
                return Ok(());
            }
            Err(refuse(
                &key,
                &format!("of {}", of.name()),
                &format!("the gradient of a claim that depends on {}", input.name()),
            ))
        }
        Quantity::LogEvidence | Quantity::Sample | Quantity::Entropy | Quantity::CrossEntropy => Ok(()),
        Quantity::Kl | Quantity::Reconstruction | Quantity::TokenNll | Quantity::Elbo | Quantity::Loss => Ok(()),
    }
}

const fn samples(quantity: Quantity) -> bool {
    matches!(quantity, Quantity::Sample)
}

const fn samples_in_gradient(of: Quantity) -> bool {
    matches!(of, Quantity::Elbo | Quantity::Loss)
}

const fn samples_gradient(quantity: Quantity) -> bool {
    matches!(
        quantity,
        Quantity::Gradient(Input::EncoderLogits | Input::QMean | Input::QSpread)
    )
}

/// Whether a quantity depends on an input.
const fn depends(of: Quantity, input: Input) -> bool {
    use Quantity::{CrossEntropy, Elbo, Entropy, Kl, Loss, Reconstruction, TokenNll};
    match input {
        Input::EncoderLogits | Input::QMean | Input::QSpread => {
            matches!(of, Entropy | CrossEntropy | Kl | Elbo | Loss)
        }
        Input::PriorLogits => matches!(of, CrossEntropy | Kl | Elbo | Loss),
        Input::TokenLogits => matches!(of, TokenNll | Loss),
        Input::Mu | Input::LnB => matches!(of, Reconstruction | Elbo | Loss),
    }
}

/// The tensors from which a claim is computed.
fn tensors(claim: &Claim, statement: &Statement, source: &TensorFile) -> Vec<&'static str> {
    let (encoder, noise): (&[&str], _) = match statement.inputs {
        Form::Tokens if source.has("gumbel_uniform") => (&["encoder_logits"], "gumbel_uniform"),
        Form::Tokens => (&["encoder_logits"], "gumbel_noise"),
        Form::Gaussian => (&["q_mean", "q_spread"], "noise"),
        // Without logits, a token's log-probabilities are compared with each other.
        Form::Sequence if claim.quantity == Quantity::TokenNll => (&["tokens"], ""),
        Form::Sequence => (&["token_logits", "tokens"], ""),
        Form::Worlds => return Vec::new(), // A world that was read is complete.
    };
    let mut needed = Vec::new();
    match claim.quantity {
        Quantity::BetaAt | Quantity::TemperatureAt => {}
        Quantity::Reconstruction => needed.push("x"),
        Quantity::Sample => {
            needed.extend(encoder);
            needed.push(noise);
        }
        Quantity::Elbo | Quantity::Loss if statement.inputs != Form::Sequence => {
            needed.extend(encoder);
            needed.push("x");
        }
        Quantity::Gradient(input) => {
            needed.push(input.name());
            let whole = claim.of.as_deref().is_none_or(|of| samples_in_gradient(of.quantity));
            if whole && samples_gradient(claim.quantity) {
                needed.extend(["sample_gradient", noise]);
            }
            if input == Input::LnB && statement.decoder == Some(Decoder::Bernoulli) {
                needed.push("ln_b");
            }
        }
        Quantity::Elbo | Quantity::Loss | Quantity::TokenNll | Quantity::LogEvidence => needed.extend(encoder),
        Quantity::Entropy | Quantity::CrossEntropy | Quantity::Kl => needed.extend(encoder),
    }
    needed
}
