//! Models of finite parameters whose numbers are not.

use std::fs;

use dalle::data::{Data, Split};
use dalle::evaluate::{Options, evaluate};
use dalle::export::worlds;
use dalle::network::Model;
use dalle::sample::{Draw, reconstruction, sample};
use files::header::framed;
use gpu::device::{Device, Kind};

use super::tiny;

/// Finite parameters whose numbers overflow on the way: every use names the first number that is none.
#[test]
fn a_model_that_overflows_is_refused_by_everything_that_uses_it() {
    let spoilt = |tensor: &str, number: f32| {
        let (header, mut data) = tiny();
        let offsets = &header[tensor]["data_offsets"];
        let [begin, end] = [0, 1].map(|at| usize::try_from(offsets[at].as_u64().unwrap()).unwrap());
        for old in data[begin..end].chunks_exact_mut(4) {
            old.copy_from_slice(&number.to_le_bytes());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spoilt.safetensors");
        fs::write(&path, framed(header.to_string().into_bytes(), &data)).unwrap();
        Model::read(&path, &Device::open(Kind::Cpu).unwrap()).unwrap()
    };
    let data = Data::embedded().unwrap();
    let image = data.of(Split::Test)[0];
    let draw = Draw {
        temperature: 1.0,
        top_k: 0,
        seed: 1,
    };
    let options = Options {
        samples: 2,
        images: 2,
        bound_images: 1,
        bound_samples: 2,
        seed: 1,
    };
    let decoder = spoilt("decoder.blocks.group_1.block_1.id_path.b", 1e38);
    let message = evaluate(&decoder, &data, &options, &|| ()).unwrap_err().to_string();
    assert!(
        message.starts_with("image ")
            && message.contains(": ln p(x|z) at sample 0 of the codes is NaN, expected a finite number"),
        "{message}"
    );
    let message = sample(&decoder, "sun", 1, draw).unwrap_err().to_string();
    assert!(
        message.starts_with("the decoder's mu of value 0 of image 0 is NaN"),
        "{message}"
    );
    assert_eq!(
        reconstruction(&decoder, data.image(image)).unwrap_err().to_string(),
        message
    );
    let message = worlds(&decoder, &data, &[image], &|| ()).unwrap_err().to_string();
    assert!(
        message.starts_with(&format!("image {image}: ln p(x|z) at sample ")),
        "{message}"
    );
    let prior = spoilt("prior.norm.weight", 3e38);
    let message = sample(&prior, "sun", 1, draw).unwrap_err().to_string();
    assert!(
        message.starts_with("the prior's logit of code 0 at position 0 is "),
        "{message}"
    );
    let message = evaluate(&prior, &data, &options, &|| ()).unwrap_err().to_string();
    assert!(message.contains(": ln p(y) at sample 0 of the codes is "), "{message}");
    let encoder = spoilt("encoder.blocks.output.conv.w", 3e38);
    let message = reconstruction(&encoder, data.image(image)).unwrap_err().to_string();
    assert!(message.starts_with("the encoder's logit of code "), "{message}");
}
