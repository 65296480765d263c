//! The power of a dump: which errors its claims would show.

use crate::dump::Quantity;

/// What a claim of a dump would show.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimPower {
    /// The quantity that is claimed.
    pub quantity: Quantity,
    /// The smallest share by which all of its numbers may be wrong at once so that one is certainly out of bound:
    /// `min 2 bound / |number|`. It is infinite where no number shows it.
    pub notices: f64,
    /// The largest error that may be hidden in it, relative to it: the norm of the bounds over that of the numbers. An
    /// adversary who moves every number to its bound reaches it.
    pub hides: f64,
    /// The known mistakes that it would certainly show, in the order of their table.
    pub noticed: Vec<&'static str>,
    /// The known mistakes that change it by less than its bounds.
    pub hidden: Vec<&'static str>,
}

/// What a dump would show.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// Its claims, in the order of the derivation.
    pub claims: Vec<ClaimPower>,
    /// The known mistakes on inputs of this form that change no number of any claim here: a weight of 1 hides a missing
    /// weight, and a claim that is not there shows nothing.
    pub silent: Vec<&'static str>,
}
