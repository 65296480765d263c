//! Compiles the CUDA kernels to PTX, where the feature `cuda` asks for it.

use std::path::{Path, PathBuf};
use std::process::Command;

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
    let mut embedded = String::from("[");
    for source in sources() {
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
        embedded += &format!("(\"{source}\", include_str!(concat!(env!(\"OUT_DIR\"), \"/{source}.ptx\"))),");
    }
    std::fs::write(out.join("embedded.rs"), embedded + "]").expect("OUT_DIR can be written to");
}

/// The names of `kernels/*.cu`, in order.
fn sources() -> Vec<String> {
    let files = std::fs::read_dir("kernels").expect("the kernels lie beside this file");
    let paths = files.map(|file| file.expect("a directory can be listed").path());
    let cu = paths.filter(|path| path.extension().is_some_and(|end| end == "cu"));
    let mut names: Vec<String> = cu
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}
