//! The command line: what may be asked.

#[cfg(feature = "twin")]
mod agree;
#[cfg(feature = "lapack")]
mod fit;
mod judge;
#[cfg(feature = "twin")]
mod model;
mod probe;
mod refute;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reference::vocab::{Beta, Reading};

#[cfg(feature = "twin")]
pub(crate) use agree::{Agree, DeviceName, Dtype, Views};
#[cfg(feature = "lapack")]
pub(crate) use fit::Fit;
pub(crate) use judge::{Allowed, Judge};
#[cfg(feature = "twin")]
pub(crate) use model::{Evaluate, ExportWorld, Reconstruct, Sample, StageName, Sweep, Train};
pub(crate) use probe::Probe;
pub(crate) use refute::{Break, Refute};

/// A billion worlds are weeks of work.
const MOST_WORLDS: u64 = 1_000_000_000;

const EXAMPLES: &str = "\
Examples:
  elbo check                          every line of the note, on real and random worlds
  elbo show 13                        one line: formula, rule, values
  elbo ledger --row 3 --beta 6.6      where every nat of ln p(x,y) goes
  elbo refute 14 --reading joint      the smallest world in which Eq. 14 fails
  elbo refute 13-14                   ... and the one for the step from 13 to 14
  elbo break joint-factorises         an assumption, broken and restored
  elbo step                           the derivation, one line at a time
  elbo judge dump.safetensors         somebody's numbers: right, or wrong and why
  elbo sample 'red heart'             a trained DALL-E draws
  elbo train all --out run            ... and is trained

Exit codes: 0 the tool's own statements stand, 1 one of them does not (or nothing was found), 2 could not run.";

/// The Equations Behind DALL-E, executable: which line holds, under which assumption, with which slack.
#[derive(Debug, Parser)]
#[command(name = "elbo", version, about, after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge every line of the note on a case file, on listed, edge, tiny and random worlds, and on continuous ones
    Check(Check),
    /// Print the whole table: formulas, rules, slacks
    Lines(FormatOnly),
    /// Show one line (13) or step (12-13): formula, plain words, rule, source function, values on a world
    Show(Show),
    /// Where every nat goes: evidence = objective + gap + reading + dropped + reweighting
    Ledger(LedgerArgs),
    /// Search the smallest world that breaks a claim (14, 13-14, 3-13)
    Refute(Refute),
    /// Show the witness of an assumption: the claim that falls with it, before and after
    Break(Break),
    /// Step through lines 3 to 14 on a small world
    Step(Step),
    /// Judge what somebody's code claims: every number recomputed, bounded, and, where it is wrong, explained
    Judge(Judge),
    /// Ask a command, by a line protocol, on inputs of our choice; what breaks a law is made small and saved
    Probe(Probe),
    /// Fit a linear-Gaussian case to captioned images: factor analysis of their luminance on 8 x 8 pixels, the category as caption
    #[cfg(feature = "lapack")]
    Fit(Fit),
    /// Compare the candle twin with the reference, function by function
    #[cfg(feature = "twin")]
    Agree(Agree),
    /// Train encoder and decoder, the transformer on top of them, or both, on 1,521 captioned emoji
    #[cfg(feature = "twin")]
    Train(Train),
    /// Every term of the bound on a trained model, the codes it uses, its importance-weighted bound, its layers against the reference
    #[cfg(feature = "twin")]
    Evaluate(Evaluate),
    /// A caption to pictures: y -> z -> x
    #[cfg(feature = "twin")]
    Sample(Sample),
    /// Pictures through encoder and decoder
    #[cfg(feature = "twin")]
    Reconstruct(Reconstruct),
    /// A small trained model as a case file, every code enumerated
    #[cfg(feature = "twin")]
    World(ExportWorld),
    /// The experiment behind the note's 6.6: codebook usage and reconstruction error against beta
    #[cfg(feature = "twin")]
    SweepBeta(Sweep),
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// As [`Format`], with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StepFormat {
    /// For a terminal.
    Text,
    /// One self-contained page.
    Html,
}

/// `--format` alone.
#[derive(Debug, Args)]
pub(crate) struct FormatOnly {
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo check\n  elbo check my-case.safetensors --worlds 100000 --seed 7\n  elbo check --reading joint --format json"
)]
pub(crate) struct Check {
    /// A case file (safetensors or TOML); without it, the embedded emoji mixture of 256 real images
    pub(crate) file: Option<PathBuf>,
    /// Random worlds to draw; of continuous ones a tenth as many
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(..=MOST_WORLDS))]
    pub(crate) worlds: u64,
    /// Seed of the random worlds
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Judge every world at this beta instead of its own
    #[arg(long, value_parser = beta, allow_negative_numbers = true)]
    pub(crate) beta: Option<Beta>,
    /// Only this reading of q(y,z|x): observed, pointwise, joint, footnote, expected; rows 2 to 11-12 are judged on the tables as given
    #[arg(long, value_parser = reading)]
    pub(crate) reading: Option<Reading>,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A line (13), its form at beta (14b), a step (12-13) or a bound (3-13)
    pub(crate) line: String,
    /// A case file or a named world (teaching, fig3; curves, a continuous one)
    #[arg(long, default_value = "teaching")]
    pub(crate) world: String,
    /// Row of the case file
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) row: usize,
    /// What q(y,z|x) is taken to mean: observed, pointwise, joint, footnote, expected
    #[arg(long, value_parser = reading, default_value = "pointwise")]
    pub(crate) reading: Reading,
}

/// Arguments of `ledger`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo ledger --row 3\n  elbo ledger --row 3 --beta 6.6 --reading joint\n  elbo ledger my-case.toml --format json"
)]
pub(crate) struct LedgerArgs {
    /// A case file; without it, the embedded one
    pub(crate) file: Option<PathBuf>,
    /// Row of the file
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) row: usize,
    /// Weight on the divergence; without it, the file's
    #[arg(long, value_parser = beta, allow_negative_numbers = true)]
    pub(crate) beta: Option<Beta>,
    /// What q(y,z|x) is taken to mean: observed, pointwise, joint, footnote, expected
    #[arg(long, value_parser = reading, default_value = "observed")]
    pub(crate) reading: Reading,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Arguments of `step`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo step\n  elbo step --world fig3 --all\n  elbo step --format html > derivation.html"
)]
pub(crate) struct Step {
    /// A named world (teaching, fig3; curves, a continuous one) or a case file
    #[arg(long, default_value = "teaching")]
    pub(crate) world: String,
    /// Row of the case file
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) row: usize,
    /// What q(y,z|x) is taken to mean: observed, pointwise, joint, footnote, expected
    #[arg(long, value_parser = reading, default_value = "pointwise")]
    pub(crate) reading: Reading,
    /// Print all lines at once, without waiting for Enter
    #[arg(long)]
    pub(crate) all: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = StepFormat::Text)]
    pub(crate) format: StepFormat,
}

fn reading(name: &str) -> Result<Reading, String> {
    Reading::ALL
        .into_iter()
        .find(|reading| reading.name() == name)
        .ok_or_else(|| {
            let names: Vec<&str> = Reading::ALL.iter().map(|reading| reading.name()).collect();
            format!("expected one of {}", names.join(", "))
        })
}

fn beta(text: &str) -> Result<Beta, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number from 0 to 1e6".to_owned())?;
    Beta::new(number).map_err(|error| error.to_string())
}
