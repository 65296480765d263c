//! `agree`: reference against twin.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Format;

/// Arguments of `agree`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo agree\n  elbo agree --dtype f64 --format json\n  elbo agree my-case.safetensors --device cuda\n  elbo agree --function kl_to_uniform --shape 7x8192 --dtype bf16 --seed 3"
)]
pub(crate) struct Agree {
    /// A case file; without it, the embedded one
    pub(crate) file: Option<PathBuf>,
    /// Where the twin runs; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// The twin's type; worlds are compared in f32 and f64 only
    #[arg(long, value_enum, default_value_t = Dtype::F32)]
    pub(crate) dtype: Dtype,
    /// The fused terms as tensors inside candle's graph, through its backward pass, and not by calling the kernels
    #[arg(long)]
    pub(crate) graph: bool,
    /// How tensors lie inside candle's graph: implies --graph where they are no whole storages
    #[arg(long, value_enum, default_value_t = Views::Whole)]
    pub(crate) views: Views,
    /// Only this function, of the worlds' or of the fused terms'
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) function: Option<String>,
    /// Only logits of this shape (rows x length, such as 7x8192): the fused terms alone
    #[arg(long, value_parser = shape, allow_hyphen_values = true)]
    pub(crate) shape: Option<(usize, usize)>,
    /// Seed of the logits
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Where the twin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceName {
    /// candle's CPU kernels.
    Cpu,
    /// The first CUDA device: a GPU.
    Cuda,
    /// The CUDA device of the emulated driver (gpu/simt/driver), on the CPU.
    Emulated,
}

/// How tensors lie in their storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Views {
    /// From its first number to its last.
    Whole,
    /// Behind other numbers.
    Offset,
    /// With columns contiguous, not rows.
    Transposed,
}

/// The twin's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dtype {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// The upper half of a single: fused terms alone.
    Bf16,
    /// Half precision: fused terms alone.
    F16,
}

/// A gigabyte of `f64`.
const MOST_LOGITS: usize = 1 << 27;

fn shape(text: &str) -> Result<(usize, usize), String> {
    let parse = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
    text.split_once('x')
        .and_then(|(rows, k)| parse(rows).zip(parse(k)))
        .filter(|(rows, k)| rows.checked_mul(*k).is_some_and(|logits| logits <= MOST_LOGITS))
        .ok_or_else(|| format!("expected rows x length, such as 7x8192, of at most {MOST_LOGITS} logits"))
}
