//! The point of it all: what lies in the wrong place scores higher than what is sound.

use std::collections::BTreeMap;

use oddspot::images::ImageSize;
use oddspot_demo::Defect;
use serde_json::Value;

use crate::world::World;

const SIZE: ImageSize = ImageSize::square(128);
/// Test boards of each kind.
const COUNT: u64 = 8;

#[test]
fn missing_and_swapped_parts_score_higher_than_sound_boards() {
    let world = World::new();
    for seed in 0..30 {
        world.picture(
            format!("boards/{seed}.png"),
            &oddspot_demo::good(SIZE, seed),
        );
    }
    for seed in 1000..1000 + COUNT {
        world.picture(
            format!("test/good/{seed}.png"),
            &oddspot_demo::good(SIZE, seed + 500),
        );
        for defect in [Defect::Missing, Defect::Swapped] {
            let (image, _) = oddspot_demo::defective(SIZE, seed, defect);
            world.picture(format!("test/{defect}/{seed}.png"), &image);
        }
    }
    // At its default weight L_rec leaves the classifier too little of so short a training.
    world.succeeds(&mut world.train(
        "boards -o m.oddspot --image-size 128 --offset 32 --widths 8,16,16,32 --pairs 64 \
         --iterations 300 --learning-rate 0.003 --rec-weight 1 \
         --gaussian-weight 0 --memory-weight 0 --reconstruction-weight 1 --units deviations",
    ));
    world.succeeds(&mut world.oddspot("detect m.oddspot test -o out --threads 1"));

    let mut scores: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in world.text("out/results.jsonl").lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let kind = line["image"].as_str().unwrap().split('/').nth(1).unwrap();
        let score = line["score"].as_f64().unwrap();
        scores.entry(kind.to_owned()).or_default().push(score);
    }
    let good = &scores["good"];
    for kind in ["missing", "swapped"] {
        let odd = &scores[kind];
        assert_eq!((good.len(), odd.len()), (COUNT as usize, COUNT as usize));
        // The share of pairs in which the odd board scores higher: the ROC area.
        let higher: usize = odd
            .iter()
            .map(|score| good.iter().filter(|&other| score > other).count())
            .sum();
        let area = higher as f64 / (good.len() * odd.len()) as f64;
        assert!(area > 0.7, "{kind}: {area} from {scores:?}");
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        assert!(mean(odd) > 2.0 * mean(good), "{kind}: {scores:?}");
    }
}
