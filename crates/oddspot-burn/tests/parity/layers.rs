//! Single layers of every kind, forward and, where they are trained, backward.

use burn_tensor::{Device, Tensor, TensorData};
use oddspot::net::engine::Cpu;
use oddspot::net::network::{Activation, Conv, INPUT, Network, Pool, Value};
use oddspot::net::tensors::Layout;
use oddspot::net::training_pass::{Backward, TrainingMemory, TrainingPass};
use oddspot_burn::{Burn, Parameters, forward};
use oddspot_conv::{Shape, Workspace};

use crate::world::{assert_close, features, numbers, tensors, values};

const LEAKY: Activation = Activation::Leaky(0.1);

/// A convolution that keeps the map's size.
fn same(outputs: usize, kernel: usize, dilation: usize, activation: Activation) -> Conv {
    Conv {
        dilation,
        padding: dilation * (kernel / 2),
        activation,
        ..Conv::same("layer", outputs, kernel)
    }
}

fn pool(kernel: usize, stride: usize, dilation: usize, padding: usize, ceil: bool) -> Pool {
    Pool {
        kernel,
        stride,
        dilation,
        padding,
        ceil,
    }
}

/// A layer between an input and a linear layer, which is how networks in training end.
fn trained(channels: usize, layer: impl FnOnce(&mut Network) -> Value) -> Network {
    let mut network = Network::on_channels(channels);
    let value = layer(&mut network);
    let end = Conv {
        activation: Activation::None,
        ..Conv::same("end", 6, 1)
    };
    let end = network.conv(value, end);
    network.feature(end);
    network
}

#[track_caller]
fn assert_gradients_agree(network: &Network, input: Shape, what: &str) {
    let layout = Layout::of(network.tensors());
    let mut row = values(&layout, 0);
    let x = numbers(input.positions() * input.channels, "x");
    let end = *network.features().last().unwrap();

    let mut workspace = Workspace::new();
    let pass = TrainingPass::new(&workspace, network, &layout, &row, input).unwrap();
    let mut memory = TrainingMemory::default();
    pass.forward(&mut workspace, &row, &x, &mut memory).unwrap();
    let found = pass.map(end, &memory).to_vec();
    let dy = numbers(found.len(), "dy");
    pass.map_mut(end, &mut memory).copy_from_slice(&dy);
    let mut of = TrainingMemory::default();
    let mut gradients = vec![f32::NAN; layout.count()];
    let work = Backward {
        values: &row,
        input: &x,
        memory: &mut memory,
        of: &mut of,
        gradients: &mut gradients,
        of_input: true,
    };
    pass.backward(&mut workspace, work, |_, _| {}).unwrap();

    let burn = Burn::flex();
    let parameters = Parameters::learned(&burn, &layout, &row);
    let device = Device::flex().autodiff();
    let sizes = [input.batch, input.height, input.width, input.channels];
    let input = Tensor::<4>::from_data(TensorData::new(x, sizes), &device).require_grad();
    let y = forward(network, &parameters, input.clone())
        .unwrap()
        .remove(0);
    let dy = Tensor::from_data(TensorData::new(dy, y.dims()), &device);
    let chain = (y.clone() * dy).sum().backward();
    assert_close(
        &found,
        &y.try_into_vec_as().unwrap(),
        &format!("{what}, output"),
    );
    let of_input = input.grad(&chain).unwrap().try_into_vec_as().unwrap();
    assert_close(
        &of.maps[0][..of_input.len()],
        &of_input,
        &format!("{what}, input"),
    );
    parameters
        .gradients(&burn, &layout, &chain, &mut row)
        .unwrap();
    for (spec, place) in layout.iter() {
        let what = format!("{what}, {}", spec.name);
        assert_close(&gradients[place.clone()], &row[place], &what);
    }
}

#[test]
fn convolutions_and_their_gradients_are_the_plain_ones() {
    for (height, width, inputs, outputs, dilation) in [
        (9, 13, 3, 5, 1),
        (17, 7, 10, 6, 1),
        (11, 11, 16, 33, 2),
        (19, 23, 12, 8, 4),
        (21, 18, 9, 20, 8),
    ] {
        for activation in [Activation::Relu, Activation::None, LEAKY] {
            let layer = same(outputs, 3, dilation, activation);
            let network = trained(inputs, |network| network.conv(INPUT, layer));
            let input = Shape::new(2, height, width, inputs);
            let what = format!("{inputs} to {outputs}, dilation {dilation}, {activation:?}");
            assert_gradients_agree(&network, input, &what);
        }
    }
}

#[test]
fn linear_layers_and_their_gradients_are_the_plain_ones() {
    for activation in [Activation::None, Activation::Relu, LEAKY] {
        let layer = same(21, 1, 1, activation);
        let network = trained(37, |network| network.conv(INPUT, layer));
        assert_gradients_agree(
            &network,
            Shape::new(1, 1, 50, 37),
            &format!("{activation:?}"),
        );
        assert_gradients_agree(
            &network,
            Shape::new(2, 5, 3, 37),
            &format!("{activation:?}"),
        );
    }
}

#[test]
fn max_pools_and_their_gradients_are_the_plain_ones() {
    for pool in [
        pool(2, 2, 1, 0, false),
        pool(3, 2, 1, 1, false),
        pool(3, 1, 1, 1, false),
        pool(3, 1, 4, 4, false),
        pool(3, 2, 1, 0, true),
    ] {
        let network = trained(11, |network| network.max_pool(INPUT, pool));
        assert_gradients_agree(&network, Shape::new(2, 13, 18, 11), &format!("{pool:?}"));
    }
}

