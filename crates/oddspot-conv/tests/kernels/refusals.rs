//! What the kernels refuse.

use oddspot_conv::conv3x3::{ConvWeights, conv3x3};
use oddspot_conv::direct::DirectConv;
use oddspot_conv::pool::{AveragePool, MaxPool};
use oddspot_conv::{Conv3x3, Epilogue, Shape, Workspace, reference};

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

#[test]
fn the_plain_loops_refuse_what_the_kernels_refuse() {
    let conv = DirectConv {
        input: Shape::new(1, 4, 4, 2),
        outputs: 3,
        kernel: 3,
        stride: 2,
        dilation: 1,
        padding: 1,
    };
    let (x, dy, weight) = (vec![0.0; 32], vec![0.0; 12], vec![0.0; 54]);
    assert!(reference::conv(&conv, &x, &weight, None, false).is_ok());
    assert!(reference::conv(&conv, &x[1..], &weight, None, false).is_err());
    assert!(reference::conv(&conv, &x, &weight[1..], None, false).is_err());
    assert!(reference::conv(&conv, &x, &weight, Some(&[0.0; 2]), false).is_err());
    assert!(reference::input_gradient(&conv, &dy[1..], &weight).is_err());
    assert!(reference::weight_gradient(&conv, &x, &dy[1..]).is_err());
    let large = DirectConv { kernel: 9, ..conv };
    assert!(reference::conv(&large, &x, &weight, None, false).is_err());
}
