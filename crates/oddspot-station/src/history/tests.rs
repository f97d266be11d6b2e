mod access;
mod copy;
mod doubts;
mod over_time;
mod places;
mod postgres;
mod proxy;
mod server;
mod setup;

use std::time::Instant;

use oddspot::Finding;
use oddspot::health::Health;
use oddspot::maps::Region;
use oddspot::verdict::{Point, Verdict};

use super::*;
use crate::data::{Format, KeptImage};
use crate::error::Kind;
pub(crate) use places::new_database;
pub(crate) use places::on_each_database;

/// What is found in an image of a score.
fn finding(score: f32) -> Finding {
    let verdict = match score > 5.0 {
        true => Verdict::Anomalous,
        false => Verdict::Good,
    };
    let region = Region {
        left: 1,
        top: 2,
        width: 3,
        height: 4,
        area: 5,
        peak: score,
    };
    Finding {
        verdict,
        score,
        threshold: 5.0,
        check_threshold: 4.0,
        why: None,
        looks_wrong_share: 1.0,
        wrong_place_share: 0.0,
        terms: Vec::new(),
        peak: Point { x: 1, y: 2 },
        place: None,
        alignment: None,
        health: Health::default(),
        width: 10,
        height: 10,
        regions: vec![region; usize::from(score > 5.0)],
    }
}

pub(crate) fn judged(score: f32) -> Judged {
    Judged {
        station: "top".to_owned(),
        part_id: Some(format!("part {score}")),
        model: "m1".to_owned(),
        source: Source::Http,
        token: None,
        sender: None,
        file: None,
        idempotency_key: None,
        image: KeptImage {
            sha256: format!("{score}"),
            format: Format::Png,
            bytes: 7,
        },
        finding: finding(score),
        repeats: None,
        since: Instant::now(),
    }
}

pub(crate) async fn opened(place: &Place) -> History {
    let history = History::open(place).await.unwrap();
    let model = ModelVersion {
        sha256: "m1".to_owned(),
        oddspot: "0".to_owned(),
        thresholds: [5.0, 4.0],
    };
    history.add_station("top", false, None).await.unwrap();
    let origin = Origin::default();
    history
        .add_version("top", &model, &origin, None)
        .await
        .unwrap();
    history
}

fn scores(found: &[Inspection]) -> Vec<f64> {
    found.iter().map(|one| one.score).collect()
}

on_each_database!(what_is_recorded_is_found_and_told_of_in_its_order);
async fn what_is_recorded_is_found_and_told_of_in_its_order(place: &Place) {
    let history = opened(place).await;
    let mut news = history.listen();
    for score in [1.0, 9.0, 3.0, 9.0, 2.0] {
        history.record(judged(score)).await.unwrap();
    }
    let mut heard = Vec::new();
    while let Ok(one) = news.try_recv() {
        heard.push(one.id.clone());
    }
    assert!(heard.len() == 5 && heard.is_sorted());
    let all = Filter::default();
    let find = |order, after: Option<String>, most| {
        let (history, all) = (&history, &all);
        async move {
            let found = history.find(all, order, after.as_deref(), most).await;
            found.unwrap()
        }
    };
    let newest = find(Order::Newest, None, 2).await;
    assert_eq!(scores(&newest), [2.0, 9.0]);
    let rest = find(Order::Newest, Some(newest[1].id.clone()), 9).await;
    assert_eq!(scores(&rest), [3.0, 9.0, 1.0]);
    let resumed = find(Order::Oldest, Some(heard[2].clone()), 9).await;
    assert_eq!(scores(&resumed), [9.0, 2.0]);
    let worst = find(Order::Score, None, 1).await;
    let next = find(Order::Score, Some(worst[0].id.clone()), 9).await;
    assert_eq!(scores(&next), [9.0, 3.0, 2.0, 1.0]);
    // As it was given, and as it was read again.
    let again = history.inspection(&worst[0].id).await.unwrap().unwrap();
    assert_eq!(again, worst[0]);
    assert_eq!(again.finding, finding(9.0));
}

