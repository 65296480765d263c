//! What an evaluation says of a model whose codes can all be enumerated.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, reason = "tests")]
mod spoilt;

use dalle::data::{Data, Split, VALUES};
use dalle::evaluate::{Drawn, Options, PerPixel, SplitReport, evaluate, importance_weighted};
use dalle::export;
use dalle::network::Model;
use gpu::device::{Device, Kind};
use reference::model::Model as _;

fn tiny() -> (Model, Data) {
    let device = Device::open(Kind::Cpu).unwrap();
    (Model::tiny(&device).unwrap(), Data::embedded().unwrap())
}

fn mean(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn near(what: &str, found: f64, expected: f64, bound: f64) {
    assert!((found - expected).abs() <= bound, "{what}: {found} is not {expected}");
}

#[test]
fn samples_and_their_weights_are_those_of_the_enumerated_world() {
    const SAMPLES: usize = 2048;
    let (model, data) = tiny();
    let test = data.of(Split::Test);
    let images = [test[3], test[50], test[101]];
    let exported = export::worlds(&model, &data, &images, &|| ()).unwrap();
    let k = model.config.dvae.vocabulary;
    for (image, world) in images.into_iter().zip(&exported.worlds) {
        // The seed that the world's pixels were dequantised with.
        let drawn = Drawn::new(&model, &data, image, SAMPLES, 0, model.config.seed).unwrap();
        let prior = drawn.prior(&model, &data, image, SAMPLES).unwrap();
        let (y, ln_q) = (world.y(), world.encoder().ln());
        let expect =
            |f: &dyn Fn(usize) -> f64| -> f64 { ln_q.iter().enumerate().map(|(z, ln_q)| ln_q.exp() * f(z)).sum() };
        // Sums of 4,096 codes, one by one.
        let rounding = world.codes() as f64 * f64::EPSILON;
        let entropy = expect(&|z| -ln_q[z]);
        let variance = expect(&|z| (ln_q[z] + entropy).powi(2));
        near("entropy", drawn.entropy, entropy, rounding * entropy);
        near(
            "variance",
            drawn.variance,
            variance,
            rounding * (variance + entropy * entropy),
        );

        // Sample by sample; the networks' sums in f32 may have another order in a batch of another size.
        let place = |code: &[u32]| code.iter().fold(0, |z, digit| z * k + *digit as usize);
        let of_type = |size: f64| 64.0 * f64::from(f32::EPSILON) * size.abs();
        for (i, code) in drawn.codes.chunks_exact(model.codes()).enumerate() {
            let z = place(code);
            near("ln q(z|x)", drawn.ln_q[i], ln_q[z], rounding * ln_q[z].abs());
            let ln_p_x = world.likelihood()[[y, z]];
            near("ln p(x|z)", drawn.ln_p_x[i], ln_p_x, of_type(ln_p_x));
            let ln_p_yz = world.prior().ln()[[y, z]] + exported.ln_p_captions;
            near("ln p(y,z)", prior.ln_p_y + prior.ln_p_z[i], ln_p_yz, of_type(ln_p_yz));
        }

        // They are drawn from q: means within four standard errors, those exact.
        let likelihood = |z: usize| world.likelihood()[[y, z]];
        let joint = |z: usize| world.prior().ln()[[y, z]] + exported.ln_p_captions;
        let of_joint = prior.ln_p_z.iter().map(|ln_p_z| prior.ln_p_y + ln_p_z);
        type Side<'a> = (&'static str, f64, &'a dyn Fn(usize) -> f64);
        let sides: [Side<'_>; 3] = [
            ("E -ln q(z|x)", -mean(drawn.ln_q.clone()), &|z| -ln_q[z]),
            ("E ln p(x|z)", mean(drawn.ln_p_x.clone()), &likelihood),
            ("E ln p(y,z)", mean(of_joint), &joint),
        ];
        for (what, found, f) in sides {
            let exact = expect(f);
            let error = (expect(&|z| (f(z) - exact).powi(2)) / SAMPLES as f64).sqrt();
            near(what, found, exact, 4.0 * error + of_type(exact));
        }

        let weights = drawn.log_weights(&prior);
        let bounds: Vec<f64> = (0..12)
            .map(|power| importance_weighted(&weights, 1 << power).unwrap())
            .collect();
        near("L_1", bounds[0], mean(weights.clone()), rounding * bounds[0].abs());
        assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{bounds:?}");
    }
}

/// Recomputes what is said of one part of the data from draws of its two images.
fn expect_parts((model, data): (&Model, &Data), per_pixel: &PerPixel, split: Split, found: &SplitReport, seed: u64) {
    let prior_alone = |tokens: usize, vocabulary: usize| tokens as f64 * (vocabulary as f64).ln();
    let all = data.of(split);
    let images = [all[0], all[all.len() / 2]];
    let of = |f: &dyn Fn(usize, &Drawn) -> f64| {
        mean(images.map(|image| f(image, &Drawn::new(model, data, image, 8, 8, seed).unwrap())))
    };
    let size = found.elbo.mean.abs();
    let same = |what: &str, found: f64, expected: f64| near(what, found, expected, 64.0 * f64::EPSILON * size);
    same("entropy", found.entropy.mean, of(&|_, drawn| drawn.entropy));
    same(
        "reconstruction",
        found.reconstruction.mean,
        of(&|_, drawn| mean(drawn.ln_p_x.clone())),
    );
    same(
        "gap",
        found.relaxation_gap.mean,
        of(&|_, drawn| mean(drawn.relaxed.clone()) - mean(drawn.ln_p_x.clone())),
    );
    let ln_q_y = of(&|image, _| {
        let words = model.vocabulary.encode(data.caption(image)).unwrap();
        model.vocabulary.log_prob(&words).unwrap()
    });
    same("ln q(y|x)", found.ln_q_y.mean, ln_q_y);
    let prior = of(&|image, drawn| {
        let prior = drawn.prior(model, data, image, 8).unwrap();
        prior.ln_p_y + mean(prior.ln_p_z)
    });
    let elbo = of(&|_, drawn| mean(drawn.ln_p_x.clone()) + drawn.entropy) + prior;
    same("ELBO", found.elbo.mean, elbo);
    same(
        "bits",
        found.bits_per_dim.mean * VALUES as f64 * std::f64::consts::LN_2,
        -elbo,
    );
    let no_latent = of(&|image, _| per_pixel.log_prob(data, image, seed).unwrap()) + ln_q_y;
    same("over no latent", found.over_no_latent.mean, elbo - no_latent);
    // A prior without parameters: the same samples, other log-probabilities.
    let uniform = -prior_alone(model.codes(), model.config.dvae.vocabulary) + ln_q_y;
    same("over 1/K", found.over_uniform_codes.mean, prior - uniform);
    // An untrained one knows next to nothing of tokens and codes.
    let [text, pads] = [model.config.prior.text, model.config.prior.vocabulary];
    let untrained = -prior_alone(text, pads + text) - prior_alone(model.codes(), model.config.dvae.vocabulary);
    let over = found.over_untrained_prior.mean;
    near(
        "over an untrained prior",
        over,
        prior - untrained,
        0.05 * untrained.abs(),
    );
}

#[test]
fn a_report_is_made_of_its_parts() {
    let (model, data) = tiny();
    let options = Options {
        samples: 8,
        images: 2,
        bound_images: 2,
        bound_samples: 11,
        seed: 5,
    };
    let report = evaluate(&model, &data, &options, &|| ()).unwrap();
    let per_pixel = PerPixel::fit(&data, options.seed);
    for (split, found) in Split::ALL.into_iter().zip(&report.splits) {
        expect_parts((&model, &data), &per_pixel, split, found, options.seed);
    }
    let bound = report.bound.as_ref().unwrap();
    let ks: Vec<usize> = bound.values.iter().map(|(k, _)| *k).collect();
    assert_eq!(ks, [1, 2, 4, 8], "eight of eleven samples");
    assert!(
        bound.rises.len() == 3 && bound.rises.iter().all(|rise| rise.mean > 0.0),
        "{:?}",
        bound.rises
    );
    let residue = bound.values[0].1.mean - bound.elbo.mean;
    near(
        "residue",
        bound.entropy_residue.mean,
        residue,
        64.0 * f64::EPSILON * bound.elbo.mean.abs(),
    );
    assert!(report.stands());
}

#[test]
fn one_sample_of_one_image_tells_what_it_can() {
    let (model, data) = tiny();
    let options = Options {
        samples: 1,
        images: 2,
        bound_images: 1,
        bound_samples: 1,
        seed: 9,
    };
    let report = evaluate(&model, &data, &options, &|| ()).unwrap();
    let bound = report.bound.as_ref().unwrap();
    assert!(report.stands() && bound.rises.is_empty() && bound.residue_bound > 0.0);
    assert!(bound.elbo.standard_error.is_none(), "one image tells of no others");
}

/// A model whose scale for blue is e^-200: every density is below what single precision holds, none above what it can be.
#[test]
fn a_scale_that_no_density_has_makes_no_bound() {
    let blue = |place: usize, old: f32| if place == 5 { -200.0 } else { old };
    let (model, data) = (
        spoilt::spoilt(&[("decoder.blocks.output.conv.b", &blue)]),
        Data::embedded().unwrap(),
    );
    let refused = Drawn::new(&model, &data, data.of(Split::Test)[0], 2, 0, 1)
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("image ")
            && refused.contains(": ln p(x|z) at sample 0 of the codes is -inf, expected a finite number"),
        "{refused}"
    );
}
