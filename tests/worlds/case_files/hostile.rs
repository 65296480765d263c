//! Tensors that are wrong, one way each, and the sentence that says so.

use worlds::case;

use super::draft::{CAPTIONS, CODES, Draft, WORLDS};
use super::refusal;

/// The sentence for a spoilt draft.
pub(crate) fn said(draft: &Draft) -> String {
    refusal(&draft.bytes())
}

pub(crate) fn assert_said(draft: &Draft, sentence: &str) {
    assert_eq!(said(draft), format!("a.safetensors: {sentence}"));
}

#[test]
fn the_draft_that_the_others_spoil_is_valid() {
    assert!(case::from_bytes("a.safetensors", &Draft::valid().bytes()).is_ok());
    assert!(case::from_bytes("a.safetensors", &Draft::free().bytes()).is_ok());
}

#[test]
fn an_entry_that_is_no_logarithm_is_named_with_its_batch_index() {
    let entry = "expected a log-probability (a number or -inf)";
    let d = Draft::valid;
    assert_said(
        &d().set("ln_q_z_given_x", 11, f64::NAN),
        &format!("ln_q_z_given_x[3, 2] is NaN, {entry}"),
    );
    assert_said(
        &d().set("ln_q_y_given_x", 5, f64::INFINITY),
        &format!("ln_q_y_given_x[2, 1] is inf, {entry}"),
    );
    assert_said(
        &d().set("ln_p_yz", 5, f64::NAN),
        &format!("ln_p_yz[1, 2] is NaN, {entry}"),
    );
    assert_said(
        &d().set("ln_p_x_given_yz", 6, f64::NAN),
        &format!("ln_p_x_given_yz[1, 0, 0] is NaN, {entry}"),
    );
    assert_said(
        &d().set("ln_p_x_given_yz", 23, f64::INFINITY),
        &format!("ln_p_x_given_yz[3, 1, 2] is inf, {entry}"),
    );
    assert_said(
        &Draft::free().set("ln_q_yz_given_x", 8, f64::NAN),
        &format!("ln_q_yz_given_x[1, 0, 2] is NaN, {entry}"),
    );
}

#[test]
fn a_number_too_large_for_sums_to_stay_finite_is_named() {
    let expected = "expected a number of at most 1e150 in size";
    let d = Draft::valid;
    assert_said(
        &d().set("ln_p_x_given_yz", 13, f64::MAX),
        &format!("ln_p_x_given_yz[2, 0, 1] is 1.7976931348623157e308, {expected}"),
    );
    assert_said(
        &d().set("ln_p_yz", 3, -1e151),
        &format!("ln_p_yz[1, 0] is -1e151, {expected}"),
    );
    assert_said(
        &d().set("beta", 0, 1e200),
        "beta is 1e200, expected a number from 0 to 1e6",
    );
    let world = &case::from_bytes("a", &d().bytes()).unwrap().worlds[0];
    let mut huge = world.tables();
    huge.ln_p_x_given_yz[[0, 0]] = -1e200;
    let error = case::to_bytes(&[reference::world::World::new(huge).unwrap()], "").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("ln_p_x_given_yz[0, 0, 0] is -1e200, {expected}"),
        "what cannot be read is not written"
    );
    assert!(case::from_bytes("a", &d().set("ln_p_x_given_yz", 13, -1e150).bytes()).is_ok());
}

#[test]
fn a_row_that_is_no_distribution_is_named_with_its_sum() {
    let d = Draft::valid;
    assert_said(
        &d().set("ln_q_z_given_x", 9, 0.43_f64.ln()),
        "ln_q_z_given_x[3] sums to 0.9299999999999999 as probabilities, expected 1 within 1.5e-14",
    );
    assert_said(
        &d().set("ln_q_y_given_x", 7, f64::NEG_INFINITY),
        "ln_q_y_given_x[3] sums to 0.75 as probabilities, expected 1 within 1.5e-14",
    );
    assert_said(
        &d().set("ln_p_yz", 0, 0.0),
        "ln_p_yz sums to 1.875 as probabilities, expected 1 within 1.6e-14",
    );
    assert_said(
        &d().set("ln_q_z_given_x", 0, 800.0),
        "ln_q_z_given_x[0] sums to inf as probabilities, expected 1 within 5.0e-1",
    );
    assert_said(
        &d().set("ln_q_z_given_x", 0, 700.0),
        "ln_q_z_given_x[0] sums to 1.0142320547350045e304 as probabilities, expected 1 within 5.0e-1",
    );
}

