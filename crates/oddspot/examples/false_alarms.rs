//! How often the false-alarm rate on good images that set no threshold lies below the bound that is told.
//!
//! Splits the left-out scores that each model keeps 200 times: some of the images set the threshold, the others
//! are judged by it. Prints a table in Markdown.
//!
//! ```sh
//! cargo run --release --example false_alarms -- a.oddspot b.oddspot
//! ```

use std::path::Path;

use oddspot::Model;
use oddspot::verdict::{GoodScores, Rates, Thresholds};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

const SPLITS: u64 = 200;
const RATES: [f64; 4] = [0.01, 0.02, 0.03, 0.05];

/// What came of the splits of a model's scores.
#[derive(Default)]
struct Splits {
    /// Sum of the shares of the others that were called anomalous.
    alarms: f64,
    /// Splits in which that share lay within the bound.
    within: u32,
}

fn main() -> oddspot::Result<()> {
    println!(
        "| model | good images | that set the threshold | rate | alarms among the others | within the bound |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    for path in std::env::args().skip(1) {
        let model = Model::load(Path::new(&path))?;
        let scores = &model.header.thresholds.scores;
        let images = scores.good.len();
        let mut setters = vec![images / 2];
        if images >= 60 {
            setters.push(20);
        }
        for set in setters {
            for rate in RATES {
                let found = splits(scores, set, rate);
                println!(
                    "| {path} | {images} | {set} | {:.0} % | {:.1} % | {:.1} % |",
                    100.0 * rate,
                    100.0 * found.alarms / SPLITS as f64,
                    100.0 * f64::from(found.within) / SPLITS as f64
                );
            }
        }
    }
    Ok(())
}

fn splits(scores: &GoodScores, set: usize, rate: f64) -> Splits {
    let mut found = Splits::default();
    for seed in 0..SPLITS {
        let mut shuffled = scores.good.clone();
        shuffled.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (setting, others) = shuffled.split_at(set);
        let rates = Rates {
            anomalous: rate,
            check: rate,
        };
        let setting = GoodScores::new(setting, setting, scores.pixel);
        let thresholds = Thresholds::of(setting, rates);
        let alarms = (others.iter())
            .filter(|score| thresholds.verdict(**score).is_anomalous())
            .count();
        let share = alarms as f64 / others.len().max(1) as f64;
        found.alarms += share;
        found.within += u32::from(share <= thresholds.false_alarms.upper_bound());
    }
    found
}
