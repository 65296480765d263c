//! Launches on a CUDA device, through candle. The kernels' PTX is compiled by nvcc when the crate is built, and embedded.

use candle_core::CudaDevice;
use candle_core::cuda_backend::WrapErr as _;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr as _, LaunchConfig, PushKernelArg as _};

use super::memory::{Memory, RunError};
use super::{Arg, Launch};
use crate::Error;
use crate::device::Device;

/// Every source and its PTX.
const EMBEDDED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The PTX of a source.
fn ptx(source: &str) -> Option<&'static str> {
    let found = EMBEDDED.iter().find(|(name, _)| *name == source);
    found.map(|(_, code)| *code)
}

/// A CUDA device that runs kernels.
#[derive(Debug, Clone)]
pub struct Cuda(CudaDevice);

impl Cuda {
    /// The device, if it is a CUDA one.
    ///
    /// # Errors
    /// [`Error::NoDevice`] for the CPU.
    pub fn of(device: &Device) -> Result<Self, Error> {
        match device.candle() {
            candle_core::Device::Cuda(cuda) => Ok(Self(cuda.clone())),
            _ => Err(Error::NoDevice {
                reason: format!("{} runs no CUDA kernels", device.name()),
            }),
        }
    }
}

impl From<CudaDevice> for Cuda {
    fn from(device: CudaDevice) -> Self {
        Self(device)
    }
}

impl Cuda {
    /// Queues a launch whose pointers are memory of this device.
    ///
    /// # Errors
    /// When it is refused.
    pub fn queue(&self, launch: &Launch) -> Result<(), candle_core::Error> {
        let Some(code) = ptx(launch.source) else {
            candle_core::bail!("there is no source {}", launch.source);
        };
        let module = format!("elbo-{}", launch.source);
        let function = self.0.get_or_load_custom_func(&launch.kernel, &module, code)?;
        let mut call = function.builder();
        for arg in &launch.args {
            match arg {
                Arg::Pointer(pointer) => call.arg(pointer),
                Arg::I32(count) => call.arg(count),
                Arg::F64(number) => call.arg(number),
            };
        }
        let config = LaunchConfig {
            grid_dim: (launch.grid, 1, 1),
            block_dim: (launch.block, 1, 1),
            shared_mem_bytes: 0,
        };
        #[expect(
            unsafe_code,
            reason = "the arguments are what the kernel's declaration asks for, as the shim has run it"
        )]
        unsafe { call.launch(config) }.w()?;
        Ok(())
    }
}

impl Memory for Cuda {
    type Buffer = CudaSlice<u8>;

    fn name(&self) -> String {
        let name = self.0.cuda_stream().context().name();
        format!(
            "CUDA kernels on {}",
            name.as_deref().unwrap_or("a device without a name")
        )
    }

    fn upload(&self, bytes: &[u8], _unit: usize) -> Result<Self::Buffer, RunError> {
        Ok(self.0.clone_htod(bytes)?)
    }

    fn pointer(&self, buffer: &mut Self::Buffer) -> u64 {
        // One stream a host thread, on which everything that follows is queued: nothing has to be waited for here.
        buffer.device_ptr(&self.0.cuda_stream()).0
    }

    fn download(&self, buffer: &Self::Buffer) -> Result<Vec<u8>, RunError> {
        Ok(self.0.clone_dtoh(buffer)?)
    }

    fn launch(&self, launch: &Launch) -> Result<(), RunError> {
        Ok(self.queue(launch)?)
    }
}
