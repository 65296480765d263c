//! The devices on which this crate computes.

#[cfg(driver_is_loaded)]
#[expect(
    unsafe_code,
    reason = "jumps to another library's functions, with whatever signature their callers declare"
)]
mod driver;

use candle_core::DType;
use vocab::Float;

use crate::Error;

/// A device that has been opened.
#[derive(Debug, Clone)]
pub struct Device {
    candle: candle_core::Device,
    emulated: bool,
}

/// The name that the driver of `gpu/simt/driver` gives its device. No GPU has this name.
pub const EMULATED: &str = "emulated CUDA (CPU)";

/// The kind of a device that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The CPU, with candle's kernels.
    Cpu,
    /// The GPU with this ordinal among the CUDA devices.
    Cuda(usize),
    /// The device of the emulated CUDA driver, which is used through the same code as a GPU.
    Emulated,
}

impl Device {
    /// Opens exactly the device that is asked for.
    ///
    /// # Errors
    /// [`Error::NoDevice`] when the build has no CUDA support, or the machine has no such device. The emulated device
    /// does not count as a GPU, nor a GPU as the emulated device.
    pub fn open(kind: Kind) -> Result<Self, Error> {
        let no_device = |reason: String| Err(Error::NoDevice { reason });
        let (ordinal, emulated) = match kind {
            Kind::Cpu => {
                return Ok(Self {
                    candle: candle_core::Device::Cpu,
                    emulated: false,
                });
            }
            Kind::Cuda(ordinal) => (ordinal, false),
            Kind::Emulated => (0, true),
        };
        let (candle, name) = cuda(ordinal)?;
        match (name == EMULATED, emulated) {
            (true, false) => no_device(format!(
                "the driver is the emulated one ({name}); --device emulated asks for it"
            )),
            (false, true) => no_device(format!("the driver's device is {name}, not the emulated one")),
            _ => Ok(Self { candle, emulated }),
        }
    }

    /// Whether it is the CPU.
    #[must_use]
    pub const fn is_cpu(&self) -> bool {
        matches!(self.candle, candle_core::Device::Cpu)
    }

    /// The name of the device in reports: `cpu`, `emulated`, or `cuda:` and the ordinal.
    #[must_use]
    pub fn name(&self) -> String {
        match self.candle.location() {
            _ if self.emulated => "emulated".to_owned(),
            candle_core::DeviceLocation::Cpu => "cpu".to_owned(),
            candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
            candle_core::DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
        }
    }

    /// Waits until everything that was submitted has run. A measurement of time needs it at its beginning and at its
    /// end.
    ///
    /// # Errors
    /// [`Error::Device`] when anything that ran has failed.
    pub fn synchronize(&self) -> Result<(), Error> {
        Ok(self.candle.synchronize()?)
    }

    /// The device as candle's type, for tensors on it.
    #[must_use]
    pub const fn candle(&self) -> &candle_core::Device {
        &self.candle
    }
}

/// Opens a CUDA device. The second result is the name that its driver gives it.
#[cfg(feature = "cuda")]
fn cuda(ordinal: usize) -> Result<(candle_core::Device, String), Error> {
    let no_device = |reason: String| Error::NoDevice { reason };
    #[cfg(driver_is_loaded)]
    driver::load().map_err(|error| no_device(format!("the driver's library cannot be loaded, {error}")))?;
    let device = candle_core::Device::new_cuda(ordinal).map_err(|error| {
        // The later lines of candle's error are a backtrace, if one was asked for.
        let sentence = error.to_string().lines().next().unwrap_or_default().to_owned();
        no_device(format!("ordinal {ordinal}: {sentence}"))
    })?;
    let name = device.as_cuda_device().map(|cuda| cuda.cuda_stream().context().name());
    let name = name?.map_err(|error| no_device(format!("ordinal {ordinal}: {error}")))?;
    Ok((device, name))
}

#[cfg(not(feature = "cuda"))]
fn cuda(ordinal: usize) -> Result<(candle_core::Device, String), Error> {
    Err(Error::NoDevice {
        reason: format!("ordinal {ordinal} was asked for, but this build has no CUDA support (feature `cuda`)"),
    })
}

/// A type as candle's enum. TF32 is stored in single precision.
pub(crate) const fn dtype(float: Float) -> DType {
    match float {
        Float::F64 => DType::F64,
        Float::F32 | Float::Tf32 => DType::F32,
        Float::F16 => DType::F16,
        Float::Bf16 => DType::BF16,
    }
}

#[cfg(test)]
mod tests {
    use super::{Device, Float, Kind};

    #[test]
    fn a_missing_cuda_device_is_an_error_and_never_the_cpu() {
        let absent = Device::open(Kind::Cuda(usize::from(u8::MAX)));
        let message = absent.expect_err("no machine has 256 devices").to_string();
        assert!(message.starts_with("no CUDA device: "), "{message}");
    }

    #[test]
    fn rounding_keeps_infinities_and_sends_what_is_too_large_there() {
        assert_eq!(
            Float::F32.nearest(f64::NEG_INFINITY).to_bits(),
            f64::NEG_INFINITY.to_bits()
        );
        assert_eq!(Float::F32.nearest(-1e300).to_bits(), f64::NEG_INFINITY.to_bits());
        assert_eq!(Float::F64.nearest(-1e300).to_bits(), (-1e300_f64).to_bits());
    }
}
