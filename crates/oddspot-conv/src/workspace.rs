//! Scratch memory that kernels reuse from call to call, and the pointers threads share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::simd::Isa;

/// A cache line of floats.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Floats on cache-line boundaries, kept between uses.
#[derive(Default)]
pub(crate) struct Buffer(Vec<Line>);

impl Buffer {
    /// The first `count` floats, of any value; grows when it must.
    pub fn take(&mut self, count: usize) -> &mut [f32] {
        let lines = count.div_ceil(16);
        if self.0.len() < lines {
            // The old values are worth nothing: do not copy them.
            self.0.clear();
            self.0.resize(lines, Line([0.0; 16]));
        }
        // SAFETY: a `Line` is 16 floats without padding, and there are enough of them.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), count) }
    }

    /// As [`take`](Self::take), all 0.
    pub fn zeroed(&mut self, count: usize) -> &mut [f32] {
        let values = self.take(count);
        values.fill(0.0);
        values
    }

    /// The floats that were taken last, up to `count`.
    pub fn as_slice(&self, count: usize) -> &[f32] {
        let count = count.min(16 * self.0.len());
        // SAFETY: as in `take`.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), count) }
    }
}

/// Scratch memory of the kernels, and the instruction set they use. It grows to what the
/// largest call needs and stays; one call at a time uses it.
pub struct Workspace {
    isa: Isa,
    /// For what all threads of a call share.
    pub(crate) shared: [Buffer; 3],
    /// For each thread its own.
    pub(crate) locals: Locals,
    /// Where the next transformed weights go.
    spare: Buffer,
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

impl Workspace {
    /// An empty workspace for the instruction set that [`Isa::detect`] chooses.
    pub fn new() -> Self {
        Self::with_isa(Isa::detect())
    }

    /// An empty workspace for a given instruction set.
    pub fn with_isa(isa: Isa) -> Self {
        Self {
            isa,
            shared: Default::default(),
            locals: Locals(Vec::new()),
            spare: Buffer::default(),
        }
    }

    pub(crate) fn take_spare(&mut self) -> Buffer {
        std::mem::take(&mut self.spare)
    }

    pub(crate) fn put_spare(&mut self, buffer: Buffer) {
        self.spare = buffer;
    }

    /// The instruction set its calls use.
    pub fn isa(&self) -> Isa {
        self.isa
    }
}

/// A buffer per thread of the pool.
pub(crate) struct Locals(Vec<Mutex<Buffer>>);

impl Locals {
    /// Makes sure that every thread of the current pool has one.
    pub fn ready(&mut self) -> &Self {
        let threads = rayon::current_num_threads();
        if self.0.len() < threads {
            self.0.resize_with(threads, Default::default);
        }
        self
    }

    /// The running thread's own; inside the pool nobody else asks for it.
    pub fn mine(&self) -> MutexGuard<'_, Buffer> {
        let index = rayon::current_thread_index().unwrap_or(0) % self.0.len();
        self.0[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pointer that threads write through, each to places of its own.
#[derive(Clone, Copy)]
pub(crate) struct SharedMut(*mut f32);

// SAFETY: whoever writes through it vouches that no two threads touch the same place.
unsafe impl Send for SharedMut {}
// SAFETY: as above.
unsafe impl Sync for SharedMut {}

impl SharedMut {
    pub fn new(values: &mut [f32]) -> Self {
        Self(values.as_mut_ptr())
    }

    /// By value, so that closures capture the whole and not the pointer alone.
    #[inline(always)]
    pub fn get(self) -> *mut f32 {
        self.0
    }
}
