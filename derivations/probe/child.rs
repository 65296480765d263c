//! The child process and its lines. Whatever it does, nobody waits longer than the time-out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use files::header;
use serde::Deserialize;
use serde_json::json;

use super::hello::Hello;
use crate::case::{CaseError, load};
use crate::dump::Draft;
use crate::render::wrap::one_line;

/// The longest line that a child may write.
const LONGEST: u64 = 1 << 20;

/// How long words may be on their way from a child that is no longer there.
const SPOKEN: Duration = Duration::from_millis(5);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing came.
    #[error("the child did not answer within {seconds} s, to {to}")]
    Silent {
        /// What was asked.
        to: String,
        /// The time-out.
        seconds: String,
    },
    /// It ended.
    #[error("the child ended ({status}) instead of answering, to {to}")]
    Ended {
        /// What was asked.
        to: String,
        /// How.
        status: String,
    },
    /// Something came that is no answer.
    #[error("the child's answer to {to} is no answer: {reason}")]
    Garbage {
        /// What was asked.
        to: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It says that it cannot.
    #[error("the child refused {to}: {reason}")]
    Refused {
        /// What was asked.
        to: String,
        /// Its words.
        reason: String,
    },
}

/// A line of a child.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    question: u64,
    error: Option<String>,
}

/// A running child.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    input: Option<ChildStdin>,
    lines: Receiver<std::io::Result<String>>,
    timeout: Duration,
}

impl Child {
    /// Starts a command.
    ///
    /// # Errors
    /// [`CaseError::Io`] where it cannot be started.
    pub fn start(command: &[String], timeout: Duration) -> Result<Self, CaseError> {
        let (program, args) = command
            .split_first()
            .map_or(("", &[][..]), |(program, args)| (program.as_str(), args));
        let io = |error| {
            CaseError::Io {
                doing: "started",
                error,
            }
            .in_file(program)
        };
        let mut process = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(io)?;
        let (sender, lines) = channel();
        if let Some(output) = process.stdout.take() {
            std::thread::spawn(move || {
                let mut output = BufReader::new(output);
                loop {
                    let mut line = Vec::new();
                    let read = output.by_ref().take(LONGEST).read_until(b'\n', &mut line);
                    let line = read.map(|_| String::from_utf8_lossy(&line).into_owned());
                    let last = line.as_ref().map_or(true, String::is_empty);
                    if last || sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self {
            input: process.stdin.take(),
            process,
            lines,
            timeout,
        })
    }

    /// The greeting.
    pub(super) fn greet(&mut self) -> Result<Hello, Trouble> {
        let to = "the greeting";
        let line = self.exchange(&json!({"elbo-probe": 1}).to_string(), to)?;
        Hello::of(&line).map_err(|reason| garbage(to, &reason, &line))
    }

    /// One question: the draft with the claims that the child adds.
    pub(super) fn ask(&mut self, number: u64, mut draft: Draft, folder: &Path) -> Result<Draft, Trouble> {
        let to = &format!("question {number}");
        let [asked, answer] = ["question", "answer"].map(|what| folder.join(format!("{number}.{what}.safetensors")));
        let own = |reason: String| Trouble::Refused {
            to: to.clone(),
            reason: format!("it could not be written, {reason}"),
        };
        std::fs::write(&asked, draft.bytes()).map_err(|error| own(error.to_string()))?;
        let line = json!({"question": number, "inputs": asked, "answer": answer}).to_string();
        let line = self.exchange(&line, to)?;
        let reply: Reply = serde_json::from_str(&line).map_err(|error| garbage(to, &error.to_string(), &line))?;
        if let Some(reason) = reply.error {
            return Err(Trouble::Refused {
                to: to.clone(),
                reason: one_line(&reason),
            });
        }
        if reply.question != number {
            return Err(garbage(to, &format!("it is about question {}", reply.question), &line));
        }
        let bytes = load(&answer).map_err(|error| garbage(to, &format!("its file cannot be read, {error}"), &line))?;
        let (header, data) = header::read(&bytes).map_err(|error| garbage(to, &error.to_string(), &line))?;
        for (name, info) in header.tensors.iter().filter(|(name, _)| name.starts_with("claim.")) {
            let (begin, end) = info.data_offsets;
            let bytes = data.get(begin..end).unwrap_or_default().to_vec();
            draft.add(name, info.dtype, &info.shape, bytes);
        }
        let _ = std::fs::remove_file(asked).and_then(|()| std::fs::remove_file(answer)); // the folder goes in any case
        Ok(draft)
    }

    /// A line there, a line back.
    fn exchange(&mut self, line: &str, to: &str) -> Result<String, Trouble> {
        let sent = self
            .input
            .as_mut()
            .map(|input| writeln!(input, "{line}").and_then(|()| input.flush()));
        // One that does not listen may have spoken before it ended.
        let timeout = if matches!(sent, Some(Ok(()))) {
            self.timeout
        } else {
            SPOKEN
        };
        match self.lines.recv_timeout(timeout) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(garbage(to, &error.to_string(), "")),
            Err(RecvTimeoutError::Timeout) if timeout < self.timeout => Err(self.ended(to)),
            Err(RecvTimeoutError::Timeout) => Err(Trouble::Silent {
                to: to.to_owned(),
                seconds: self.timeout.as_secs_f64().to_string(),
            }),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended(to)),
        }
    }

    fn ended(&mut self, to: &str) -> Trouble {
        // Its output is closed: it ends soon, or is made to.
        let mut status = None;
        for _ in 0..50 {
            status = self.process.try_wait().ok().flatten();
            if status.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Trouble::Ended {
            to: to.to_owned(),
            status: status.map_or_else(|| "its output is closed".to_owned(), |status| status.to_string()),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn garbage(to: &str, reason: &str, line: &str) -> Trouble {
    let line: String = one_line(line).chars().take(80).collect();
    let line = if line.is_empty() {
        String::new()
    } else {
        format!(" (it wrote {line:?})")
    };
    Trouble::Garbage {
        to: to.to_owned(),
        reason: one_line(reason) + &line,
    }
}
