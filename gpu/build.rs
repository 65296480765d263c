//! Compiles the CUDA kernels to PTX, where the feature `cuda` asks for it.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCES: [&str; 6] = ["moments", "planes", "divergence", "token", "samples", "laplace"];

fn main() {
    println!("cargo:rerun-if-changed=kernels");
    for variable in ["ELBO_NVCC", "NVCC", "CUDA_HOME"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    if std::env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    let nvcc = ["ELBO_NVCC", "NVCC"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    let nvcc = nvcc.unwrap_or_else(|| "nvcc".to_owned());
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    for source in SOURCES {
        let file = Path::new("kernels").join(format!("{source}.cu"));
        // compute_80: the driver compiles it for 8.0 and everything later. No contraction: fmaf stands where it is meant.
        let done = Command::new(&nvcc)
            .args(["-ptx", "-O3", "-std=c++17", "-fmad=false", "-arch=compute_80"])
            .arg(&file)
            .arg("-o")
            .arg(out.join(format!("{source}.ptx")))
            .status();
        match done {
            Ok(status) if status.success() => {}
            Ok(status) => panic!("{nvcc} does not compile {}: {status}", file.display()),
            Err(error) => panic!("the feature cuda needs nvcc; {nvcc}: {error}"),
        }
    }
}
