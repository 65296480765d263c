//! The letters of charts.

use std::sync::Once;

use plotters::style::{FontStyle, register_font};

/// Makes the families known that charts are written in: they are drawn into pixels, on machines that may have no font.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for family in ["serif", "sans-serif"] {
            // A font that cannot be read leaves charts without letters; a test looks at them.
            let _ = register_font(family, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
        }
    });
}
