//! What a child says of itself when it is greeted, held against what `judge` asks of a dump before anything is drawn for it.

use std::collections::BTreeMap;

use files::json::expect_keys_once;
use files::words::without_types;
use serde::Deserialize;
use serde_json::Value;

use crate::dump::{Axis, Form, Layout, Quantity, Statement};

/// A child's first line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a statement")]
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
    /// What is wrong with it: what `judge` refuses, or sizes of which no question can be made.
    pub fn of(line: &str) -> Result<Self, String> {
        let mut hello: Self = serde_json::from_str(line).map_err(|error| without_types(&error.to_string()))?;
        expect_keys_once(line)?;
        if !hello.statement.is_object() {
            return Err("the statement is no object, expected the statement of a dump".to_owned());
        }
        let statement = Statement::checked(&hello.statement.to_string()).map_err(|error| error.to_string())?;
        if statement.inputs == Form::Worlds {
            return Err("statement: inputs is worlds, expected tokens, sequence or gaussian".to_owned());
        }
        if statement.claims.is_empty() {
            return Err("statement: claims is empty, expected at least one".to_owned());
        }
        let known = |name: &str| Quantity::ALL.iter().any(|quantity| quantity.name() == name);
        if let Some(name) = statement.claims.keys().find(|name| !known(name)) {
            return Err(format!("statement: claims.{name} is no quantity of a dump"));
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

    /// Whether codes lie in planes.
    #[must_use]
    pub fn has_planes(&self) -> bool {
        let statement = self.read.as_ref();
        statement.is_some_and(|statement| statement.layout == Some(Layout::Planes))
    }

    /// Of a model that takes so many rows and no others: how many.
    #[must_use]
    pub fn rows_at_once(&self) -> Option<usize> {
        self.sizes.get(&Axis::Batch).copied().filter(|_| self.is_model())
    }
}
