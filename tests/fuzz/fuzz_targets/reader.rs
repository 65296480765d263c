//! Whatever the bytes, reading them ends in a sentence or in a dump, and judging that in a verdict; case files likewise.
#![no_main]

use judge::dump;
use worlds::case;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(dump) = dump::from_bytes("fuzz.safetensors", bytes.to_vec()) {
        let _ = judge::judge(&dump, &|_| ());
    }
    let _ = case::from_bytes("fuzz", bytes);
});
