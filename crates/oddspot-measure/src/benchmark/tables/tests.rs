//! The tables of made-up records.

use std::collections::BTreeMap;

use oddspot::settings::{Method, Settings};

use super::*;
use crate::benchmark::{Cost, Format, ImageCounts, Three};
use crate::report::MapKind;

pub(super) fn record(category: &str, method: Method, seed: u64, shares: [f64; 3]) -> Record {
    let three = |shift: f64| {
        let [image_auc, pixel_auc, pro] = shares.map(|share| Some(share - shift));
        Three {
            image_auc,
            pixel_auc,
            pro,
        }
    };
    let mut maps = BTreeMap::from([(MapKind::Total, three(0.0))]);
    if method == Method::Full {
        let alone = MapKind::named("reconstruction").unwrap();
        maps.insert(alone, three(0.1));
    }
    let mut settings = Settings {
        method,
        ..Settings::default()
    };
    settings.training.seed = seed;
    let teacher = r#"{"name": "t", "architecture": "vgg16", "sha256": "00"}"#;
    Record {
        oddspot: "0".to_owned(),
        category: category.to_owned(),
        contents: String::new(),
        settings,
        teacher: serde_json::from_str(teacher).unwrap(),
        images: ImageCounts::default(),
        measures: BTreeMap::from([(Protocol::Paper, maps)]),
        cost: Cost {
            train_seconds: 60.0,
            evaluate_seconds: 2.0,
            peak_mib: Some(300.0),
        },
    }
}

fn records() -> Vec<Record> {
    vec![
        record("cable", Method::Baseline, 0, [0.70, 0.80, 0.60]),
        record("cable", Method::Baseline, 1, [0.72, 0.80, 0.62]),
        record("cable", Method::Full, 0, [0.90, 0.95, 0.80]),
        record("cable", Method::Full, 1, [0.92, 0.95, 0.84]),
        record("tile", Method::Baseline, 0, [0.99, 0.90, 0.85]),
        record("tile", Method::Full, 0, [0.97, 0.90, 0.85]),
    ]
}

#[test]
fn table_1_compares_category_by_category_and_in_the_mean() {
    let tables = Tables::new(&records(), &["cable".to_owned()], Protocol::Paper);
    let [first, ..] = tables.grids();
    assert_eq!(
        first.render(Format::Csv),
        "category,Image-AUC Base,Image-AUC Prop.,Image-AUC Diff.,\
         Pixel-AUC Base,Pixel-AUC Prop.,Pixel-AUC Diff.,PRO Base,PRO Prop.,PRO Diff.\n\
         cable,71.0,91.0,+20.0,80.0,95.0,+15.0,61.0,82.0,+21.0\n\
         tile,99.0,97.0,-2.0,90.0,90.0,+0.0,85.0,85.0,+0.0\n\
         mean,85.0,94.0,+9.0,85.0,92.5,+7.5,73.0,83.5,+10.5\n\
         mean of contextual,71.0,91.0,+20.0,80.0,95.0,+15.0,61.0,82.0,+21.0\n"
    );
}

#[test]
fn table_2_has_mean_and_deviation_over_the_seeds() {
    let tables = Tables::new(&records(), &[], Protocol::Paper);
    let ([_, second], costs) = (tables.grids(), tables.costs());
    let line = |number: usize| second.rows[number].join(", ");
    assert_eq!(
        line(0),
        "cable, ① baseline, 2, 71.0 ± 1.4, 80.0 ± 0.0, 61.0 ± 1.4"
    );
    assert_eq!(
        line(1),
        "cable, ② trained with L_pos, e_rec alone, 2, 81.0 ± 1.4, 85.0 ± 0.0, 72.0 ± 2.8"
    );
    assert_eq!(line(5), "tile, ③ full, 1, 97.0, 90.0, 85.0");
    // Of both categories only seed 0 has run.
    assert_eq!(line(6), "all, ① baseline, 1, 84.5, 85.0, 72.5");
    assert_eq!(costs.rows[0].join(", "), "cable, baseline, 60, 2, 300");
    assert_eq!(costs.rows.len(), 4);
}

#[test]
fn what_was_not_measured_is_left_open() {
    let mut runs = records();
    runs.retain(|run| run.category == "cable" || run.method() == Method::Baseline);
    runs[0].measures.clear();
    let tables = Tables::new(&runs, &["none".to_owned()], Protocol::Paper);
    let [first, second] = tables.grids();
    assert_eq!(first.rows.len(), 3);
    assert_eq!(first.rows[1][..4], ["tile", "99.0", "–", "–"]);
    assert_eq!(first.rows[2][..4], ["mean", "85.5", "–", "–"]);
    assert_eq!(second.rows[0][2..4], ["1", "72.0"]);
    let official = Tables::new(&runs, &[], Protocol::Official);
    assert!(
        official.grids()[0].rows[0][1..]
            .iter()
            .all(|cell| cell == "–")
    );
}
