//! The sections of a walk: an opening, one section for each line, and a closing.

use note::line::LineId;
use note::step::chain;
use note::under_reading::UnderReading;
use reference::equations::bound::eq03_log_evidence;
use reference::vocab::{Error, Reading};
use typeset::amount::Amount;
use typeset::latex::RenderError;

use crate::ledger::{self, Closing};
use crate::line::{self, LineSection};
use crate::narrated::Narrated;
use crate::opening::Opening;

/// One screen of the walk.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Section {
    /// The world, and the question.
    Opening(Opening),
    /// A line of the note.
    Line(Box<LineSection>),
    /// What was lost at which step, and what the note got wrong.
    Closing(Closing),
}

/// The reason why there is no walk.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The reading has no lines 3 to 12.
    #[error(
        "the reading `{reading}` does not start from ln p(x,y): its expectation runs over captions too, so it has no \
         lines 3 to 12; walk through observed, pointwise, joint or footnote"
    )]
    NoChain {
        /// The reading that was asked for.
        reading: &'static str,
    },
    /// A line could not be computed.
    #[error(transparent)]
    Value(#[from] Error),
    /// A formula could not be set.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// The walk through a world under a reading: an opening, lines 3 to 14, Eq. 14 at the world's beta where that is not 1,
/// and a closing.
///
/// # Errors
/// A [`StepError`] for a reading without lines 3 to 12, or for a line that cannot be computed.
pub fn sections<W: Narrated>(world: &W, name: &str, reading: Reading) -> Result<Vec<Section>, StepError> {
    let scene = UnderReading::new(world, reading)?;
    #[expect(clippy::float_cmp, reason = "beta = 1 is exactly where Eq. 14 is the line above")]
    let last = if world.beta().get() == 1.0 {
        LineId::Eq14
    } else {
        LineId::Eq14AtBeta
    };
    let steps = chain(last, reading).ok_or(StepError::NoChain {
        reading: reading.name(),
    })?;
    let lines = line::sections(&scene, &steps)?;
    let evidence = Amount::of(eq03_log_evidence(&scene.seen))?;
    let closing = ledger::closing(&scene, &lines, &steps, evidence)?;
    let mut sections = vec![Section::Opening(W::opening(&scene, name)?)];
    sections.extend(lines.into_iter().map(|line| Section::Line(Box::new(line))));
    sections.push(Section::Closing(closing));
    Ok(sections)
}
