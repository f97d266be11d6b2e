//! Max and average pools, and their gradients.

use oddspot_conv::direct::DirectConv;
use oddspot_conv::pool::{AveragePool, MaxPool};
use oddspot_conv::{Isa, Shape, reference};
use proptest::prelude::*;

use super::{assert_close, channels, sizes, values};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

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
        let (expected, winners) = reference::max_pool(&pool, &x).unwrap();
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
        assert_close(&y, &reference::conv(&conv, &x, &weight, None, false).unwrap(), "forward");
        let mut dx = vec![f32::NAN; x.len()];
        pool.backward(&dy, false, &mut dx).unwrap();
        let once = dx.clone();
        pool.backward(&dy, true, &mut dx).unwrap();
        assert_close(&dx, &once.iter().map(|v| 2.0 * v).collect::<Vec<_>>(), "added");
        let dx = once;
        assert_close(&dx, &reference::input_gradient(&conv, &dy, &weight).unwrap(), "input gradient");
    }
}
