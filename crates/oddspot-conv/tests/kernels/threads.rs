//! The same results on any number of threads.

use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::conv3x3::{ConvWeights, conv3x3, conv3x3_weight_gradient};
use oddspot_conv::direct::DirectConv;
use oddspot_conv::linear::linear_weight_gradient;
use oddspot_conv::{Conv3x3, Epilogue, Shape, Workspace};

use super::values;

fn with_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(run)
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for (side, inputs, outputs) in [(64, 24, 40), (40, 3, 16), (16, 272, 256)] {
        let conv = Conv3x3 {
            input: Shape::new(1, side, side - 3, inputs),
            outputs,
            dilation: 1,
        };
        let sizes = [outputs, inputs];
        let x = values(conv.input.count("x").unwrap(), 1);
        let dy = values(conv.output().count("y").unwrap(), 2);
        let weight = values(9 * inputs * outputs, 3);
        let run = |threads: usize| {
            with_threads(threads, || {
                let mut workspace = Workspace::new();
                let weights = ConvWeights::forward(&mut workspace, &weight, sizes).unwrap();
                let mut y = vec![0.0; dy.len()];
                let relu = Epilogue::RELU;
                conv3x3(&mut workspace, conv, &x, &weights, None, relu, &mut y).unwrap();
                let mut dw = vec![0.0; weight.len()];
                conv3x3_weight_gradient(&mut workspace, conv, &x, &dy, &mut dw).unwrap();
                let (rows, mut db) = (conv.input.positions(), vec![0.0; outputs]);
                let mut dz = dy.clone();
                relu_bias_backward(workspace.isa(), rows, Some(&y), &mut dz, &mut db).unwrap();
                let mut dw1 = vec![0.0; inputs * outputs];
                linear_weight_gradient(&mut workspace, rows, &x, &dy, sizes, &mut dw1).unwrap();
                (y, dw, db, dw1)
            })
        };
        let one = run(1);
        for threads in [2, 3, 5] {
            assert!(
                run(threads) == one,
                "{threads} threads, {inputs} to {outputs}"
            );
        }
    }
}

/// Short rows are shared out by the number of threads.
#[test]
fn a_strided_convolution_does_not_depend_on_the_number_of_threads() {
    for (side, kernel, padding) in [(14, 3, 1), (9, 1, 0), (40, 7, 3)] {
        let conv = DirectConv {
            input: Shape::new(1, side, side + 1, 24),
            outputs: 40,
            kernel,
            stride: 2,
            dilation: 1,
            padding,
        };
        let x = values(conv.input.count("x").unwrap(), 1);
        let weight = values(40 * 24 * kernel * kernel, 2);
        let run = || {
            let mut workspace = Workspace::new();
            let weights = conv.pack(workspace.isa(), &weight).unwrap();
            let mut y = vec![0.0; conv.output().unwrap().count("y").unwrap()];
            conv.forward(&mut workspace, &x, &weights, None, Epilogue::RELU, &mut y)
                .unwrap();
            y
        };
        let one = with_threads(1, run);
        for threads in [2, 3, 5, 16] {
            assert!(
                with_threads(threads, run) == one,
                "{threads} threads, {conv:?}"
            );
        }
    }
}
