//! Reads what a child says about itself when it is greeted. It is checked like the statement of a dump before any
//! question is drawn.

use std::collections::BTreeMap;

use files::json::expect_keys_once;
use files::words::without_types;
use serde::Deserialize;
use serde_json::Value;

use crate::dump::{Axis, Form, Layout, Quantity, Statement};

/// The first line of a child.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a statement")]
pub struct Hello {
    /// The statement of all its answers, as in a dump.
    pub statement: Value,
    /// The lengths of the axes that it cannot vary.
    #[serde(default)]
    pub sizes: BTreeMap<Axis, usize>,
    /// The same statement, parsed.
    #[serde(skip)]
    pub read: Option<Statement>,
}

impl Hello {
    /// Reads the line.
    ///
    /// # Errors
    /// A sentence about what is wrong: a statement that `judge` would refuse, or sizes for which there is no question.
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

    /// The length of an axis: the child's if it has one, or else `ours`.
    #[must_use]
    pub fn length(&self, axis: Axis, ours: usize) -> usize {
        self.sizes.get(&axis).copied().unwrap_or(ours)
    }

    /// Whether the child is a model whose questions hold tokens alone.
    #[must_use]
    pub fn is_model(&self) -> bool {
        let statement = self.read.as_ref();
        statement.is_some_and(|statement| statement.inputs == Form::Sequence && statement.text.is_none())
    }

    /// Whether the child takes codes in planes.
    #[must_use]
    pub fn has_planes(&self) -> bool {
        let statement = self.read.as_ref();
        statement.is_some_and(|statement| statement.layout == Some(Layout::Planes))
    }

    /// For a model that takes a fixed number of rows: that number.
    #[must_use]
    pub fn rows_at_once(&self) -> Option<usize> {
        self.sizes.get(&Axis::Batch).copied().filter(|_| self.is_model())
    }
}
