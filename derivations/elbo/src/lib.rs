//! The Equations Behind DALL-E, executable: a verified reference implementation and test oracle for the ELBO.
//!
//! Four questions, each with a function here, a command of the program `elbo`, and an example:
//!
//! | question | function | command | example |
//! |---|---|---|---|
//! | Are these numbers of a program right? | [`judge()`] | `elbo judge` | `judge_in_a_test.rs` |
//! | How far may a correct number be off? | [`bounds::kl`] | `elbo bounds` | `kl_and_its_bound.rs` |
//! | In which world does a line fail? | [`refute`] | `elbo refute` | `counterexample.rs` |
//! | What does the note come to on my worlds? | [`check()`] | `elbo check` | `note_on_my_world.rs` |
//!
//! ```
//! use elbo::prelude::*;
//!
//! // The divergence of a certain code from a uniform one, of two codes, as somebody's code computed it.
//! let dump = DumpBuilder::tokens(Float::F32, Layout::Rows, Prior::Uniform)
//!     .input("encoder_logits", &[1, 1, 2], &[0.0, f32::NEG_INFINITY])
//!     .claim(Quantity::Kl, &ClaimSpec::sum(&[Axis::Position, Axis::Code]), &[1], &[0.693_147_2_f32]);
//! let judgement = elbo::judge(&dump.open("my test")?)?;
//! assert!(judgement.stands(), "{judgement}");
//! # Ok::<(), elbo::FileError>(())
//! ```
//!
//! # What a version promises
//!
//! The version follows semantic versioning. It covers this crate's public items, the formats of files (`elbo-dump/1`, `elbo-case/1`,
//! `elbo-gaussian/1`, `elbo-model/1`, each with its number), the keys of every JSON output, the names of commands, options, claims, mistakes,
//! lines and assumptions, and the exit codes. It does not cover text for people, the digits that a bound leaves open, or speed. A bound may become
//! tighter, and a mistake may get a name, in a minor version: a dump that was undecided or unexplained may be decided then. A correct dump never
//! becomes a wrong one but by the correction of an error, which the changelog names. The smallest version of Rust changes in minor versions.

#[cfg(feature = "judge")]
pub mod bounds;
#[cfg(feature = "judge")]
pub mod prelude;

pub use check::Checked;
pub use check::counterexample::{Counterexample, SearchError};
#[cfg(feature = "judge")]
pub use judge::dump::{self, Dump, DumpBuilder};
#[cfg(feature = "judge")]
pub use judge::{Defined, Judged, Judgement, Verdict};
pub use note::line::LineId;
pub use reference::vocab::{Error, Reading};
pub use reference::world::World;
pub use worlds::case::{self, FileError};

use check::Options;
use check::counterexample::target::Target;
use note::proposition::{bound_at_beta, proposition};
use worlds::generate::Cases;

/// The features that this build has.
pub const FEATURES: &[&str] = &[
    #[cfg(feature = "twin")]
    "twin",
    #[cfg(feature = "lapack")]
    "lapack",
    #[cfg(feature = "cuda")]
    "cuda",
];

/// Judges a dump: every claim is computed again from its inputs, bounded and compared, and what is out of bound is explained.
///
/// # Errors
/// [`FileError`]: a number in the inputs that may not stand there, a file that cannot be read.
#[cfg(feature = "judge")]
pub fn judge(dump: &Dump) -> Result<Judgement, FileError> {
    ::judge::judge(dump, &|_| ())
}

/// Checks every line of the note on these worlds, on the listed, edge and tiny ones, and on `random` more, drawn from `seed`.
///
/// # Errors
/// [`Error`] when a world cannot be seen under a reading, which a validated world always can.
pub fn check(worlds: &[World], random: u64, seed: u64) -> Result<Checked, Error> {
    ::check::check(&Cases::all(worlds, random, seed), &Options::default(), &|_| ())
}

/// Random worlds that [`refute`] searches, and the seed that they are drawn from.
const SEARCHED: (u64, u64) = (20_000, 1);

/// Searches the smallest world in which the bound from `ln p(x,y)` down to a line fails under a reading; none where 20,000 random worlds keep it.
///
/// ```
/// use elbo::{LineId, Reading, refute};
///
/// // With beta = 1 the objective is a bound where the caption's encoder is the observed one, and none where it is a joint one.
/// assert!(refute(LineId::Eq14, Reading::Observed)?.is_none());
/// assert!(refute(LineId::Eq14, Reading::Joint)?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`RefuteError`].
pub fn refute(line: LineId, reading: Reading) -> Result<Option<Counterexample>, RefuteError> {
    let claim = match line {
        LineId::Eq14AtBeta => bound_at_beta(reading),
        other => proposition(&format!("3-{other}"), reading),
    };
    let claim = claim.ok_or(RefuteError::NoClaim { line, reading })?;
    let (worlds, seed) = SEARCHED;
    Ok(::check::counterexample::refute(
        &Target { claim, beta: None },
        seed,
        worlds,
    )?)
}

/// Why a claim cannot be refuted, nor kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefuteError {
    /// There is no claim that the line bounds `ln p(x,y)` under the reading.
    #[error("no claim bounds ln p(x,y) by line {line} under the {} reading", .reading.name())]
    NoClaim {
        /// The line that was asked for.
        line: LineId,
        /// The reading that it was asked under.
        reading: Reading,
    },
    /// A world breaks the claim and cannot be written down.
    #[error(transparent)]
    Search(#[from] SearchError),
}
