//! DALL-E at the size of an emoji: captioned images in, three trained networks out.
//!
//! # Scope
//!
//! What stands between the networks (`gpu::network`, and `reference::network` which says what they compute) and the bound: data and its
//! [split](data), captions as [tokens](text), [training](train) in two stages with a state that can be saved and taken up again bit by bit,
//! [evaluation](evaluate) of every term of the bound, [sampling](sample) along the graphical model.
//!
//! # Reading order
//!
//! [`config`], [`data`], [`text`], [`noise`], [`parameters`], [`objective`], [`optimiser`], [`checkpoint`], [`train`], [`chance`], [`evaluate`], [`sample`], [`export`], [`sweep`].

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
