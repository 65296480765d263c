//! The experiment on the note's beta = 6.6: first stages are trained with the same budget at several weights on the
//! divergence.

use files::disk;
use files::words::{shortened, without_types};
use gpu::device::Device;
use serde::{Deserialize, Serialize};

use crate::checkpoint::write_whole;
use crate::config::Config;
use crate::data::{Data, Split};
use crate::evaluate::{Estimate, of_first_stage};
use crate::network::Model;
use crate::train::{self, Run, Stage as _, Watch};
use crate::{ModelError, data};

/// The weights of the experiment: below, at and above 1, which is that of the bound. The published 6.6 is among them.
pub const BETAS: [f64; 7] = [0.0, 0.5, 1.0, 2.0, 4.0, 6.6, 10.0];

/// The longest saved result that is read, in bytes.
const MOST_RESULT: u64 = 1 << 16;

/// The result of one trained first stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The weight on the divergence at the end of training.
    pub beta: f64,
    /// The seed of its training.
    pub seed: u64,
    /// The number of codes that are the most probable ones somewhere in the validation part.
    pub codes_used: usize,
    /// `e^H` of how often each code is the most probable one there.
    pub perplexity: f64,
    /// The root of the mean squared error of the images that the most probable codes decode to. Pixels lie in `[0, 1]`.
    pub pixel_error: f64,
    /// `E_q ln p(x|z)`, in nats per image.
    pub reconstruction: f64,
    /// `D(q(z|x) || 1/K)`, in nats per image.
    pub divergence: f64,
    /// The time that training took, in seconds. It is `None` for a run that was resumed.
    pub seconds: Option<f64>,
}

/// The results of several seeds at one weight.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The weight on the divergence.
    pub beta: f64,
    /// The number of seeds.
    pub seeds: usize,
    /// The mean of [`Point::codes_used`], with the standard error over seeds.
    pub codes_used: Estimate,
    /// The mean of [`Point::perplexity`].
    pub perplexity: Estimate,
    /// The mean of [`Point::pixel_error`].
    pub pixel_error: Estimate,
    /// The mean of [`Point::reconstruction`].
    pub reconstruction: Estimate,
    /// The mean of [`Point::divergence`].
    pub divergence: Estimate,
}

/// Trains at one weight from one seed, or reads the result of an earlier run. `run.out` is the folder of the
/// experiment.
///
/// # Errors
/// Those of [`train::first`], and [`ModelError::File`] for an earlier result that cannot be read.
pub fn point(
    config: &Config,
    (beta, seed): (f64, u64),
    run: &Run,
    device: &Device,
    watch: Watch<'_>,
) -> Result<Point, ModelError> {
    let folder = run.out.join(format!("beta-{}-seed-{seed}", decimal(beta)));
    let result = folder.join("result.json");
    let config = at(config, beta, seed);
    let unreadable = |what: String| ModelError::File {
        source_name: result.display().to_string(),
        what,
        expected: "the result of this configuration".to_owned(),
    };
    if result.exists() {
        let text = disk::text(&result, MOST_RESULT).map_err(|error| ModelError::Io {
            path: result.clone(),
            error,
        })?;
        let why = |error: serde_json::Error| unreadable(shortened(&without_types(&error.to_string()), 400));
        let saved: (Config, Point) = serde_json::from_str(&text).map_err(why)?;
        if saved.0 != config {
            return Err(unreadable("it is of another configuration".to_owned()));
        }
        return Ok(saved.1);
    }
    let inner = Run::open(&folder, true)?;
    let whole = !inner.checkpoint(train::FirstStage::NAME).exists();
    let began = std::time::Instant::now();
    train::first(&config, &inner, device, watch)?;
    let seconds = whole.then(|| began.elapsed().as_secs_f64());
    let model = Model::read(&folder, device)?;
    let data = data::Data::embedded()?;
    let (usage, [reconstruction, divergence]) = of_first_stage(&model, &data, &validation(&data), 4, 1)?;
    let point = Point {
        beta,
        seed,
        codes_used: usage.used(),
        perplexity: usage.perplexity(),
        pixel_error: usage.pixel_error().mean,
        reconstruction: reconstruction.mean,
        divergence: divergence.mean,
        seconds,
    };
    let text = serde_json::to_string_pretty(&(&config, &point)).map_err(|error| unreadable(error.to_string()))?;
    write_whole(&result, text.as_bytes())?;
    Ok(point)
}

/// The longest decimal that is written without an exponent, in characters. It suffices for every number of 17 digits
/// near 1, and any file system takes it as a name.
const LONGEST: usize = 20;

/// A weight as a decimal. It has an exponent where the decimal would be too long: 1e-300 has 302 characters without
/// one. Equal numbers have equal texts.
#[must_use]
pub fn decimal(beta: f64) -> String {
    let plain = beta.to_string();
    if plain.len() > LONGEST {
        format!("{beta:e}")
    } else {
        plain
    }
}

/// The configuration with this weight and this seed.
fn at(config: &Config, beta: f64, seed: u64) -> Config {
    let mut config = config.clone();
    config.seed = seed;
    config.dvae.beta.to = beta;
    config
}

fn validation(data: &Data) -> Vec<usize> {
    data.of(Split::Validation)
}

/// The points, grouped and ordered by weight.
#[must_use]
pub fn rows(points: &[Point]) -> Vec<Row> {
    let mut betas: Vec<f64> = points.iter().map(|point| point.beta).collect();
    betas.sort_by(f64::total_cmp);
    betas.dedup();
    let row = |beta: f64| {
        let here: Vec<&Point> = points
            .iter()
            .filter(|point| point.beta.total_cmp(&beta).is_eq())
            .collect();
        let of = |get: fn(&Point) -> f64| Estimate::of(&here.iter().map(|point| get(point)).collect::<Vec<_>>());
        #[expect(clippy::cast_precision_loss, reason = "a number of codes")]
        let used = of(|point| point.codes_used as f64);
        Row {
            beta,
            seeds: here.len(),
            codes_used: used,
            perplexity: of(|point| point.perplexity),
            pixel_error: of(|point| point.pixel_error),
            reconstruction: of(|point| point.reconstruction),
            divergence: of(|point| point.divergence),
        }
    };
    betas.into_iter().map(row).collect()
}

/// All points as comma-separated values.
#[must_use]
pub fn csv(points: &[Point]) -> String {
    let head = "beta,seed,codes_used,perplexity,pixel_error,reconstruction_nats,divergence_nats,seconds\n";
    let line = |p: &Point| {
        format!(
            "{},{},{},{:.4},{:.6},{:.3},{:.3},{}\n",
            decimal(p.beta),
            p.seed,
            p.codes_used,
            p.perplexity,
            p.pixel_error,
            p.reconstruction,
            p.divergence,
            p.seconds.map_or_else(String::new, |seconds| format!("{seconds:.1}"))
        )
    };
    head.to_owned() + &points.iter().map(line).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn a_weight_is_written_as_it_is_said_and_never_at_length() {
        for (beta, text) in [
            (0.0, "0"),
            (6.6, "6.6"),
            (1e6, "1000000"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-5, "0.00001"),
            (1e-300, "1e-300"),
            (f64::from_bits(1), "5e-324"),
        ] {
            assert_eq!(decimal(beta), text);
            assert!(
                decimal(beta.next_up()).len() <= 24 && decimal(beta.next_up()) != text,
                "{beta}"
            );
        }
    }
}
