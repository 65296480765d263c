//! Other ways of launching the same kernels, with which a device is tuned. All of them compute the same. Only a
//! measurement on the device tells which is the fastest.

use super::memory::{Memory, RunError};
use super::{Launch, MULTIPROCESSORS, WARP};

/// A way of launching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// The launch has this many threads a block. A row that they cannot hold is read again for every sweep.
    Block(u32),
    /// The launch has at most this many blocks a multiprocessor. Each block then takes more rows, and fewer blocks are
    /// started.
    Blocks(u32),
    /// The launch uses the other width of the kernel, with more or fewer numbers, and so wide loads, for each thread.
    OtherWidth,
}

/// All variants that are timed.
pub const VARIANTS: &[Variant] = &[
    Variant::Block(64),
    Variant::Block(128),
    Variant::Block(192),
    Variant::Block(256),
    Variant::Block(384),
    Variant::Block(512),
    Variant::Block(1024),
    Variant::Blocks(1),
    Variant::Blocks(2),
    Variant::Blocks(4),
    Variant::Blocks(8),
    Variant::OtherWidth,
];

impl Variant {
    /// The name in reports, such as `block-128`, `blocks-2` or `other-width`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Block(threads) => format!("block-{threads}"),
            Self::Blocks(each) => format!("blocks-{each}"),
            Self::OtherWidth => "other-width".to_owned(),
        }
    }

    /// A number of rows and their length for which the variant differs from the usual launch of most kernels. A
    /// comparison on this shape tests the variant.
    #[must_use]
    pub const fn shape(self) -> (usize, usize) {
        match self {
            Self::Blocks(each) => ((each * MULTIPROCESSORS) as usize + 5, 17),
            Self::Block(_) | Self::OtherWidth => (5, 2100),
        }
    }

    /// The launch in this way. It is `None` where the launch is already made so, or where the kernel does not have this
    /// way.
    #[must_use]
    pub fn of(self, launch: &Launch) -> Option<Launch> {
        let launch = launch.clone();
        match self {
            Self::Block(block) => {
                (block != launch.block && block <= launch.largest).then_some(Launch { block, ..launch })
            }
            Self::Blocks(each) => {
                let grid = launch.grid.min(each * MULTIPROCESSORS);
                (grid != launch.grid).then_some(Launch { grid, ..launch })
            }
            Self::OtherWidth => {
                let (per_thread, largest) = launch.other_width?;
                let (name, own) = launch.kernel.rsplit_once('_')?;
                let own: u32 = own.parse().ok()?;
                Some(Launch {
                    kernel: format!("{name}_{per_thread}"),
                    block: (launch.block * own)
                        .div_ceil(per_thread)
                        .next_multiple_of(WARP)
                        .min(largest),
                    largest,
                    other_width: Some((own, launch.largest)),
                    ..launch
                })
            }
        }
    }
}

/// A memory whose launches are made in another way, where the kernel has it.
#[derive(Debug, Clone)]
pub struct Varied<M>(pub M, pub Variant);

impl<M: Memory> Memory for Varied<M> {
    type Buffer = M::Buffer;

    fn name(&self) -> String {
        format!("{}, {}", self.0.name(), self.1.name())
    }

    fn upload(&self, bytes: &[u8], unit: usize) -> Result<Self::Buffer, RunError> {
        self.0.upload(bytes, unit)
    }

    fn pointer(&self, buffer: &mut Self::Buffer) -> u64 {
        self.0.pointer(buffer)
    }

    fn download(&self, buffer: &Self::Buffer) -> Result<Vec<u8>, RunError> {
        self.0.download(buffer)
    }

    fn launch(&self, launch: &Launch) -> Result<(), RunError> {
        let varied = self.1.of(launch);
        self.0.launch(varied.as_ref().unwrap_or(launch))
    }
}
