//! What most programs that ask `elbo` something need: `use elbo::prelude::*`.

pub use crate::bounds::{Arithmetic, Float, Order};
pub use crate::dump::{Axis, ClaimSpec, Decoder, Dump, DumpBuilder, Layout, Parameter, Prior, Quantity};
pub use crate::{Judgement, LineId, Reading, Verdict, World};
pub use reference::model::Model as _;
pub use reference::world::Tables;
