//! Runs what uses a trained model: `evaluate`, `sample`, `reconstruct`, `world`.

use std::path::Path;

use derivations::faces::{Provenance, model as face};
use derivations::networks;
use derivations::precision::Storage;
use derivations::steps;
use files::words::one_line;
use gpu::device::{Device, Kind};
use model::checkpoint::write_whole;
use model::data::{Data, Split};
use model::evaluate::{self, Options};
use model::export;
use model::network::Model;
use model::noise::{Purpose, batch, stream};
use model::picture;
use model::sample::{self, Draw};
use reference::model::Model as _;
use serde_json::json;
use worlds::case;

use super::device::open;
use super::output::{pretty, print, progress};
use super::{Outcome, Result};
use crate::cli::{self, Format};

fn read(path: Option<&Path>, device: &Device) -> Result<Model> {
    Ok(path.map_or_else(|| Model::shipped(device), |path| Model::read(path, device))?)
}

/// A model's name in reports and sentences.
fn named(path: Option<&Path>, shipped: &str) -> String {
    path.map_or_else(|| shipped.to_owned(), |path| one_line(&path.display().to_string()))
}

pub(super) fn evaluate(args: &cli::Evaluate) -> Result<Outcome> {
    let device = open(args.device)?;
    let model = read(args.checkpoint.as_deref(), &device)?;
    let source = named(args.checkpoint.as_deref(), "the shipped model");
    model.transformer().map_err(|error| error.at(&source))?;
    let data = Data::embedded()?;
    let count = |n: u64| usize::try_from(n);
    let options = Options {
        samples: count(args.samples)?,
        images: count(args.images)?,
        bound_images: count(args.bound_images)?,
        bound_samples: count(args.bound_samples)?,
        seed: args.seed,
    };
    let parts = Split::ALL.map(|split| data.of(split).len().min(options.images));
    let all = parts.iter().sum::<usize>() + options.bound_images.min(parts[2]);
    let bar = progress(all as u64, "images");
    let report = evaluate::evaluate(&model, &data, &options, &|| bar.inc(1)).map_err(|error| error.at(&source))?;
    bar.finish_and_clear();
    let images: Vec<usize> = data.of(Split::Test).into_iter().take(count(args.layers)?).collect();
    let mut layers = Vec::new();
    if !images.is_empty() {
        for storage in [Storage::F32, Storage::BF16] {
            let compared = networks::agree(&model, &data, &images, storage);
            layers.extend(compared.map_err(|error| format!("{source}: {error}"))?);
        }
    }
    let steps = match count(args.step_images)? {
        0 => Vec::new(),
        images => steps::agree(&model, &data, images, &device).map_err(|error| error.at(&source))?,
    };
    let agree = layers.iter().all(|network| network.failed == 0) && steps.iter().all(|step| step.beyond.is_empty());
    let stands = report.stands() && agree;
    print(&match args.format {
        Format::Text => {
            face::evaluation(&source, &device.name(), &report, &layers) + &face::training_steps(&device.name(), &steps)
        }
        Format::Json => pretty(&json!({
            "schema": "elbo-evaluation/1",
            "provenance": Provenance::of_search(Some(args.seed)),
            "model": source,
            "device": device.name(),
            "report": report,
            "layers": layers,
            "training_steps": steps,
        }))?,
    })?;
    Ok(stands.into())
}

