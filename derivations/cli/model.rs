//! The arguments of what trains a model and uses it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DeviceName, Format};

/// Which stage to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageName {
    /// Encoder and decoder.
    Dvae,
    /// The transformer, on encoder and decoder that are there.
    Prior,
    /// One after the other.
    All,
}

/// Arguments of `train`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo train all --out run\n  elbo train all --out run --resume             after Ctrl-C, or kill -9\n  elbo train dvae --config my.toml --out other"
)]
pub(crate) struct Train {
    /// Encoder and decoder, the transformer on top of them, or both
    #[arg(value_enum)]
    pub(crate) stage: StageName,
    /// emoji, tiny, sweep, or a TOML file
    #[arg(long, default_value = "emoji")]
    pub(crate) config: String,
    /// Folder for checkpoints, the log and the model
    #[arg(long, default_value = "run")]
    pub(crate) out: PathBuf,
    /// Go on with what lies there
    #[arg(long)]
    pub(crate) resume: bool,
    /// Another seed than the configuration's
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Where to train; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
}

/// Which model, and where it runs.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// A model file or a folder that was trained into; without it, the shipped one
    #[arg(long, short)]
    pub(crate) model: Option<PathBuf>,
    /// Where it runs; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
}

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo evaluate\n  elbo evaluate run --samples 16 --bound-images 32\n  elbo evaluate run --format json"
)]
pub(crate) struct Evaluate {
    /// A model file or a folder that was trained into; without it, the shipped one
    pub(crate) checkpoint: Option<PathBuf>,
    /// Where it runs; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// Samples of each image's codes
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) samples: u64,
    /// Images of each part at most, spread over it
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(2..=100_000))]
    pub(crate) images: u64,
    /// Images of the test part for the importance-weighted bound; 0 leaves it out
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) bound_images: u64,
    /// Samples of each of those, the largest k; a power of two
    #[arg(long, default_value_t = 256, value_parser = power_of_two)]
    pub(crate) bound_samples: u64,
    /// Images on which every layer is held against the reference; 0 leaves it out
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    pub(crate) layers: u64,
    /// Images in the batch of one training step of each stage, whose loss, gradients and update are held against double precision on the CPU; 0 leaves it out
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=64))]
    pub(crate) step_images: u64,
    /// Seed of all noise
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// What groups of samples are halved to.
fn power_of_two(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|n: &u64| n.is_power_of_two() && *n <= 65_536);
    number.ok_or_else(|| "expected a power of two, 1 to 65,536".to_owned())
}

/// Where a picture goes: a name that does not promise another format.
fn picture(name: &str) -> Result<PathBuf, String> {
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
    pub(crate) captions: Vec<String>,
    /// Pictures of each, 1 to 256
    #[arg(long, default_value_t = 8, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) n: u64,
    /// The picture to write
    #[arg(long, default_value = "grid.png", value_parser = picture)]
    pub(crate) out: PathBuf,
    /// Logits of the codes are divided by it, 0 to 1000: 1 is the model itself, 0 takes the most probable
    #[arg(long, default_value_t = 0.4, allow_negative_numbers = true)]
    pub(crate) temperature: f64,
    /// Only so many of the most probable codes; 0 for all
    #[arg(long, default_value_t = 0)]
    pub(crate) top_k: usize,
    /// Seed
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) which: Which,
}

/// Arguments of `reconstruct`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  elbo reconstruct --n 8 --split test --out pairs.png")]
pub(crate) struct Reconstruct {
    /// Images
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=2_000))]
    pub(crate) n: u64,
    /// The picture to write: originals above, what their most probable codes decode to below
    #[arg(long, default_value = "pairs.png", value_parser = picture)]
    pub(crate) out: PathBuf,
    /// Of which part: train, validation, test
    #[arg(long, default_value = "validation", value_parser = ["train", "validation", "test"])]
    pub(crate) split: String,
    /// Which images of that part
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) which: Which,
}

/// Arguments of `world`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  elbo world --out trained.safetensors && elbo check trained.safetensors")]
pub(crate) struct ExportWorld {
    /// A model whose codes can be enumerated (configuration tiny); without it, the shipped one of that kind
    pub(crate) checkpoint: Option<PathBuf>,
    /// The case file to write
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Images of the test part that become worlds; their captions are the list C
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) images: u64,
    /// Seed of the samples
    #[arg(long, env = "ELBO_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Arguments of `sweep-beta`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo sweep-beta --out sweep          goes on wherever it was stopped\n  elbo sweep-beta --shipped            what it came to"
)]
pub(crate) struct Sweep {
    /// Folder for the runs, the table (sweep.csv) and the pictures
    #[arg(long, default_value = "sweep")]
    pub(crate) out: PathBuf,
    /// The weights; without them 0, 0.5, 1, 2, 4, 6.6 and 10
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    pub(crate) betas: Vec<f64>,
    /// Seeds at each weight, from 1
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) seeds: u64,
    /// emoji, tiny, sweep, or a TOML file
    #[arg(long, default_value = "sweep")]
    pub(crate) config: String,
    /// Trains nothing: the table of the sweep that the program carries
    #[arg(long, conflicts_with_all = ["out", "betas", "seeds", "config"])]
    pub(crate) shipped: bool,
    /// How to write the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
