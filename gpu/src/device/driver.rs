//! Loads NVIDIA's driver library when a device is asked for.
//!
//! candle links the library, and a program that links a library does not start where the library is missing. So every
//! function that cudarc declares (`driver.txt`) is defined here, as a jump to the library's function once [`load`] has
//! found it. Until then it returns the status for a driver that is not initialised. A function that the library lacks,
//! because the driver is older, returns the same status.

use std::error::Error as _;
use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use libloading::Library;

const NAME: &str = "libcuda.so.1";
const NAMES: &str = include_str!("driver.txt");

/// The address of each function, in the order of [`NAMES`].
static PLACES: [AtomicPtr<c_void>; COUNT] = [const { AtomicPtr::new(absent as *mut c_void) }; COUNT];

include!(concat!(env!("OUT_DIR"), "/driver.rs")); // It defines COUNT, and under each name a jump through PLACES.

/// The function in place of one that is missing.
extern "C" fn absent() -> i32 {
    const CUDA_ERROR_NOT_INITIALIZED: i32 = 3;
    CUDA_ERROR_NOT_INITIALIZED
}

/// Loads the library, once, and looks up its functions.
pub(super) fn load() -> Result<(), String> {
    static LOADED: OnceLock<Result<Library, String>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        let library = unsafe { Library::new(NAME) }.map_err(|error| {
            let cause = error.source().unwrap_or(&error); // This is the loader's own sentence.
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
