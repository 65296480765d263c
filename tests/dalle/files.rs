//! Model files that are wrong, one way each: the sentence names the file and the place in it, before a library walks what is claimed.
mod overflow;

use std::fs;

use dalle::checkpoint::{Checkpoint, FORMAT};
use dalle::network::{Model, TINY};
use files::header::framed;
use gpu::DType;
use gpu::device::{Device, Kind};
use serde_json::{Value, json};

/// The shipped tiny model, to be spoilt: its header as JSON, its data.
fn tiny() -> (Value, Vec<u8>) {
    let (length, rest) = TINY.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
    (serde_json::from_slice(header).unwrap(), data.to_vec())
}

/// What is said of these bytes.
fn said(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spoilt.safetensors");
    fs::write(&path, bytes).unwrap();
    let device = Device::open(Kind::Cpu).unwrap();
    let message = Model::read(&path, &device).unwrap_err().to_string();
    let message = message
        .strip_prefix(&format!("{}: ", path.display()))
        .unwrap_or_else(|| panic!("{message}"));
    assert!(!message.contains('\n') && message.len() < 800, "{message}");
    for word in ["struct", "enum", "u64", "u32", "usize", "f64", "tuple"] {
        assert!(!message.contains(word), "{message}");
    }
    message.to_owned()
}

/// The model with another header.
fn with_header(change: impl Fn(&mut Value)) -> String {
    let (mut header, data) = tiny();
    change(&mut header);
    said(&framed(serde_json::to_vec(&header).unwrap(), &data))
}

/// A document within a document.
fn within(text: &mut Value, change: impl Fn(&mut Value)) {
    let mut inner: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    change(&mut inner);
    *text = json!(inner.to_string());
}

/// The model with another statement of what it is.
fn with_about(change: impl Fn(&mut Value)) -> String {
    with_header(|header| within(&mut header["__metadata__"][FORMAT], &change))
}

/// The model with another vocabulary.
fn with_vocabulary(change: impl Fn(&mut Value)) -> String {
    with_about(|about| within(&mut about["vocabulary"], &change))
}

/// The model with another text of its vocabulary, or of what it is.
fn with_text(from: &str, to: &str) -> String {
    with_about(|about| {
        let text = about["vocabulary"].as_str().unwrap();
        assert!(text.contains(from), "{from}");
        about["vocabulary"] = json!(text.replacen(from, to, 1));
    })
}

const BIAS: &str = "encoder.blocks.input.b";

#[test]
fn a_key_that_stands_twice_is_refused_in_every_document_of_the_file() {
    let (header, data) = tiny();
    let text = header.to_string();
    let twice = text.replacen('{', &format!("{{\"{BIAS}\":{},", header[BIAS]), 1);
    let message = said(&framed(twice.into_bytes(), &data));
    assert!(message.contains(&format!("\"{BIAS}\" stands there twice")), "{message}");
    let about = header["__metadata__"][FORMAT]
        .as_str()
        .unwrap()
        .replacen('{', "{\"training\":null,", 1);
    let message = with_header(|header| header["__metadata__"][FORMAT] = json!(about));
    assert!(
        message.contains("elbo-model/1 of its metadata cannot be read: duplicate field `training`"),
        "{message}"
    );
    let message = with_text("\"vocab\":{", "\"vocab\":{\"x\":9,\"x\":9,");
    assert!(
        message.contains("vocabulary: it cannot be read: the token \"x\" stands there twice"),
        "{message}"
    );
    let message = with_text("\"bpe\":{", "\"bpe\":{\"type\":\"BPE\",");
    assert!(
        message.contains("vocabulary: it cannot be read: duplicate field `type`"),
        "{message}"
    );
    let message = with_text("\"merges\":[", "\"merges\":[[\"i\",\"n\"],");
    assert!(
        message.contains("it merges \"i\" and \"n\" twice, expected each pair once"),
        "{message}"
    );
}

