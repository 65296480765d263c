//! The commands. Each file has the arguments of a command and the function that runs it.

#[cfg(feature = "twin")]
pub(crate) mod agree;
#[cfg(feature = "judge")]
pub(crate) mod bounds;
pub(crate) mod break_;
pub(crate) mod check;
#[cfg(feature = "twin")]
mod device;
#[cfg(feature = "lapack")]
pub(crate) mod fit;
mod input;
#[cfg(feature = "judge")]
pub(crate) mod judge;
pub(crate) mod ledger;
#[cfg(feature = "walkthrough")]
pub(crate) mod lines;
#[cfg(feature = "walkthrough")]
mod named;
pub(crate) mod output;
#[cfg(feature = "judge")]
pub(crate) mod probe;
pub(crate) mod refute;
#[cfg(feature = "walkthrough")]
pub(crate) mod show;
#[cfg(any(feature = "judge", feature = "twin"))]
mod signal;
#[cfg(feature = "walkthrough")]
pub(crate) mod step;
#[cfg(feature = "twin")]
pub(crate) mod sweep_beta;
#[cfg(feature = "twin")]
pub(crate) mod train;
#[cfg(feature = "twin")]
pub(crate) mod trained;
