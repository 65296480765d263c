//! A dump holds the inputs of an objective and the numbers that somebody's code claims for it. The format is described
//! in `dump-format.md`.
//!
//! [`open`] and [`from_bytes`] read a dump. It may be larger than memory, because its header is read and checked at
//! once, and its tensors one item of the batch at a time. Whatever the bytes, opening ends in a [`Dump`] whose
//! statement fits its tensors, or in an error of one sentence.

use std::path::Path;

use bounds::Float;
use reference::model::Model as _;
use reference::world::World;
use typeset::plural::count;

use worlds::case::storage::Part;
use worlds::case::{FileError, Renormalised};

use crate::noise::Law;

mod axis;
mod builder;
mod claim;
mod claimed;
mod element;
mod format;
mod inputs;
mod npz;
mod padding;
mod quantity;
mod read;
mod requirements;
mod shape;
mod sizes;
mod statement;
mod table;
mod tensors;
mod words;

pub use axis::{Axis, Role};
pub use builder::DumpBuilder;
pub use claim::{Claim, Kept};
pub use claimed::Claimed;
pub use element::Element;
pub use format::{FORMAT, KEY};
pub use inputs::{Gaussian, Item, Numbers, Pixels, Sequence, Tokens};
pub(crate) use quantity::Expectation;
pub use quantity::{Input, Quantity};
pub use sizes::Sizes;
pub use statement::{ClaimSpec, Schedule, Shape, Statement, Text, Vocabulary};
pub use table::Table;
pub use tensors::TensorFile;
pub use words::{Decoder, Form, Layout, NoiseKind, Parameter, Prior, Unit};

/// An open dump, whose statement agrees with its tensors.
#[derive(Debug)]
pub struct Dump {
    /// The path or name of the dump.
    pub name: String,
    /// The statement of the subject, which is the code that wrote the dump.
    pub statement: Statement,
    /// The sizes of the inputs.
    pub sizes: Sizes,
    /// The claims, in the order of the derivation.
    pub claims: Vec<Claim>,
    /// The worlds of a dump of worlds.
    worlds: Vec<World>,
    /// What renormalising changed, if it was asked for.
    renormalised: Option<Vec<Renormalised>>,
    source: TensorFile,
}

/// Opens a dump: a safetensors file, or `NAME.npz` of `NumPy` with the statement in `NAME.json`.
///
/// # Errors
/// [`FileError::In`] with the path and what is wrong in it.
pub fn open(path: &Path) -> Result<Dump, FileError> {
    open_as(path, false)
}

/// Opens a dump as [`open`] does. Tables of worlds may miss 1 by any amount: each distribution is divided by its sum, and
/// the judgement says how far it was off.
///
/// # Errors
/// As [`open`].
pub fn open_renormalised(path: &Path) -> Result<Dump, FileError> {
    open_as(path, true)
}

fn open_as(path: &Path, renormalise: bool) -> Result<Dump, FileError> {
    let name = path.display().to_string();
    let source = if npz::is_npz(path) {
        npz::read(path)
    } else {
        TensorFile::open(path)
    };
    let source = source.map_err(|error| error.in_file(&name))?;
    Dump::new(&name, source, renormalise).map_err(|error| match error {
        // Whatever is wrong with an array is found above.
        FileError::Statement { .. } | FileError::Unreadable { .. } if npz::is_npz(path) => {
            error.in_file(&path.with_extension("json").display().to_string())
        }
        error => error.in_file(&name),
    })
}

/// Reads a dump from bytes. `name` stands in errors.
///
/// # Errors
/// [`FileError::In`] with the name and what is wrong.
pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Dump, FileError> {
    TensorFile::of(bytes)
        .and_then(|source| Dump::new(name, source, false))
        .map_err(|error| error.in_file(name))
}

/// Refuses inputs that no dump may have, whatever is claimed for them. The statement and the sizes are checked as by
/// [`from_bytes`].
///
/// # Errors
/// [`FileError`]: what is wrong with them.
pub(crate) fn expect_inputs(bytes: Vec<u8>) -> Result<(), FileError> {
    let source = TensorFile::of(bytes)?;
    let statement = Statement::of(source.metadata())?;
    source.expect_names()?;
    Sizes::of(&source, &statement).map(|_| ())
}

