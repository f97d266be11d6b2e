//! The bridge to the CPU kernels of `oddspot-conv`: each is one burn operation of the Flex (CPU)
//! backend with a backward of its own. Other devices take the plain implementations, which are
//! also the reference that a test holds these to.

mod convolution;
mod linear;
mod pool;

pub(super) use convolution::conv3x3_relu;
pub(super) use linear::linear;
pub use pool::MaxPoolShape;
pub(super) use pool::{average_pool, max_pool};

use std::cell::Cell;

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{Shape as BurnShape, TensorData};
use oddspot_conv::{Shape, ShapeError, Workspace};

/// A tensor of the CPU backend.
type Cpu = FloatTensor<Flex>;

/// Runs a kernel with the thread's scratch memory.
///
/// Taken out while in use: a task that rayon starts meanwhile on this thread finds none and
/// makes its own.
fn with_workspace<R>(kernel: impl FnOnce(&mut Workspace) -> R) -> R {
    thread_local! {
        static WORKSPACE: Cell<Option<Workspace>> = const { Cell::new(None) };
    }
    let mut workspace = WORKSPACE.take().unwrap_or_default();
    let result = kernel(&mut workspace);
    WORKSPACE.set(Some(workspace));
    result
}

/// The values of a tensor that [`contiguous`] made.
fn values(tensor: &Cpu) -> &[f32] {
    tensor
        .as_slice()
        .unwrap_or_else(|| unreachable!("a contiguous tensor of 32-bit floats"))
}

/// The same tensor with its values in order.
fn contiguous(tensor: Cpu) -> Cpu {
    match tensor.is_contiguous() {
        true => tensor,
        false => tensor.to_contiguous(),
    }
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> Cpu {
    Cpu::from_data(TensorData::new(values, BurnShape::from(shape.to_vec())))
}

/// `[batch, height, width, channels]` of a map.
fn map_shape(tensor: &Cpu) -> Shape {
    let dims = tensor.layout().shape();
    Shape::new(dims[0], dims[1], dims[2], dims[3])
}

fn dims(shape: Shape) -> [usize; 4] {
    [shape.batch, shape.height, shape.width, shape.channels]
}

/// Kernels refuse only shapes that do not fit together, which the callers' types rule out.
pub(crate) fn fits<T>(result: Result<T, ShapeError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
