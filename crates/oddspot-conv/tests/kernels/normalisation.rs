//! Batch normalisation, and backward through ReLU and bias.

use oddspot_conv::Isa;
use oddspot_conv::activation::relu_bias_backward;
use oddspot_conv::batch_norm::BatchNorm;
use proptest::prelude::*;

use super::{assert_close, assert_within, channels, values};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

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
        let (mut gamma_size, mut beta_size) = (vec![0.0; channels], vec![0.0; channels]);
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
            let size = |terms: &mut dyn Iterator<Item = f64>| -> f32 {
                terms.map(|term| term * term).sum::<f64>().sqrt() as f32
            };
            beta_size[channel] = size(&mut dy.iter().copied());
            gamma_size[channel] = size(&mut dy.iter().zip(&normal).map(|(dy, x)| dy * x));
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
            assert_within(&dgamma, &dgamma_plain, &gamma_size, "γ");
            assert_within(&dbeta, &dbeta_plain, &beta_size, "β");
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
        let (mut sums, mut squares) = (vec![0.0; channels], vec![0.0f32; channels]);
        for (i, value) in expected.iter().enumerate() {
            sums[i % channels] += value;
            squares[i % channels] += value * value;
        }
        let sizes: Vec<f32> = squares.iter().map(|square| square.sqrt()).collect();
        for isa in Isa::available() {
            let (mut dz, mut db) = (dy.clone(), vec![f32::NAN; channels]);
            let y = with_relu.then_some(&y[..]);
            relu_bias_backward(isa, rows, y, &mut dz, &mut db).unwrap();
            assert_eq!(&dz, &expected);
            assert_within(&db, &sums, &sizes, "bias");
        }
    }
}