#[test]
fn no_type_is_cast_and_the_tensor_is_named() {
    for (dtype, per) in [
        ("I32", 1),
        ("U32", 1),
        ("F64", 2),
        ("I64", 2),
        ("F8_E4M3", 4),
        ("F8_E5M2", 4),
        ("U8", 4),
    ] {
        let message = with_header(|header| {
            let info = &mut header[BIAS];
            let numbers = info["shape"][0].as_u64().unwrap();
            let shape = if dtype.ends_with("64") {
                numbers / per
            } else {
                numbers * per
            };
            *info = json!({"dtype": dtype, "shape": [shape], "data_offsets": info["data_offsets"]});
        });
        assert_eq!(
            message,
            format!("\"{BIAS}\" has dtype {dtype}, expected F32, F16 or BF16")
        );
    }
    let message = with_header(|header| header[BIAS]["shape"] = json!([2, 4]));
    assert_eq!(
        message,
        format!("{BIAS} has shape [2, 4], expected a tensor of shape [8] and finite numbers")
    );
    let message = with_header(|header| {
        let bias = header[BIAS].take();
        header.as_object_mut().unwrap().remove(BIAS);
        header["encoder.blocks.input.bias"] = bias;
    });
    assert_eq!(
        message,
        format!("{BIAS} is missing, expected a tensor of shape [8] and finite numbers")
    );
    let (header, mut data) = tiny();
    let begin = usize::try_from(header[BIAS]["data_offsets"][0].as_u64().unwrap()).unwrap();
    data[begin + 12..begin + 16].copy_from_slice(&f32::NAN.to_le_bytes());
    let message = said(&framed(header.to_string().into_bytes(), &data));
    assert_eq!(
        message,
        format!("{BIAS}[3] is NaN, expected a tensor of shape [8] and finite numbers")
    );
}

/// `f32` holds every number of the half types: such a file is the same model.
#[test]
fn half_types_are_read_as_they_are() {
    let model = Checkpoint::from_bytes("tiny", TINY).unwrap();
    let halves = |dtype: DType, name: &str| {
        let narrow = |(name, tensor): (&String, &gpu::Tensor)| (name.clone(), tensor.to_dtype(dtype).unwrap());
        let tensors: std::collections::BTreeMap<_, _> = model.tensors.iter().map(narrow).collect();
        let (header, _) = tiny();
        let about = header["__metadata__"][FORMAT].as_str().unwrap().to_owned();
        let metadata = Some([(FORMAT.to_owned(), about)].into());
        let bytes = safetensors::serialize(&tensors, metadata).unwrap();
        let read = Checkpoint::from_bytes(name, &bytes).unwrap();
        for (name, tensor) in &read.tensors {
            let numbers = |tensor: &gpu::Tensor| -> Vec<f32> {
                tensor
                    .to_dtype(DType::F32)
                    .unwrap()
                    .flatten_all()
                    .unwrap()
                    .to_vec1()
                    .unwrap()
            };
            assert_eq!(tensor.dtype(), DType::F32);
            assert_eq!(numbers(tensor), numbers(&tensors[name]), "{name}");
        }
    };
    halves(DType::BF16, "bf16");
    halves(DType::F16, "f16");
}

