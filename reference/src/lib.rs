//! The derivation of DALL-E's ELBO in plain loops: `ndarray`, `f64`, log space.
//!
//! # Scope
//!
//! Every line of the note "The Equations Behind DALL-E", Eqs. 1 to 14, is one function that computes the line *as
//! printed* on a [`model::Model`], such as a finite [`world::World`]; the slack between two lines is a function of its
//! own that shares no code with the sides it separates. Speed is not a goal: this crate is read, and believed, before
//! it is run.
//!
//! # Notation
//!
//! | symbol | meaning | here |
//! |---|---|---|
//! | `x` | the observed image | fixed in a `World` |
//! | `y` | caption, `Y` of them; one is observed | `World::y` |
//! | `z` | image code, `Z` of them | summed over |
//! | `p(x\|y,z)` | decoder, the likelihood at the observed `x` | `ln_p_x_given_yz` `[Y, Z]` |
//! | `p(y,z)` | transformer, the prior | `ln_p_yz` `[Y, Z]` |
//! | `q(z\|x)` | encoder | `ln_q_z` `[Z]` |
//! | `q(y\|x)` | the caption's probability mass | `ln_q_y` `[Y]` |
//! | `q(y,z\|x)` | what the note makes of the two | `ln_q_yz` `[Y, Z]`, the product unless given |
//!
//! Logarithms are natural, so that the unit is the nat. `-inf` is a value, the logarithm of a probability of 0; NaN
//! never is. `0 ln 0 = 0`, and an expectation sums over the support of its distribution only.
//!
//! # Reading order
//!
//! Begin with [`vocab`] (a package of its own, which the twin sees too), [`special`], [`model`] and [`world`]. Then
//! come [`equations`] (`joint`, `bound`, `split`, `objective`), [`slack`], [`critical`] and [`repairs`].
//!
//! The same quantities from a network's logits are in [`logits`], and those of normally distributed codes in
//! [`diagonal`]. Samples of a discrete code are in [`relaxation`], and the decoder's density is in [`likelihood`]. The
//! loss of text and image tokens is in [`sequence`]. Weights and temperatures that move are in [`schedule`]. The
//! networks themselves are in [`network`].
//!
//! # Example
//!
//! ```
//! use ndarray::array;
//! use reference::equations::bound::{eq03_log_evidence, eq09_log_product};
//! use reference::slack::Slack as _;
//! use reference::world::{Tables, World};
//!
//! let world = World::new(Tables {
//!     ln_p_x_given_yz: array![[0.5_f64, 0.25]].mapv(f64::ln),
//!     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
//!     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
//!     ln_q_y_given_x: array![0.0],
//!     ln_q_yz_given_x: None,
//!     y: 0,
//!     beta: 1.0,
//! })?;
//! // ln p(x,y) = ELBO + KL(q(z|x) || p(z|x,y))
//! let (evidence, elbo, gap) = (eq03_log_evidence(&world)?, eq09_log_product(&world)?, world.posterior_gap()?);
//! assert!((evidence - elbo - gap).value().abs() < 1e-15);
//! # Ok::<(), reference::vocab::Error>(())
//! ```

pub mod categorical;
pub mod critical;
pub mod diagonal;
pub mod equations;
#[cfg(feature = "lapack")]
pub mod gaussian;
pub mod likelihood;
pub mod logits;
pub mod model;
pub mod network;
pub mod relaxation;
pub mod repairs;
pub mod schedule;
pub mod sequence;
pub mod slack;
pub mod special;
pub mod world;

pub use vocab;
