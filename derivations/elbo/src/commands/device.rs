//! The argument for a device, and how the device is opened.

use clap::ValueEnum;
use gpu::device::{Device, Kind};

use crate::outcome::Result;

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

pub(super) fn open(device: DeviceName) -> Result<Device> {
    Ok(Device::open(match device {
        DeviceName::Cpu => Kind::Cpu,
        DeviceName::Cuda => Kind::Cuda(0),
        DeviceName::Emulated => Kind::Emulated,
    })?)
}
