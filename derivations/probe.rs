//! The black box: a subject that runs as a child process and answers on inputs that we choose. The protocol is in `probe-protocol.md`.
//!
//! ```text
//! question (drawn, every kind of edge among them) -> child -> answer -> the trial of a dump        broken? -> shrink -> a dump that replays
//! ```

mod child;
mod hello;
mod laws;
mod question;
mod shrink;

use std::path::Path;
use std::time::Duration;

use crate::case::CaseError;
use crate::dump::Draft;
use crate::trial::Judgement;

pub use child::{Child, Trouble};
pub use hello::Hello;
pub use laws::Broken;
pub use question::{KINDS, Question};

/// How to probe.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seed of the questions.
    pub seed: u64,
    /// How many rounds of every kind of question.
    pub rounds: u64,
    /// How long the child may take for one answer.
    pub timeout: Duration,
}

/// What probing came to.
#[derive(Debug)]
pub enum Found {
    /// Every law held.
    Nothing,
    /// A law was broken: the smallest question found that breaks it, and the answer to it.
    Law(Box<Finding>),
    /// The child failed to answer.
    Trouble(Trouble, Option<Box<Draft>>),
}

/// A broken law.
#[derive(Debug)]
pub struct Finding {
    /// What is broken.
    pub broken: Broken,
    /// The question with its answer: a dump.
    pub draft: Draft,
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
    /// Whether the same question was ever answered with other bits, within its bounds.
    pub wavering: bool,
}

/// The most questions that shrinking may ask.
const MOST_SHRINKING: u64 = 400;

/// Probes a command.
///
/// # Errors
/// Where the child cannot be started or where questions cannot be written.
pub fn probe(command: &[String], options: Options, progress: &dyn Fn(u64)) -> Result<Report, CaseError> {
    let folder = tempfile::tempdir().map_err(|error| CaseError::Io {
        doing: "written",
        error,
    })?;
    let mut report = Report {
        found: Found::Nothing,
        asked: 0,
        kinds: Vec::new(),
        wavering: false,
    };
    let mut session = match Session::start(command, folder.path(), options.timeout)? {
        Ok(session) => session,
        Err(trouble) => {
            report.found = Found::Trouble(trouble, None);
            return Ok(report);
        }
    };
    'probing: for (kind, name) in (0..).zip(KINDS) {
        let mut of_kind = 0;
        for round in 0..options.rounds {
            let Some(question) = Question::draw(&session.hello, kind, options.seed + 1000 * round) else {
                continue;
            };
            of_kind += 1;
            match session.break_with(&question, &mut report.wavering) {
                Ok(None) => {}
                Ok(Some(broken)) => {
                    report.found = session.smallest(question, broken);
                    break 'probing;
                }
                Err(trouble) => {
                    report.found = Found::Trouble(trouble, Some(Box::new(question.draft(&session.hello))));
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

/// A child that answers, and the answers' count.
struct Session<'a> {
    child: Child,
    hello: Hello,
    command: &'a [String],
    folder: &'a Path,
    timeout: Duration,
    asked: u64,
}

impl<'a> Session<'a> {
    fn start(command: &'a [String], folder: &'a Path, timeout: Duration) -> Result<Result<Self, Trouble>, CaseError> {
        let mut child = Child::start(command, timeout)?;
        Ok(child.greet().map(|hello| Self {
            child,
            hello,
            command,
            folder,
            timeout,
            asked: 0,
        }))
    }

    /// The question with the child's answer.
    fn ask(&mut self, question: &Question) -> Result<Draft, Trouble> {
        let mut whole: Option<Draft> = None;
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

    /// The first law that a question breaks, if any.
    fn break_with(&mut self, question: &Question, wavering: &mut bool) -> Result<Option<(Broken, Draft)>, Trouble> {
        let answer = self.ask(question)?;
        if let Some(broken) = laws::of_definition(&answer)? {
            return Ok(Some((broken, answer)));
        }
        if let Some(company) = question.in_other_company(&self.hello) {
            let both = answer.clone().stacked(&self.ask(&company)?);
            if let Some(broken) = laws::of_definition(&both)? {
                return Ok(Some((broken, both)));
            }
        }
        let again = self.ask(question)?;
        if let Some(broken) = laws::of_definition(&again)? {
            return Ok(Some((broken.only_the_second_time(), again)));
        }
        *wavering |= laws::differ(&answer, &again);
        Ok(None)
    }

    /// Shrinks a question while the same law stays broken.
    fn smallest(&mut self, question: Question, (broken, answer): (Broken, Draft)) -> Found {
        let first = question.size();
        let (mut question, mut answer) = (question, answer);
        let last = self.asked + MOST_SHRINKING;
        let mut shrunk = true;
        while shrunk && self.asked < last {
            shrunk = false;
            for smaller in question.smaller(&self.hello) {
                if self.asked >= last {
                    break;
                }
                let mut ignored = false;
                match self.break_with(&smaller, &mut ignored) {
                    Ok(Some((other, with))) if other.is_alike(&broken) => {
                        // The larger question knows better by what it is explained: of few numbers many things can be said.
                        (question, answer) = (smaller, with);
                        shrunk = true;
                        break;
                    }
                    Ok(_) => {}
                    // A child that dies of a smaller question is started again; that question is not taken.
                    Err(_) => match Self::start(self.command, self.folder, self.timeout) {
                        Ok(Ok(session)) => self.child = session.child,
                        _ => break,
                    },
                }
            }
        }
        match laws::judged(&answer) {
            Ok(judgement) => Found::Law(Box::new(Finding {
                broken,
                draft: answer,
                judgement,
                sizes: [first, question.size()],
            })),
            Err(trouble) => Found::Trouble(trouble, None),
        }
    }
}