/// Refuses a table of `q` over captions that no reading is stated for. It would not be used, without a word.
fn expect_a_reading(source: &TensorFile, statement: &Statement) -> Result<(), FileError> {
    let tables = ["ln_q_y_given_x", "ln_q_yz_given_x"];
    match tables.into_iter().find(|name| source.has(name)) {
        Some(name) if statement.reading.is_none() => Err(statement::refuse(
            "reading",
            &format!("missing beside {name}"),
            "observed, pointwise, joint, footnote or expected: what q(y,z|x) stands for",
        )),
        _ => Ok(()),
    }
}

impl Dump {
    fn new(name: &str, source: TensorFile, renormalise: bool) -> Result<Self, FileError> {
        let statement = Statement::of(source.metadata())?;
        source.expect_names()?;
        let (worlds, changes) = match statement.inputs {
            Form::Worlds => {
                expect_a_reading(&source, &statement)?;
                source.worlds(renormalise)?
            }
            _ => (Vec::new(), Vec::new()),
        };
        let mut sizes = Sizes::of(&source, &statement)?;
        if let Some(first) = worlds.first() {
            (sizes.batch, sizes.codes) = (worlds.len(), first.codes());
        }
        let claims = read::all(&source, &statement, &sizes)?;
        Ok(Self {
            name: name.to_owned(),
            statement,
            sizes,
            claims,
            worlds,
            renormalised: renormalise.then_some(changes),
            source,
        })
    }

    /// The inputs of one item of the batch.
    ///
    /// # Errors
    /// [`FileError::In`] for a number that is not allowed, or a file that cannot be read.
    pub fn item(&self, batch: usize) -> Result<Item, FileError> {
        if let Some(world) = self.worlds.get(batch) {
            return Ok(Item::World(Box::new(world.clone())));
        }
        Item::read(&self.source, &self.statement, &self.sizes, batch).map_err(|error| error.in_file(&self.name))
    }

    /// The weight on the divergence.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.worlds
            .first()
            .map_or_else(|| self.statement.beta(), |world| world.beta().get())
    }

    /// The tensor of noise, its law and its type, where the dump has one that it does not state to be chosen.
    pub(crate) fn noise(&self) -> Option<(&'static str, Law, Float)> {
        let (name, law) = match self.statement.inputs {
            Form::Tokens if self.source.has("gumbel_uniform") => ("gumbel_uniform", Law::Uniform),
            Form::Tokens => ("gumbel_noise", Law::Gumbel),
            Form::Gaussian => ("noise", Law::Normal),
            Form::Sequence | Form::Worlds => return None,
        };
        if self.statement.noise == NoiseKind::Chosen || !self.source.has(name) {
            return None;
        }
        let stored = shape::expect_float(name, self.source.info(name).ok()?.dtype).ok()?;
        Some((name, law, stored))
    }

    /// Sentences about what renormalising changed, if it was asked for.
    pub(crate) fn changes(&self) -> Vec<String> {
        let Some(changes) = &self.renormalised else {
            return Vec::new();
        };
        if changes.is_empty() {
            return vec![
                "every distribution adds up to 1 as far as its type can tell: nothing was renormalised".to_owned(),
            ];
        }
        let sentence = |change: &Renormalised| {
            format!(
                "{} was renormalised, and claims are held against what it is now: of its {} the sum that was furthest from 1 missed it by {:.1e}",
                change.tensor,
                count(change.distributions, "distribution"),
                change.most
            )
        };
        changes.iter().map(sentence).collect()
    }

    /// The numbers of a claim that belong to one item, or all of them for a claim without a batch.
    ///
    /// # Errors
    /// Those of [`Dump::item`].
    pub fn claimed(&self, claim: &Claim, batch: Option<usize>) -> Result<Vec<f64>, FileError> {
        self.stored(claim, batch).map(|part| part.values())
    }

    /// The same numbers as they are stored.
    ///
    /// # Errors
    /// Those of [`Dump::item`].
    pub fn stored(&self, claim: &Claim, batch: Option<usize>) -> Result<Part, FileError> {
        let numbers = match batch {
            Some(batch) => self.source.item(claim.tensor, batch),
            None => self.source.whole(claim.tensor),
        };
        numbers.map_err(|error| error.in_file(&self.name))
    }
}
