//! The networks on a CPU: the passes of teacher, student and position classifier as the burn
//! modules define them, over plain slices with memory that is allocated once.
//!
//! The burn modules are the readable reference, which tests hold this to, and the path of other
//! devices.

mod detection;
mod layers;
mod parameters;
mod position;
mod student;
mod teacher;
mod training;

pub use detection::{CpuDetection, Memory, TeacherMaps};
pub use teacher::{CpuTeacher, TeacherMemory};
pub use training::CpuTraining;

pub(crate) use layers::{CpuConv, CpuLinear};
pub(crate) use teacher::{CpuFire, CpuStem};

use crate::network::fits;

/// The first `count` values of a buffer, which grows the first time they are asked for.
fn room(buffer: &mut Vec<f32>, count: usize) -> &mut [f32] {
    if buffer.len() < count {
        // What is there is worth nothing: do not copy it.
        buffer.clear();
        buffer.resize(count, 0.0);
    }
    &mut buffer[..count]
}
