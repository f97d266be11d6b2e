//! Each kernel on the shapes that the networks have: `cargo bench -p oddspot-conv`. Threads as
//! `RAYON_NUM_THREADS` says, the instruction set as `ODDSPOT_ISA` does.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::conv3x3::{
    ConvWeights, conv3x3, conv3x3_input_gradient, conv3x3_weight_gradient,
};
use oddspot_conv::direct::DirectConv;
use oddspot_conv::linear::{LinearWeights, linear, linear_weight_gradient};
use oddspot_conv::peak::best_fma_gflops;
use oddspot_conv::pool::MaxPool;
use oddspot_conv::residual::residual_sum;
use oddspot_conv::{Conv3x3, Epilogue, Shape, Workspace};

fn values(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| (i * 7919 % 1009) as f32 / 504.0 - 1.0)
        .collect()
}

/// (inputs, outputs, side, dilation): VGG16's layers, then the default student's.
const LAYERS: [(usize, usize, usize, usize); 15] = [
    (3, 64, 256, 1),
    (64, 64, 256, 1),
    (64, 128, 128, 1),
    (128, 128, 128, 1),
    (128, 256, 64, 1),
    (256, 256, 64, 1),
    (256, 256, 64, 2),
    (256, 512, 32, 1),
    (512, 512, 32, 1),
    (3, 32, 256, 1),
    (32, 64, 128, 1),
    (64, 64, 128, 1),
    (64, 128, 64, 1),
    (128, 256, 32, 1),
    (256, 256, 32, 1),
];

fn convolutions(c: &mut Criterion) {
    let mut workspace = Workspace::new();
    let peak = best_fma_gflops(workspace.isa(), 5);
    println!("FMA peak: {peak:.0} GFLOP/s, {}", workspace.isa().name());
    let mut group = c.benchmark_group("conv3x3");
    for (inputs, outputs, side, dilation) in LAYERS {
        let conv = Conv3x3 {
            input: Shape::new(1, side, side, inputs),
            outputs,
            dilation,
        };
        let sizes = [outputs, inputs];
        let name = format!("{inputs}to{outputs}@{side}d{dilation}");
        // Operations of a direct convolution.
        group.throughput(Throughput::Elements(
            (18 * side * side * inputs * outputs) as u64,
        ));
        let (x, weight) = (values(side * side * inputs), values(9 * inputs * outputs));
        let (bias, dy) = (values(outputs), values(side * side * outputs));
        let mut y = vec![0.0; dy.len()];
        let weights = ConvWeights::forward(&mut workspace, &weight, sizes).unwrap();
        group.bench_function(BenchmarkId::new("forward", &name), |b| {
            b.iter(|| {
                conv3x3(
                    &mut workspace,
                    conv,
                    &x,
                    &weights,
                    Some(&bias),
                    Epilogue::RELU,
                    &mut y,
                )
            });
        });
        group.bench_function(BenchmarkId::new("weights", &name), |b| {
            b.iter(|| {
                let weights = ConvWeights::forward(&mut workspace, &weight, sizes).unwrap();
                weights.recycle(&mut workspace);
            });
        });
        let weights = ConvWeights::input_gradient(&mut workspace, &weight, sizes).unwrap();
        let mut dx = vec![0.0; x.len()];
        group.bench_function(BenchmarkId::new("input_gradient", &name), |b| {
            b.iter(|| conv3x3_input_gradient(&mut workspace, conv, &dy, &weights, &mut dx));
        });
        let mut dw = vec![0.0; weight.len()];
        group.bench_function(BenchmarkId::new("weight_gradient", &name), |b| {
            b.iter(|| conv3x3_weight_gradient(&mut workspace, conv, &x, &dy, &mut dw));
        });
    }
    group.finish();
}

