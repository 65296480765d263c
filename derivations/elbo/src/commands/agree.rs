//! `elbo agree`: compares the functions of `gpu` on worlds, and the fused terms on logits, with the reference.

use std::path::PathBuf;

use agree::bounds::Storage;
use agree::equations::{self, Report};
use agree::pairs::{self, AnyTwin, Batchable, Pair};
use agree::{report, terms};
use bounds::Float;
#[cfg(not(feature = "lapack"))]
use check::continuous::SKIPPED;
use clap::{Args, ValueEnum};
use gpu::Tensor;
use gpu::device::Device;
use gpu::fused::Isa;
use reference::vocab::Reading;
use reference::world::World;
use serde_json::json;
#[cfg(feature = "lapack")]
use worlds::case;
use worlds::case::Case;

use super::device::{DeviceName, open};
use super::input::read;
use super::output::{of_case, pretty, print};
use crate::arguments::{Format, lengths};
use crate::outcome::{Outcome, Result};

/// Arguments of `agree`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo agree\n  elbo agree --dtype f64 --format json\n  elbo agree my-case.safetensors --device cuda\n  elbo agree --function kl_to_uniform --shape 7x8192 --dtype bf16 --seed 3"
)]
pub(crate) struct Agree {
    /// A case file; without it, the embedded one
    file: Option<PathBuf>,
    /// Where the twin runs; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
    /// The twin's type; worlds are compared in f32 and f64 only
    #[arg(long, value_enum, default_value_t = Dtype::F32)]
    dtype: Dtype,
    /// The fused terms as tensors inside candle's graph, through its backward pass, and not by calling the kernels
    #[arg(long)]
    graph: bool,
    /// How tensors lie inside candle's graph: implies --graph where they are no whole storages
    #[arg(long, value_enum, default_value_t = Views::Whole)]
    views: Views,
    /// Only this function, of the worlds' or of the fused terms'
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    function: Option<String>,
    /// Only logits of this shape (rows x length, such as 7x8192): the fused terms alone
    #[arg(long, value_parser = shape, allow_hyphen_values = true)]
    shape: Option<(usize, usize)>,
    /// Seed of the logits
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
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

/// The largest number of logits that may be asked for, which take a gigabyte in `f64`.
const MOST_LOGITS: usize = 1 << 27;

fn shape(text: &str) -> std::result::Result<(usize, usize), String> {
    lengths(text, MOST_LOGITS)
        .map(|[rows, k]| (rows, k))
        .ok_or_else(|| format!("expected rows x length, such as 7x8192, of at most {MOST_LOGITS} logits"))
}

pub(crate) fn run(args: &Agree) -> Result<Outcome> {
    let device = open(args.device)?;
    let mut pairs = pairs::on(&device)?;
    known(args, &pairs)?;
    pairs.retain(|pair| asked(args, pair.name));
    let case = read(args.file.as_deref())?;
    let mut skipped = Vec::new();
    let finite = if case.worlds.is_empty() {
        skipped.push("finite worlds: skipped, the case file holds continuous ones".to_owned());
        None
    } else {
        over_worlds(args, &device, &pairs, &case.worlds, &case.source, &mut skipped)?
    };
    let continuous = continuous(args, &device, &case, &mut skipped)?;
    let logits = over_logits(args, device, &mut skipped)?;
    if finite.is_none() && continuous.is_none() && logits.is_none() {
        return Err(format!("nothing to compare: {}", skipped.join("; ")).into());
    }
    let worlds_agree = finite.iter().chain(&continuous).all(|report| report.agrees);
    let agrees = worlds_agree && logits.as_ref().is_none_or(|logits| logits.agrees);
    match args.format {
        Format::Text => {
            let worlds = finite.iter().chain(&continuous).map(report::text);
            let parts = worlds.chain(logits.as_ref().map(report::terms));
            let mut text = parts.collect::<Vec<_>>().join("\n");
            for skipped in skipped {
                text.push_str(&skipped);
                text.push('\n');
            }
            print(&text)?;
        }
        Format::Json => {
            let mut body = finite.map_or_else(|| Ok(json!({})), serde_json::to_value)?;
            body["agrees"] = json!(agrees);
            body["schema"] = json!("elbo-agree/2");
            body["continuous"] = serde_json::to_value(&continuous)?;
            body["terms"] = serde_json::to_value(&logits)?;
            body["skipped"] = json!(skipped);
            body["provenance"] = serde_json::to_value(of_case(&case, Some(args.seed)))?;
            print(&pretty(&body)?)?;
        }
    }
    Ok(agrees.into())
}

impl From<Views> for terms::View {
    fn from(views: Views) -> Self {
        match views {
            Views::Whole => Self::Whole,
            Views::Offset => Self::Offset,
            Views::Transposed => Self::Transposed,
        }
    }
}

fn asked(args: &Agree, name: &str) -> bool {
    args.function.as_ref().is_none_or(|wanted| wanted == name)
}

/// Refuses the name of a function that does not exist.
fn known(args: &Agree, pairs: &[Pair<World, AnyTwin>]) -> Result<()> {
    let Some(name) = &args.function else { return Ok(()) };
    let all = || {
        let finite = pairs.iter().map(|pair| pair.name);
        finite.chain(continuous_names()).chain(terms::names())
    };
    if all().any(|known| known == name) {
        return Ok(());
    }
    let near = all().max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
    let near = near.unwrap_or_default();
    Err(format!("no function {name}: did you mean {near}? (elbo agree without --function prints them all)").into())
}

/// Compares the pairs on worlds of one kind. It is `None` where no pair is asked for, or where worlds are not compared
/// in the type.
fn over_worlds<W, T>(
    args: &Agree,
    device: &Device,
    pairs: &[Pair<W, T>],
    worlds: &[W],
    source: &str,
    skipped: &mut Vec<String>,
) -> Result<Option<Report>>
where
    W: Batchable,
    T: Fn(&W::Batch, Reading) -> std::result::Result<Tensor, gpu::Error>,
{
    let kind = if W::CONTINUOUS {
        "continuous worlds"
    } else {
        "finite worlds"
    };
    let float = match args.dtype {
        _ if pairs.is_empty() => return Ok(None),
        _ if args.shape.is_some() => {
            skipped.push(format!("{kind}: skipped, --shape asks for logits"));
            return Ok(None);
        }
        Dtype::Bf16 | Dtype::F16 => {
            skipped.push(format!("{kind}: skipped, they are compared in f32 and f64"));
            return Ok(None);
        }
        Dtype::F32 => Float::F32,
        Dtype::F64 => Float::F64,
    };
    let options = equations::Options {
        device: device.clone(),
        float,
    };
    let report = equations::agree_on(pairs, worlds, &options).map_err(|error| format!("{source}: {error}"))?;
    if report.left_out > 0 && report.worlds == 0 {
        skipped.push(format!("{kind}: skipped, {}", report::left_out(&report)));
        return Ok(None);
    }
    Ok(Some(report))
}

#[cfg(feature = "lapack")]
fn continuous_names() -> impl Iterator<Item = &'static str> {
    pairs::GAUSSIAN.iter().map(|pair| pair.name)
}