pub(super) fn sample(args: &cli::Sample) -> Result<Outcome> {
    case::expect_writable(&args.out)?;
    let device = open(args.which.device)?;
    let model = read(args.which.model.as_deref(), &device)?;
    if !(0.0..=1e3).contains(&args.temperature) {
        return Err(format!("--temperature is {}, expected a number in [0, 1000]", args.temperature).into());
    }
    let draw = Draw {
        temperature: args.temperature,
        top_k: args.top_k,
        seed: args.seed,
    };
    let count = usize::try_from(args.n)?;
    let source = named(args.which.model.as_deref(), "the shipped model");
    // All captions first: a wrong one costs no time.
    for caption in &args.captions {
        model.text(caption)?;
    }
    let bar = progress(args.captions.len() as u64, "captions");
    let mut rows = Vec::new();
    for caption in &args.captions {
        rows.push(sample::sample(&model, caption, count, draw).map_err(|error| error.at(&source))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    write_whole(&args.out, &picture::grid(&rows, 2)?)?;
    let names = args.captions.join(", ");
    print(&format!(
        "{}: {count} of each of {names}, temperature {}, seed {}\n",
        args.out.display(),
        args.temperature,
        args.seed
    ))?;
    let data = Data::embedded()?;
    let trained_on = |caption: &&String| {
        data.find(caption)
            .is_some_and(|image| data.split(image) == Split::Train)
    };
    for caption in args.captions.iter().filter(|caption| !trained_on(caption)) {
        print(&format!(
            "{caption} is no caption of the training part: the model knows little of it\n"
        ))?;
    }
    Ok(Outcome::Stands)
}

pub(super) fn reconstruct(args: &cli::Reconstruct) -> Result<Outcome> {
    case::expect_writable(&args.out)?;
    let device = open(args.which.device)?;
    let model = read(args.which.model.as_deref(), &device)?;
    let data = Data::embedded()?;
    let split = Split::ALL.into_iter().find(|split| split.name() == args.split);
    let images = data.of(split.unwrap_or(Split::Validation));
    let chosen = batch(args.seed, 0, usize::try_from(args.n)?, &images);
    let source = named(args.which.model.as_deref(), "the shipped model");
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for line in chosen.chunks(12) {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for &image in line {
            let original = picture::numbers(data.image(image));
            let back = sample::reconstruction(&model, data.image(image));
            let (_, back) = back.map_err(|error| error.at(format!("{source}: image {image}")))?;
            errors.push(evaluate::pixel_error(data.image(image), &back));
            above.push(original);
            below.push(back);
        }
        rows.extend([above, below]);
    }
    write_whole(&args.out, &picture::grid(&rows, 2)?)?;
    let error = evaluate::Estimate::of(&errors);
    print(&format!(
        "{}: {} images of the {} part above, their most probable codes decoded below; root mean squared error {} of a pixel in [0, 1]\n",
        args.out.display(),
        chosen.len(),
        args.split,
        face::estimate(&error, 3)
    ))?;
    Ok(Outcome::Stands)
}

pub(super) fn world(args: &cli::ExportWorld) -> Result<Outcome> {
    case::expect_writable(&args.out)?;
    let device = Device::open(Kind::Cpu)?;
    let model = match &args.checkpoint {
        Some(path) => Model::read(path, &device)?,
        None => Model::tiny(&device)?,
    };
    let data = Data::embedded()?;
    let source = named(args.checkpoint.as_deref(), "the shipped tiny model");
    export::codes(&model).map_err(|error| error.at(&source))?;
    let test = data.of(Split::Test);
    let count = usize::try_from(args.images)?.min(test.len());
    let images: Vec<usize> = (0..count).map(|place| test[place * test.len() / count]).collect();
    let bar = progress(2 * count as u64, "tables");
    let exported = export::worlds(&model, &data, &images, &|| bar.inc(1)).map_err(|error| error.at(&source))?;
    bar.finish_and_clear();
    let title = format!(
        "a trained model of {} images and captions, every code enumerated",
        images.len()
    );
    case::write(&args.out, &exported.worlds, &title)?;
    let mut rng = stream(args.seed, Purpose::Sample, 1);
    let rows: Vec<face::WorldRow> = (exported.worlds.iter())
        .map(|world| face::WorldRow::of(world, &exported.captions[world.y()], &mut rng))
        .collect::<std::result::Result<_, _>>()?;
    print(&match args.format {
        Format::Text => face::worlds(&args.out.display().to_string(), &exported, &rows),
        Format::Json => pretty(&json!({
            "schema": "elbo-world/1",
            "file": args.out,
            "captions": exported.captions,
            "ln_p_captions": exported.ln_p_captions,
            "ln_q_captions": exported.ln_q_captions,
            "worlds": rows,
        }))?,
    })?;
    Ok(rows.iter().all(face::WorldRow::stands).into())
}
