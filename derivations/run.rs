//! Runs a command.

#[cfg(feature = "twin")]
mod agree;
mod breakage;
#[cfg(feature = "twin")]
mod device;
mod judge;
#[cfg(feature = "twin")]
mod model;
mod output;
mod probe;
mod refute;
mod signal;
#[cfg(feature = "twin")]
mod sweep;
#[cfg(feature = "twin")]
mod train;

use std::error::Error;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use derivations::check::{self, Options};
#[cfg(feature = "lapack")]
use derivations::continuous;
use derivations::continuous::{Continuous, SKIPPED};
use derivations::faces::{Provenance, check as check_face, ledger as ledger_face, lines, show, step};
use derivations::ledger::ledger;
use note::checkable::Checkable;
use note::under_reading::UnderReading;
#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;
use serde_json::json;
use typeset::words::one_line;
use worlds::case::{self, Case};
#[cfg(feature = "lapack")]
use worlds::fitting;
use worlds::generate::{Cases, list};

#[cfg(feature = "lapack")]
use self::output::progress;
pub(crate) use self::output::tell;
use self::output::{Bars, pretty, print};
use crate::cli::{self, Command, Format, StepFormat};

/// Whether the tool's own statements stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Stands,
    /// Exit code 1.
    Fails,
    /// Exit code 2: what could not be done was said, what could was done.
    CouldNotRun,
}

impl From<bool> for Outcome {
    fn from(stands: bool) -> Self {
        if stands { Self::Stands } else { Self::Fails }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs a command; an error is exit code 2.
pub(crate) fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Check(args) => check(&args),
        Command::Lines(args) => {
            print(&match args.format {
                Format::Text => lines::text(),
                Format::Json => {
                    let mut body = lines::json();
                    body["provenance"] = serde_json::to_value(Provenance::of_search(None))?;
                    pretty(&body)?
                }
            })?;
            Ok(Outcome::Stands)
        }
        Command::Show(args) => match named_or_file(&args.world, args.row)? {
            (Chosen::Finite(world), name) => display(&args, &*world, &name),
            #[cfg(feature = "lapack")]
            (Chosen::Gaussian(world), name) => display(&args, &world, &name),
        },
        Command::Ledger(args) => draw_up(&args),
        Command::Refute(args) => refute::search(&args),
        Command::Break(args) => breakage::show(&args),
        Command::Step(args) => walk(&args),
        Command::Judge(args) => judge::judge(&args),
        Command::Probe(args) => probe::probe(&args),
        #[cfg(feature = "lapack")]
        Command::Fit(args) => fit(&args),
        #[cfg(feature = "twin")]
        Command::Agree(args) => agree::agree(&args),
        #[cfg(feature = "twin")]
        Command::Train(args) => train::train(&args),
        #[cfg(feature = "twin")]
        Command::SweepBeta(args) => sweep::sweep(&args),
        #[cfg(feature = "twin")]
        Command::Evaluate(args) => model::evaluate(&args),
        #[cfg(feature = "twin")]
        Command::Sample(args) => model::sample(&args),
        #[cfg(feature = "twin")]
        Command::Reconstruct(args) => model::reconstruct(&args),
        #[cfg(feature = "twin")]
        Command::World(args) => model::world(&args),
    }
}

fn check(args: &cli::Check) -> Result<Outcome> {
    let case = read(args.file.as_deref())?;
    let cases = Cases::all(&case.worlds, args.worlds, args.seed);
    let options = Options {
        reading: args.reading,
        beta: args.beta,
    };
    let bars = Bars::default();
    let checked = check::check(&cases, &options, &|told| bars.tell(told))?;
    let continuous = continuous(args, &case, &options, &bars)?;
    drop(bars);
    let from = Provenance::of_case(&case, Some(args.seed));
    print(&match args.format {
        Format::Text => check_face::text(&checked, &from) + &check_face::continuous(continuous.as_ref()),
        Format::Json => {
            let mut body = check_face::json(&checked, &from);
            body["continuous"] = check_face::continuous_json(continuous.as_ref());
            if continuous.is_none() {
                body["skipped"] = json!([SKIPPED]);
            }
            pretty(&body)?
        }
    })?;
    let stands = checked.failures().next().is_none() && continuous.is_none_or(|found| found.stands());
    Ok(stands.into())
}

/// The same table on continuous worlds: a tenth as many, each of them some hundred times the work.
#[cfg(feature = "lapack")]
fn continuous(args: &cli::Check, case: &Case, options: &Options, bars: &Bars) -> Result<Option<Continuous>> {
    let file = if args.file.is_none() {
        case::embedded_gaussian()?.gaussian
    } else {
        case.gaussian.clone()
    };
    let random = args.worlds.div_ceil(10);
    let found = continuous::judge(&file, random, args.seed, options, &|told| bars.tell(told))?;
    Ok(Some(found))
}

#[cfg(not(feature = "lapack"))]
#[expect(clippy::unnecessary_wraps, reason = "it is asked as the one that can fail")]
fn continuous(_: &cli::Check, _: &Case, _: &Options, _: &Bars) -> Result<Option<Continuous>> {
    Ok(None)
}

