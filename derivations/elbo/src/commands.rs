//! The commands: each file has a command's arguments beside what runs it.

#[cfg(feature = "twin")]
pub(crate) mod agree;
pub(crate) mod bounds;
pub(crate) mod break_;
pub(crate) mod check;
#[cfg(feature = "twin")]
mod device;
#[cfg(feature = "lapack")]
pub(crate) mod fit;
mod input;
pub(crate) mod judge;
pub(crate) mod ledger;
pub(crate) mod lines;
pub(crate) mod output;
pub(crate) mod probe;
pub(crate) mod refute;
pub(crate) mod show;
mod signal;
pub(crate) mod step;
#[cfg(feature = "twin")]
pub(crate) mod sweep_beta;
#[cfg(feature = "twin")]
pub(crate) mod train;
#[cfg(feature = "twin")]
pub(crate) mod trained;
