//! Evaluations of models some of whose numbers are huge: what does not depend on them keeps its digits.

use dalle::data::{Data, Split};
use dalle::evaluate::{Drawn, Estimate, Options, Report, evaluate};
use dalle::export;
use dalle::network::{Model, TINY};
use dalle::noise::evaluated;
use dalle::objective::relaxed;
use gpu::device::{Device, Kind};
use gpu::{HOST, Tensor};

/// A tensor's name, and what becomes of its numbers.
type Change<'a> = (&'a str, &'a dyn Fn(usize, f32) -> f32);

/// The tiny model with tensors' numbers replaced, by a function of the place and of what stood there.
pub(super) fn spoilt(changes: &[Change<'_>]) -> Model {
    let mut bytes = TINY.to_vec();
    let (header, data) = files::header::read(TINY).unwrap();
    let start = bytes.len() - data.len();
    for (tensor, change) in changes {
        let (begin, end) = header.tensors[*tensor].data_offsets;
        for (place, four) in bytes[start + begin..start + end].chunks_exact_mut(4).enumerate() {
            let old = f32::from_le_bytes(four.try_into().unwrap());
            four.copy_from_slice(&change(place, old).to_le_bytes());
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    Model::read(file.path(), &Device::open(Kind::Cpu).unwrap()).unwrap()
}

/// A model whose encoder returns these logits at every position of every image.
fn saying(logits: [f32; 8]) -> Model {
    spoilt(&[
        ("encoder.blocks.output.conv.w", &|_, _| 0.0),
        ("encoder.blocks.output.conv.b", &|code, _| logits[code]),
    ])
}

/// Codes of probability e^-6.4 and e^-80 beside a frequent one.
fn rare() -> Model {
    saying([0.0, -80.0, -80.0, -6.4, -80.0, -80.0, -80.0, -80.0])
}

fn report(model: &Model, data: &Data) -> Report {
    let options = Options {
        samples: 4,
        images: 2,
        bound_images: 2,
        bound_samples: 8,
        seed: 5,
    };
    evaluate(model, data, &options, &|| ()).unwrap()
}

/// An offset is no part of a distribution, however large: evaluation, worlds and training say the same of it to the bit.
#[test]
fn logits_with_an_offset_are_those_without() {
    let data = Data::embedded().unwrap();
    let image = data.of(Split::Test)[3];
    // Sums that single precision holds: multiples of 1/8 beside 2^20, and nothing beside 1e30.
    let steps = [0.0, -0.125, -1.5, 2.0, -3.0, 0.5, -7.25, 1.0];
    for (differences, offset) in [(steps, 1_048_576.0), (steps, -1_048_576.0), ([0.0; 8], 1e30)] {
        let [plain, shifted] = [0.0, offset].map(|offset| saying(differences.map(|step| step + offset)));
        let [one, two] = [&plain, &shifted].map(|model| Drawn::new(model, &data, image, 16, 2, 7).unwrap());
        assert!(
            one.codes == two.codes && one.ln_q == two.ln_q && one.relaxed == two.relaxed,
            "{offset}"
        );
        for (a, b) in [
            (one.entropy, two.entropy),
            (one.divergence, two.divergence),
            (one.variance, two.variance),
        ] {
            assert_eq!(a.to_bits(), b.to_bits(), "{offset}: {a}, {b}");
        }
        if offset > 1e7 {
            assert_eq!(report(&plain, &data), report(&shifted, &data), "{offset}");
            let [a, b] = [&plain, &shifted].map(|model| export::worlds(model, &data, &[image], &|| ()).unwrap());
            assert_eq!(a.worlds[0].encoder(), b.worlds[0].encoder(), "{offset}");
            let entropy = a.worlds[0]
                .encoder()
                .expect(|z| -reference::vocab::Nats::of(a.worlds[0].encoder().ln()[z]));
            let within = 4096.0 * f64::EPSILON * (1.0 + one.entropy);
            super::near("entropy of the world", entropy.value(), one.entropy, within);
        }

        let trained = |model: &Model| {
            let pixels = model.pixels(&evaluated(data.image(image), 7, image)).unwrap();
            let (side, k) = (model.config.side(), model.config.dvae.vocabulary);
            let noise = Tensor::zeros((1, side, side, k), gpu::DType::F32, &HOST).unwrap();
            let found = relaxed(model.config.sizes(), &model.parameters, &pixels, &noise, 1.0).unwrap();
            let number = |tensor: &Tensor| f64::from(tensor.to_vec1::<f32>().unwrap()[0]);
            [number(&found.divergence), number(&found.reconstruction)]
        };
        let [a, b] = [&plain, &shifted].map(trained);
        // Eight rounded exponentials a row in single precision.
        let of_type = 64.0 * f64::from(f32::EPSILON);
        super::near("divergence in training", a[0], one.divergence, of_type * one.divergence);
        super::near("divergence in training", b[0], two.divergence, of_type * two.divergence);
        super::near("reconstruction in training", a[1], b[1], of_type * a[1].abs());
    }
    // 4 positions of 8 equal codes.
    let most = 4.0 * 8.0_f64.ln();
    let equal = Drawn::new(&saying([1e30; 8]), &data, image, 1, 0, 7).unwrap();
    super::near("entropy", equal.entropy, most, 8.0 * f64::EPSILON * most);
    assert!(equal.divergence.abs() <= 0.0, "{}", equal.divergence);
}

fn same(what: &str, found: Estimate, expected: Estimate) {
    assert_eq!(found, expected, "{what}");
}

/// What the two sides of a difference share cancels, however large it is.
#[test]
fn a_difference_keeps_its_digits_whatever_both_sides_share() {
    let data = Data::embedded().unwrap();
    let plain = report(&spoilt(&[]), &data);
    // A reconstruction of -1e23 nats is on both sides of what one prior has over another.
    let bright = report(
        &spoilt(&[("decoder.blocks.output.conv.b", &|place, old| {
            if place == 0 { 1e20 } else { old }
        })]),
        &data,
    );
    for (found, expected) in bright.splits.iter().zip(&plain.splits) {
        assert!(found.reconstruction.mean < -1e20, "{found:?}");
        same("over 1/K", found.over_uniform_codes, expected.over_uniform_codes);
        same(
            "over an untrained prior",
            found.over_untrained_prior,
            expected.over_untrained_prior,
        );
    }
    // A caption of -1e39 nats is in every weight.
    let model = spoilt(&[("prior.to_text.bias", &|place, old| if place == 5 { 1e38 } else { old })]);
    let unlikely = report(&model, &data);
    let [found, expected] = [&unlikely, &plain].map(|report| report.bound.as_ref().unwrap());
    assert!(found.elbo.mean < -1e38 && found.values[0].1.mean < -1e38, "{found:?}");
    assert_eq!(found.rises, expected.rises, "L_k over L_(k/2)");
    // Given the caption, what is left is the codes' distribution.
    let image = data.of(Split::Test)[3];
    let [found, expected] = [&model, &spoilt(&[])].map(|model| export::worlds(model, &data, &[image], &|| ()).unwrap());
    assert!(found.ln_p_captions < -1e38 && found.ln_p_captions.is_finite());
    let [a, b] = [&found, &expected].map(|exported| exported.worlds[0].prior().ln());
    for (a, b) in a.iter().zip(b) {
        super::near("ln p(z|y)", *a, *b, 4096.0 * f64::EPSILON * b.abs());
    }
}

/// Samples that meet no rare code have a standard error of next to nothing; what chance leaves them holds for every seed, and is no wider than it need be.
#[test]
fn samples_of_rare_codes_stand_whatever_the_seed() {
    let data = Data::embedded().unwrap();
    let (model, image) = (rare(), data.of(Split::Test)[3]);
    let (mut beyond, mut least) = (0, f64::INFINITY);
    for seed in 0..300 {
        let drawn = Drawn::new(&model, &data, image, 4, 0, seed).unwrap();
        let residue = -super::mean(drawn.ln_q.clone()) - drawn.entropy;
        beyond += usize::from(residue.abs() > 4.0 * (drawn.variance / 4.0).sqrt());
        least = least.min(drawn.tails.margin(4.0) - residue.abs());
    }
    assert!(
        beyond > 0,
        "a code of one in six hundred, four at a time, four times: some of 300 seeds meet one"
    );
    assert!(least > 0.0, "{least}");
    let drawn = Drawn::new(&spoilt(&[]), &data, image, 1, 0, 1).unwrap();
    let errors = drawn.tails.margin(1e4) / (drawn.variance / 1e4).sqrt();
    // 5.3 of a normal distribution leave a chance of 1e-7; the rest is Chernoff's bound and a heavy tail.
    assert!((5.3..7.0).contains(&errors), "{errors}");
}
