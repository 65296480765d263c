//! Links the system's `openblas`, which has LAPACK in it.
//!
//! It is said here and not through a backend of `ndarray-linalg`: that one brings in what would download it and build it, some thirty crates
//! with a TLS stack among them, for a library that is already there.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_LAPACK").is_none() {
        return;
    }
    // Homebrew keeps it where the linker does not look.
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "macos")
        && let Ok(told) = Command::new("brew").args(["--prefix", "openblas"]).output()
        && told.status.success()
    {
        println!(
            "cargo:rustc-link-search={}/lib",
            String::from_utf8_lossy(&told.stdout).trim()
        );
    }
    println!("cargo:rustc-link-lib=dylib=openblas");
}