#[cfg(feature = "lapack")]
fn continuous(args: &Agree, device: &Device, case: &Case, skipped: &mut Vec<String>) -> Result<Option<Report>> {
    let embedded = (args.file.is_none()).then(case::embedded_gaussian).transpose()?;
    let case = embedded.as_ref().unwrap_or(case);
    if case.gaussian.is_empty() {
        skipped.push("continuous worlds: skipped, the case file holds finite ones".to_owned());
        return Ok(None);
    }
    let wanted = pairs::GAUSSIAN.iter().filter(|pair| asked(args, pair.name)).copied();
    over_worlds(
        args,
        device,
        &wanted.collect::<Vec<_>>(),
        &case.gaussian,
        &case.source,
        skipped,
    )
}

#[cfg(not(feature = "lapack"))]
fn continuous_names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}

#[cfg(not(feature = "lapack"))]
#[expect(clippy::unnecessary_wraps, reason = "it is asked as the one that can fail")]
fn continuous(_: &Agree, _: &Device, _: &Case, skipped: &mut Vec<String>) -> Result<Option<Report>> {
    skipped.push(SKIPPED.to_owned());
    Ok(None)
}

fn over_logits(args: &Agree, device: Device, skipped: &mut Vec<String>) -> Result<Option<terms::Report>> {
    let storage = match args.dtype {
        Dtype::F32 => Storage::F32,
        Dtype::F64 => Storage::F64,
        Dtype::Bf16 => Storage::BF16,
        Dtype::F16 => Storage::F16,
    };
    if !terms::names().any(|name| asked(args, name)) {
        return Ok(None);
    }
    if args.file.is_some() {
        skipped.push("fused terms: skipped, a case file holds worlds and no logits".to_owned());
        return Ok(None);
    }
    if args.device != DeviceName::Cpu && ![Storage::F32, Storage::BF16].contains(&storage) {
        skipped.push("fused terms: skipped, the CUDA kernels read f32 and bf16".to_owned());
        return Ok(None);
    }
    let options = terms::Options {
        storage,
        function: args.function.clone(),
        shape: args.shape,
        seed: args.seed,
    };
    if args.graph || args.views != Views::Whole {
        let report = terms::agree(&terms::InGraph(device, args.views.into()), &options);
        return Ok(Some(report.map_err(|error| error.to_string())?));
    }
    fused(&device, args.device, &options).map(Some)
}

/// Compares the fused terms: the kernels of a CUDA device, or the widest instructions of the CPU.
fn fused(device: &Device, name: DeviceName, options: &terms::Options) -> Result<terms::Report> {
    #[cfg(feature = "cuda")]
    if name != DeviceName::Cpu {
        let kernels = terms::OnDevice(gpu::kernels::Cuda::of(device)?);
        return Ok(terms::agree(&kernels, options).map_err(|error| error.to_string())?);
    }
    let _ = (device, name);
    Ok(terms::agree(&Isa::best(), options).map_err(|error| error.to_string())?)
}
