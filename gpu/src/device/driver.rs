//! NVIDIA's driver library, loaded when a device is asked for.
//!
//! candle links it, and a program that links a library does not start where that is missing. So every function that cudarc declares (`driver.txt`)
//! stands here, as a jump to the library's own once [`load`] has found it; until then it answers that nothing is initialised. A function that the
//! library does not have, because the driver is older, answers the same when it is called.

use std::error::Error as _;
use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use libloading::Library;

const NAME: &str = "libcuda.so.1";
const NAMES: &str = include_str!("driver.txt");

/// Where each function is, in the order of [`NAMES`].
static PLACES: [AtomicPtr<c_void>; COUNT] = [const { AtomicPtr::new(absent as *mut c_void) }; COUNT];

include!(concat!(env!("OUT_DIR"), "/driver.rs")); // COUNT, and a jump through PLACES under each name

/// What a function answers that is not there.
extern "C" fn absent() -> i32 {
    const CUDA_ERROR_NOT_INITIALIZED: i32 = 3;
    CUDA_ERROR_NOT_INITIALIZED
}

/// Finds the library, once.
pub(super) fn load() -> Result<(), String> {
    static LOADED: OnceLock<Result<Library, String>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        let library = unsafe { Library::new(NAME) }.map_err(|error| {
            let cause = error.source().unwrap_or(&error); // the loader's own sentence
            cause.to_string()
        })?;
        for (name, place) in NAMES.lines().zip(&PLACES) {
            if let Ok(found) = unsafe { library.get::<*mut c_void>(name.as_bytes()) } {
                place.store(*found, Ordering::Release);
            }
        }
        Ok(library)
    });
    loaded.as_ref().map(|_| ()).map_err(Clone::clone)
}
