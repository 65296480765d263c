//! Headers that are wrong, one way each, and the sentence that says so.

use worlds::case;

use super::draft::{Draft, assemble};
use super::hostile::{assert_said, said};
use super::refusal;

#[test]
fn the_format_must_be_said_and_be_this_one() {
    let with = |metadata: &str| Draft::valid().with(|d| d.metadata = metadata.to_owned());
    assert_said(
        &with("{}"),
        "metadata key format is missing, expected \"elbo-case/1\" or \"elbo-gaussian/1\"",
    );
    assert_said(
        &with(r#"{"format":"elbo-case/2"}"#),
        "metadata key format is \"elbo-case/2\", expected \"elbo-case/1\" or \"elbo-gaussian/1\"",
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
        ("[192,240]", "[192,18446744073709551616]", "expected a whole number"),
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
    assert!(header_said(|h| h.replace("[2, 3]", "[18446744073709551616]")).contains("expected a whole number"));
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
    assert!(told(b"{\"y\":1}").contains("expected keys and values"));
    let deep = [b"{\"y\":{\"a\":".as_slice(), &b"[".repeat(1_000_000)].concat();
    assert!(told(&deep).len() < 600);
    let deep = [b"{\"y\":".as_slice(), &b"[".repeat(1_000_000)].concat();
    assert!(told(&deep).len() < 600);
}
