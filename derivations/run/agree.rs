//! Runs `agree`: the twin's functions over worlds, and the fused terms over logits.

use derivations::agree as worlds;
use derivations::faces::{Provenance, agreement};
use derivations::pairs;
use derivations::precision::Storage;
use derivations::terms;
use gpu::device::{Device, Float, Kind};
use gpu::fused::Isa;
use serde_json::json;

use super::output::{pretty, print};
use super::{Outcome, Result, read};
use crate::cli::{self, DeviceName, Dtype, Format};

pub(super) fn agree(args: &cli::Agree) -> Result<Outcome> {
    let device = Device::open(match args.device {
        DeviceName::Cpu => Kind::Cpu,
        DeviceName::Cuda => Kind::Cuda(0),
    })?;
    let is = |name: &&str| args.function.as_ref().is_none_or(|wanted| wanted == name);
    let pairs = pairs::on(&device)?;
    let over_worlds = pairs.iter().map(|pair| pair.name).any(|name| is(&name));
    let over_logits = terms::names().any(|name| is(&name));
    if let Some(name) = args.function.as_ref().filter(|_| !over_worlds && !over_logits) {
        let known = pairs.iter().map(|pair| pair.name).chain(terms::names());
        let near = known.max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
        let near = near.unwrap_or_default();
        return Err(format!(
            "no function {name}: did you mean {near}? (elbo agree without --function prints them all)"
        )
        .into());
    }
    let (float, storage) = match args.dtype {
        Dtype::F32 => (Some(Float::F32), Storage::F32),
        Dtype::F64 => (Some(Float::F64), Storage::F64),
        Dtype::Bf16 => (None, Storage::BF16),
        Dtype::F16 => (None, Storage::F16),
    };
    let mut skipped = Vec::new();
    let case = read(args.file.as_deref())?;
    let report = match float {
        _ if !over_worlds => None,
        _ if args.shape.is_some() => {
            skipped.push("worlds: skipped, --shape asks for logits");
            None
        }
        None => {
            skipped.push("worlds: skipped, they are compared in f32 and f64");
            None
        }
        Some(float) => {
            let pairs: Vec<_> = pairs.into_iter().filter(|pair| is(&pair.name)).collect();
            let options = worlds::Options {
                device: device.clone(),
                float,
            };
            let report = worlds::agree_on(&pairs, &case.worlds, &options);
            Some(report.map_err(|error| format!("{}: {error}", case.source))?)
        }
    };
    let logits = if !over_logits {
        None
    } else if args.file.is_some() {
        skipped.push("fused terms: skipped, a case file holds worlds and no logits");
        None
    } else if args.device == DeviceName::Cuda && ![Storage::F32, Storage::BF16].contains(&storage) {
        skipped.push("fused terms: skipped, the CUDA kernels read f32 and bf16");
        None
    } else {
        let options = terms::Options {
            storage,
            function: args.function.clone(),
            shape: args.shape,
            seed: args.seed,
        };
        let report = if args.graph {
            terms::agree(&terms::InGraph(device), &options).map_err(|error| error.to_string())?
        } else {
            fused(&device, args.device, &options)?
        };
        Some(report)
    };
    if report.is_none() && logits.is_none() {
        return Err(format!("nothing to compare: {}", skipped.join("; ")).into());
    }
    let agrees =
        report.as_ref().is_none_or(|report| report.agrees) && logits.as_ref().is_none_or(|logits| logits.agrees);
    match args.format {
        Format::Text => {
            let parts = [
                report.as_ref().map(agreement::text),
                logits.as_ref().map(agreement::terms),
            ];
            let mut text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
            for skipped in skipped {
                text.push_str(skipped);
                text.push('\n');
            }
            print(&text)?;
        }
        Format::Json => {
            let mut body = report.map_or_else(|| Ok(json!({})), serde_json::to_value)?;
            body["agrees"] = json!(agrees);
            body["schema"] = json!("elbo-agree/2");
            body["terms"] = serde_json::to_value(&logits)?;
            body["skipped"] = json!(skipped);
            body["provenance"] = serde_json::to_value(Provenance::of_case(&case, Some(args.seed)))?;
            print(&pretty(&body)?)?;
        }
    }
    Ok(agrees.into())
}

/// The fused terms: on a CUDA device its kernels, on the CPU the widest instructions.
fn fused(device: &Device, name: DeviceName, options: &terms::Options) -> Result<terms::Report> {
    #[cfg(feature = "cuda")]
    if name == DeviceName::Cuda {
        let kernels = terms::OnDevice(gpu::kernels::Cuda::of(device)?);
        return Ok(terms::agree(&kernels, options).map_err(|error| error.to_string())?);
    }
    let _ = (device, name);
    Ok(terms::agree(&Isa::best(), options).map_err(|error| error.to_string())?)
}
