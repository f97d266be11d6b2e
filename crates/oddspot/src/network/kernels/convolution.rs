//! The 3×3 convolution with bias and ReLU as one operation.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::conv3x3::{
    ConvWeights, conv3x3, conv3x3_input_gradient, conv3x3_weight_gradient,
};
use oddspot_conv::{Conv3x3, Epilogue};

use super::{Cpu, contiguous, dims, fits, map_shape, tensor, values, with_workspace};

/// Backends that convolve with the kernels.
#[backend_extension(Flex, Autodiff)]
pub trait Conv3x3Backend: Backend {
    /// `max(0, weight ∗ x + bias)`; `x` `[batch, height, width, in]`, `weight` `[out, in, 3, 3]`.
    fn conv3x3_relu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        dilation: usize,
    ) -> FloatTensor<Self>;
}

/// As [`super::super::conv3x3_relu`], on the CPU.
pub fn conv3x3_relu(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    dilation: usize,
) -> Tensor<4> {
    let (x, weight, bias) = (
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    );
    Tensor::from_dispatch(<Dispatch as Conv3x3Backend>::conv3x3_relu(
        x, weight, bias, dilation,
    ))
}

fn geometry(x: &Cpu, weight: &Cpu, dilation: usize) -> Conv3x3 {
    Conv3x3 {
        input: map_shape(x),
        outputs: weight.layout().shape()[0],
        dilation,
    }
}

impl Conv3x3Backend for Flex {
    fn conv3x3_relu(x: Cpu, weight: Cpu, bias: Cpu, dilation: usize) -> Cpu {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let conv = geometry(&x, &weight, dilation);
        let sizes = [conv.outputs, conv.input.channels];
        let mut y = vec![0.0; conv.output().positions() * conv.outputs];
        fits(with_workspace(|workspace| {
            let weights = ConvWeights::forward(workspace, values(&weight), sizes)?;
            let bias = Some(values(&bias));
            conv3x3(
                workspace,
                conv,
                values(&x),
                &weights,
                bias,
                Epilogue::RELU,
                &mut y,
            )?;
            weights.recycle(workspace);
            Ok(())
        }));
        tensor(y, &dims(conv.output()))
    }
}

/// What the backward pass needs: the operands and the output.
#[derive(Clone, Debug)]
struct Saved {
    x: Cpu,
    weight: Cpu,
    y: Cpu,
    dilation: usize,
}

#[derive(Debug)]
struct Conv3x3Backward;

impl Backward<Flex, 3> for Conv3x3Backward {
    type State = Saved;

    fn backward(
        self,
        ops: Ops<Saved, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [of_x, of_weight, of_bias] = ops.parents;
        let mut dy = contiguous(gradients.consume::<Flex>(&ops.node));
        let Saved {
            x,
            weight,
            y,
            dilation,
        } = ops.state;
        let conv = geometry(&x, &weight, dilation);
        let sizes = [conv.outputs, conv.input.channels];
        let mut db = vec![0.0; conv.outputs];
        with_workspace(|workspace| {
            let rows = conv.input.positions();
            let isa = workspace.isa();
            let y = values(&y);
            fits(relu_bias_backward(
                isa,
                rows,
                Some(y),
                dy.storage_mut(),
                &mut db,
            ));
            if let Some(node) = of_bias {
                gradients.register::<Flex>(node.id, tensor(db, &[conv.outputs]));
            }
            if let Some(node) = of_weight {
                let mut dw = vec![0.0; values(&weight).len()];
                let (x, dy) = (values(&x), values(&dy));
                fits(conv3x3_weight_gradient(workspace, conv, x, dy, &mut dw));
                let shape = [sizes[0], sizes[1], 3, 3];
                gradients.register::<Flex>(node.id, tensor(dw, &shape));
            }
            if let Some(node) = of_x {
                let weight = values(&weight);
                let weights = fits(ConvWeights::input_gradient(workspace, weight, sizes));
                let mut dx = vec![0.0; values(&x).len()];
                let dy = values(&dy);
                fits(conv3x3_input_gradient(
                    workspace, conv, dy, &weights, &mut dx,
                ));
                weights.recycle(workspace);
                gradients.register::<Flex>(node.id, tensor(dx, &dims(conv.input)));
            }
        });
    }
}

impl<C: CheckpointStrategy> Conv3x3Backend for Autodiff<Flex, C> {
    fn conv3x3_relu(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        dilation: usize,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight) = (
            contiguous(x.into_primitive()),
            contiguous(weight.into_primitive()),
        );
        let y = Flex::conv3x3_relu(x.clone(), weight.clone(), bias.into_primitive(), dilation);
        match Conv3x3Backward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => {
                let saved = Saved {
                    x,
                    weight,
                    y: y.clone(),
                    dilation,
                };
                prepared.finish(saved, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
