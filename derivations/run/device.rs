//! The device that was asked for.

use gpu::device::{Device, Kind};

use super::Result;
use crate::cli::DeviceName;

pub(super) fn open(device: DeviceName) -> Result<Device> {
    Ok(Device::open(match device {
        DeviceName::Cpu => Kind::Cpu,
        DeviceName::Cuda => Kind::Cuda(0),
        DeviceName::Emulated => Kind::Emulated,
    })?)
}