fn display<W: Checkable>(args: &cli::Show, world: &W, name: &str) -> Result<Outcome> {
    let shown = show::text(&args.line, args.reading, world)?;
    let (reading, beta) = (args.reading.name(), world.beta().get());
    let replaced = UnderReading::new(world, args.reading)?.in_place_of_tables();
    let replaced = replaced.map_or_else(String::new, |words| format!("\nwhatever the tables say, {words}"));
    print(&format!("{name}, reading {reading}, beta {beta}{replaced}\n\n{shown}"))?;
    Ok(Outcome::Stands)
}

fn draw_up(args: &cli::LedgerArgs) -> Result<Outcome> {
    let case = read(args.file.as_deref())?;
    match row(&case, args.row)? {
        Chosen::Finite(world) => drawn_up(args, &case, *world),
        #[cfg(feature = "lapack")]
        Chosen::Gaussian(world) => drawn_up(args, &case, world),
    }
}

fn drawn_up<W: Checkable>(args: &cli::LedgerArgs, case: &Case, mut world: W) -> Result<Outcome> {
    if let Some(beta) = args.beta {
        world.set_beta(beta);
    }
    let ledger = ledger(&world, args.reading)?;
    let stands = ledger.adds_up() && ledger_face::rows_close(&world, &ledger)?;
    let title = format!("{}, row {} of {}", case.source, args.row, case.len());
    print(&match args.format {
        Format::Text => ledger_face::text(&ledger, &title),
        Format::Json => {
            let body = ledger_face::json(&ledger);
            let from = Provenance::of_case(case, None);
            pretty(&json!({"schema": "elbo-ledger/1", "provenance": from, "row": args.row, "ledger": body}))?
        }
    })?;
    Ok(stands.into())
}

#[cfg(feature = "lapack")]
fn fit(args: &cli::Fit) -> Result<Outcome> {
    case::expect_writable(&args.out)?;
    let count = |n: u64| usize::try_from(n);
    let options = fitting::Options {
        factors: count(args.factors)?,
        rounds: count(args.rounds)?,
        worlds: count(args.worlds)?,
    };
    let bar = progress(0, "fitting");
    let fitted = fitting::from_file(&args.file, options)?;
    bar.finish_and_clear();
    let title = format!(
        "factor analysis of the luminance of {} images on 8 x 8 pixels: {} factors, {} worlds",
        fitted.images,
        args.factors,
        fitted.worlds.len()
    );
    case::write_gaussian(&args.out, &fitted.worlds, &title, &fitted.categories)?;
    print(&format!("{}: {title}\n", args.out.display()))?;
    Ok(Outcome::Stands)
}

fn walk(args: &cli::Step) -> Result<Outcome> {
    match named_or_file(&args.world, args.row)? {
        (Chosen::Finite(world), name) => walk_through(args, &*world, &name),
        #[cfg(feature = "lapack")]
        (Chosen::Gaussian(world), name) => walk_through(args, &world, &name),
    }
}

fn walk_through<W: step::Walked>(args: &cli::Step, world: &W, name: &str) -> Result<Outcome> {
    if args.format == StepFormat::Html {
        print(&step::html(world, name, args.reading)?)?;
        return Ok(Outcome::Stands);
    }
    let wait = !args.all && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let sections = step::sections(world, name, args.reading)?;
    let last = sections.len().saturating_sub(1);
    for (count, section) in sections.iter().enumerate() {
        print(&(step::text(section) + "\n"))?;
        if wait && count < last {
            print("  [Enter: next, q: quit] ")?;
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 || line.trim() == "q" {
                break;
            }
        }
    }
    Ok(Outcome::Stands)
}

fn read(file: Option<&Path>) -> Result<Case> {
    Ok(file.map_or_else(case::embedded, case::read)?)
}

/// A world of either kind.
enum Chosen {
    Finite(Box<World>),
    #[cfg(feature = "lapack")]
    Gaussian(Gaussian),
}

fn row(case: &Case, row: usize) -> Result<Chosen> {
    let world = case
        .worlds
        .get(row)
        .cloned()
        .map(|world| Chosen::Finite(Box::new(world)));
    #[cfg(feature = "lapack")]
    let world = world.or_else(|| case.gaussian.get(row).cloned().map(Chosen::Gaussian));
    world.ok_or_else(|| {
        format!(
            "{}: row {row} does not exist, expected 0 to {}",
            case.source,
            case.len() - 1
        )
        .into()
    })
}

/// A named world, or a row of a case file.
fn named_or_file(name: &str, index: usize) -> Result<(Chosen, String)> {
    let named = list::named(name).map(|world| Chosen::Finite(Box::new(world)));
    #[cfg(feature = "lapack")]
    let named = named.or_else(|| list::named_gaussian(name).map(Chosen::Gaussian));
    if let Some(world) = named {
        if index != 0 {
            return Err(format!("the world {name} has one row, 0; --row {index} does not exist").into());
        }
        return Ok((world, name.to_owned()));
    }
    let path = PathBuf::from(name);
    #[cfg(not(feature = "lapack"))]
    if name == list::CURVES && !path.exists() {
        return output::without_lapack(&format!("the world {name} is continuous"));
    }
    if !path.exists() {
        let finite = list::NAMED.iter().map(|named| named.name);
        let known: Vec<&str> = finite.chain(cfg!(feature = "lapack").then_some(list::CURVES)).collect();
        return Err(format!("{name} is neither a file nor a named world ({})", known.join(", ")).into());
    }
    let case = case::read(&path)?;
    Ok((
        row(&case, index)?,
        one_line(case.title.as_deref().unwrap_or(&case.source)),
    ))
}
