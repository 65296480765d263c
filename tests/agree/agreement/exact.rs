//! The fused sides over families of worlds, with every set of instructions; what they refuse.

use agree::families::{differences, families};
use gpu::fused::exact::{Exact, sides};
use gpu::fused::{Isa, Rows};
use reference::vocab::{Beta, Reading};

#[test]
fn a_family_with_one_prior_agrees_at_every_image_and_caption() {
    for isa in Isa::available() {
        for family in families() {
            let differences = differences(&isa, &family);
            assert!(differences.is_empty(), "{}: {differences:#?}", isa.name());
        }
    }
}

#[test]
fn the_footnote_and_tables_that_do_not_fit_are_refused() {
    let numbers = [0.0; 6];
    let rows = |k| Rows::new("table", &numbers[..], k).unwrap();
    let fit =
        |likelihood, prior, encoder, captions| Exact::new(rows(likelihood), rows(prior), rows(encoder), rows(captions));
    // One row of six: X = 1, Z = 6, so Y = 6 asks for six rows of the likelihood.
    assert!(fit(6, 6, 6, 6).is_err());
    let whole = Rows::new("table", &numbers[..1], 1).unwrap();
    let tables = Exact::new(whole, whole, whole, whole).unwrap();
    let refused = sides(&Isa::best(), tables, Reading::Footnote, &[Beta::ONE]).unwrap_err();
    assert!(refused.to_string().contains("p(z)"), "{refused}");
}
