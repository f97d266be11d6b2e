//! Linear layers over rows.

use oddspot_conv::direct::DirectConv;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::{Epilogue, Isa, Shape, Workspace, reference};
use proptest::prelude::*;

use super::{assert_close, channels, placed, values};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_linear_layer_and_its_gradients_are_matrix_products(
        rows in prop_oneof![1usize..60, 1000usize..1100],
        inputs in channels(),
        outputs in channels(),
        before in 0usize..4,
        after in 0usize..4,
        relu: bool,
        add: bool,
        seed: u32,
    ) {
        let seed = u64::from(seed);
        let x = values(rows * inputs, seed);
        let weight = values(outputs * inputs, seed + 1);
        let bias = values(outputs, seed + 2);
        let stride = before + outputs + after;
        let old = values(rows * stride, seed + 3);
        let as_conv = DirectConv {
            input: Shape::new(1, rows, 1, inputs),
            outputs, kernel: 1, stride: 1, dilation: 1, padding: 0,
        };
        let product = reference::conv(&as_conv, &x, &weight, Some(&bias), relu).unwrap();
        for isa in Isa::available() {
            let mut workspace = Workspace::with_isa(isa);
            let weights = LinearWeights::pack(isa, &weight, [outputs, inputs]).unwrap();
            let mut y = old.clone();
            let epilogue = Epilogue { relu, add, stride, first: before };
            linear(&mut workspace, rows, &x, &weights, Some(&bias), epilogue, &mut y).unwrap();
            let expected = placed(&product, outputs, epilogue, &old);
            assert_close(&y, &expected, "forward");

            let dy = &product;
            let mut dw = vec![f32::NAN; weight.len()];
            linear_weight_gradient(&mut workspace, rows, &x, dy, [outputs, inputs], &mut dw)
                .unwrap();
            assert_close(&dw, &reference::weight_gradient(&as_conv, &x, dy).unwrap(), "weight gradient");
            let weights = LinearWeights::pack_transposed(isa, &weight, [outputs, inputs]).unwrap();
            let mut dx = vec![f32::NAN; x.len()];
            let plain = Epilogue::default();
            linear(&mut workspace, rows, dy, &weights, None, plain, &mut dx).unwrap();
            assert_close(&dx, &reference::input_gradient(&as_conv, dy, &weight).unwrap(), "input gradient");
        }
    }
}
