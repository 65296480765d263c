//! Compiles the CUDA kernels to PTX and writes the jumps to the driver's functions, where the feature `cuda` asks for it.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=kernels");
    println!("cargo:rerun-if-changed=src/device/driver.txt");
    println!("cargo:rustc-check-cfg=cfg(driver_is_loaded)");
    for variable in ["ELBO_NVCC", "NVCC", "CUDA_HOME", "ELBO_CUDA_ARCHITECTURES"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    if std::env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    if let Some(jumps) = jumps() {
        println!("cargo:rustc-cfg=driver_is_loaded");
        std::fs::write(out.join("driver.rs"), jumps).expect("OUT_DIR can be written to");
    }
    let nvcc = ["ELBO_NVCC", "NVCC"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    let nvcc = nvcc.unwrap_or_else(|| "nvcc".to_owned());
    let architectures = std::env::var("ELBO_CUDA_ARCHITECTURES").unwrap_or_else(|_| "80".to_owned());
    let mut embedded = String::from("[");
    for architecture in architectures.split(',') {
        let compiled = sources().into_iter().map(|source| {
            let ptx = out.join(format!("{source}-{architecture}.ptx"));
            compile(&nvcc, &source, architecture, &ptx);
            format!("(\"{source}\", include_str!(concat!(env!(\"OUT_DIR\"), \"/{source}-{architecture}.ptx\"))),")
        });
        embedded += &format!("(\"{architecture}\", &[{}]),", compiled.collect::<String>());
    }
    std::fs::write(out.join("embedded.rs"), embedded + "]").expect("OUT_DIR can be written to");
}

/// `compute_80`: the driver compiles it for 8.0 and everything later. No contraction: fmaf stands where it is meant.
fn compile(nvcc: &str, source: &str, architecture: &str, ptx: &Path) {
    let file = Path::new("kernels").join(format!("{source}.cu"));
    let mut command = Command::new(nvcc);
    command.args(["-ptx", "-O3", "-std=c++17", "-fmad=false"]);
    command.arg(format!("-arch=compute_{architecture}"));
    match command.arg(&file).arg("-o").arg(ptx).status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{nvcc} does not compile {}: {status}", file.display()),
        Err(error) => panic!("the feature cuda needs nvcc; {nvcc}: {error}"),
    }
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

/// How many functions `src/device/driver.txt` names, and for each a symbol of its name: a jump through its place in `PLACES`.
/// Nothing for a machine whose jumps are not known: there the library is linked.
fn jumps() -> Option<String> {
    let target = ["CARGO_CFG_TARGET_OS", "CARGO_CFG_TARGET_ARCH"].map(|name| std::env::var(name).unwrap_or_default());
    let x86 = match target.each_ref().map(String::as_str) {
        ["linux", "x86_64"] => true,
        ["linux", "aarch64"] => false,
        _ => return None,
    };
    let names = std::fs::read_to_string("src/device/driver.txt").expect("the list lies below this file");
    let mut code = format!(
        "const COUNT: usize = {};\nstd::arch::global_asm!(r\"\n.text\n",
        names.lines().count()
    );
    for (i, name) in names.lines().enumerate() {
        let place = format!("{{places}} + {}", 8 * i);
        let jump = if x86 {
            format!("jmp qword ptr [rip + {place}]")
        } else {
            format!("adrp x16, {place}\nldr x16, [x16, :lo12:{place}]\nbr x16")
        };
        code += &format!(".globl {name}\n.type {name}, %function\n{name}:\n{jump}\n");
    }
    Some(code + "\", places = sym PLACES);\n")
}
