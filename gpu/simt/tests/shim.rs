//! The shim finds what it is for: kernels that are wrong on purpose.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use gpu::kernels::{Arg, Launch};
use simt::{Buffer, Kernels, Order};

fn run(kernel: &str, threads: u32, order: Order) -> Result<Vec<f32>, String> {
    let source = simt::host().join("faults.cu");
    let kernels = Kernels::compile(&source, &simt::sources()).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let x: Vec<f32> = (0..256).map(|i| 1.0 + i as f32).collect();
    let mut x = Buffer::of(bytemuck::cast_slice(&x), 0);
    let mut out = Buffer::of(bytemuck::cast_slice(&[0.5_f32; 256]), 0);
    let launch = Launch {
        source: "faults",
        kernel: kernel.to_owned(),
        grid: 1,
        block: threads,
        largest: 1024,
        other_width: None,
        args: vec![Arg::Pointer(x.pointer()), Arg::Pointer(out.pointer())],
    };
    kernels.launch(&launch, order).map_err(|error| error.to_string())?;
    let content = out.content().ok_or("writes outside")?;
    Ok(content.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect())
}

#[test]
fn a_missing_barrier_shows_in_the_order_of_threads() {
    let results: Vec<_> = Order::ALL
        .map(|order| run("without_barrier", 256, order).unwrap())
        .into();
    let bits = |x: &Vec<f32>| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert!(results.iter().any(|x| bits(x) != bits(&results[0])));
}

#[test]
fn a_barrier_that_not_all_reach_is_a_fault_and_no_hang() {
    let fault = run("divergent_barrier", 32, Order(0)).unwrap_err();
    assert!(fault.contains("deadlock") && fault.contains("at a barrier"), "{fault}");
    let fault = run("two_barriers", 32, Order(0)).unwrap_err();
    assert!(fault.contains("different lines"), "{fault}");
}

#[test]
fn a_lane_outside_the_mask_is_a_fault() {
    let fault = run("lane_outside_the_mask", 32, Order(0)).unwrap_err();
    assert!(fault.contains("not in the mask"), "{fault}");
}

#[test]
fn shared_memory_starts_as_nan_or_as_a_large_number() {
    let dropped = run("uninitialised", 32, Order(0)).unwrap();
    assert!((dropped[0] - 1.0).abs() < 1e-6, "fmaxf drops the NaN");
    assert!(run("uninitialised", 32, Order(1)).unwrap()[0] > 1e38);
}

#[test]
fn a_write_outside_of_a_buffer_is_found() {
    assert_eq!(run("writes_beyond", 256, Order(0)).unwrap_err(), "writes outside");
    assert!(run("nothing", 32, Order(0)).unwrap_err().contains("no kernel nothing"));
}
