//! The black box: a subject that runs as a child process and answers on inputs that we choose. The protocol is in `probe-protocol.md`.
//!
//! ```text
//! question (drawn, every kind of edge among them) -> child -> answer -> the trial of a dump        broken? -> shrink -> a dump that replays
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

/// What probing came to.
#[derive(Debug)]
pub enum Found {
    /// Every law held.
    Nothing,
    /// A law was broken: the smallest question found that breaks it, and the answer to it.
    Law(Box<Finding>),
    /// The child failed to answer.
    NoAnswer(NoAnswer, Option<Box<DumpBuilder>>),
}

/// A broken law.
#[derive(Debug)]
pub struct Finding {
    /// What is broken.
    pub violation: Violation,
    /// The question with its answer: a dump.
    pub draft: DumpBuilder,
    /// The judgement of that dump.
    pub judgement: Judgement,
    /// How large the question was that first broke it, and how large this one is.
    pub sizes: [String; 2],
}

/// A report.
#[derive(Debug)]
pub struct Report {
    /// What was found.
    pub found: Found,
    /// How many questions were answered.
    pub asked: u64,
    /// How many of each kind, by name.
    pub kinds: Vec<(&'static str, u64)>,
    /// The kinds whose questions would have been too large at the child's sizes.
    pub too_large: Vec<&'static str>,
    /// How often each claim was decided, by claim and kind of question.
    pub decisions: BTreeMap<(&'static str, &'static str), Decisions>,
    /// Whether the same question was ever answered with other bits, within its bounds.
    pub wavering: bool,
}

/// How often a claim was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// In how many questions the numbers were held against something that they could have failed.
    pub decided: u64,
    /// In how many they were not.
    pub undecided: u64,
    /// Why not, the first time.
    pub reason: String,
}

impl Report {
    /// What was claimed and never decided for a kind of question: claim, kind, reason.
    pub fn undecided(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let never = self.decisions.iter().filter(|(_, found)| found.decided == 0);
        never.map(|((claim, kind), found)| (*claim, *kind, found.reason.as_str()))
    }

    /// Whether every law holds: no claim went undecided, and there was one to decide.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(self.found, Found::Nothing) && !self.decisions.is_empty() && self.undecided().next().is_none()
    }
}

/// The most questions that shrinking may ask, and how often the child may fail to answer meanwhile: each time takes up to the time-out.
const MOST_SHRINKING: u64 = 400;
const MOST_TROUBLES: u64 = 3;

/// Probes a command.
///
/// # Errors
/// Where the child cannot be started or where questions cannot be written.
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

/// What the laws say of a question and its answers.
enum Outcome {
    /// All hold: of each claim why it was not decided, nothing where it was.
    Yes(laws::Decided),
    /// One does not, in this answer.
    No(Violation, Box<DumpBuilder>),
}

/// A child that answers, and the answers' count.
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

    /// The question with the child's answer.
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

    /// The first law that a question breaks, or what was decided of each claim.
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

    /// Shrinks a question while the same law stays broken.
    fn smallest(&mut self, mut question: Question, violation: Violation, mut answer: DumpBuilder) -> Found {
        let first = question.size();
        let last = self.asked + MOST_SHRINKING;
        let mut troubles = 0;
        let hello = self.hello.clone();
        // The larger question knows better by what it is explained: of few numbers many things can be said.
        loop {
            let next = question.smaller(&hello).find_map(|smaller| {
                if self.asked >= last || troubles >= MOST_TROUBLES {
                    return None;
                }
                match self.break_with(&smaller, &mut false) {
                    Ok(Outcome::No(other, with)) if other.is_alike(&violation) => Some((smaller, *with)),
                    Ok(_) => None,
                    // A child that dies of a smaller question is started again; that question is not taken.
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