on_each_database!(filters_hold_together_and_labels_can_be_taken_back);
async fn filters_hold_together_and_labels_can_be_taken_back(place: &Place) {
    let history = opened(place).await;
    for score in [1.0, 9.0, 3.0] {
        history.record(judged(score)).await.unwrap();
    }
    let count = |filter: Filter| {
        let history = &history;
        async move {
            history
                .find(&filter, Order::Newest, None, 9)
                .await
                .unwrap()
                .len()
        }
    };
    let of = |verdict| Filter {
        verdict: Some(verdict),
        ..Filter::default()
    };
    assert_eq!(count(of(Verdict::Good)).await, 2);
    let part = Filter {
        part_id: Some("part 3".to_owned()),
        ..of(Verdict::Good)
    };
    assert_eq!(count(part).await, 1);
    let later = Filter {
        since: Some(Timestamp::now() + jiff::SignedDuration::from_secs(60)),
        ..Filter::default()
    };
    assert_eq!(count(later).await, 0);
    let anomalous = of(Verdict::Anomalous);
    let odd = history.find(&anomalous, Order::Newest, None, 9);
    let odd = odd.await.unwrap().remove(0);
    let label = Label {
        truth: Truth::Good,
        defect: Some("scratch".to_owned()),
        note: Some("dust".to_owned()),
        who: Some("anna".to_owned()),
    };
    history.label(&odd.id, Some(&label), None).await.unwrap();
    let labelled = history.inspection(&odd.id).await.unwrap().unwrap();
    assert!(labelled.is_called_wrong());
    assert_eq!(labelled.label, Some(label));
    let good = |label| Filter {
        label: Some(label),
        ..Filter::default()
    };
    assert_eq!(count(good(LabelFilter::Is(Truth::Good))).await, 1);
    assert_eq!(count(good(LabelFilter::None)).await, 2);
    let of_defect = |name: &str| Filter {
        defect: Some(name.to_owned()),
        ..Filter::default()
    };
    assert_eq!(count(of_defect("scratch")).await, 1);
    assert_eq!(count(of_defect("dent")).await, 0);
    for station in [None, Some("top")] {
        assert_eq!(history.defects(station).await.unwrap(), ["scratch"]);
    }
    assert!(history.defects(Some("side")).await.unwrap().is_empty());
    history.label(&odd.id, None, None).await.unwrap();
    assert_eq!(count(good(LabelFilter::None)).await, 3);
    let missing = history.label("no id", None, None).await.unwrap_err();
    assert_eq!(missing.kind(), Kind::NotFound);
    let counts = history.counts("top", Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!((counts[&Verdict::Good], counts[&Verdict::Check]), (2, 0));
}

on_each_database!(a_key_and_a_file_have_one_inspection);
async fn a_key_and_a_file_have_one_inspection(place: &Place) {
    let history = opened(place).await;
    let file = FileOf {
        name: "a.png".to_owned(),
        bytes: 7,
        written_ns: 5,
    };
    let twice = Judged {
        idempotency_key: Some("k".to_owned()),
        file: Some(file.clone()),
        ..judged(1.0)
    };
    let kept = history.record(twice.clone()).await.unwrap();
    assert!(history.record(twice).await.is_err());
    assert_eq!(history.of_key("top", "k").await.unwrap().unwrap(), *kept);
    assert!(history.of_key("other", "k").await.unwrap().is_none());
    assert!(history.of_file("top", &file, "1").await.unwrap().is_some());
    assert!(history.of_file("top", &file, "2").await.unwrap().is_none());
    let files = history.files("top").await.unwrap();
    assert_eq!(files[0].0, "a.png");
    // Moved on, it comes again.
    history.release_file("top", &file).await.unwrap();
    assert!(history.of_file("top", &file, "1").await.unwrap().is_none());
    let again = Judged {
        file: Some(file.clone()),
        ..judged(1.0)
    };
    let again = history.record(again).await.unwrap();
    let found = history.of_file("top", &file, "1").await.unwrap().unwrap();
    assert_eq!(found.id, again.id);
    let state = files[0].1;
    let times = history.times_judged("top", "a.png", &state).await.unwrap();
    let all = history.files("top").await.unwrap();
    assert_eq!((times, all), (2, files));
}

on_each_database!(a_database_is_there_again_and_a_newer_one_is_refused);
async fn a_database_is_there_again_and_a_newer_one_is_refused(place: &Place) {
    let history = opened(place).await;
    let kept = history.record(judged(1.0)).await.unwrap();
    history.close().await;
    let history = opened(place).await;
    let next = history.record(judged(2.0)).await.unwrap();
    assert!(next.id > kept.id);
    let newer = "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1";
    sql::query(newer).execute(history.write()).await.unwrap();
    history.close().await;
    let refused = History::open(place).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::Mismatch);
    assert!(refused.to_string().contains("newer oddspot"), "{refused}");
}
