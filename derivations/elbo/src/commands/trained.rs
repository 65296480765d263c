//! The commands that use a trained model: `elbo evaluate`, `sample`, `reconstruct` and `world`.

use std::path::{Path, PathBuf};

use agree::bounds::Storage;
use clap::Args;
use dalle::checkpoint::write_whole;
use dalle::checks::{layers, steps};
use dalle::data::{Data, Split};
use dalle::evaluate::{self, Options};
use dalle::export;
use dalle::network::Model;
use dalle::noise::{Purpose, batch, stream};
use dalle::picture;
use dalle::report::model as report;
use dalle::sample::{self, Draw};
use files::words::one_line;
use gpu::device::{Device, Kind};
use reference::model::Model as _;
use serde_json::json;
use worlds::case;

use super::device::{DeviceName, open};
use super::output::{of_search, pretty, print, progress};
use crate::arguments::Format;
use crate::outcome::{Outcome, Result};

/// Which model, and where it runs.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// A model file or a folder that was trained into; without it, the shipped one
    #[arg(long, short)]
    model: Option<PathBuf>,
    /// Where it runs; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
}

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo evaluate\n  elbo evaluate run --samples 16 --bound-images 32\n  elbo evaluate run --format json"
)]
pub(crate) struct Evaluate {
    /// A model file or a folder that was trained into; without it, the shipped one
    checkpoint: Option<PathBuf>,
    /// Where it runs; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
    /// Samples of each image's codes
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    samples: u64,
    /// Images of each part at most, spread over it
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(2..=100_000))]
    images: u64,
    /// Images of the test part for the importance-weighted bound; 0 leaves it out
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    bound_images: u64,
    /// Samples of each of those, the largest k; a power of two
    #[arg(long, default_value_t = 256, value_parser = power_of_two)]
    bound_samples: u64,
    /// Images on which every layer is held against the reference; 0 leaves it out
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    layers: u64,
    /// Images in the batch of one training step of each stage, whose loss, gradients and update are held against double precision on the CPU; 0 leaves it out
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=64))]
    step_images: u64,
    /// Seed of all noise
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    seed: u64,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Parses a number of samples, which must be a power of two, so that groups of them can be halved.
fn power_of_two(text: &str) -> std::result::Result<u64, String> {
    let number = text.parse().ok().filter(|n: &u64| n.is_power_of_two() && *n <= 65_536);
    number.ok_or_else(|| "expected a power of two, 1 to 65,536".to_owned())
}

/// Parses the path of a picture. Its name must not promise another format than PNG.
fn picture(name: &str) -> std::result::Result<PathBuf, String> {
    let path = PathBuf::from(name);
    match path.extension() {
        Some(ending) if !ending.eq_ignore_ascii_case("png") => {
            Err("pictures are PNG, expected a name that ends in .png or has no ending".to_owned())
        }
        _ => Ok(path),
    }
}

/// Arguments of `sample`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo sample \"red heart\" --n 8 --out grid.png\n  elbo sample \"japan flag\" \"umbrella\" --temperature 0.5 --top-k 16"
)]
pub(crate) struct Sample {
    /// What to draw; a row of pictures each
    #[arg(required = true)]
    captions: Vec<String>,
    /// Pictures of each, 1 to 256
    #[arg(long, default_value_t = 8, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=256))]
    n: u64,
    /// The picture to write
    #[arg(long, default_value = "grid.png", value_parser = picture)]
    out: PathBuf,
    /// Logits of the codes are divided by it, 0 to 1000: 1 is the model itself, 0 takes the most probable
    #[arg(long, default_value_t = 0.4, allow_negative_numbers = true)]
    temperature: f64,
    /// Only so many of the most probable codes; 0 for all
    #[arg(long, default_value_t = 0)]
    top_k: usize,
    /// Seed
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    which: Which,
}

/// Arguments of `reconstruct`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  elbo reconstruct --n 8 --split test --out pairs.png")]
pub(crate) struct Reconstruct {
    /// Images
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=2_000))]
    n: u64,
    /// The picture to write: originals above, what their most probable codes decode to below
    #[arg(long, default_value = "pairs.png", value_parser = picture)]
    out: PathBuf,
    /// Of which part: train, validation, test
    #[arg(long, default_value = "validation", value_parser = ["train", "validation", "test"])]
    split: String,
    /// Which images of that part
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    which: Which,
}

/// Arguments of `world`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  elbo world --out trained.safetensors && elbo check trained.safetensors")]
pub(crate) struct ExportWorld {
    /// A model whose codes can be enumerated (configuration tiny); without it, the shipped one of that kind
    checkpoint: Option<PathBuf>,
    /// The case file to write
    #[arg(long)]
    out: PathBuf,
    /// Images of the test part that become worlds; their captions are the list C
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64))]
    images: u64,
    /// Seed of the samples
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    seed: u64,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

fn read(path: Option<&Path>, device: &Device) -> Result<Model> {
    Ok(path.map_or_else(|| Model::shipped(device), |path| Model::read(path, device))?)
}

/// The name of a model in reports and messages.
fn named(path: Option<&Path>, shipped: &str) -> String {
    path.map_or_else(|| shipped.to_owned(), |path| one_line(&path.display().to_string()))
}

pub(crate) fn evaluate(args: &Evaluate) -> Result<Outcome> {
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
            let compared = layers::agree(&model, &data, &images, storage);
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
            report::evaluation(&source, &device.name(), &report, &layers)
                + &report::training_steps(&device.name(), &steps)
        }
        Format::Json => pretty(&json!({
            "schema": "elbo-evaluation/1",
            "provenance": of_search(Some(args.seed)),
            "model": source,
            "device": device.name(),
            "report": report,
            "layers": layers,
            "training_steps": steps,
        }))?,
    })?;
    Ok(stands.into())
}

pub(crate) fn sample(args: &Sample) -> Result<Outcome> {
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
    // All captions are checked first, so that a wrong one costs no time.
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

pub(crate) fn reconstruct(args: &Reconstruct) -> Result<Outcome> {
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
        report::estimate(&error, 3)
    ))?;
    Ok(Outcome::Stands)
}

pub(crate) fn world(args: &ExportWorld) -> Result<Outcome> {
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
    let rows: Vec<report::WorldRow> = (exported.worlds.iter())
        .map(|world| report::WorldRow::of(world, &exported.captions[world.y()], &mut rng))
        .collect::<std::result::Result<_, _>>()?;
    print(&match args.format {
        Format::Text => report::worlds(&args.out.display().to_string(), &exported, &rows),
        Format::Json => pretty(&json!({
            "schema": "elbo-world/1",
            "file": args.out,
            "captions": exported.captions,
            "ln_p_captions": exported.ln_p_captions,
            "ln_q_captions": exported.ln_q_captions,
            "worlds": rows,
        }))?,
    })?;
    Ok(rows.iter().all(report::WorldRow::stands).into())
}
