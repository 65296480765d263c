//! Memory that a kernel is given, framed so that a write outside shows.

use gpu::fused::Element;

/// Bytes of the frame on either side: more than a block writes at once.
const FRAME: usize = 4096;

/// What the frame holds.
const MARK: u8 = 0xA5;

/// Numbers for a kernel, at an address that is a multiple of 16 plus `shift` numbers.
#[derive(Debug)]
pub struct Buffer<T> {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
    kind: std::marker::PhantomData<T>,
}

/// A type whose bytes are the number, all patterns legal.
pub trait Plain: Copy + 'static {}
impl<E: Element> Plain for E {}

/// A count or a place, as kernels read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Count(pub i32);
impl Plain for Count {}

impl<T: Plain> Buffer<T> {
    /// A copy of these numbers.
    #[must_use]
    pub fn of(numbers: &[T], shift: usize) -> Self {
        let size = size_of_val(numbers);
        let mut bytes = vec![MARK; size + 2 * FRAME + 32 + shift * size_of::<T>()];
        let start = bytes.as_ptr().addr() + FRAME;
        let start = start.next_multiple_of(16) - bytes.as_ptr().addr() + shift * size_of::<T>();
        #[expect(unsafe_code, reason = "plain numbers as their bytes")]
        let from = unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast::<u8>(), size) };
        bytes[start..start + size].copy_from_slice(from);
        Self {
            bytes,
            start,
            length: numbers.len(),
            kind: std::marker::PhantomData,
        }
    }

    /// Where the first number lies.
    #[must_use]
    pub fn pointer(&mut self) -> u64 {
        self.bytes[self.start..].as_mut_ptr().expose_provenance() as u64
    }

    /// The numbers, unless the frame was written to.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<T>> {
        let end = self.start + self.length * size_of::<T>();
        let whole = |bytes: &[u8]| bytes.iter().all(|&byte| byte == MARK);
        if !whole(&self.bytes[..self.start]) || !whole(&self.bytes[end..]) {
            return None;
        }
        let mut numbers = Vec::with_capacity(self.length);
        for piece in self.bytes[self.start..end].chunks_exact(size_of::<T>()) {
            #[expect(unsafe_code, reason = "the bytes of a plain number")]
            numbers.push(unsafe { piece.as_ptr().cast::<T>().read_unaligned() });
        }
        Some(numbers)
    }
}
