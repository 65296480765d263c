//! What a child says of itself when it is greeted.

use std::collections::BTreeMap;

use files::words::plain;
use serde::Deserialize;
use serde_json::Value;

use crate::dump::{Axis, Form, Statement};

/// A child's first line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The statement of all its answers, as a dump has it.
    pub statement: Value,
    /// The lengths of axes that it cannot vary.
    #[serde(default)]
    pub sizes: BTreeMap<Axis, usize>,
    /// The same statement, read.
    #[serde(skip)]
    pub read: Option<Statement>,
}

impl Hello {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(line: &str) -> Result<Self, String> {
        let mut hello: Self = serde_json::from_str(line).map_err(|error| plain(&error.to_string()))?;
        let statement = Statement::read(&hello.statement.to_string())
            .map_err(|(key, why)| format!("the statement's {key} cannot be read: {why}"))?;
        if statement.inputs == Form::Worlds {
            return Err("statement: inputs is worlds, expected tokens, sequence or gaussian".to_owned());
        }
        if let Some((axis, length)) = hello.sizes.iter().find(|(_, length)| !(1..=1 << 16).contains(*length)) {
            return Err(format!("sizes: {} is {length}, expected 1 to 65536", axis.name()));
        }
        hello.read = Some(statement);
        Ok(hello)
    }

    /// The length of an axis: the child's own, or ours.
    #[must_use]
    pub fn length(&self, axis: Axis, ours: usize) -> usize {
        self.sizes.get(&axis).copied().unwrap_or(ours)
    }

    /// Whether it is a model that gets tokens alone.
    #[must_use]
    pub fn is_model(&self) -> bool {
        let statement = self.read.as_ref();
        statement.is_some_and(|statement| statement.inputs == Form::Sequence && statement.text.is_none())
    }

    /// Of a model that takes so many rows and no others: how many.
    #[must_use]
    pub fn rows_at_once(&self) -> Option<usize> {
        self.sizes.get(&Axis::Batch).copied().filter(|_| self.is_model())
    }
}
