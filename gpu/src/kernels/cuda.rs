//! Runs kernels on a CUDA device, through candle. nvcc compiles their PTX when the crate is built, and it is embedded
//! in the program.

use candle_core::CudaDevice;
use candle_core::cuda_backend::WrapErr as _;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr as _, LaunchConfig, PushKernelArg as _};

use super::memory::{Memory, RunError};
use super::{Arg, Launch};
use crate::Error;
use crate::device::Device;

/// The architectures, and for each of them the name and the PTX of every source. The first one runs on every device.
const EMBEDDED: &[(&str, &[(&str, &str)])] = &include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A CUDA device that runs kernels, and the index of its architecture in [`EMBEDDED`].
#[derive(Debug, Clone)]
pub struct Cuda(CudaDevice, usize);

impl Cuda {
    /// The device as one that runs kernels.
    ///
    /// # Errors
    /// [`Error::NoDevice`] for the CPU.
    pub fn of(device: &Device) -> Result<Self, Error> {
        match device.candle() {
            candle_core::Device::Cuda(cuda) => Ok(Self::from(cuda.clone())),
            _ => Err(Error::NoDevice {
                reason: format!("{} runs no CUDA kernels", device.name()),
            }),
        }
    }
}

impl From<CudaDevice> for Cuda {
    fn from(device: CudaDevice) -> Self {
        Self(device, 0)
    }
}

impl Cuda {
    /// The same device with kernels that were compiled for later architectures than the usual one, with the names of
    /// these. There is one for each architecture that was built (`ELBO_CUDA_ARCHITECTURES`) and that the device has.
    #[must_use]
    pub fn compiled_for_later(&self) -> Vec<(String, Self)> {
        let capability = self.0.cuda_stream().context().compute_capability();
        let own = capability.map_or(0, |(major, minor)| 10 * major + minor);
        let later = EMBEDDED.iter().enumerate().skip(1);
        let runs = later.filter(|(_, (architecture, _))| architecture.parse().is_ok_and(|asked: i32| asked <= own));
        runs.map(|(place, (architecture, _))| (format!("compute-{architecture}"), Self(self.0.clone(), place)))
            .collect()
    }

    /// Queues a launch whose pointers are memory of this device.
    ///
    /// # Errors
    /// When the launch is refused.
    pub fn queue(&self, launch: &Launch) -> Result<(), candle_core::Error> {
        let (architecture, sources) = EMBEDDED[self.1];
        let Some((_, code)) = sources.iter().find(|(name, _)| *name == launch.source) else {
            candle_core::bail!("there is no source {}", launch.source);
        };
        let module = format!("elbo-{architecture}-{}", launch.source);
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
        // Each host thread has one stream, on which everything that follows is queued. So nothing has to be waited for
        // here.
        buffer.device_ptr(&self.0.cuda_stream()).0
    }

    fn download(&self, buffer: &Self::Buffer) -> Result<Vec<u8>, RunError> {
        Ok(self.0.clone_dtoh(buffer)?)
    }

    fn launch(&self, launch: &Launch) -> Result<(), RunError> {
        Ok(self.queue(launch)?)
    }
}
