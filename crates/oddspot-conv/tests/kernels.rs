//! Every kernel on random shapes against the plain loops, on every instruction set of this
//! processor.

use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::batch_norm::BatchNorm;
use oddspot_conv::conv3x3::{
    ConvWeights, conv3x3, conv3x3_input_gradient, conv3x3_weight_gradient,
};
use oddspot_conv::direct::DirectConv;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::pool::{AveragePool, MaxPool};
use oddspot_conv::{Conv3x3, Epilogue, Isa, Shape, Workspace, reference};
use proptest::prelude::*;

/// Error allowed, relative to the largest value.
const TOLERANCE: f32 = 1e-4;

/// Values in [−1, 1), the same for the same seed.
fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f - e).abs() <= TOLERANCE * largest.max(1e-3),
            "{what}[{i}]: {f} for {e}, largest {largest}"
        );
    }
}

/// Small shapes of all remainders, and now and then one of several blocks.
fn sizes() -> impl Strategy<Value = (usize, usize, usize)> {
    prop_oneof![
        4 => (1usize..3, 1usize..14, 1usize..14),
        1 => (1usize..2, 20usize..40, 20usize..40),
    ]
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![1usize..10, 10usize..40]
}

/// What an epilogue makes of a layer's output that is written over `old`.
fn placed(product: &[f32], outputs: usize, epilogue: Epilogue, old: &[f32]) -> Vec<f32> {
    let mut placed = old.to_vec();
    for (position, product) in product.chunks_exact(outputs).enumerate() {
        for (i, value) in product.iter().enumerate() {
            let at = position * epilogue.stride + epilogue.first + i;
            placed[at] = if epilogue.add {
                placed[at] + value
            } else {
                *value
            };
        }
    }
    placed
}

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
        let expected = reference::conv(&plain, &x, &weight, bias, relu);
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
        let expected = reference::input_gradient(&plain, &dy, &weight);
        assert_close(&dx, &expected, &name("input gradient"));

        let mut dw = vec![f32::NAN; weight.len()];
        conv3x3_weight_gradient(&mut workspace, conv, &x, &dy, &mut dw).unwrap();
        let expected = reference::weight_gradient(&plain, &x, &dy);
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
            let expected = reference::conv(&conv, &x, &weight, Some(&bias), relu);
            assert_close(&y, &expected, "forward");
            let mut dw = vec![f32::NAN; weight.len()];
            conv.weight_gradient(&mut workspace, &x, &dy, &mut dw).unwrap();
            assert_close(&dw, &reference::weight_gradient(&conv, &x, &dy), "weight gradient");
        }
    }

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
        let product = reference::conv(&as_conv, &x, &weight, Some(&bias), relu);
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
            assert_close(&dw, &reference::weight_gradient(&as_conv, &x, dy), "weight gradient");
            let weights = LinearWeights::pack_transposed(isa, &weight, [outputs, inputs]).unwrap();
            let mut dx = vec![f32::NAN; x.len()];
            let plain = Epilogue::default();
            linear(&mut workspace, rows, dy, &weights, None, plain, &mut dx).unwrap();
            assert_close(&dx, &reference::input_gradient(&as_conv, dy, &weight), "input gradient");
        }
    }

    #[test]
    fn a_max_pool_takes_the_first_largest_and_gives_it_the_gradient(
        (batch, height, width) in sizes(),
        channels in channels(),
        kernel in 1usize..4,
        stride in 1usize..4,
        dilation in 1usize..4,
        padding in 0usize..4,
        ceil: bool,
        seed: u32,
    ) {
        let input = Shape::new(batch, height, width, channels);
        let pool = MaxPool { input, kernel, stride, dilation, padding, ceil };
        prop_assume!(pool.output().is_ok());
        // Few levels, so that there are equals.
        let x: Vec<f32> = values(input.count("x").unwrap(), u64::from(seed))
            .iter()
            .map(|v| (3.0 * v).round())
            .collect();
        let (expected, winners) = reference::max_pool(&pool, &x);
        let dy = values(expected.len(), u64::from(seed) + 1);
        let mut expected_dx = vec![0.0; x.len()];
        for (gradient, &winner) in dy.iter().zip(&winners) {
            expected_dx[winner] += gradient;
        }
        for isa in Isa::available() {
            let (mut y, mut taps) = (vec![f32::NAN; dy.len()], vec![f32::NAN; dy.len()]);
            pool.forward(isa, &x, &mut y, None).unwrap();
            assert_eq!(&y, &expected);
            pool.forward(isa, &x, &mut y, Some(&mut taps)).unwrap();
            assert_eq!(&y, &expected);
            let mut dx = vec![f32::NAN; x.len()];
            pool.backward(isa, &dy, &taps, &mut dx).unwrap();
            assert_close(&dx, &expected_dx, "input gradient");
        }
    }

    #[test]
    fn an_average_pool_is_the_mean_of_blocks(
        (batch, height, width) in sizes(),
        channels in channels(),
        size in 1usize..5,
        seed: u32,
    ) {
        let input = Shape::new(batch, height * size, width * size, channels);
        let pool = AveragePool { input, size };
        let output = pool.output().unwrap();
        let x = values(input.count("x").unwrap(), u64::from(seed));
        let dy = values(output.count("y").unwrap(), u64::from(seed) + 1);
        // A mean of blocks is a convolution of each channel by itself.
        let conv = DirectConv {
            input, outputs: channels, kernel: size, stride: size, dilation: 1, padding: 0,
        };
        let mut weight = vec![0.0; channels * channels * size * size];
        for channel in 0..channels {
            let filter = (channel * channels + channel) * size * size;
            weight[filter..filter + size * size].fill(1.0 / (size * size) as f32);
        }
        let mut y = vec![f32::NAN; dy.len()];
        pool.forward(&x, &mut y).unwrap();
        assert_close(&y, &reference::conv(&conv, &x, &weight, None, false), "forward");
        let mut dx = vec![f32::NAN; x.len()];
        pool.backward(&dy, false, &mut dx).unwrap();
        let once = dx.clone();
        pool.backward(&dy, true, &mut dx).unwrap();
        assert_close(&dx, &once.iter().map(|v| 2.0 * v).collect::<Vec<_>>(), "added");
        let dx = once;
        assert_close(&dx, &reference::input_gradient(&conv, &dy, &weight), "input gradient");
    }

    #[test]
    fn batch_normalisation_and_its_gradients_are_the_formulas(
        rows in prop_oneof![12usize..40, 500usize..1100],
        channels in channels(),
        offset in -2.0f32..2.0,
        seed: u32,
    ) {
        let seed = u64::from(seed);
        let z: Vec<f32> = values(rows * channels, seed).iter().map(|v| v + offset).collect();
        let dy = values(rows * channels, seed + 1);
        let (gamma, beta) = (values(channels, seed + 2), values(channels, seed + 3));
        let norm = BatchNorm { rows, gamma: &gamma, beta: &beta, epsilon: 1e-3 };
        // Ioffe & Szegedy's formulas, channel by channel in f64.
        let (mut y_plain, mut dz_plain) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        let (mut dgamma_plain, mut dbeta_plain) = (vec![0.0; channels], vec![0.0; channels]);
        for channel in 0..channels {
            let column = |x: &[f32]| -> Vec<f64> {
                x.iter().skip(channel).step_by(channels).map(|&v| f64::from(v)).collect()
            };
            let (z, dy) = (column(&z), column(&dy));
            let (gamma, beta) = (f64::from(gamma[channel]), f64::from(beta[channel]));
            let n = rows as f64;
            let mean = z.iter().sum::<f64>() / n;
            let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
            let deviation = (variance + 1e-3).sqrt();
            let normal: Vec<f64> = z.iter().map(|z| (z - mean) / deviation).collect();
            let before: Vec<f64> = normal.iter().map(|x| gamma * x + beta).collect();
            // At the kink either gradient is right: leave such columns out.
            prop_assume!(before.iter().all(|b| b.abs() > 1e-5));
            let dy: Vec<f64> = dy.iter().zip(&before)
                .map(|(dy, b)| if *b > 0.0 { *dy } else { 0.0 }).collect();
            let of_beta: f64 = dy.iter().sum();
            let of_gamma: f64 = dy.iter().zip(&normal).map(|(dy, x)| dy * x).sum();
            dbeta_plain[channel] = of_beta as f32;
            dgamma_plain[channel] = of_gamma as f32;
            for row in 0..rows {
                let at = row * channels + channel;
                y_plain[at] = before[row].max(0.0) as f32;
                let rest = dy[row] - of_beta / n - normal[row] * of_gamma / n;
                dz_plain[at] = (gamma / deviation * rest) as f32;
            }
        }
        for isa in Isa::available() {
            let mut y = vec![f32::NAN; z.len()];
            let moments = norm.forward(isa, &z, &mut y).unwrap();
            assert_close(&y, &y_plain, "output");
            let mut dz = dy.clone();
            let (mut dgamma, mut dbeta) = (vec![f32::NAN; channels], vec![f32::NAN; channels]);
            norm.backward(isa, (&z, &y, &moments), &mut dz, &mut dgamma, &mut dbeta).unwrap();
            assert_close(&dz, &dz_plain, "input's gradient");
            assert_close(&dgamma, &dgamma_plain, "γ");
            assert_close(&dbeta, &dbeta_plain, "β");
        }
    }

    #[test]
    fn a_relu_passes_gradients_where_it_passed_values(
        rows in prop_oneof![1usize..20, 500usize..1100],
        channels in channels(),
        with_relu: bool,
        seed: u32,
    ) {
        let y: Vec<f32> = values(rows * channels, u64::from(seed))
            .iter()
            .map(|v| v.max(0.0))
            .collect();
        let dy = values(rows * channels, u64::from(seed) + 1);
        let passes = |i: usize| !with_relu || y[i] > 0.0;
        let expected: Vec<f32> = (0..dy.len())
            .map(|i| if passes(i) { dy[i] } else { 0.0 })
            .collect();
        let mut sums = vec![0.0; channels];
        for (i, value) in expected.iter().enumerate() {
            sums[i % channels] += value;
        }
        for isa in Isa::available() {
            let (mut dz, mut db) = (dy.clone(), vec![f32::NAN; channels]);
            let y = with_relu.then_some(&y[..]);
            relu_bias_backward(isa, rows, y, &mut dz, &mut db).unwrap();
            assert_eq!(&dz, &expected);
            assert_close(&db, &sums, "bias");
        }
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
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
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

#[test]
fn slices_of_wrong_lengths_and_impossible_shapes_are_errors() {
    let mut workspace = Workspace::new();
    let conv = Conv3x3 {
        input: Shape::new(1, 4, 5, 8),
        outputs: 6,
        dilation: 1,
    };
    let weight = vec![0.0; 8 * 6 * 9];
    let weights = ConvWeights::forward(&mut workspace, &weight, [6, 8]).unwrap();
    let (x, mut y) = (vec![0.0; 160], vec![0.0; 120]);
    let mut run = |conv: Conv3x3, x: &[f32], bias: Option<&[f32]>, y: &mut [f32]| {
        conv3x3(&mut workspace, conv, x, &weights, bias, Epilogue::RELU, y)
            .map_err(|e| e.to_string())
    };
    assert_eq!(run(conv, &x, None, &mut y), Ok(()));
    let error = run(conv, &x[1..], None, &mut y).unwrap_err();
    assert!(error.contains("159") && error.contains("160"), "{error}");
    assert!(
        run(conv, &x, None, &mut y[1..])
            .unwrap_err()
            .contains("119")
    );
    assert!(
        run(conv, &x, Some(&[0.0; 5]), &mut y)
            .unwrap_err()
            .contains("bias")
    );
    let none = Conv3x3 {
        dilation: 0,
        ..conv
    };
    assert!(
        run(none, &x, None, &mut y)
            .unwrap_err()
            .contains("dilation")
    );
    let far = Conv3x3 {
        dilation: usize::MAX,
        ..conv
    };
    assert!(run(far, &x, None, &mut y).unwrap_err().contains("dilation"));
    let empty = Conv3x3 {
        input: Shape::new(1, 0, 5, 8),
        ..conv
    };
    assert!(run(empty, &[], None, &mut []).is_err());
    let huge = Conv3x3 {
        input: Shape::new(usize::MAX, usize::MAX, 5, 8),
        ..conv
    };
    assert!(run(huge, &x, None, &mut y).unwrap_err().contains("memory"));
    let other = Conv3x3 {
        input: Shape::new(1, 4, 4, 10),
        ..conv
    };
    let mut fits = vec![0.0; 96];
    assert!(
        run(other, &x, None, &mut fits)
            .unwrap_err()
            .contains("prepared")
    );
    assert!(ConvWeights::forward(&mut Workspace::new(), &weight[1..], [6, 8]).is_err());
    assert!(ConvWeights::forward(&mut Workspace::new(), &[], [0, 8]).is_err());

    let pool = MaxPool {
        input: Shape::new(1, 2, 2, 1),
        kernel: 3,
        stride: 2,
        dilation: 1,
        padding: 0,
        ceil: false,
    };
    assert!(pool.output().is_err(), "no whole window fits");
    let sticking_out = MaxPool { ceil: true, ..pool };
    assert_eq!(sticking_out.output(), Ok(Shape::new(1, 1, 1, 1)));
    let far = MaxPool { padding: 5, ..pool };
    assert!(far.output().is_err(), "a window of padding alone");
    let uneven = AveragePool {
        input: Shape::new(1, 5, 4, 1),
        size: 2,
    };
    assert!(uneven.output().is_err());
}