#[test]
fn a_free_joint_must_have_the_marginals_beside_it() {
    let d = Draft::free;
    // Moves a quarter from (y0, z1) to (y1, z1): q(y) changes, q(z) does not.
    let moved = d()
        .set("ln_q_yz_given_x", 7, f64::NEG_INFINITY)
        .set("ln_q_yz_given_x", 10, 0.25_f64.ln());
    assert_said(
        &moved,
        "ln_q_yz_given_x[1] has the marginal 0.5, expected 0.75 from ln_q_y_given_x[1, 0] (as probabilities)",
    );
    let moved = d()
        .set("ln_q_yz_given_x", 12, 0.25_f64.ln())
        .set("ln_q_yz_given_x", 13, 0.5_f64.ln());
    assert_said(
        &moved,
        "ln_q_yz_given_x[2] has the marginal 0.25, expected 0.5 from ln_q_z_given_x[2, 0] (as probabilities)",
    );
    assert_said(
        &d().without("ln_q_y_given_x"),
        "ln_q_y_given_x is missing, expected a tensor [B, Y] beside the free joint ln_q_yz_given_x",
    );
}

#[test]
fn an_observed_caption_that_does_not_exist_is_named() {
    let y = |values: [i64; 4]| {
        let data = values.iter().flat_map(|y| y.to_le_bytes()).collect();
        Draft::valid().with(|d| d.put("y", "I64", &[WORLDS], data))
    };
    assert_said(&y([0, 2, 0, 0]), "y[1] is 2, expected a caption in 0..2");
    assert_said(&y([0, 0, 0, -1]), "y[3] is -1, expected a caption in 0..2");
    assert_said(
        &y([i64::MIN, 0, 0, 0]),
        "y[0] is -9223372036854775808, expected a caption in 0..2",
    );
    let huge = Draft::valid().with(|d| d.put("y", "U64", &[WORLDS], vec![255; 32]));
    assert_said(&huge, "y[0] is 18446744073709551615, expected a caption in 0..2");
}

#[test]
fn beta_must_be_one_number_from_zero_to_a_million() {
    let expected = "expected a number from 0 to 1e6";
    assert_said(
        &Draft::valid().set("beta", 0, f64::NAN),
        &format!("beta is NaN, {expected}"),
    );
    assert_said(
        &Draft::valid().set("beta", 0, -0.5),
        &format!("beta is -0.5, {expected}"),
    );
    assert_said(
        &Draft::valid().set("beta", 0, f64::INFINITY),
        &format!("beta is inf, {expected}"),
    );
    let vector = Draft::valid().with(|d| d.floats("beta", &[WORLDS], &[1.0; WORLDS]));
    assert_said(&vector, "beta has shape [4], expected []");
    let one = Draft::valid().with(|d| d.put("beta", "I64", &[], vec![0; 8]));
    assert_said(&one, "beta has dtype I64, expected F64, F32, F16 or BF16");
}

#[test]
fn a_missing_tensor_is_named() {
    for (name, expected) in [
        ("ln_p_x_given_yz", "a tensor [B, Y, Z]"),
        ("ln_p_yz", "a tensor [Y, Z] or [B, Y, Z]"),
        ("ln_q_z_given_x", "a tensor [B, Z]"),
        ("y", "a tensor of integers [B]"),
    ] {
        assert_said(
            &Draft::valid().without(name),
            &format!("{name} is missing, expected {expected}"),
        );
    }
}

#[test]
fn an_unknown_tensor_is_refused_unless_its_name_begins_with_x_and_a_line() {
    let typo = Draft::valid().with(|d| d.tensor("ln_q_y_given_x").name = "ln_q_y_givn_x".to_owned());
    assert_said(
        &typo,
        "\"ln_q_y_givn_x\" is not a name of this format, expected ln_p_x_given_yz, ln_p_yz, ln_q_z_given_x, \
         ln_q_y_given_x, ln_q_yz_given_x, y, beta, or a name that begins with x_",
    );
    let own = Draft::valid().with(|d| d.put("x_pixels", "U8", &[2], vec![1, 2]));
    assert!(case::from_bytes("a.safetensors", &own.bytes()).is_ok());
    let long = Draft::valid().with(|d| d.put(&"\\u0007\\n".repeat(9000), "U8", &[0], vec![]));
    assert!(said(&long).len() < 2000 && !said(&long).contains(['\n', '\u{7}']));
}

