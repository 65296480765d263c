//! The emulated driver without candle and cudarc: memory, a launch, the numbers back.
//!
//! `cargo run --release --package elbo-simt --example raw`
#![allow(clippy::print_stdout, reason = "it prints what it found")]

use std::error::Error;
use std::path::Path;

use gpu::kernels::{Memory as _, Stored, Table, kl_to_uniform};
use simt::driver::{Driver, build};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = Path::new("target/emulated");
    build(folder)?;
    let driver = &Driver::load(folder)?;
    let logits = [[0.0_f32, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 5.0]];
    let mut x = driver.upload(bytemuck::cast_slice(&logits), 4)?;
    let mut values = driver.upload(&[0; 16], 8)?;
    let table = Table {
        pointer: driver.pointer(&mut x),
        rows: 2,
        k: 4,
    };
    let launch = kl_to_uniform(Stored::F32, table, driver.pointer(&mut values), None, 1.0);
    driver.launch(&launch)?;
    let found = driver.download(&values)?;
    for (row, bytes) in logits.iter().zip(found.chunks_exact(8)) {
        let nats: f64 = bytemuck::pod_read_unaligned(bytes);
        println!("{row:?}: {nats:.6} nats from the uniform distribution");
    }
    Ok(())
}
