//! The command line: the subcommands, and the functions that run them.

use clap::{Parser, Subcommand};

use crate::commands;
#[cfg(feature = "twin")]
use crate::commands::agree::Agree;
#[cfg(feature = "judge")]
use crate::commands::bounds::Bounds;
use crate::commands::break_::Break;
use crate::commands::check::Check;
#[cfg(feature = "lapack")]
use crate::commands::fit::Fit;
#[cfg(feature = "judge")]
use crate::commands::judge::Judge;
use crate::commands::ledger::Ledger;
#[cfg(feature = "walkthrough")]
use crate::commands::lines::Lines;
#[cfg(feature = "judge")]
use crate::commands::probe::Probe;
use crate::commands::refute::Refute;
#[cfg(feature = "walkthrough")]
use crate::commands::show::Show;
#[cfg(feature = "walkthrough")]
use crate::commands::step::Step;
#[cfg(feature = "twin")]
use crate::commands::sweep_beta::SweepBeta;
#[cfg(feature = "twin")]
use crate::commands::train::Train;
#[cfg(feature = "twin")]
use crate::commands::trained::{Evaluate, ExportWorld, Reconstruct, Sample};
use crate::outcome::{Outcome, Result};

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
  elbo bounds kl --dtype bf16         how far a correct number may be off
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
    #[cfg(feature = "walkthrough")]
    Lines(Lines),
    /// Show one line (13) or step (12-13): formula, plain words, rule, source function, values on a world
    #[cfg(feature = "walkthrough")]
    Show(Show),
    /// Where every nat goes: evidence = objective + gap + reading + dropped + reweighting
    Ledger(Ledger),
    /// Search the smallest world that breaks a claim (14, 13-14, 3-13)
    Refute(Refute),
    /// Show the witness of an assumption: the claim that falls with it, before and after
    Break(Break),
    /// Step through lines 3 to 14 on a small world
    #[cfg(feature = "walkthrough")]
    Step(Step),
    /// Judge what somebody's code claims: every number recomputed, bounded, and, where it is wrong, explained
    #[cfg(feature = "judge")]
    Judge(Judge),
    /// How far a correct program may be off that computes a quantity in a type, and why
    #[cfg(feature = "judge")]
    Bounds(Bounds),
    /// Ask a command, by a line protocol, on inputs of our choice; what breaks a law is made small and saved
    #[cfg(feature = "judge")]
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
    SweepBeta(SweepBeta),
}

/// Runs a command. An error becomes exit code 2.
pub(crate) fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Check(args) => commands::check::run(&args),
        #[cfg(feature = "walkthrough")]
        Command::Lines(args) => commands::lines::run(&args),
        #[cfg(feature = "walkthrough")]
        Command::Show(args) => commands::show::run(&args),
        Command::Ledger(args) => commands::ledger::run(&args),
        Command::Refute(args) => commands::refute::run(&args),
        Command::Break(args) => commands::break_::run(&args),
        #[cfg(feature = "walkthrough")]
        Command::Step(args) => commands::step::run(&args),
        #[cfg(feature = "judge")]
        Command::Judge(args) => commands::judge::run(&args),
        #[cfg(feature = "judge")]
        Command::Bounds(args) => commands::bounds::run(&args),
        #[cfg(feature = "judge")]
        Command::Probe(args) => commands::probe::run(&args),
        #[cfg(feature = "lapack")]
        Command::Fit(args) => commands::fit::run(&args),
        #[cfg(feature = "twin")]
        Command::Agree(args) => commands::agree::run(&args),
        #[cfg(feature = "twin")]
        Command::Train(args) => commands::train::run(&args),
        #[cfg(feature = "twin")]
        Command::SweepBeta(args) => commands::sweep_beta::run(&args),
        #[cfg(feature = "twin")]
        Command::Evaluate(args) => commands::trained::evaluate(&args),
        #[cfg(feature = "twin")]
        Command::Sample(args) => commands::trained::sample(&args),
        #[cfg(feature = "twin")]
        Command::Reconstruct(args) => commands::trained::reconstruct(&args),
        #[cfg(feature = "twin")]
        Command::World(args) => commands::trained::world(&args),
    }
}
