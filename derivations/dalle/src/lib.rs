//! DALL-E at the size of an emoji. From captioned images it trains three networks: encoder, decoder and transformer.
//!
//! # Scope
//!
//! This package holds what stands between the networks and the bound. The networks are in `gpu::network`, and
//! `reference::network` says what they compute. Here are the data and their [split](data), captions as [tokens](text),
//! and [training](train) in two stages, whose state can be saved and resumed to the bit. Here are also the
//! [evaluation](evaluate) of every term of the bound, and [sampling](sample) along the graphical model.
//!
//! # Reading order
//!
//! [`config`], [`data`], [`text`], [`noise`], [`parameters`], [`objective`], [`optimiser`], [`checkpoint`], [`train`],
//! [`chance`], [`evaluate`], [`sample`], [`export`], [`sweep`]. Then the reports and [`checks`].

pub mod chance;
pub mod checkpoint;
pub mod checks;
pub mod config;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod export;
mod finite;
pub mod network;
pub mod noise;
pub mod objective;
pub mod optimiser;
pub mod parameters;
pub mod picture;
mod possible;
pub mod report;
pub mod sample;
pub mod sweep;
pub mod text;
pub mod train;

pub use error::ModelError;
