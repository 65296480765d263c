//! The numbered lines of the note over a batch of finite worlds, in the order of the argument. Each line is one
//! function.
//!
//! The functions mirror those of `reference::equations` by name, and share no code with them.

pub mod bound;
pub mod joint;
pub mod objective;
pub mod split;

pub use bound::{
    eq03_log_evidence, eq04_multiplied_by_one, eq05_log_expected_ratio, eq06_expected_log_ratio, eq07_log_quotient,
    eq08_networks, eq09_log_product,
};
pub use joint::{eq02_graphical_model, eq02_networks};
pub use objective::{divergence, eq01_objective, eq13_kl_named, eq14_objective, expected_log_likelihood};
pub use split::{eq10_add_and_subtract, eq11_product_of_encoders, eq12_joint_encoder};
