//! The 3×3 convolution, by whichever way is fastest for its channels.

use crate::direct::{DirectConv, DirectWeights};
use crate::epilogue::Epilogue;
use crate::shape::{Conv3x3, Result, ShapeError, check_length};
use crate::simd::Isa;
use crate::winograd::{self, Role, TransformedWeights};
use crate::workspace::Workspace;

/// Fewest input channels for which Winograd's transforms pay. The choice must not depend on the
/// size of the map: a pixel's value is the same at every output stride.
const FEWEST_WINOGRAD_INPUTS: usize = 8;

/// Weights of a 3×3 convolution made ready for one instruction set and one direction. Frozen
/// layers keep them.
pub struct ConvWeights(Prepared);

enum Prepared {
    Winograd(TransformedWeights),
    Direct(DirectWeights),
}

impl ConvWeights {
    /// Makes weights `[outputs, inputs, 3, 3]` ready for [`conv3x3`], in memory that the
    /// workspace has to spare.
    ///
    /// # Errors
    /// Sizes of 0, or weights of another length.
    pub fn forward(
        workspace: &mut Workspace,
        weight: &[f32],
        [outputs, inputs]: [usize; 2],
    ) -> Result<Self> {
        Self::new(workspace, weight, [outputs, inputs], Role::Forward)
    }

    /// Makes the same weights ready for [`conv3x3_input_gradient`].
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn input_gradient(
        workspace: &mut Workspace,
        weight: &[f32],
        [outputs, inputs]: [usize; 2],
    ) -> Result<Self> {
        Self::new(workspace, weight, [outputs, inputs], Role::InputGradient)
    }

    fn new(
        workspace: &mut Workspace,
        weight: &[f32],
        sizes: [usize; 2],
        role: Role,
    ) -> Result<Self> {
        let [outputs, inputs] = sizes;
        let conv = Conv3x3 {
            input: crate::Shape::new(1, 1, 1, inputs),
            outputs,
            dilation: 1,
        };
        conv.check()?;
        check_length("the weight", conv.weight_count(), weight)?;
        let isa = workspace.isa();
        if serving(conv, role).input.channels >= FEWEST_WINOGRAD_INPUTS {
            let spare = workspace.take_spare();
            let weights = TransformedWeights::new(isa, weight, sizes, role, spare);
            return Ok(Self(Prepared::Winograd(weights)));
        }
        Ok(Self(Prepared::Direct(pack(isa, conv, weight, role)?)))
    }

    /// Gives the memory back to a workspace, for the next weights.
    pub fn recycle(self, workspace: &mut Workspace) {
        if let Prepared::Winograd(weights) = self.0 {
            workspace.put_spare(weights.into_buffer());
        }
    }
}

/// The convolution that a layer's weights serve in a role.
fn serving(conv: Conv3x3, role: Role) -> Conv3x3 {
    match role {
        Role::Forward => conv,
        Role::InputGradient => conv.transposed(),
    }
}

/// Packs a layer's weights for the direct kernels.
fn pack(isa: Isa, conv: Conv3x3, weight: &[f32], role: Role) -> Result<DirectWeights> {
    let sizes = [conv.outputs, conv.input.channels];
    match role {
        Role::Forward => direct(conv).pack(isa, weight),
        Role::InputGradient => {
            direct(conv.transposed()).pack(isa, &transpose_and_rotate(weight, sizes))
        }
    }
}

/// `[outputs, inputs, 3, 3]` to `[inputs, outputs, 3, 3]`, each filter turned by half a turn.
fn transpose_and_rotate(weight: &[f32], [outputs, inputs]: [usize; 2]) -> Vec<f32> {
    let mut turned = Vec::with_capacity(weight.len());
    for input in 0..inputs {
        for output in 0..outputs {
            let filter = &weight[(output * inputs + input) * 9..][..9];
            turned.extend(filter.iter().rev());
        }
    }
    turned
}

/// The same convolution as the direct kernels take it.
fn direct(conv: Conv3x3) -> DirectConv {
    DirectConv {
        input: conv.input,
        outputs: conv.outputs,
        kernel: 3,
        stride: 1,
        dilation: conv.dilation,
        padding: conv.dilation,
    }
}

/// `y = conv(x) + bias`; `y` has positions of as many channels as the epilogue says.
///
/// # Errors
/// Slices of other lengths than the shapes', or weights prepared for another layer, direction
/// or instruction set.
pub fn conv3x3(
    workspace: &mut Workspace,
    conv: Conv3x3,
    x: &[f32],
    weights: &ConvWeights,
    bias: Option<&[f32]>,
    epilogue: Epilogue,
    y: &mut [f32],
) -> Result<()> {
    conv.check()?;
    conv.input.check("the input", x)?;
    let stride = epilogue.row(conv.outputs)?;
    conv.output().with_channels(stride).check("the output", y)?;
    if let Some(bias) = bias {
        check_length("the bias", conv.outputs, bias)?;
    }
    match &weights.0 {
        Prepared::Direct(weights) => direct(conv).forward(workspace, x, weights, bias, epilogue, y),
        Prepared::Winograd(weights) => {
            let prepared = (weights.isa(), weights.outputs(), weights.inputs());
            let asked = (workspace.isa(), conv.outputs, conv.input.channels);
            if prepared != asked {
                return Err(ShapeError::Prepared {
                    prepared: format!("{prepared:?}"),
                    asked: format!("{asked:?}"),
                });
            }
            winograd::forward(workspace, conv, x, weights, bias, epilogue, y);
            Ok(())
        }
    }
}

/// `dx` from the gradient `dy` of the convolution's output (before ReLU and bias).
///
/// # Errors
/// As [`conv3x3`].
pub fn conv3x3_input_gradient(
    workspace: &mut Workspace,
    conv: Conv3x3,
    dy: &[f32],
    weights: &ConvWeights,
    dx: &mut [f32],
) -> Result<()> {
    let plain = Epilogue::default();
    conv3x3(workspace, conv.transposed(), dy, weights, None, plain, dx)
}

/// `dw` `[outputs, inputs, 3, 3]` from the input and the gradient `dy` of the convolution's
/// output (before ReLU and bias).
///
/// # Errors
/// Slices of other lengths than the shapes'.
pub fn conv3x3_weight_gradient(
    workspace: &mut Workspace,
    conv: Conv3x3,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) -> Result<()> {
    conv.check()?;
    conv.input.check("the input", x)?;
    conv.output().check("the output's gradient", dy)?;
    check_length("the weight's gradient", conv.weight_count(), dw)?;
    if conv.input.channels < FEWEST_WINOGRAD_INPUTS {
        return direct(conv).weight_gradient(workspace, x, dy, dw);
    }
    winograd::weight_gradient(workspace, conv, x, dy, dw);
    Ok(())
}
