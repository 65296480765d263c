//! Files that are wrong, one way each, and the sentence that says so.

use super::draft::{CAPTIONS, CODES, Draft, WORLDS, assemble};
use super::refusal;
use derivations::case;

/// The sentence for a spoilt draft.
fn said(draft: &Draft) -> String {
    refusal(&draft.bytes())
}

fn assert_said(draft: &Draft, sentence: &str) {
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
    assert_said(&d().set("beta", 0, 1e200), &format!("beta is 1e200, {expected}"));
    let world = &case::from_bytes("a", &d().bytes()).unwrap().worlds[0];
    let huge = reference::world::Tables {
        beta: 1e200,
        ..world.tables()
    };
    let error = case::to_bytes(&[reference::world::World::new(huge).unwrap()], "").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("beta is 1e200, {expected}"),
        "what cannot be read is not written"
    );
    assert!(case::from_bytes("a", &d().set("ln_p_x_given_yz", 13, -1e150).bytes()).is_ok());
}

#[test]
fn a_row_that_is_no_distribution_is_named_with_its_sum() {
    let d = Draft::valid;
    assert_said(
        &d().set("ln_q_z_given_x", 9, 0.43_f64.ln()),
        "ln_q_z_given_x[3] sums to 0.9299999999999999 as probabilities, expected 1 within 1.0e-15",
    );
    assert_said(
        &d().set("ln_q_y_given_x", 7, f64::NEG_INFINITY),
        "ln_q_y_given_x[3] sums to 0.75 as probabilities, expected 1 within 7.1e-16",
    );
    assert_said(
        &d().set("ln_p_yz", 0, 0.0),
        "ln_p_yz sums to 1.875 as probabilities, expected 1 within 1.4e-15",
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
fn beta_must_be_one_finite_number_that_is_not_negative() {
    let expected = "expected a finite number that is not negative";
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
fn the_format_must_be_said_and_be_this_one() {
    let with = |metadata: &str| Draft::valid().with(|d| d.metadata = metadata.to_owned());
    assert_said(&with("{}"), "metadata key format is missing, expected \"elbo-case/1\"");
    assert_said(
        &with(r#"{"format":"elbo-case/2"}"#),
        "metadata key format is \"elbo-case/2\", expected \"elbo-case/1\"",
    );
    let absent = Draft::valid().header().replace("\"__metadata__\"", "\"x_metadata\"");
    assert!(refusal(&assemble(absent.as_bytes(), &Draft::valid().data())).contains("missing field"));
    for metadata in [r#"{"format":1}"#, r#"{"format":["elbo-case/1"]}"#, "[]", "null", "7"] {
        let error = said(&with(metadata));
        assert!(error.contains("its header is not as expected: invalid type"), "{error}");
    }
}

/// The sentence for a header of our own over the valid data.
fn header_said(change: impl Fn(&str) -> String) -> String {
    let draft = Draft::valid();
    refusal(&assemble(change(&draft.header()).as_bytes(), &draft.data()))
}

#[test]
fn equal_keys_are_refused() {
    let twice = header_said(|h| h.replace("\"beta\"", "\"y\""));
    assert!(twice.contains("\"y\" stands there twice"), "{twice}");
    let twice = header_said(|h| h.replace("\"title\"", "\"format\""));
    assert!(twice.contains("\"format\" stands there twice"), "{twice}");
    let twice = header_said(|h| h.replacen('{', "{\"__metadata__\":{\"format\":\"elbo-case/1\"},", 1));
    assert!(twice.contains("\"__metadata__\" stands there twice"), "{twice}");
    let twice = header_said(|h| h.replacen("\"shape\"", "\"shape\":[0],\"shape\"", 1));
    assert!(twice.contains("duplicate field `shape`"), "{twice}");
}

#[test]
fn offsets_that_overlap_leave_gaps_or_leave_the_file_are_refused() {
    // In the draft: likelihood 0..192, prior 192..240, q(z) 240..336, q(y) 336..400, y 400..432, beta 432..440.
    for (from, to, sentence) in [
        (
            "[192,240]",
            "[184,232]",
            "\"ln_p_yz\" lies at 184..232, expected to begin at 192",
        ),
        (
            "[240,336]",
            "[248,344]",
            "\"ln_q_z_given_x\" lies at 248..344, expected to begin at 240",
        ),
        (
            "[432,440]",
            "[432,448]",
            "\"beta\" lies at 432..448, expected within the 440 bytes",
        ),
        (
            "[432,440]",
            "[440,432]",
            "\"beta\" lies at 440..432, expected to begin at 432",
        ),
        (
            "[432,440]",
            "[432,432]",
            "\"beta\" lies at 432..432, expected as many bytes as dtype F64 and shape [] ask for",
        ),
        (
            "[0,192]",
            "[0,191]",
            "\"ln_p_x_given_yz\" lies at 0..191, expected as many bytes",
        ),
        (
            "[192,240]",
            "[192,18446744073709551615]",
            "expected within the 440 bytes",
        ),
        ("[192,240]", "[192,18446744073709551616]", "expected usize"),
        ("[192,240]", "[192,-240]", "invalid value: integer `-240`"),
        ("[192,240]", "[192,240.5]", "invalid type: floating point `240.5`"),
        ("[192,240]", "[192]", "invalid length 1"),
    ] {
        let error = header_said(|h| h.replace(from, to));
        assert!(error.contains(sentence), "{error}");
    }
    let short = Draft::valid();
    let data = [short.data(), vec![0]].concat();
    let error = refusal(&assemble(short.header().as_bytes(), &data));
    assert!(
        error.contains("its tensors end at byte 440 of the data, expected at 441"),
        "{error}"
    );
}

#[test]
fn shapes_whose_product_overflows_are_refused() {
    for shape in [
        "[4294967296,4294967296]",
        "[4294967296,4294967296,0]",
        "[2305843009213693952]",
        "[18446744073709551615,18446744073709551615]",
    ] {
        let error = header_said(|h| h.replace("[2, 3]", shape));
        assert!(
            error.contains("\"ln_p_yz\" lies at 192..240, expected as many bytes"),
            "{error}"
        );
    }
    assert!(header_said(|h| h.replace("[2, 3]", "[18446744073709551616]")).contains("expected usize"));
    let long = header_said(|h| h.replace("[2, 3]", &format!("{:?}", vec![1; 9999])));
    assert!(long.len() < 600, "{long}");
}

#[test]
fn nine_tensors_of_an_eighth_of_the_address_space_are_refused() {
    // Their offsets add up to more than a u64 holds; a sum that wraps lands inside the file.
    let eighth = (1_u64 << 61) - 1;
    let mut header = String::from("{\"__metadata__\":{\"format\":\"elbo-case/1\"}");
    let mut at = 0_u64;
    for k in 0..8 {
        header += &format!(
            ",\"x_{k}\":{{\"dtype\":\"U8\",\"shape\":[{eighth}],\"data_offsets\":[{at},{}]}}",
            at + eighth
        );
        at += eighth;
    }
    header += "}";
    let error = refusal(&assemble(header.as_bytes(), &[]));
    assert!(
        error.contains("\"x_0\" lies at 0..2305843009213693951, expected within the 0 bytes"),
        "{error}"
    );
}

#[test]
fn a_header_that_claims_more_than_the_file_has_is_refused_without_allocating_it() {
    for claim in [1 << 60, u64::MAX, 1 << 32, 100_000_000] {
        let error = refusal(&[&u64::to_le_bytes(claim)[..], b"{}"].concat());
        let told = format!("its header claims {claim} bytes, expected at most the 2 that follow");
        assert_eq!(error, format!("a.safetensors: not a safetensors file, {told}"));
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = Draft::valid().bytes();
    for length in 0..bytes.len() {
        let error = refusal(&bytes[..length]);
        assert!(!error.contains('\n') && error.len() > 20, "{length}: {error}");
    }
    let told = "a.safetensors: not a safetensors file, its length is 0 bytes, expected at least 8";
    assert!(refusal(&[]).starts_with(told), "{}", refusal(&[]));
    assert!(case::from_bytes("a file without extension", &[]).is_err());
}

#[test]
fn a_header_that_is_not_json_in_utf_8_is_refused() {
    let told = |header: &[u8]| refusal(&assemble(header, &[]));
    assert!(told(b"{\"\xff\":1}").contains("byte 2 of its header is not UTF-8"));
    assert!(told(b"{").contains("EOF while parsing"));
    assert!(told(b"").contains("EOF while parsing"));
    assert!(told(b"{} {}").contains("trailing characters"));
    assert!(told(b"[]").contains("expected an object of tensors"));
    assert!(told(b"{\"y\":1}").contains("expected struct TensorInfo"));
    let deep = [b"{\"y\":{\"a\":".as_slice(), &b"[".repeat(1_000_000)].concat();
    assert!(told(&deep).len() < 600);
    let deep = [b"{\"y\":".as_slice(), &b"[".repeat(1_000_000)].concat();
    assert!(told(&deep).len() < 600);
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