fn others(c: &mut Criterion) {
    let mut workspace = Workspace::new();
    let isa = workspace.isa();
    let mut group = c.benchmark_group("other");
    for (side, inputs, outputs) in [(128, 64, 96), (64, 128, 256), (32, 256, 512)] {
        let (rows, sizes) = (side * side, [outputs, inputs]);
        let weight = values(outputs * inputs);
        let (x, dy, mut y) = (
            values(rows * inputs),
            values(rows * outputs),
            values(rows * outputs),
        );
        let weights = LinearWeights::pack(isa, &weight, sizes).unwrap();
        let name = format!("{inputs}to{outputs}@{side}");
        group.throughput(Throughput::Elements((2 * rows * inputs * outputs) as u64));
        group.bench_function(BenchmarkId::new("linear", &name), |b| {
            let plain = Epilogue::default();
            b.iter(|| linear(&mut workspace, rows, &x, &weights, None, plain, &mut y));
        });
        group.bench_function(BenchmarkId::new("linear by gemm", &name), |b| {
            b.iter(|| {
                // SAFETY: `y` is rows × outputs, `x` rows × inputs and `weight` outputs × inputs,
                // all row by row.
                unsafe {
                    gemm::gemm(
                        rows,
                        outputs,
                        inputs,
                        y.as_mut_ptr(),
                        1,
                        outputs as isize,
                        false,
                        x.as_ptr(),
                        1,
                        inputs as isize,
                        weight.as_ptr(),
                        inputs as isize,
                        1,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        gemm::Parallelism::Rayon(0),
                    );
                }
            });
        });
        let mut dw = vec![0.0; weight.len()];
        group.bench_function(BenchmarkId::new("linear weight gradient", &name), |b| {
            b.iter(|| linear_weight_gradient(&mut workspace, rows, &x, &dy, sizes, &mut dw));
        });
    }
    for (side, channels) in [(256, 32), (128, 64)] {
        let pool = MaxPool {
            input: Shape::new(1, side, side, channels),
            kernel: 3,
            stride: 2,
            dilation: 1,
            padding: 1,
            ceil: false,
        };
        let x = values(side * side * channels);
        let mut y = vec![0.0; x.len() / 4];
        let mut winners = y.clone();
        let name = format!("{channels}@{side}");
        group.throughput(Throughput::Bytes(4 * x.len() as u64));
        group.bench_function(BenchmarkId::new("max pool 3x3/2", &name), |b| {
            b.iter(|| pool.forward(isa, &x, &mut y, Some(&mut winners)));
        });
        let mut dx = vec![0.0; x.len()];
        group.bench_function(BenchmarkId::new("max pool 3x3/2 backward", &name), |b| {
            b.iter(|| pool.backward(isa, &y, &winners, &mut dx));
        });
        let mut db = vec![0.0; channels];
        group.bench_function(BenchmarkId::new("relu and bias backward", &name), |b| {
            b.iter(|| relu_bias_backward(isa, side * side, Some(&x), &mut dx, &mut db));
        });
    }
    group.finish();
}

/// (inputs, outputs, side, kernel, padding): layers of stride 2, SqueezeNet's stem first, then
/// those of residual networks.
const STRIDED: [(usize, usize, usize, usize, usize); 8] = [
    (3, 96, 256, 7, 3),
    (3, 64, 256, 7, 3),
    (64, 128, 64, 3, 1),
    (128, 256, 32, 3, 1),
    (256, 512, 32, 3, 1),
    (512, 512, 16, 3, 1),
    (256, 512, 64, 1, 0),
    (1024, 2048, 16, 1, 0),
];

fn strided(c: &mut Criterion) {
    let mut workspace = Workspace::new();
    let mut group = c.benchmark_group("strided");
    for (inputs, outputs, side, kernel, padding) in STRIDED {
        let conv = DirectConv {
            input: Shape::new(1, side, side, inputs),
            outputs,
            kernel,
            stride: 2,
            dilation: 1,
            padding,
        };
        let weight = values(outputs * inputs * kernel * kernel);
        let weights = conv.pack(workspace.isa(), &weight).unwrap();
        let positions = conv.output().unwrap().positions();
        let (x, bias) = (values(side * side * inputs), values(outputs));
        let mut y = vec![0.0; positions * outputs];
        group.throughput(Throughput::Elements((2 * positions * weight.len()) as u64));
        let name = format!("{kernel}x{kernel} {inputs}to{outputs}@{side}");
        group.bench_function(BenchmarkId::new("forward", &name), |b| {
            b.iter(|| {
                conv.forward(
                    &mut workspace,
                    &x,
                    &weights,
                    Some(&bias),
                    Epilogue::RELU,
                    &mut y,
                )
            });
        });
    }
    let (mut a, b) = (values(128 * 128 * 64), values(128 * 128 * 64));
    group.throughput(Throughput::Bytes(12 * a.len() as u64));
    group.bench_function("residual sum 64@128", |bencher| {
        bencher.iter(|| residual_sum(workspace.isa(), &mut a, &b, true));
    });
    group.finish();
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(10);
    targets = convolutions, strided, others
}
criterion_main!(kernels);
