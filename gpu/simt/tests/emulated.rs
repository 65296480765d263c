//! The emulated driver: right launch code agrees on it, wrong launch code is caught, each fault in a process of its own.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use agree::bounds::Storage;
use agree::terms::{OnDevice, Options, agree};
use gpu::kernels::{Arg, Launch, Stored, Table, VARIANTS, Variant, Varied, kl_to_uniform};
use simt::driver::{Driver, Place, build};

/// How far a right divergence may be off: eight roundings of numbers up to ten in size. A wrong row is off by tenths.
const NEAR: f64 = 80.0 * f32::EPSILON as f64;

const ROWS: usize = 5;
const K: usize = 33;

/// Driver and kernels, built once.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/emulated");
        build(&folder).unwrap();
        folder
    })
}

#[test]
fn every_term_agrees_through_the_driver_and_nothing_is_left_behind() {
    let driver = Driver::load(folder()).unwrap();
    for storage in [Storage::F32, Storage::BF16] {
        for shape in [(3, 1), (6, 17), (9, 1031)] {
            let options = Options {
                storage,
                function: None,
                shape: Some(shape),
                seed: 1,
            };
            let report = agree(&OnDevice(&driver), &options).unwrap();
            let bad: Vec<_> = report.rows.iter().filter(|row| row.agreement.failed > 0).collect();
            assert!(report.agrees, "{shape:?} {}: {bad:#?}", storage.name);
            assert_eq!(report.engine, "CUDA kernels on emulated CUDA (CPU)");
        }
    }
}

/// What a device is tuned by changes no number beyond its bound: kernels of one table and of two, with rows of several chunks and many rows a block.
#[test]
fn terms_agree_in_every_way_of_launching_them() {
    let driver = Driver::load(folder()).unwrap();
    // More blocks a multiprocessor take more rows to be another launch, and are nothing else.
    let few = |variant: &&Variant| !matches!(variant, Variant::Blocks(4..));
    for (variant, function) in VARIANTS
        .iter()
        .filter(few)
        .flat_map(|variant| ["entropy", "kl_divergence"].map(|name| (variant, name)))
    {
        let options = Options {
            storage: Storage::F32,
            function: Some(function.to_owned()),
            shape: Some(variant.shape()),
            seed: 1,
        };
        let report = agree(&OnDevice(Varied(&driver, *variant)), &options).unwrap();
        assert!(report.agrees, "{}", report.engine);
    }
}

/// Launch code with a fault in it, and what gives it away.
const FAULTS: &[(&str, &str)] = &[
    ("arguments swapped", "behind an allocation of 40 bytes"),
    ("a row too many", "behind an allocation of 660 bytes"),
    ("rows longer than they are", "behind an allocation of 660 bytes"),
    ("size in elements for bytes", "behind an allocation of 165 bytes"),
    ("offset of a view ignored", "differs"),
    (
        "offset in bytes for elements",
        "misaligned, 1 bytes behind a multiple of 4",
    ),
    (
        "freed before it was read",
        "of an allocation of 660 bytes that was freed",
    ),
    (
        "freed twice",
        "cuMemFree of what was not allocated, or was freed before",
    ),
    (
        "never freed",
        "1 allocations of 660 bytes, and 0 of pinned memory, were never freed",
    ),
    ("no blocks", "0 x 1 x 1 blocks"),
    ("too many threads", "512 x 1 x 1 threads a block, expected 1 to 256"), // its own bound, below the device's
    (
        "too much shared memory",
        "65536 bytes of shared memory, expected at most 49152",
    ),
    ("grid of one block too few", "differs"),
    ("nothing uploaded", "differs"),
    ("not waited for", "differs"),
    ("another stream, and no event", "differs"),
    ("a pointer of the host", "of the host's memory"),
    ("a null pointer", "at a null pointer"),
    ("misaligned", "misaligned, 2 bytes behind a multiple of 4"),
    (
        "too much read back",
        "cuMemcpyDtoHAsync reads 48 bytes that end 8 bytes behind an allocation of 40 bytes",
    ),
    ("another kernel's name", "there is no kernel kl_to_uniform_f16_8"),
    ("the host reads device memory", "signal: 11"),
];

#[test]
fn every_fault_of_launch_code_is_caught() {
    folder(); // before the children ask for it
    let healthy = child("none", 1);
    assert!(healthy.status.success(), "{}", told(&healthy));
    assert!(!told(&healthy).contains("emulated CUDA:"), "{}", told(&healthy));
    for (fault, words) in FAULTS {
        // A race shows in some orders of the streams, and each seed draws others.
        let found = (1..=8)
            .map(|seed| child(fault, seed))
            .find(|found| !found.status.success());
        let found = found.unwrap_or_else(|| panic!("{fault}: not caught"));
        let told = told(&found);
        assert!(told.contains(words), "{fault}: {told}");
    }
}

fn child(fault: &str, seed: u64) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "planted", "--nocapture"])
        .env("PLANTED", fault)
        .env("RUST_BACKTRACE", "0")
        .env("EMULATED_CUDA_SEED", seed.to_string())
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}{}", text(&output.stdout), text(&output.stderr), output.status)
}

