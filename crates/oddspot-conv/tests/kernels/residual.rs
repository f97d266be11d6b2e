//! Sums of two branches.

use oddspot_conv::Isa;
use oddspot_conv::residual::residual_sum;
use proptest::prelude::*;

use super::values;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_residual_sum_is_the_plain_one(
        length in prop_oneof![0usize..100, 16_300usize..16_500, 50_000usize..50_100],
        relu: bool,
        seed: u32,
    ) {
        let a = values(length, u64::from(seed));
        let b = values(length, u64::from(seed) + 1);
        let expected: Vec<f32> = a
            .iter()
            .zip(&b)
            .map(|(a, b)| if relu { (a + b).max(0.0) } else { a + b })
            .collect();
        for isa in Isa::available() {
            let mut y = a.clone();
            residual_sum(isa, &mut y, &b, relu).unwrap();
            prop_assert!(y == expected, "{}", isa.name());
        }
    }
}

#[test]
fn nan_stays_nan_in_a_residual_sum() {
    for isa in Isa::available() {
        for relu in [false, true] {
            // In whole registers and in the rest behind them.
            for at in [0, 17, 36] {
                let (mut a, mut b) = (vec![1.0; 37], vec![-3.0; 37]);
                b[at] = f32::NAN;
                residual_sum(isa, &mut a, &b, relu).unwrap();
                for (i, value) in a.iter().enumerate() {
                    let below = if relu { 0.0 } else { -2.0 };
                    match i == at {
                        true => assert!(value.is_nan(), "{}: {value}", isa.name()),
                        false => assert_eq!(*value, below),
                    }
                }
            }
        }
    }
}

#[test]
fn branches_of_different_lengths_are_refused() {
    let mut a = [1.0; 5];
    for length in [0, 4, 6] {
        assert!(residual_sum(Isa::detect(), &mut a, &vec![1.0; length], true).is_err());
    }
    assert_eq!(a, [1.0; 5]);
}
