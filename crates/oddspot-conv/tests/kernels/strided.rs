//! Convolutions of any kernel and stride.

use oddspot_conv::direct::DirectConv;
use oddspot_conv::{Epilogue, Isa, Shape, Workspace, reference};
use proptest::prelude::*;

use super::{assert_close, channels, placed, sizes, values};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_direct_convolution_and_its_weight_gradient_are_the_plain_ones(
        (batch, height, width) in sizes(),
        inputs in 1usize..6,
        outputs in channels(),
        kernel in 1usize..8,
        stride in 1usize..4,
        dilation in 1usize..4,
        padding in 0usize..5,
        relu: bool,
        seed: u32,
    ) {
        let input = Shape::new(batch, height, width, inputs);
        let conv = DirectConv { input, outputs, kernel, stride, dilation, padding };
        prop_assume!(conv.output().is_ok());
        let output = conv.output().unwrap();
        let seed = u64::from(seed);
        let x = values(input.count("x").unwrap(), seed);
        let dy = values(output.count("y").unwrap(), seed + 1);
        let weight = values(outputs * inputs * kernel * kernel, seed + 2);
        let bias = values(outputs, seed + 3);
        for isa in Isa::available() {
            let mut workspace = Workspace::with_isa(isa);
            let weights = conv.pack(isa, &weight).unwrap();
            let mut y = vec![f32::NAN; dy.len()];
            let epilogue = Epilogue { relu, ..Epilogue::default() };
            conv.forward(&mut workspace, &x, &weights, Some(&bias), epilogue, &mut y).unwrap();
            let expected = reference::conv(&conv, &x, &weight, Some(&bias), relu).unwrap();
            assert_close(&y, &expected, "forward");
            let mut dw = vec![f32::NAN; weight.len()];
            conv.weight_gradient(&mut workspace, &x, &dy, &mut dw).unwrap();
            assert_close(&dw, &reference::weight_gradient(&conv, &x, &dy).unwrap(), "weight gradient");
        }
    }
}

/// The kinds of layers that residual networks have, with many channels and rows of all lengths.
#[test]
fn layers_of_residual_networks_are_the_plain_ones() {
    for (kernel, padding, height, width, inputs, outputs) in [
        (7, 3, 33, 38, 3, 64),
        (3, 1, 9, 12, 128, 72),
        (3, 1, 16, 16, 64, 40),
        (3, 1, 7, 100, 20, 17),
        (1, 0, 12, 14, 256, 96),
        (1, 0, 3, 3, 2048, 300),
        (1, 0, 4, 5, 300, 2048),
    ] {
        let conv = DirectConv {
            input: Shape::new(2, height, width, inputs),
            outputs,
            kernel,
            stride: 2,
            dilation: 1,
            padding,
        };
        let x = values(conv.input.count("x").unwrap(), 1);
        let weight = values(outputs * inputs * kernel * kernel, 2);
        let bias = values(outputs, 3);
        let positions = conv.output().unwrap().positions();
        for isa in Isa::available() {
            let mut workspace = Workspace::with_isa(isa);
            let weights = conv.pack(isa, &weight).unwrap();
            for relu in [false, true] {
                let expected = reference::conv(&conv, &x, &weight, Some(&bias), relu).unwrap();
                let epilogue = Epilogue {
                    relu,
                    add: true,
                    stride: outputs + 5,
                    first: 3,
                };
                let old = values(positions * epilogue.stride, 4);
                let mut y = old.clone();
                conv.forward(&mut workspace, &x, &weights, Some(&bias), epilogue, &mut y)
                    .unwrap();
                let expected = placed(&expected, outputs, epilogue, &old);
                assert_close(&y, &expected, &format!("{}, {conv:?}", isa.name()));
            }
        }
    }
}
