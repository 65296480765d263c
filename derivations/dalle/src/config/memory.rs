//! A lower bound on the memory that a configuration needs, and the memory that is free.

use std::fs;

use files::limits::{behind, room};
use gpu::device::Device;

use super::{Config, Dtype, EDGE};
use crate::ModelError;

/// The use of a model's networks, which decides how much memory they need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// The encoder and the decoder are trained.
    FirstStage,
    /// The transformer is trained.
    SecondStage,
    /// The networks are evaluated or sampled, with several samples of all codes at a time.
    Forward {
        /// The number of samples at a time.
        at_once: usize,
    },
}

/// The number of images in the training part of the shipped data. A batch is counted as no larger than that, and so are
/// the numbers that are kept for every image.
const IMAGES: usize = 1_521;

/// The number of copies of a parameter while it is learned: itself, its gradient, both moments and its average.
const COPIES: f64 = 5.0;

impl Config {
    /// Refuses networks that do not fit into the free memory. What they need is bounded from below, so that nothing is
    /// refused that could run.
    ///
    /// The parameters are counted, five times while they are learned. On the CPU, the numbers of a batch that training
    /// keeps for the backward pass are counted too, or the logits, samples and noise of the codes that are drawn at a
    /// time.
    ///
    /// # Errors
    /// [`ModelError::Memory`], and [`ModelError::Network`] for sizes that no network can have.
    pub fn expect_memory(&self, load: Load, device: &Device) -> Result<(), ModelError> {
        let needed = self.needed(load, device.candle().is_cpu())?;
        match free() {
            Some(free) if !(needed.total() <= free) => Err(ModelError::Memory {
                what: match load {
                    Load::FirstStage => "training [dvae]",
                    Load::SecondStage => "training [prior]",
                    Load::Forward { .. } => "the model",
                },
                needed: needed.total() / 1e9,
                part: if needed.parameters > needed.kept {
                    "most of it for parameters"
                } else {
                    "most of it for what is computed at a time"
                },
                free: free / 1e9,
            }),
            _ => Ok(()),
        }
    }

    fn needed(&self, load: Load, on_cpu: bool) -> Result<Needed, ModelError> {
        let [first, second] = self.counted()?;
        let single = 4.0;
        let layer = if self.dtype == Dtype::Bf16 { 2.0 } else { single };
        let codes = number(self.side() * self.side() * self.dvae.vocabulary);
        let batch = |size: usize| number(size.min(IMAGES));
        let (parameters, kept) = match load {
            Load::FirstStage => {
                // Logits and noise are kept beside the layers.
                let of_image = layer * self.kept_of_first() + 2.0 * single * codes;
                (COPIES * first, batch(self.dvae.training.batch) * of_image)
            }
            Load::SecondStage => {
                let of_image = layer * self.kept_of_second();
                let every = number(IMAGES) * single * codes;
                (
                    COPIES * second + first,
                    batch(self.prior.training.batch) * of_image + every,
                )
            }
            Load::Forward { at_once } => (first + second, number(at_once) * 2.0 * single * codes),
        };
        let parameters = single * parameters;
        Ok(if on_cpu {
            Needed { parameters, kept }
        } else {
            // On another device the host's memory holds the parameters once, at the beginning.
            Needed {
                parameters: parameters / COPIES,
                kept: 0.0,
            }
        })
    }

    /// The numbers of parameters: of encoder and decoder together, and of the transformer.
    fn counted(&self) -> Result<[f64; 2], ModelError> {
        let count = |shapes: Vec<(String, Vec<usize>)>| -> f64 {
            let sizes = shapes
                .iter()
                .map(|(_, shape)| shape.iter().map(|size| number(*size)).product::<f64>());
            sizes.sum()
        };
        let (dvae, prior) = (self.dvae(), self.transformer());
        let first = count(dvae.encoder_shapes()?) + count(dvae.decoder_shapes()?);
        Ok([first, count(prior.shapes()?)])
    }

    /// The number of values that the convolutions of encoder and decoder return for an image.
    fn kept_of_first(&self) -> f64 {
        let of_group = |group: usize| {
            let edge = number(EDGE >> group);
            // A block returns three maps of a quarter of the width, and one of the full width.
            number(self.dvae.blocks) * 1.75 * number(self.dvae.hidden << group) * edge * edge
        };
        let groups: f64 = (0..self.dvae.groups).map(of_group).sum();
        let pixels = number(EDGE * EDGE);
        2.0 * groups + pixels * number(self.dvae.hidden + 6)
    }

