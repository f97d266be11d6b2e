//! Verdicts over time, counted by the database.

use jiff::ToSpan;

use super::*;
use crate::history::sql;

/// A history with an image each ten minutes from a moment on, of these scores.
async fn judged_from(place: &Place, first: Timestamp, scores: &[f32]) -> History {
    let history = opened(place).await;
    for (at, score) in scores.iter().enumerate() {
        let part_id = Some(format!("part {at}"));
        let one = Judged {
            part_id,
            ..judged(*score)
        };
        let id = history.record(one).await.unwrap().id.clone();
        let moment = first.checked_add((10 * at as i64).minutes()).unwrap();
        sql::query("UPDATE inspection SET judged_at = $1 WHERE id = $2")
            .bind(text_of(moment))
            .bind(&id)
            .execute(history.write())
            .await
            .unwrap();
    }
    history
}

on_each_database!(verdicts_are_counted_in_each_time_by_what_is_looked_for);
async fn verdicts_are_counted_in_each_time_by_what_is_looked_for(place: &Place) {
    let first: Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    let scores = [1.0, 9.0, 1.0, 1.0, 1.0, 1.0, 9.0, 9.0];
    let history = judged_from(place, first, &scores).await;
    let all = Filter::default();
    let reach = history.reach(&all, 100).await.unwrap().unwrap();
    let last = first.checked_add(70.minutes()).unwrap();
    assert_eq!((reach.first, reach.last), (first, last));
    assert!(!reach.has_more);
    let hour = |at: i64| first.checked_add(at.hours()).unwrap();
    let spans = [0, 1, 2].map(|at| Span {
        since: hour(at),
        until: hour(at + 1),
    });
    let found = history.verdicts(&all, &spans).await.unwrap();
    let counts = |all: &[Verdicts]| -> Vec<[u64; 2]> {
        let of = |one: &Verdicts| [Verdict::Good, Verdict::Anomalous].map(|of| one.of(of));
        all.iter().map(of).collect()
    };
    assert_eq!(counts(&found), [[5, 1], [0, 2], [0, 0]]);
    assert_eq!(found[0].all(), 6);
    assert_eq!(found[1].share(Verdict::Anomalous), Some(1.0));
    assert_eq!(found[2].share(Verdict::Anomalous), None);
    assert!(history.verdicts(&all, &[]).await.unwrap().is_empty());

    // By all that a page can look for.
    let labelled = history.find(&all, Order::Oldest, None, 1).await.unwrap();
    let label = Label {
        truth: Truth::Bad,
        defect: Some("dent".to_owned()),
        note: None,
        who: None,
    };
    let put = history.label(&labelled[0].id, Some(&label), None);
    put.await.unwrap();
    for (filter, wanted) in [
        (
            Filter {
                label: Some(LabelFilter::Is(Truth::Bad)),
                ..Filter::default()
            },
            [1, 0],
        ),
        (
            Filter {
                defect: Some("dent".to_owned()),
                ..Filter::default()
            },
            [1, 0],
        ),
        (
            Filter {
                label: Some(LabelFilter::None),
                station: Some("top".to_owned()),
                ..Filter::default()
            },
            [4, 1],
        ),
        (
            Filter {
                part_id: Some("part 1".to_owned()),
                model: Some("m1".to_owned()),
                ..Filter::default()
            },
            [0, 1],
        ),
        (
            Filter {
                until: Some(first.checked_add(25.minutes()).unwrap()),
                since: Some(first.checked_add(5.minutes()).unwrap()),
                ..Filter::default()
            },
            [1, 1],
        ),
    ] {
        let found = history.verdicts(&filter, &spans[..1]).await.unwrap();
        assert_eq!(counts(&found), [wanted], "{filter:?}");
        assert!(history.reach(&filter, 9).await.unwrap().is_some());
    }
    let none = Filter {
        station: Some("none".to_owned()),
        ..Filter::default()
    };
    assert_eq!(history.reach(&none, 9).await.unwrap(), None);
    // However many there are, the newest alone are looked at.
    let few = history.reach(&all, 3).await.unwrap().unwrap();
    let beyond = first.checked_add(40.minutes()).unwrap();
    assert_eq!((few.first, few.last, few.has_more), (beyond, last, true));
    let exact = history.reach(&all, 7).await.unwrap().unwrap();
    assert_eq!((exact.first, exact.has_more), (first, false));
    history.close().await;
}

on_each_database!(changes_of_the_model_are_told_by_their_moments);
async fn changes_of_the_model_are_told_by_their_moments(place: &Place) {
    let history = opened(place).await;
    let second = ModelVersion {
        sha256: "m2".to_owned(),
        oddspot: "0".to_owned(),
        thresholds: [5.0, 4.0],
    };
    let origin = Origin::default();
    let added = history.add_version("top", &second, &origin, None);
    added.await.unwrap();
    for model in ["m1", "m2"] {
        let activated = history.activate("top", model, true, None);
        activated.await.unwrap();
    }
    history.roll_back("top", "m1", None).await.unwrap();
    let now = Timestamp::now();
    let around = |from: i64, to: i64| Span {
        since: now.checked_add(from.hours()).unwrap(),
        until: now.checked_add(to.hours()).unwrap(),
    };
    let told = |span: Span| history.model_changes("top", span);
    let found = told(around(-1, 1)).await.unwrap();
    assert!((1..=3).contains(&found.len()), "{found:?}");
    assert!(found.windows(2).all(|two| two[0] > two[1]), "{found:?}");
    assert!(told(around(1, 2)).await.unwrap().is_empty());
    history.close().await;
}