#[test]
fn average_pools_and_their_gradients_are_the_plain_ones() {
    for size in [2, 3, 4] {
        let network = trained(11, |network| network.average_pool(INPUT, size));
        let input = Shape::new(2, 3 * size, 5 * size, 11);
        assert_gradients_agree(&network, input, &format!("blocks of {size}"));
    }
}

#[test]
fn gradients_of_a_map_that_two_layers_take_add_up() {
    let network = trained(4, |network| {
        let shared = network.conv(INPUT, same(7, 3, 1, Activation::Relu));
        let side = Conv {
            activation: Activation::None,
            ..Conv::same("side", 5, 1)
        };
        network.conv(shared, side);
        let pooled = network.max_pool(shared, pool(3, 2, 1, 1, false));
        network.conv(pooled, Conv::same("after", 8, 3))
    });
    // As the heads of the student: a loss at the side, and one further on.
    let layout = Layout::of(network.tensors());
    let (row, input) = (values(&layout, 0), Shape::new(2, 12, 10, 4));
    let mut workspace = Workspace::new();
    let pass = TrainingPass::new(&workspace, &network, &layout, &row, input).unwrap();
    let x = numbers(input.positions() * input.channels, "x");
    let mut memory = TrainingMemory::default();
    pass.forward(&mut workspace, &row, &x, &mut memory).unwrap();
    let ends = [2, *network.features().last().unwrap()];
    let dys = ends.map(|end| numbers(pass.map(end, &memory).len(), "dy"));
    for (end, dy) in ends.into_iter().zip(&dys) {
        pass.map_mut(end, &mut memory).copy_from_slice(dy);
    }
    let mut gradients = vec![f32::NAN; layout.count()];
    let work = Backward {
        values: &row,
        input: &x,
        memory: &mut memory,
        of: &mut TrainingMemory::default(),
        gradients: &mut gradients,
        of_input: false,
    };
    pass.backward(&mut workspace, work, |_, _| {}).unwrap();

    let mut both = network.clone();
    both.feature(ends[0]);
    let burn = Burn::flex();
    let parameters = Parameters::learned(&burn, &layout, &row);
    let device = Device::flex().autodiff();
    let x = Tensor::<4>::from_data(TensorData::new(x, [2, 12, 10, 4]), &device);
    let [end, side] = forward(&both, &parameters, x).unwrap().try_into().unwrap();
    let [dy_side, dy_end] = dys;
    let with = |y: Tensor<4>, dy| {
        let dy = TensorData::new(dy, y.dims());
        (y * Tensor::from_data(dy, &device)).sum()
    };
    let chain = (with(end, dy_end) + with(side, dy_side)).backward();
    let mut expected = row.clone();
    parameters
        .gradients(&burn, &layout, &chain, &mut expected)
        .unwrap();
    for (spec, place) in layout.iter() {
        assert_close(&gradients[place.clone()], &expected[place], &spec.name);
    }
}

#[test]
fn layers_of_every_kind_give_the_plain_maps() {
    let conv = |kernel, stride, padding, dilation, activation| Conv {
        stride,
        padding,
        dilation,
        activation,
        ..Conv::same("layer", 13, kernel)
    };
    let mut networks = Vec::new();
    for activation in [Activation::Relu, Activation::None, LEAKY] {
        for conv in [
            conv(1, 1, 0, 1, activation),
            conv(1, 2, 0, 1, activation),
            conv(3, 1, 1, 1, activation),
            conv(3, 1, 4, 4, activation),
            conv(3, 2, 1, 1, activation),
            conv(3, 1, 0, 1, activation),
            conv(5, 1, 2, 1, activation),
            conv(7, 2, 3, 1, activation),
        ] {
            let what = format!("{conv:?}");
            let mut network = Network::on_channels(10);
            let value = network.conv(INPUT, conv);
            network.feature(value);
            networks.push((network, what));
        }
        let mut network = Network::on_channels(10);
        let first = network.conv(INPUT, Conv::same("first", 10, 3));
        let sum = network.sum(first, INPUT, activation);
        network.feature(sum);
        networks.push((network, format!("a sum, {activation:?}")));
    }
    let mut network = Network::on_channels(10);
    let parts = [("a", 5, 1), ("b", 8, 3), ("c", 3, 3)];
    let parts =
        parts.map(|(name, outputs, kernel)| network.conv(INPUT, Conv::same(name, outputs, kernel)));
    let all = network.concat(&parts);
    network.feature(all);
    networks.push((network, "side by side".to_owned()));
    for pool in [
        pool(2, 2, 1, 0, false),
        pool(2, 2, 1, 0, true),
        pool(3, 2, 1, 0, false),
        pool(3, 2, 1, 0, true),
        pool(3, 2, 1, 1, false),
        pool(3, 1, 2, 2, false),
    ] {
        let mut network = Network::on_channels(10);
        let value = network.max_pool(INPUT, pool);
        network.feature(value);
        networks.push((network, format!("{pool:?}")));
    }
    for (network, what) in networks {
        let tensors = tensors(&network);
        for (batch, height, width) in [(1, 13, 18), (2, 16, 7), (1, 9, 9)] {
            let shape = Shape::new(batch, height, width, 10);
            let x = numbers(shape.positions() * shape.channels, "x");
            let found = features(&Cpu, &network, &tensors, (shape, &x));
            let expected = features(&Burn::flex(), &network, &tensors, (shape, &x));
            assert_close(
                &found[0],
                &expected[0],
                &format!("{what}, {height} by {width}"),
            );
        }
    }
}