    /// The number of values that the layers of the transformer return for a text and its image.
    fn kept_of_second(&self) -> f64 {
        let (prior, codes) = (self.transformer(), self.side() * self.side());
        // A layer returns two norms, queries, keys, values, what they read, and two products, each of the width. The
        // inner map, before and after its curve, is four times as wide.
        let of_layer = 16.0 * number(prior.width);
        let layers = number(prior.layers) * of_layer * number(prior.length());
        layers + number(prior.text) * number(prior.words()) + number(codes) * number(prior.codes)
    }
}

/// The memory that is needed, in bytes.
struct Needed {
    parameters: f64,
    kept: f64,
}

impl Needed {
    const fn total(&self) -> f64 {
        self.parameters + self.kept
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
const fn number(size: usize) -> f64 {
    size as f64
}

/// The number of bytes that this process may still allocate: the least of what the machine has left, what the limits of
/// the process leave, and what its control group leaves. It is `None` where the system tells none of them.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn free() -> Option<f64> {
    let told = [machine(), room(), control_group()];
    told.into_iter().flatten().min().map(|bytes| bytes as f64)
}

/// The memory of the machine that is available, in bytes: `MemAvailable` of `/proc/meminfo`, which includes what can be
/// reclaimed.
fn machine() -> Option<u64> {
    let kibibytes = behind(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    Some(1024 * kibibytes)
}

/// The memory that the control group of the process leaves, in bytes (control groups, version 2).
fn control_group() -> Option<u64> {
    let read = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    let bytes = |name: &str| behind(&read(name)?, ""); // The file may also say `max`, which is no number.
    // The system reclaims the pages of files when memory is needed.
    let files = behind(&read("memory.stat")?, "file ")?;
    let used = bytes("memory.current")?.saturating_sub(files);
    Some(bytes("memory.max")?.saturating_sub(used))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use gpu::device::{Device, Kind};

    use super::{COPIES, Config, Load};
    use crate::config::NAMED;

    /// By hand: 4 groups of 2 blocks of DALL-E's sizes have 53,786,240 and 43,829,766 parameters.
    #[test]
    fn parameters_are_counted_as_released() {
        let mut config = Config::named("tiny").unwrap();
        let dvae = &mut config.dvae;
        (dvae.groups, dvae.blocks, dvae.hidden, dvae.initial, dvae.vocabulary) = (4, 2, 256, 128, 8192);
        let [first, _] = config.counted().unwrap();
        assert!((first - 97_616_006.0).abs() < 0.5, "{first}");
        let learned = config.needed(Load::FirstStage, true).unwrap();
        assert!((learned.parameters - 4.0 * COPIES * first).abs() < 0.5);
        assert!(learned.kept > 0.0 && config.needed(Load::FirstStage, false).unwrap().kept <= 0.0);
    }

    #[test]
    fn what_is_shipped_fits_and_what_no_machine_has_does_not() {
        let device = Device::open(Kind::Cpu).unwrap();
        for (name, _) in NAMED {
            let config = Config::named(name).unwrap();
            for load in [Load::FirstStage, Load::SecondStage, Load::Forward { at_once: 64 }] {
                config.expect_memory(load, &device).unwrap();
            }
        }
        let refused = |change: &dyn Fn(&mut Config), load| {
            let mut config = Config::named("tiny").unwrap();
            change(&mut config);
            config.expect_memory(load, &device).unwrap_err().to_string()
        };
        let message = refused(&|c| (c.dvae.hidden, c.dvae.blocks) = (4096, 64), Load::FirstStage);
        assert!(
            message.starts_with("configuration: training [dvae] needs at least "),
            "{message}"
        );
        assert!(
            message.contains(", most of it for parameters, expected at most the "),
            "{message}"
        );
        let message = refused(&|c| (c.prior.width, c.prior.layers) = (16_384, 256), Load::SecondStage);
        assert!(
            message.contains("training [prior]") && message.ends_with(" GB that are free"),
            "{message}"
        );
        let wide = |c: &mut Config| (c.dvae.groups, c.dvae.vocabulary) = (1, 1 << 20);
        let message = refused(&wide, Load::Forward { at_once: 1 << 16 });
        assert!(
            message.contains("most of it for what is computed at a time"),
            "{message}"
        );
    }
}
