//! Max and average pools as one operation each.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use oddspot_conv::Isa;
use oddspot_conv::pool::{AveragePool, MaxPool};

use super::{Cpu, contiguous, dims, fits, map_shape, tensor, values};

/// A max pool of any map.
#[derive(Clone, Copy, Debug)]
pub struct MaxPoolShape {
    /// Taps on each axis.
    pub kernel: usize,
    /// Pixels between neighbouring outputs.
    pub stride: usize,
    /// Pixels between neighbouring taps.
    pub dilation: usize,
    /// `−∞` on every side.
    pub padding: usize,
    /// Whether a last window that sticks out of the map counts.
    pub ceil: bool,
}

impl MaxPoolShape {
    fn of(self, x: &Cpu) -> MaxPool {
        MaxPool {
            input: map_shape(x),
            kernel: self.kernel,
            stride: self.stride,
            dilation: self.dilation,
            padding: self.padding,
            ceil: self.ceil,
        }
    }
}

/// Backends that pool with the kernels.
#[backend_extension(Flex, Autodiff)]
pub trait MaxPoolBackend: Backend {
    /// The largest value of each window of `x` `[batch, height, width, channels]`.
    fn max_pool(x: FloatTensor<Self>, shape: MaxPoolShape) -> FloatTensor<Self>;
}

/// The largest value of each window of `x` `[batch, height, width, channels]`, on the CPU.
pub fn max_pool(x: Tensor<4>, shape: MaxPoolShape) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as MaxPoolBackend>::max_pool(
        x.into_dispatch(),
        shape,
    ))
}

impl MaxPoolBackend for Flex {
    fn max_pool(x: Cpu, shape: MaxPoolShape) -> Cpu {
        let x = contiguous(x);
        let pool = shape.of(&x);
        let output = fits(pool.output());
        let mut y = vec![0.0; output.positions() * output.channels];
        fits(pool.forward(Isa::detect(), values(&x), &mut y, None));
        tensor(y, &dims(output))
    }
}

#[derive(Debug)]
struct MaxPoolBackward;

impl Backward<Flex, 1> for MaxPoolBackward {
    /// The pool, and the winning tap of each window.
    type State = (MaxPool, Cpu);

    fn backward(
        self,
        ops: Ops<(MaxPool, Cpu), 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [of_x] = ops.parents;
        let dy = contiguous(gradients.consume::<Flex>(&ops.node));
        let (pool, winners) = ops.state;
        if let Some(node) = of_x {
            let mut dx = vec![0.0; pool.input.positions() * pool.input.channels];
            let isa = Isa::detect();
            fits(pool.backward(isa, values(&dy), values(&winners), &mut dx));
            gradients.register::<Flex>(node.id, tensor(dx, &dims(pool.input)));
        }
    }
}

impl<C: CheckpointStrategy> MaxPoolBackend for Autodiff<Flex, C> {
    fn max_pool(x: FloatTensor<Self>, shape: MaxPoolShape) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let x = contiguous(x.into_primitive());
        match MaxPoolBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => {
                let pool = shape.of(&x);
                let output = fits(pool.output());
                let mut y = vec![0.0; output.positions() * output.channels];
                let mut winners = y.clone();
                fits(pool.forward(Isa::detect(), values(&x), &mut y, Some(&mut winners)));
                let winners = tensor(winners, &dims(output));
                prepared.finish((pool, winners), tensor(y, &dims(output)))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::max_pool(x, shape)),
        }
    }
}

/// Backends that average with the kernels.
#[backend_extension(Flex, Autodiff)]
pub trait AveragePoolBackend: Backend {
    /// The mean of each block of `size`×`size` of `x` `[batch, height, width, channels]`.
    fn average_pool(x: FloatTensor<Self>, size: usize) -> FloatTensor<Self>;
}

/// The mean of each block of `size`×`size` of `x` `[batch, height, width, channels]`, on the CPU.
pub fn average_pool(x: Tensor<4>, size: usize) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as AveragePoolBackend>::average_pool(
        x.into_dispatch(),
        size,
    ))
}

impl AveragePoolBackend for Flex {
    fn average_pool(x: Cpu, size: usize) -> Cpu {
        let x = contiguous(x);
        let input = map_shape(&x);
        let pool = AveragePool { input, size };
        let output = fits(pool.output());
        let mut y = vec![0.0; output.positions() * output.channels];
        fits(pool.forward(values(&x), &mut y));
        tensor(y, &dims(output))
    }
}

#[derive(Debug)]
struct AveragePoolBackward;

impl Backward<Flex, 1> for AveragePoolBackward {
    type State = AveragePool;

    fn backward(
        self,
        ops: Ops<AveragePool, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [of_x] = ops.parents;
        let dy = contiguous(gradients.consume::<Flex>(&ops.node));
        let pool = ops.state;
        if let Some(node) = of_x {
            let mut dx = vec![0.0; pool.input.positions() * pool.input.channels];
            fits(pool.backward(values(&dy), false, &mut dx));
            gradients.register::<Flex>(node.id, tensor(dx, &dims(pool.input)));
        }
    }
}

impl<C: CheckpointStrategy> AveragePoolBackend for Autodiff<Flex, C> {
    fn average_pool(x: FloatTensor<Self>, size: usize) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let x = x.into_primitive();
        let input = map_shape(&x);
        let y = Flex::average_pool(x, size);
        match AveragePoolBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => prepared.finish(AveragePool { input, size }, y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
