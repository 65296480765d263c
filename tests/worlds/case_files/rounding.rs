//! Rows stored in F64, F32, F16 and BF16: how far from 1 their sums may lie.

use worlds::case;

use super::draft::{CODES, Draft, Store, WORLDS};
use super::{distance, refusal};

/// A row whose log-probabilities all carry `shift`; its sum misses 1 by `exp(shift) - 1`.
fn shifted(store: Store, shift: f64) -> Draft {
    let row = [0.5_f64, 0.25, 0.25].map(|p| p.ln() + shift).repeat(WORLDS);
    Draft::valid().with(|d| d.stored(store, "ln_q_z_given_x", &[WORLDS, CODES], &row))
}

#[test]
fn a_row_is_accepted_up_to_the_rounding_of_its_type_and_refused_beyond() {
    // The bound, by hand: u (2 H + 4) + min(u, 2^-24) (n + 128), H = 0.5 ln 2 + 0.5 ln 4 the entropy of the row, n = 3.
    let entropy = 0.5 * 2f64.ln() + 0.5 * 4f64.ln();
    for store in Store::ALL {
        let u = store.unit_roundoff();
        let bound = u * (2.0 * entropy + 4.0) + u.min(2f64.powi(-24)) * 131.0;
        let case = case::from_bytes("a.safetensors", &shifted(store, 0.6 * bound).bytes()).unwrap();
        assert!(case.correction <= bound, "{store:?}: {}", case.correction);
        if store != Store::F64 {
            assert_eq!(case.dtype, format!("f64+{}", store.name().to_lowercase()));
            assert!(case.correction > 0.1 * bound, "{store:?}: {}", case.correction);
        }
        // An entry near 1.4 is stored to half an ulp, u: 3 u beyond the bound is beyond it after storing too.
        let error = refusal(&shifted(store, bound + 3.0 * store.unit_roundoff()).bytes());
        let told = error
            .strip_prefix("a.safetensors: ln_q_z_given_x[0] sums to 1.")
            .unwrap();
        let (_, told) = told.split_once(" as probabilities, expected 1 within ").unwrap();
        let told: f64 = told.parse().unwrap();
        assert!(
            (told / bound - 1.0).abs() < 0.1,
            "{store:?}: {error}, by hand {bound:e}"
        );
    }
}

#[test]
fn a_row_far_from_a_distribution_is_refused_however_wide_the_bound_of_its_type() {
    // The bound grows with the entries, never past 1/2: rows of zeros, of twice the probabilities, and of one huge entry.
    let wide = 300;
    let draft = |row: &[f64]| {
        Draft::valid().with(|d| {
            d.floats("ln_p_x_given_yz", &[1, 1, wide], &vec![0.0; wide]);
            d.floats("ln_p_yz", &[1, wide], &vec![-(wide as f64).ln(); wide]);
            d.floats("ln_q_y_given_x", &[1, 1], &[0.0]);
            d.put("y", "U8", &[1], vec![0]);
            d.stored(Store::Bf16, "ln_q_z_given_x", &[1, wide], row);
        })
    };
    let even = vec![-(wide as f64).ln(); wide];
    assert!(case::from_bytes("a.safetensors", &draft(&even).bytes()).is_ok());
    for (row, sum, bound) in [
        (vec![f64::NEG_INFINITY; wide], "0", "1.6e-2"),
        (vec![-(wide as f64 / 2.0).ln(); wide], "2.0", "9.5e-2"),
        ([&even[1..], &[150.0]].concat(), "1.39", "5.0e-1"),
        ([&even[1..], &[1000.0]].concat(), "inf", "5.0e-1"),
    ] {
        let error = refusal(&draft(&row).bytes());
        let told = format!("a.safetensors: ln_q_z_given_x[0] sums to {sum}");
        assert!(
            error.starts_with(&told) && error.ends_with(&format!("expected 1 within {bound}")),
            "{error}"
        );
    }
}

#[test]
fn every_tensor_answers_to_its_own_type() {
    let loose = |d: &mut Draft| {
        let row = [0.5_f64, 0.25, 0.25].map(f64::ln).repeat(WORLDS);
        d.stored(Store::Bf16, "ln_q_z_given_x", &[WORLDS, CODES], &row);
    };
    let valid = Draft::valid().with(loose);
    assert_eq!(
        case::from_bytes("a.safetensors", &valid.bytes()).unwrap().dtype,
        "f64+bf16"
    );
    // An error of 1e-3 is nothing to bf16 and far too much for the f64 table beside it.
    let error = refusal(&valid.clone().set("ln_q_y_given_x", 4, (0.751_f64).ln()).bytes());
    assert_eq!(
        error,
        "a.safetensors: ln_q_y_given_x[2] sums to 1.001 as probabilities, expected 1 within 1.5e-14"
    );
    let error = refusal(&valid.set("ln_p_yz", 4, f64::NAN).bytes());
    assert_eq!(
        error,
        "a.safetensors: ln_p_yz[1, 1] is NaN, expected a log-probability (a number or -inf)"
    );
}

#[test]
fn a_file_stored_in_a_narrow_type_is_the_same_worlds_to_its_rounding() {
    let wide = case::from_bytes("a.safetensors", &Draft::free().bytes()).unwrap();
    for store in Store::ALL {
        let draft = Draft::free().with(|draft| {
            for tensor in draft.tensors.clone() {
                if tensor.name.starts_with("ln_") {
                    let values: Vec<f64> = tensor
                        .data
                        .as_chunks::<8>()
                        .0
                        .iter()
                        .map(|b| f64::from_le_bytes(*b))
                        .collect();
                    draft.stored(store, &tensor.name, &tensor.shape, &values);
                }
            }
        });
        let narrow = case::from_bytes("a.safetensors", &draft.bytes()).unwrap();
        assert_eq!(narrow.dtype, store.name().to_lowercase());
        for (a, b) in wide.worlds.iter().zip(&narrow.worlds) {
            let far = distance(a, b);
            assert!(far <= 16.0 * store.unit_roundoff(), "{store:?}: {far:e}");
        }
    }
}
