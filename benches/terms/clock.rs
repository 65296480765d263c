//! A group of benches: the clock, and the memory that a run takes beside what is there already.

use std::alloc::{GlobalAlloc, Layout};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};

use super::Allocator;

/// The bench's allocator, counted: every call is handed on as it is, so that the clock sees no other one.
struct Counted {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[global_allocator]
static ALLOCATED: Counted = Counted {
    now: AtomicUsize::new(0),
    most: AtomicUsize::new(0),
};

impl Counted {
    fn more(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes, Relaxed) + bytes;
        self.most.fetch_max(now, Relaxed);
    }

    fn less(&self, bytes: usize) {
        self.now.fetch_sub(bytes, Relaxed);
    }
}

#[expect(unsafe_code, reason = "an allocator under another name")]
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.more(layout.size());
        unsafe { Allocator.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.more(layout.size());
        unsafe { Allocator.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        self.less(layout.size());
        unsafe { Allocator.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.more(size);
        self.less(layout.size());
        unsafe { Allocator.realloc(place, layout, size) }
    }
}

/// A group under its name.
pub(crate) struct Group<'a> {
    timed: BenchmarkGroup<'a, WallTime>,
    name: String,
}

pub(crate) fn group<'a>(criterion: &'a mut Criterion, name: &str, bytes: usize) -> Group<'a> {
    let mut timed = criterion.benchmark_group(name);
    timed
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .throughput(Throughput::Bytes(bytes as u64));
    let name = name.to_owned();
    Group { timed, name }
}

pub(crate) fn bench(group: &mut Group<'_>, id: &str, mut run: impl FnMut()) {
    // Once for what is kept from run to run.
    run();
    let before = ALLOCATED.now.load(Relaxed);
    ALLOCATED.most.store(before, Relaxed);
    run();
    let taken = ALLOCATED.most.load(Relaxed) - before;
    note(&format!("{}/{id}\t{taken}\n", group.name)).unwrap();
    group.timed.bench_function(id, |bencher| bencher.iter(&mut run));
}

/// A line beside criterion's own results.
fn note(line: &str) -> std::io::Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let folder = target.join("criterion");
    std::fs::create_dir_all(&folder)?;
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("memory.tsv"));
    file?.write_all(line.as_bytes())
}

impl Group<'_> {
    pub(crate) fn finish(self) {
        self.timed.finish();
    }
}

impl<'a> Deref for Group<'a> {
    type Target = BenchmarkGroup<'a, WallTime>;

    fn deref(&self) -> &Self::Target {
        &self.timed
    }
}

impl DerefMut for Group<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.timed
    }
}
