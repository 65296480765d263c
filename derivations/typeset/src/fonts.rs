//! The fonts in which charts are lettered.

use std::sync::Once;

use plotters::style::{FontStyle, register_font};

/// Registers the font families that charts use. They come with the program, because charts are drawn into pixels on
/// machines that may have no fonts.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for family in ["serif", "sans-serif"] {
            // A font that cannot be read would leave charts without letters. A test looks at them.
            let _ = register_font(family, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
        }
    });
}