#[test]
fn a_wrong_dtype_is_named() {
    let floats = "expected F64, F32, F16 or BF16";
    let integers = "expected an integer type, I64, I32, I16, I8, U64, U32, U16 or U8";
    for name in ["ln_p_x_given_yz", "ln_p_yz", "ln_q_z_given_x", "ln_q_y_given_x"] {
        let draft = Draft::valid().with(|d| d.tensor(name).dtype = "I64".to_owned());
        assert_said(&draft, &format!("{name} has dtype I64, {floats}"));
    }
    let y = Draft::valid().with(|d| d.tensor("y").dtype = "F64".to_owned());
    assert_said(&y, &format!("y has dtype F64, {integers}"));
    let y = Draft::valid().with(|d| d.put("y", "BOOL", &[WORLDS], vec![0; WORLDS]));
    assert_said(&y, &format!("y has dtype BOOL, {integers}"));
    let unknown = Draft::valid().with(|d| d.tensor("y").dtype = "F63".to_owned());
    assert!(said(&unknown).contains("unknown variant `F63`"), "{}", said(&unknown));
}

#[test]
fn a_wrong_rank_or_size_is_named_with_both_shapes() {
    let reshaped = |name: &str, shape: &[usize]| {
        let size = shape.iter().product();
        Draft::valid().with(|d| d.floats(name, shape, &vec![0.0; size]))
    };
    let (b, y, z) = (WORLDS, CAPTIONS, CODES);
    for (name, shape, expected) in [
        ("ln_p_x_given_yz", vec![b, y * z], "[B, Y, Z]"),
        ("ln_p_x_given_yz", vec![], "[B, Y, Z]"),
        ("ln_p_yz", vec![z, y], "[2, 3] or [4, 2, 3]"),
        ("ln_p_yz", vec![1, y, z], "[2, 3] or [4, 2, 3]"),
        ("ln_p_yz", vec![y * z], "[2, 3] or [4, 2, 3]"),
        ("ln_q_z_given_x", vec![z], "[4, 3]"),
        ("ln_q_z_given_x", vec![b, z + 1], "[4, 3]"),
        ("ln_q_z_given_x", vec![b + 1, z], "[4, 3]"),
        ("ln_q_y_given_x", vec![b, z], "[4, 2]"),
        ("ln_q_yz_given_x", vec![y, z], "[4, 2, 3]"),
    ] {
        assert_said(
            &reshaped(name, &shape),
            &format!("{name} has shape {shape:?}, expected {expected}"),
        );
    }
    let y = Draft::valid().with(|d| d.put("y", "U8", &[WORLDS - 1], vec![0; WORLDS - 1]));
    assert_said(&y, "y has shape [3], expected [4]");
    let y = Draft::valid().with(|d| d.put("y", "U8", &[], vec![0]));
    assert_said(&y, "y has shape [], expected [4]");
}

#[test]
fn a_world_without_states_is_refused() {
    for shape in [
        [0, CAPTIONS, CODES],
        [WORLDS, 0, CODES],
        [WORLDS, CAPTIONS, 0],
        [0, usize::MAX / 65, 1],
    ] {
        let draft = Draft::valid().with(|d| d.floats("ln_p_x_given_yz", &shape, &[]));
        assert_said(
            &draft,
            &format!("ln_p_x_given_yz has shape {shape:?}, expected at least one world, caption and code"),
        );
    }
}

#[test]
fn a_path_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = case::read(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("cannot be read: ") && error.contains(&folder.path().display().to_string()),
        "{error}"
    );
    let absent = case::read(&folder.path().join("absent.toml")).unwrap_err().to_string();
    assert!(absent.contains("absent.toml: cannot be read: "), "{absent}");
    let empty = folder.path().join("empty");
    std::fs::write(&empty, []).unwrap();
    assert!(case::read(&empty).is_err());
}
