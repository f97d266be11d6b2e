//! What the position classifier says of pairs of positions.

use burn_tensor::{Int, Tensor, TensorData};
use oddspot::net::learned::Learned;
use oddspot::net::network::{Conv, Network};
use oddspot::terms::position::Pair;
use oddspot::{Error, Result};

use crate::forward::forward;
use crate::parameters::Parameters;

/// Logits `[pairs, 8]` of pairs of positions of the trunk `[batch, height, width, c4]`: the classifier of
/// `S(p0) − S(pk)`, S the student's last level at the trunk's resolution.
///
/// # Errors
/// Networks without a classifier; parameters of others.
pub fn classify(
    learned: &Learned,
    parameters: &Parameters,
    trunk: Tensor<4>,
    pairs: &[Pair],
) -> Result<Tensor<2>> {
    let Some(classifier) = &learned.classifier else {
        return Err(Error::internal("pairs without a classifier"));
    };
    let [batch, height, width, channels] = trunk.dims();
    let index = |image: usize, (row, column): (usize, usize)| {
        ((image * height + row) * width + column) as i32
    };
    let centres = pairs.iter().map(|pair| index(pair.image, pair.centre));
    let neighbours = pairs.iter().map(|pair| index(pair.image, pair.neighbour));
    let picks: Vec<i32> = centres.chain(neighbours).collect();
    let picks = TensorData::new(picks, [2 * pairs.len()]);
    let picks = Tensor::<1, Int>::from_data(picks, &trunk.device());
    let rows = trunk.reshape([batch * height * width, channels]);
    let features = rows_through(&head(learned)?, parameters, rows.select(0, picks))?;
    let n = pairs.len();
    let differences = features.clone().narrow(0, 0, n) - features.narrow(0, n, n);
    rows_through(classifier, parameters, differences)
}

/// The true classes of pairs, `[pairs]`.
pub(crate) fn classes(pairs: &[Pair]) -> TensorData {
    let classes: Vec<i32> = pairs.iter().map(|pair| pair.class as i32).collect();
    TensorData::new(classes, [pairs.len()])
}

/// The student's last head as a network of its own.
fn head(learned: &Learned) -> Result<Network> {
    let student = learned.student()?;
    let mut convs = student.network.convs();
    let head = convs.find(|conv| conv.name == student.head);
    let head: Conv =
        (head.cloned()).ok_or_else(|| Error::internal("a student without its head"))?;
    let mut network = Network::on_channels(head.inputs);
    let feature = network.conv(0, head);
    network.feature(feature);
    Ok(network)
}

/// Rows `[rows, channels]` through a network of linear layers.
fn rows_through(network: &Network, parameters: &Parameters, rows: Tensor<2>) -> Result<Tensor<2>> {
    let [count, channels] = rows.dims();
    let features = forward(network, parameters, rows.reshape([1, 1, count, channels]))?;
    match features.into_iter().next() {
        Some(feature) => {
            let channels = feature.dims()[3];
            Ok(feature.reshape([count, channels]))
        }
        None => Err(Error::internal("a network without features")),
    }
}
