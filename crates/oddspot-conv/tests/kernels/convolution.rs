//! 3×3 convolutions of stride 1, and their gradients.

use oddspot_conv::conv3x3::{
    ConvWeights, conv3x3, conv3x3_input_gradient, conv3x3_weight_gradient,
};
use oddspot_conv::direct::DirectConv;
use oddspot_conv::{Conv3x3, Epilogue, Isa, Shape, Workspace, reference};
use proptest::prelude::*;

use super::{assert_close, channels, placed, sizes, values};

fn check_conv(conv: Conv3x3, relu: bool, with_bias: bool, seed: u64) {
    let plain = DirectConv {
        input: conv.input,
        outputs: conv.outputs,
        kernel: 3,
        stride: 1,
        dilation: conv.dilation,
        padding: conv.dilation,
    };
    let sizes = [conv.outputs, conv.input.channels];
    let x = values(conv.input.count("x").unwrap(), seed);
    let dy = values(conv.output().count("y").unwrap(), seed + 1);
    let weight = values(9 * sizes[0] * sizes[1], seed + 2);
    let bias = values(conv.outputs, seed + 3);
    let bias = with_bias.then_some(&bias[..]);
    for isa in Isa::available() {
        let name = |what: &str| format!("{what}, {}, {conv:?}", isa.name());
        let mut workspace = Workspace::with_isa(isa);
        let weights = ConvWeights::forward(&mut workspace, &weight, sizes).unwrap();
        let mut y = vec![f32::NAN; dy.len()];
        let epilogue = Epilogue {
            relu,
            ..Epilogue::default()
        };
        conv3x3(&mut workspace, conv, &x, &weights, bias, epilogue, &mut y).unwrap();
        let expected = reference::conv(&plain, &x, &weight, bias, relu).unwrap();
        assert_close(&y, &expected, &name("forward"));

        let stride = conv.outputs + 3;
        let epilogue = Epilogue {
            relu,
            add: true,
            stride,
            first: 2,
        };
        let old = values(conv.input.positions() * stride, seed + 4);
        let mut y = old.clone();
        conv3x3(&mut workspace, conv, &x, &weights, bias, epilogue, &mut y).unwrap();
        assert_close(
            &y,
            &placed(&expected, conv.outputs, epilogue, &old),
            &name("added"),
        );

        weights.recycle(&mut workspace);
        let weights = ConvWeights::input_gradient(&mut workspace, &weight, sizes).unwrap();
        let mut dx = vec![f32::NAN; x.len()];
        conv3x3_input_gradient(&mut workspace, conv, &dy, &weights, &mut dx).unwrap();
        let expected = reference::input_gradient(&plain, &dy, &weight).unwrap();
        assert_close(&dx, &expected, &name("input gradient"));

        let mut dw = vec![f32::NAN; weight.len()];
        conv3x3_weight_gradient(&mut workspace, conv, &x, &dy, &mut dw).unwrap();
        let expected = reference::weight_gradient(&plain, &x, &dy).unwrap();
        assert_close(&dw, &expected, &name("weight gradient"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_3x3_convolution_and_its_gradients_are_the_plain_ones(
        (batch, height, width) in sizes(),
        inputs in channels(),
        outputs in channels(),
        dilation in prop_oneof![Just(1usize), Just(2), Just(4), Just(8), 1usize..20],
        relu: bool,
        bias: bool,
        seed: u32,
    ) {
        let input = Shape::new(batch, height, width, inputs);
        check_conv(Conv3x3 { input, outputs, dilation }, relu, bias, u64::from(seed));
    }
}

/// Layers wide enough that all threads share the tiles of each step.
#[test]
fn wide_layers_are_the_plain_ones() {
    for (height, width, inputs, outputs, dilation) in [
        (9, 7, 300, 264, 1),
        (5, 13, 257, 300, 2),
        (33, 30, 40, 24, 4),
    ] {
        let input = Shape::new(1, height, width, inputs);
        let conv = Conv3x3 {
            input,
            outputs,
            dilation,
        };
        check_conv(conv, true, true, 7);
    }
}
