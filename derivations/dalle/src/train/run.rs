//! The folder of a run, with its log, its saved states and its model.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use files::disk::{Lock, expect_writable, lock};
use serde_json::{Map, Value};

use super::stage::{Line, Stage as _};
use super::stages::FirstStage;
use crate::ModelError;
use crate::checkpoint::{MODEL, write_whole};

/// The name of the log in the folder. It has one JSON object a line.
pub const METRICS: &str = "metrics.jsonl";

/// A run with its folder. No other run writes to the folder as long as this value lives.
#[derive(Debug)]
pub struct Run {
    /// The path of the folder.
    pub out: PathBuf,
    /// Whether to go on with the run that lies there.
    pub resume: bool,
    _held: Lock,
}

impl Run {
    /// Makes the folder if it does not exist, and locks it.
    ///
    /// # Errors
    /// [`ModelError::Io`], and [`ModelError::Lacks`] where another run holds the lock.
    pub fn open(out: &Path, resume: bool) -> Result<Self, ModelError> {
        let held = fs::create_dir_all(out)
            .and_then(|()| lock(out))
            .map_err(|error| failed(out, error))?;
        let held = held.ok_or_else(|| ModelError::Lacks {
            what: format!("{} is written to by another training", out.display()),
            expected: "that one to end first, or another --out",
        })?;
        Ok(Self {
            out: out.to_owned(),
            resume,
            _held: held,
        })
    }

    /// Checks the folder before a stage begins. Without `resume` it must hold no earlier run of that stage. The files
    /// that the stage will write must be writable in any case.
    ///
    /// # Errors
    /// [`ModelError::Lacks`] for a run that would be overwritten, and [`ModelError::Io`].
    pub fn begin(&self, stage: &str) -> Result<(), ModelError> {
        let mut there = vec![self.checkpoint(stage)];
        if stage == FirstStage::NAME {
            there.push(self.model());
        }
        if let Some(found) = there.iter().find(|path| !self.resume && path.exists()) {
            return Err(ModelError::Lacks {
                what: format!("{} holds a run", found.display()),
                expected: "--resume to go on with it, or another --out",
            });
        }
        let left = [self.checkpoint(stage), self.model(), self.out.join(METRICS)];
        left.iter()
            .try_for_each(|path| expect_writable(path).map_err(|error| failed(path, error)))
    }

    /// The path of the saved state of a stage.
    #[must_use]
    pub fn checkpoint(&self, stage: &str) -> PathBuf {
        self.out.join(format!("{stage}.safetensors"))
    }

    /// The path of the trained model.
    #[must_use]
    pub fn model(&self) -> PathBuf {
        self.out.join(MODEL)
    }

    /// Adds a line to the log.
    pub(super) fn log(&self, line: &Line) -> Result<(), ModelError> {
        let path = self.out.join(METRICS);
        let mut object = Map::new();
        object.insert("stage".to_owned(), line.stage.into());
        object.insert("step".to_owned(), line.step.into());
        for (name, number) in &line.numbers {
            object.insert(name.clone(), Value::from(*number));
        }
        let text = Value::Object(object).to_string() + "\n";
        let write = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(text.as_bytes())
        };
        write().map_err(|error| failed(&path, error))
    }

    /// Removes the lines that a stage wrote after a step, because they will be written again.
    pub(super) fn cut_log(&self, stage: &str, step: u64) -> Result<(), ModelError> {
        let path = self.out.join(METRICS);
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(());
        };
        let kept = |line: &&str| {
            serde_json::from_str::<Value>(line)
                .is_ok_and(|value| value["stage"] != stage || value["step"].as_u64().is_some_and(|at| at <= step))
        };
        let lines: Vec<&str> = text.lines().filter(kept).collect();
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        write_whole(&path, text.as_bytes())
    }
}

fn failed(path: &Path, error: std::io::Error) -> ModelError {
    ModelError::Io {
        path: path.to_owned(),
        error,
    }
}
