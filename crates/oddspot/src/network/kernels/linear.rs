//! The linear layer over rows as one operation.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use oddspot_conv::Epilogue;
use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::linear::{self, LinearWeights, linear_weight_gradient};

use super::{Cpu, contiguous, fits, tensor, values, with_workspace};

/// Backends that multiply with the kernels.
#[backend_extension(Flex, Autodiff)]
pub trait LinearBackend: Backend {
    /// `x Wᵀ + bias`; `x` `[rows, in]`, `weight` `[out, in]`.
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// `x Wᵀ + bias` on the CPU; `x` `[rows, in]`, `weight` `[out, in]`.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let (x, weight, bias) = (
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    );
    Tensor::from_dispatch(<Dispatch as LinearBackend>::linear(x, weight, bias))
}

/// Rows, and `[outputs, inputs]`.
fn geometry(x: &Cpu, weight: &Cpu) -> (usize, [usize; 2]) {
    let weight = weight.layout().shape();
    (x.layout().shape()[0], [weight[0], weight[1]])
}

impl LinearBackend for Flex {
    fn linear(x: Cpu, weight: Cpu, bias: Cpu) -> Cpu {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let (rows, sizes) = geometry(&x, &weight);
        let mut y = vec![0.0; rows * sizes[0]];
        fits(with_workspace(|workspace| {
            let packed = LinearWeights::pack(workspace.isa(), values(&weight), sizes)?;
            let (bias, plain) = (Some(values(&bias)), Epilogue::default());
            linear::linear(workspace, rows, values(&x), &packed, bias, plain, &mut y)
        }));
        tensor(y, &[rows, sizes[0]])
    }
}

#[derive(Debug)]
struct LinearBackward;

impl Backward<Flex, 3> for LinearBackward {
    /// The input and the weight.
    type State = (Cpu, Cpu);

    fn backward(
        self,
        ops: Ops<(Cpu, Cpu), 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [of_x, of_weight, of_bias] = ops.parents;
        let mut dy = contiguous(gradients.consume::<Flex>(&ops.node));
        let (x, weight) = ops.state;
        let (rows, sizes) = geometry(&x, &weight);
        with_workspace(|workspace| {
            if let Some(node) = of_bias {
                let mut db = vec![0.0; sizes[0]];
                let isa = workspace.isa();
                fits(relu_bias_backward(
                    isa,
                    rows,
                    None,
                    dy.storage_mut(),
                    &mut db,
                ));
                gradients.register::<Flex>(node.id, tensor(db, &sizes[..1]));
            }
            let dy = values(&dy);
            if let Some(node) = of_weight {
                let mut dw = vec![0.0; sizes[0] * sizes[1]];
                let x = values(&x);
                fits(linear_weight_gradient(
                    workspace, rows, x, dy, sizes, &mut dw,
                ));
                gradients.register::<Flex>(node.id, tensor(dw, &sizes));
            }
            if let Some(node) = of_x {
                let isa = workspace.isa();
                let packed = fits(LinearWeights::pack_transposed(isa, values(&weight), sizes));
                let mut dx = vec![0.0; rows * sizes[1]];
                let plain = Epilogue::default();
                fits(linear::linear(
                    workspace, rows, dy, &packed, None, plain, &mut dx,
                ));
                gradients.register::<Flex>(node.id, tensor(dx, &[rows, sizes[1]]));
            }
        });
    }
}

impl<C: CheckpointStrategy> LinearBackend for Autodiff<Flex, C> {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight) = (
            contiguous(x.into_primitive()),
            contiguous(weight.into_primitive()),
        );
        let y = Flex::linear(x.clone(), weight.clone(), bias.into_primitive());
        match LinearBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => prepared.finish((x, weight), y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}
