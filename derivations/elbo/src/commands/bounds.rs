//! `elbo bounds`: how far a correct program may be off, and why.

use ::bounds::{Arithmetic, Float, Order};
use clap::{Args, ValueEnum};
use judge::allowance::{Question, allowance};
use judge::dump::{Prior, Quantity};
use judge::report;

use super::output::{pretty, print, progress};
use crate::arguments::{Format, float, lengths};
use crate::outcome::{Outcome, Result};

/// Arguments of `bounds`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo bounds kl --dtype bf16 --shape 1x1024x8192\n  elbo bounds kl --dtype bf16 --accumulation f32 --summation tree\n  elbo bounds entropy --shape 8x64x512 --format json"
)]
pub(crate) struct Bounds {
    /// A quantity of discrete codes
    #[arg(value_enum)]
    quantity: OfCodes,
    /// The type that the program rounds its numbers to: f64, f32, tf32, f16, bf16
    #[arg(long, value_parser = float, default_value = "f32")]
    dtype: Float,
    /// The type that it accumulates sums in; without it, --dtype
    #[arg(long, value_parser = float)]
    accumulation: Option<Float>,
    /// The order that it adds in; sequential, whose bound covers every order
    #[arg(long, value_enum, default_value_t = Summation::Sequential)]
    summation: Summation,
    /// Images x positions x codes
    #[arg(long, value_parser = shape, default_value = "1x1024x8192", allow_hyphen_values = true)]
    shape: [usize; 3],
    /// The prior of the codes
    #[arg(long, value_enum, default_value_t = PriorOfCodes::Uniform)]
    prior: PriorOfCodes,
    /// The standard deviation of the logits that are drawn
    #[arg(long, value_parser = spread, default_value_t = 2.0, allow_negative_numbers = true)]
    spread: f64,
    /// Seed of the logits
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What is computed of discrete codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OfCodes {
    /// The divergence from the prior
    Kl,
    /// The entropy of the codes
    Entropy,
    /// The cross-entropy with the prior
    #[value(name = "cross_entropy")]
    CrossEntropy,
}

/// In which order a program adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Summation {
    /// One after the other, or nobody knows
    Sequential,
    /// Blocks of at most 32, and blocks of those
    Pairwise,
    /// At most 1,024 threads, then in pairs: a GPU's reduction
    Tree,
}

/// The prior of the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PriorOfCodes {
    /// 1/K
    Uniform,
    /// Logits of its own, drawn as the encoder's
    Logits,
}

/// Two gigabytes of logits and what is computed of them.
const MOST_LOGITS: usize = 1 << 25;

fn shape(text: &str) -> std::result::Result<[usize; 3], String> {
    lengths(text, MOST_LOGITS).ok_or_else(|| {
        format!("expected images x positions x codes, such as 1x1024x8192, of at most {MOST_LOGITS} logits")
    })
}

fn spread(text: &str) -> std::result::Result<f64, String> {
    let spread: Option<f64> = text.parse().ok().filter(|spread| (0.0..=1000.0).contains(spread));
    spread.ok_or_else(|| "expected a number from 0 to 1000".to_owned())
}

pub(crate) fn run(args: &Bounds) -> Result<Outcome> {
    let question = Question {
        quantity: match args.quantity {
            OfCodes::Kl => Quantity::Kl,
            OfCodes::Entropy => Quantity::Entropy,
            OfCodes::CrossEntropy => Quantity::CrossEntropy,
        },
        prior: match args.prior {
            PriorOfCodes::Uniform => Prior::Uniform,
            PriorOfCodes::Logits => Prior::Logits,
        },
        arithmetic: Arithmetic {
            each: args.dtype,
            sums: args.accumulation.unwrap_or(args.dtype),
            order: match args.summation {
                Summation::Sequential => Order::Sequential,
                Summation::Pairwise => Order::Pairwise,
                Summation::Tree => Order::Tree,
            },
            usual: args.accumulation.unwrap_or(args.dtype),
        },
        shape: args.shape,
        spread: args.spread,
        seed: args.seed,
    };
    let spinner = progress(0, "bounding");
    let allowance = allowance(question)?;
    spinner.finish_and_clear();
    print(&match args.format {
        Format::Text => report::allowance::text(&allowance),
        Format::Json => pretty(&report::allowance::json(&allowance))?,
    })?;
    Ok(Outcome::Stands)
}
