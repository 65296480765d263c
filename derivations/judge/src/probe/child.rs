//! A running child: sends it questions and reads its answers.

use std::path::Path;
use std::time::Duration;

use files::header;
use serde::Deserialize;
use serde_json::json;
use typeset::words::one_line;
use worlds::case::FileError;

use super::answer;
use super::hello::Hello;
use super::options::Options;
use super::process::{Process, Silence};
use super::question::Question;
use crate::dump::DumpBuilder;

/// The reason why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing came within the time-out.
    #[error("the child did not answer within {seconds} s ({option}), to {to}")]
    Silent {
        /// The question or the greeting.
        to: String,
        /// The time-out, in seconds.
        seconds: String,
        /// The option that sets it.
        option: &'static str,
    },
    /// The child ended.
    #[error("the child ended ({status}) instead of answering, to {to}")]
    Ended {
        /// The question or the greeting.
        to: String,
        /// The exit status.
        status: String,
    },
    /// A line came that is not an answer.
    #[error("the child's answer to {to} is no answer: {reason}")]
    Garbage {
        /// The question or the greeting.
        to: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The child said that it cannot answer.
    #[error("the child refused {to}: {reason}")]
    Refused {
        /// The question or the greeting.
        to: String,
        /// The child's own words.
        reason: String,
    },
    /// The user told the program to end.
    #[error("interrupted before the child answered, to {to}")]
    Interrupted {
        /// The question or the greeting.
        to: String,
    },
}

/// A line with which a child answers a question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the number of the question")]
struct Reply {
    question: u64,
    error: Option<String>,
}

/// A running child.
#[derive(Debug)]
pub(super) struct Child {
    process: Process,
    options: Options,
}

impl Child {
    /// Starts the command as a child process.
    ///
    /// # Errors
    /// [`FileError::Io`] when it cannot be started.
    pub(super) fn start(command: &[String], options: Options) -> Result<Self, FileError> {
        let (program, args) = command
            .split_first()
            .map_or(("", &[][..]), |(program, args)| (program.as_str(), args));
        let process = Process::start(program, args).map_err(|error| {
            let doing = "started";
            FileError::Io { doing, error }.in_file(program)
        })?;
        Ok(Self { process, options })
    }

    /// Greets the child, and reads what it says about itself.
    pub(super) fn greet(&mut self) -> Result<Hello, NoAnswer> {
        let to = "the greeting";
        let start = (self.options.start, "--start-timeout");
        let line = self.exchange(&json!({"elbo-probe": 1}).to_string(), to, start)?;
        let hello = Hello::of(&line).and_then(|hello| Question::expect_inputs(&hello).map(|()| hello));
        hello.map_err(|reason| garbage(to, &reason, &line))
    }

    /// Asks one question. The result is the draft with the claims that the child adds.
    pub(super) fn ask(&mut self, number: u64, mut draft: DumpBuilder, folder: &Path) -> Result<DumpBuilder, NoAnswer> {
        let to = &format!("question {number}");
        let [asked, answer] = ["question", "answer"].map(|what| folder.join(format!("{number}.{what}.safetensors")));
        let own = |reason: String| NoAnswer::Refused {
            to: to.clone(),
            reason: format!("it could not be written, {reason}"),
        };
        let question = draft.bytes();
        std::fs::write(&asked, &question).map_err(|error| own(error.to_string()))?;
        let most = answer::most_bytes(question.len());
        drop(question);
        let line = json!({"question": number, "inputs": asked, "answer": answer}).to_string();
        let line = self.exchange(&line, to, (self.options.timeout, "--timeout"))?;
        let reply: Reply = serde_json::from_str(&line).map_err(|error| garbage(to, &error.to_string(), &line))?;
        if let Some(reason) = reply.error {
            return Err(NoAnswer::Refused {
                to: to.clone(),
                reason: one_line(&reason),
            });
        }
        if reply.question != number {
            return Err(garbage(to, &format!("it is about question {}", reply.question), &line));
        }
        let unreadable = |error| garbage(to, &format!("its file cannot be read, {error}"), &line);
        let bytes = answer::read(&answer, most).map_err(unreadable)?;
        let (header, data) = header::read(&bytes).map_err(|error| garbage(to, &error.to_string(), &line))?;
        for (name, info) in header.tensors.iter().filter(|(name, _)| name.starts_with("claim.")) {
            let (begin, end) = info.data_offsets;
            let bytes = data.get(begin..end).unwrap_or_default().to_vec();
            draft.add(name, info.dtype, &info.shape, bytes);
        }
        let _ = std::fs::remove_file(asked).and_then(|()| std::fs::remove_file(answer)); // The folder is deleted later.
        Ok(draft)
    }

    /// Sends a line and reads one back.
    fn exchange(
        &mut self,
        line: &str,
        to: &str,
        (timeout, option): (Duration, &'static str),
    ) -> Result<String, NoAnswer> {
        let Options { stop, .. } = self.options;
        let to = to.to_owned();
        self.process
            .exchange(line, timeout, stop)
            .map_err(|silence| match silence {
                Silence::Late => NoAnswer::Silent {
                    to,
                    seconds: timeout.as_secs_f64().to_string(),
                    option,
                },
                Silence::Ended(status) => NoAnswer::Ended {
                    to,
                    status: status.map_or_else(|| "its output is closed".to_owned(), |status| status.to_string()),
                },
                Silence::Unreadable(error) => garbage(&to, &error.to_string(), ""),
                Silence::Interrupted => NoAnswer::Interrupted { to },
            })
    }
}

fn garbage(to: &str, reason: &str, line: &str) -> NoAnswer {
    let line: String = one_line(line).chars().take(80).collect();
    let line = if line.is_empty() {
        String::new()
    } else {
        format!(" (it wrote {line:?})")
    };
    NoAnswer::Garbage {
        to: to.to_owned(),
        reason: one_line(reason) + &line,
    }
}