/// Numbers are consecutive, and merges of tokens that there are make tokens that there are.
#[test]
fn a_vocabulary_is_checked_before_the_library_sees_it() {
    let message = with_text("\"<unk>\":0", "\"<unk>\":300");
    assert!(
        message.starts_with("vocabulary: the token ") && message.contains("the numbers from 0 to 255, each once"),
        "{message}"
    );
    let message = with_vocabulary(|v| v["bpe"]["vocab"]["<unk>"] = json!(7));
    assert!(
        message.contains("expected the numbers from 0 to 255, each once: 0 here"),
        "{message}"
    );
    // A pair of tokens of which the library would have to make one that is not there.
    let message = with_vocabulary(|v| v["bpe"]["merges"].as_array_mut().unwrap().push(json!(["i", "i"])));
    assert!(
        message.contains("and has no token ") && message.ends_with("expected merges of tokens to tokens"),
        "{message}"
    );
    for (key, value, told) in [
        (
            "positions",
            json!(0),
            "vocabulary: it has 0 positions, or counts out of range, expected 1 to 4096 positions",
        ),
        ("positions", json!(1_u64 << 40), "positions, or counts out of range"),
        (
            "counts",
            json!([1, 2]),
            "vocabulary: it has 2 counts of 256 tokens, expected one a token",
        ),
        ("counts", json!([1_u64 << 40]), "or counts out of range"),
        (
            "counts",
            json!("many"),
            "invalid type: string \"many\", expected a list",
        ),
        (
            "captions",
            json!(-1),
            "invalid value: integer `-1`, expected a whole number",
        ),
        ("bpe", json!(3), "invalid type: integer `3`, expected keys and values"),
        ("extra", json!(3), "unknown field `extra`"),
    ] {
        let message = with_vocabulary(|v| v[key] = value.clone());
        assert!(message.contains(told), "{message} lacks {told}");
    }
    let message = with_vocabulary(|v| v["positions"] = json!(31));
    assert_eq!(
        message,
        "a vocabulary of 256 tokens and 31 positions, expected the configuration's 256 and 32"
    );
}

/// The keys of the encoding are the library's; this program accepts the values that it writes itself.
#[test]
fn an_encoding_of_another_form_is_refused() {
    for (key, value, told) in [
        ("dropout", json!(0.1), "its encoding has a form that is not ours"),
        ("fuse_unk", json!(true), "its encoding has a form that is not ours"),
        (
            "end_of_word_suffix",
            json!("_"),
            "its encoding has a form that is not ours",
        ),
        ("merges", json!([["a"]]), "invalid length 1, expected a list of 2"),
        ("merges", json!([3]), "invalid type: integer `3`, expected a list of 2"),
        ("vocab", json!([]), "invalid type: sequence, expected numbers by token"),
    ] {
        let message = with_vocabulary(|v| v["bpe"][key] = value.clone());
        assert!(message.contains(told), "{message} lacks {told}");
    }
}

#[test]
fn what_a_model_says_of_its_configuration_is_refused_with_its_name() {
    let config = |from: &str, to: &str| {
        with_about(|about| {
            let text = about["config"].as_str().unwrap();
            assert!(text.contains(from), "{from}\n{text}");
            about["config"] = json!(text.replacen(from, to, 1));
        })
    };
    assert!(config("groups = 5", "groups = 9").contains("the number of groups is 9, expected 1 to 6"));
    assert!(
        config("groups = 5", "groups = \"5\"")
            .starts_with("configuration: line 5: invalid type: string \"5\", expected a whole number")
    );
    assert!(config("[dvae.training]", "[dvae.practice]").starts_with("configuration: line "));
    // As many codes as networks may have: a file of a few megabytes would ask for as many gigabytes.
    let message = config("vocabulary = 8\n", "vocabulary = 1048576\n");
    assert!(
        message.contains("has shape ") || message.contains(" GB that are free"),
        "{message}"
    );
    let long = config("seed = 1", &format!("seed = \"{}\"", "x".repeat(5000)));
    assert!(long.len() < 500, "{long}");
    let long = config("seed = 1", &"#".repeat(1 << 17));
    assert!(long.contains("it has more than 65536 bytes"), "{long}");
    let message = with_about(|about| about["config"] = json!(3));
    assert!(
        message
            .starts_with("elbo-model/1 of its metadata cannot be read: invalid type: integer `3`, expected a string"),
        "{message}"
    );
    let message = with_header(|header| header["__metadata__"] = json!({"format": "pt"}));
    assert_eq!(message, "its metadata has no elbo-model/1, expected a model file");
}