/// What launch code does: upload, launch, read back; with the fault that `PLANTED` names.
#[test]
#[ignore = "started by the others, in processes of their own"]
fn planted() {
    let fault = std::env::var("PLANTED").unwrap();
    let is = |name: &str| fault == name;
    let driver = Driver::load(folder()).unwrap();
    let stream = driver.stream();
    // The second of two tables in one buffer would be the view; here the rows begin behind one other row.
    let x: Vec<f32> = (0..(ROWS + 1) * K).map(logit).collect();
    let viewed = fault.starts_with("offset");
    let bytes: &[u8] = bytemuck::cast_slice(&x);
    let table = upload(&driver, &fault, if viewed { bytes } else { &bytes[K * 4..] });
    let values = driver.allocate(ROWS * 8).unwrap();
    let offset = match fault.as_str() {
        "offset of a view ignored" => 0,
        "offset in bytes for elements" => K as u64,
        _ if viewed => 4 * K as u64,
        "misaligned" => 2,
        _ => 0,
    };
    let rows = Table {
        pointer: table.first + offset,
        rows: i32::try_from(ROWS).unwrap(),
        k: i32::try_from(K).unwrap(),
    };
    let launch = wrong(&fault, kl_to_uniform(Stored::F32, rows, values.first, None, 1.0), &x);
    let shared = if is("too much shared memory") { 65536 } else { 0 };
    driver.queue(&launch, shared, stream).unwrap();
    if is("freed before it was read") {
        // A free waits for the device; the launch that comes after it is too late.
        driver.free(table).unwrap();
        driver.queue(&launch, 0, stream).unwrap();
    }
    let found = match fault.as_str() {
        "not waited for" => unwaited(&driver, values),
        "too much read back" => driver.read(values.first, 48, stream).unwrap(),
        "the host reads device memory" => touch(values),
        _ => driver.read(values.first, values.size, stream).unwrap(),
    };
    let found: Vec<f64> = found.chunks_exact(8).map(bytemuck::pod_read_unaligned).collect();
    if !is("never freed") && !is("freed before it was read") {
        driver.free(table).unwrap();
    }
    driver.free(values).unwrap();
    if is("freed twice") {
        driver.free(values).unwrap();
    }
    for (row, found) in x[K..].chunks(K).zip(found) {
        let expected = divergence(row);
        assert!((expected - found).abs() < NEAR, "differs: {found}, expected {expected}");
    }
}

/// Uploads a table, or what the fault makes of that.
fn upload(driver: &Driver, fault: &str, content: &[u8]) -> Place {
    let size = if fault == "size in elements for bytes" {
        content.len() / 4
    } else {
        content.len()
    };
    let table = driver.allocate(size).unwrap();
    if fault != "nothing uploaded" {
        let from = if fault == "another stream, and no event" {
            driver.another_stream().unwrap()
        } else {
            driver.stream()
        };
        driver.write(table.first, &content[..size], from).unwrap();
    }
    table
}

/// The launch, or a wrong one.
fn wrong(fault: &str, mut launch: Launch, host: &[f32]) -> Launch {
    let (more_rows, longer) = (i32::try_from(ROWS + 1).unwrap(), i32::try_from(K + 1).unwrap());
    match fault {
        "arguments swapped" => launch.args.swap(0, 1),
        "a row too many" => launch.args[3] = Arg::I32(more_rows),
        "rows longer than they are" => launch.args[4] = Arg::I32(longer),
        "grid of one block too few" => {
            // Kernels walk their rows, so that any grid does; a caller that hands over fewer rows with it leaves one out.
            launch.args[3] = Arg::I32(i32::try_from(ROWS - 1).unwrap());
            launch.grid -= 1;
        }
        "no blocks" => launch.grid = 0,
        "too many threads" => launch.block = 2 * launch.largest,
        "a pointer of the host" => launch.args[0] = Arg::Pointer(host.as_ptr().expose_provenance() as u64),
        "a null pointer" => launch.args[0] = Arg::Pointer(0),
        "another kernel's name" => launch.kernel = launch.kernel.replace("f32", "f16"),
        _ => {}
    }
    launch
}

/// Reads pinned memory before its copy has had a turn.
fn unwaited(driver: &Driver, values: Place) -> Vec<u8> {
    let pinned = driver.pinned(values.size).unwrap();
    driver.read_pinned(pinned, values.first, values.size).unwrap();
    #[expect(unsafe_code, reason = "pinned memory of this size is the host's")]
    let found = unsafe { std::slice::from_raw_parts(pinned, values.size) }.to_vec();
    driver.free_pinned(pinned).unwrap();
    found
}

/// Takes a pointer of the device for one of the host.
fn touch(values: Place) -> Vec<u8> {
    let place = std::ptr::with_exposed_provenance::<u8>(usize::try_from(values.first).unwrap());
    #[expect(unsafe_code, reason = "the fault that is planted: it must end the process")]
    unsafe { std::slice::from_raw_parts(place, values.size) }.to_vec()
}

#[expect(clippy::cast_precision_loss, reason = "small")]
fn logit(i: usize) -> f32 {
    0.37 * ((i * i % 23) as f32) - 3.0
}

fn divergence(row: &[f32]) -> f64 {
    let sum: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
    let mean: f64 = row.iter().map(|x| f64::from(*x).exp() / sum * f64::from(*x)).sum();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let ln_k = (row.len() as f64).ln();
    mean - sum.ln() + ln_k
}
