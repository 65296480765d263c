//! Probes a black box: a subject that runs as a child process and answers questions on inputs that we choose. The
//! protocol is described in `probe-protocol.md`.
//!
//! ```text
//! question (drawn, every kind of edge among them) -> child -> answer -> the judgement of a dump     broken? -> shrink -> a dump that replays
//! ```

mod answer;
mod child;
mod file;
mod hello;
mod laws;
mod options;
mod process;
mod question;
mod shrink;

use std::collections::BTreeMap;
use std::path::Path;

use worlds::case::FileError;

use crate::Judgement;
use crate::dump::DumpBuilder;

use child::Child;
pub use child::NoAnswer;
pub use hello::Hello;
pub use laws::Violation;
pub use options::Options;
pub use question::{KINDS, Question};

/// The result of probing.
#[derive(Debug)]
pub enum Found {
    /// Every law holds.
    Nothing,
    /// A law is broken. The finding holds the smallest question that breaks it, and its answer.
    Law(Box<Finding>),
    /// The child did not answer. The dump holds the question, where there was one.
    NoAnswer(NoAnswer, Option<Box<DumpBuilder>>),
}

/// A broken law.
#[derive(Debug)]
pub struct Finding {
    /// The law, and the claim that breaks it.
    pub violation: Violation,
    /// The question with its answer, which is a dump.
    pub draft: DumpBuilder,
    /// The judgement of that dump.
    pub judgement: Judgement,
    /// The sizes of the question that first broke the law, and of this one.
    pub sizes: [String; 2],
}

/// The report on probing a command.
#[derive(Debug)]
pub struct Report {
    /// The result.
    pub found: Found,
    /// The number of questions that were answered.
    pub asked: u64,
    /// The number of answered questions of each kind, by name.
    pub kinds: Vec<(&'static str, u64)>,
    /// The names of the kinds whose questions would be too large at the child's sizes.
    pub too_large: Vec<&'static str>,
    /// The numbers of decisions, by claim and kind of question.
    pub decisions: BTreeMap<(&'static str, &'static str), Decisions>,
    /// Whether any question was answered a second time with other bits, but within its bounds.
    pub wavering: bool,
}

/// The number of questions in which a claim was decided, and in which it was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The number of questions in which the numbers were compared with something that could have refuted them.
    pub decided: u64,
    /// The number of questions in which they were not.
    pub undecided: u64,
    /// The reason why not, of the first such question.
    pub reason: String,
}

impl Report {
    /// The claims that were never decided for a kind of question: claim, kind and reason.
    pub fn undecided(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let never = self.decisions.iter().filter(|(_, found)| found.decided == 0);
        never.map(|((claim, kind), found)| (*claim, *kind, found.reason.as_str()))
    }

    /// Whether the command stands: every law holds, no claim remained undecided, and there was at least one claim.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(self.found, Found::Nothing) && !self.decisions.is_empty() && self.undecided().next().is_none()
    }
}

/// The largest number of questions that shrinking may ask, and below it the largest number of times that the child may
/// fail to answer them. Each failure takes up to the time-out.
const MOST_SHRINKING: u64 = 400;
const MOST_TROUBLES: u64 = 3;

/// Probes a command. `progress` is called after every answer.
///
/// # Errors
/// When the child cannot be started, or a question cannot be written.
pub fn probe(command: &[String], options: Options, progress: &dyn Fn(u64)) -> Result<Report, FileError> {
    let folder = tempfile::tempdir().map_err(|error| FileError::Io {
        doing: "written",
        error,
    })?;
    let mut report = Report {
        found: Found::Nothing,
        asked: 0,
        kinds: Vec::new(),
        too_large: Vec::new(),
        decisions: BTreeMap::new(),
        wavering: false,
    };
    let mut session = match Session::start(command, folder.path(), options)? {
        Ok(session) => session,
        Err(trouble) => {
            report.found = Found::NoAnswer(trouble, None);
            return Ok(report);
        }
    };
    'probing: for (kind, name) in (0..).zip(KINDS) {
        let mut of_kind = 0;
        for round in 0..options.rounds {
            let seed = options.seed.wrapping_add(1000 * round);
            let question = match Question::draw(&session.hello, kind, seed) {
                Ok(Some(question)) => question,
                Ok(None) => continue,
                Err(_) => {
                    report.too_large.push(name);
                    break;
                }
            };
            of_kind += 1;
            match session.break_with(&question, &mut report.wavering) {
                Ok(Outcome::Yes(decided)) => {
                    for (claim, reason) in decided {
                        let found = report.decisions.entry((claim, name)).or_default();
                        match reason {
                            None => found.decided += 1,
                            Some(reason) if found.undecided == 0 => (found.undecided, found.reason) = (1, reason),
                            Some(_) => found.undecided += 1,
                        }
                    }
                }
                Ok(Outcome::No(broken, answer)) => {
                    report.found = session.smallest(question, broken, *answer);
                    break 'probing;
                }
                Err(trouble) => {
                    report.found = Found::NoAnswer(trouble, Some(Box::new(question.draft(&session.hello))));
                    break 'probing;
                }
            }
            progress(1);
        }
        report.kinds.push((name, of_kind));
    }
    report.asked = session.asked;
    Ok(report)
}

