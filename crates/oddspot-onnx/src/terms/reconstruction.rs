//! `e_rec`: how differently teacher and student see a place.

use oddspot::error::Result;
use oddspot::net::learned::level_weights;
use oddspot::settings::FeatureNorm;
use oddspot::terms::channels::LevelStatistics;

use super::{Errors, Parts, Seen};
use crate::graph::{Graph, Value};
use crate::ops::CHANNELS;

/// Sits inside the root, as in the library.
const LEAST_SQUARE: f64 = 1e-24;

/// `Σ_ℓ w_ℓ ‖T^ℓ − S^ℓ‖²`, each level measured against what is usual at its places where the model says so.
pub fn errors(graph: &mut Graph, parts: &Parts, seen: &Seen) -> Result<Errors> {
    let levels = &parts.learned.levels;
    let weights = level_weights(parts.settings, levels.len());
    let norm = parts.settings.training.feature_norm;
    let mut maps = Vec::new();
    for (at, (level, statistics)) in levels.iter().zip(&parts.statistics.levels).enumerate() {
        if weights[at] == 0.0 {
            continue;
        }
        let mut pair = [seen.teacher[at].clone(), seen.student[at].clone()];
        match norm {
            FeatureNorm::None => {}
            FeatureNorm::L2 => pair = pair.map(|x| of_length_1(graph, &x)),
            FeatureNorm::Standardize => pair[0] = standardised(graph, statistics, &pair[0]),
            FeatureNorm::Whiten => {
                if let Some((weight, bias)) = statistics.whitening_layer() {
                    let outputs = bias.len();
                    pair[0] = graph.linear("whitening", &pair[0], &weight, Some(&bias), outputs);
                }
            }
        }
        let difference = graph.sub(&pair[0], &pair[1]);
        let mut error = graph.squares(&difference, &[CHANNELS]);
        let [height, width] = parts.size().map(|side| side / level.stride);
        for (part, op) in [("mean", "Sub"), ("std", "Div")] {
            let name = format!("reconstruction.level{}.{part}", at + 1);
            if let Some(usual) = parts.tensors.get(&name) {
                let usual = graph.floats(part, &[1, 1, height, width], &usual.values);
                error = graph.node(op, &[&error, &usual], Vec::new());
            }
        }
        let [rows, columns] = parts.to_pixels([height, width]);
        maps.push((error, [rows.scaled(weights[at]), columns]));
    }
    Ok(Errors {
        maps,
        evidence: None,
    })
}

/// Each place's features over their length.
fn of_length_1(graph: &mut Graph, x: &Value) -> Value {
    let squares = graph.squares(x, &[CHANNELS]);
    let squares = graph.plus(&squares, LEAST_SQUARE);
    let length = graph.of("Sqrt", &squares);
    graph.div(x, &length)
}

fn standardised(graph: &mut Graph, statistics: &LevelStatistics, x: &Value) -> Value {
    let shape = [1, statistics.mean.len(), 1, 1];
    let mean = graph.floats("channels.mean", &shape, &statistics.mean);
    let std = graph.floats("channels.std", &shape, &statistics.std);
    let x = graph.sub(x, &mean);
    graph.div(&x, &std)
}