/// The result of testing the laws on a question and its answers.
enum Outcome {
    /// All laws hold. Each claim comes with the reason why it was not decided, or `None` where it was.
    Yes(laws::Decided),
    /// A law does not hold, in this answer.
    No(Violation, Box<DumpBuilder>),
}

/// A running child, and the number of its answers.
struct Session<'a> {
    child: Child,
    hello: Hello,
    command: &'a [String],
    folder: &'a Path,
    options: Options,
    asked: u64,
}

impl<'a> Session<'a> {
    fn start(command: &'a [String], folder: &'a Path, options: Options) -> Result<Result<Self, NoAnswer>, FileError> {
        let mut child = Child::start(command, options)?;
        Ok(child.greet().map(|hello| Self {
            child,
            hello,
            command,
            folder,
            options,
            asked: 0,
        }))
    }

    /// Asks a question. The result is the question with the child's answer.
    fn ask(&mut self, question: &Question) -> Result<DumpBuilder, NoAnswer> {
        let mut whole: Option<DumpBuilder> = None;
        for part in question.parts(self.hello.rows_at_once()) {
            self.asked += 1;
            let draft = part.draft(&self.hello);
            let answer = self.child.ask(self.asked, draft, self.folder)?;
            whole = Some(match whole {
                Some(before) => before.stacked(&answer),
                None => answer,
            });
        }
        Ok(whole.unwrap_or_else(|| question.draft(&self.hello)))
    }

    /// Tests the laws on a question. The result is the first law that it breaks, or what was decided about each claim.
    fn break_with(&mut self, question: &Question, wavering: &mut bool) -> Result<Outcome, NoAnswer> {
        let answer = self.ask(question)?;
        let mut decided = match laws::of_definition(&answer)? {
            Ok(decided) => decided,
            Err(broken) => return Ok(Outcome::No(broken, Box::new(answer))),
        };
        if let Some(company) = question.in_other_company(&self.hello) {
            let both = answer.clone().stacked(&self.ask(&company)?);
            match laws::of_definition(&both)? {
                Ok(beside) => laws::decided_in_either(&mut decided, &beside),
                Err(broken) => return Ok(Outcome::No(broken, Box::new(both))),
            }
        }
        let again = self.ask(question)?;
        if let Err(broken) = laws::of_definition(&again)? {
            return Ok(Outcome::No(broken.only_the_second_time(), Box::new(again)));
        }
        *wavering |= answer != again;
        Ok(Outcome::Yes(decided))
    }

    /// Shrinks a question as long as the same law stays broken.
    fn smallest(&mut self, mut question: Question, violation: Violation, mut answer: DumpBuilder) -> Found {
        let first = question.size();
        let last = self.asked + MOST_SHRINKING;
        let mut troubles = 0;
        let hello = self.hello.clone();
        // The explanation of the larger question is kept, because few numbers have many explanations.
        loop {
            let next = question.smaller(&hello).find_map(|smaller| {
                if self.asked >= last || troubles >= MOST_TROUBLES {
                    return None;
                }
                match self.break_with(&smaller, &mut false) {
                    Ok(Outcome::No(other, with)) if other.is_alike(&violation) => Some((smaller, *with)),
                    Ok(_) => None,
                    // A child that ends at a smaller question is started again, and that question is not used.
                    Err(_) => {
                        troubles += 1;
                        match Self::start(self.command, self.folder, self.options) {
                            Ok(Ok(session)) => self.child = session.child,
                            _ => troubles = MOST_TROUBLES,
                        }
                        None
                    }
                }
            });
            let Some((smaller, with)) = next else { break };
            (question, answer) = (smaller, with);
        }
        match laws::judged(&answer) {
            Ok(judgement) => Found::Law(Box::new(Finding {
                violation,
                draft: answer,
                judgement,
                sizes: [first, question.size()],
            })),
            Err(trouble) => Found::NoAnswer(trouble, None),
        }
    }
}
