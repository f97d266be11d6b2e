//! What stations are set up with, and a history that came before it.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::*;
use crate::history::version::VersionSource;

fn model(sha256: &str) -> ModelVersion {
    ModelVersion {
        sha256: sha256.to_owned(),
        oddspot: "0".to_owned(),
        thresholds: [5.0, 4.0],
    }
}

#[tokio::test]
async fn a_history_of_version_1_keeps_its_rows_and_its_model_is_a_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .foreign_keys(false);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let dump = AssertSqlSafe(include_str!("version_1.sql"));
    sqlx::raw_sql(dump).execute(&pool).await.unwrap();
    pool.close().await;

    let history = History::open(&Place::File(file)).await.unwrap();
    let filter = Filter::default();
    let all = history.find(&filter, Order::Newest, None, 9).await.unwrap();
    assert_eq!(all.len(), 2);
    let labelled = all.iter().find(|one| one.label.is_some()).unwrap();
    assert_eq!(labelled.label.as_ref().unwrap().truth, Truth::Bad);
    assert_eq!(labelled.finding.regions.len(), 1);
    let station = history.station("board").await.unwrap().unwrap();
    let sha256 = station.model.clone().unwrap();
    assert!(!station.is_paused && !station.is_of_page && station.mask.is_none());
    let versions = history.versions("board").await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!((&versions[0].sha256, versions[0].active), (&sha256, true));
    assert_eq!(versions[0].source, VersionSource::Before);
    assert!((versions[0].threshold - 5.976).abs() < 1e-3);
    let activations = history.activations("board").await.unwrap();
    assert_eq!(activations[0].model, sha256);
    assert!(history.jobs(None, 9).await.unwrap().is_empty());
    // As it was, it lies beside it.
    let copy = folder.path().join("history.sqlite.before-version-2");
    assert!(copy.is_file());
}

on_each_database!(a_model_is_rolled_back_to_those_before_it_one_by_one);
async fn a_model_is_rolled_back_to_those_before_it_one_by_one(place: &Place) {
    let history = opened(place).await;
    for sha256 in ["a", "b", "c"] {
        let origin = Origin::default();
        history
            .add_version("top", &model(sha256), &origin, None)
            .await
            .unwrap();
        history.activate("top", sha256, true, None).await.unwrap();
    }
    let active = |found: Vec<Activation>| -> Vec<String> {
        found.into_iter().map(|one| one.model).collect()
    };
    let stack = || async { active(history.activations("top").await.unwrap()) };
    assert_eq!(stack().await, ["c", "b", "a"]);
    history.roll_back("top", "b", None).await.unwrap();
    assert_eq!(stack().await, ["b", "a"]);
    assert!(history.version("top", "b").await.unwrap().active);
    history.activate("top", "c", true, None).await.unwrap();
    assert_eq!(stack().await, ["c", "b", "a"]);
    let none = history.version("top", "d").await.unwrap_err();
    assert_eq!(none.kind(), Kind::NotFound);
}

on_each_database!(a_station_that_was_known_and_is_made_on_the_page_is_of_the_page);
async fn a_station_that_was_known_and_is_made_on_the_page_is_of_the_page(place: &Place) {
    let history = opened(place).await;
    let is_of_page = || async { history.station("top").await.unwrap().unwrap().is_of_page };
    assert!(!is_of_page().await);
    history.set_paused("top", true, None).await.unwrap();
    history.add_station("top", true, None).await.unwrap();
    assert!(is_of_page().await);
    // At each start it is made known again.
    history.add_station("top", false, None).await.unwrap();
    assert!(is_of_page().await);
    assert!(history.station("top").await.unwrap().unwrap().is_paused);
}

on_each_database!(jobs_stand_in_their_order_and_one_that_ran_is_interrupted);
async fn jobs_stand_in_their_order_and_one_that_ran_is_interrupted(place: &Place) {
    let history = opened(place).await;
    let settings = BTreeMap::from([("image_size".to_owned(), "96".to_owned())]);
    for kind in JobKind::ALL {
        let new = NewJob {
            settings: settings.clone(),
            force: true,
            models: vec!["m1".to_owned()],
            ..NewJob::of(kind)
        };
        history.add_job("top", &new, None).await.unwrap();
    }
    let in_order: Vec<i64> = (1..=JobKind::ALL.len() as i64).collect();
    assert_eq!(history.waiting_jobs().await.unwrap(), in_order);
    let mut job = history.job(1).await.unwrap();
    job.state = JobState::Running;
    job.losses = vec![(10, 0.5)];
    job.audit = Some(serde_json::json!({ "images": 2 }));
    job.result = Some(serde_json::json!({ "kind": "refused" }));
    history.set_job(&job, None).await.unwrap();
    history.interrupt_jobs().await.unwrap();
    let again = history.job(1).await.unwrap();
    assert!(again.is_broken_off() && again.ended.is_some());
    assert_eq!((&again.losses, &again.settings), (&job.losses, &settings));
    assert_eq!((&again.models, &again.result), (&job.models, &job.result));
    assert!(again.force);
    assert_eq!(history.last_audit("top").await.unwrap().unwrap().id, 1);
    assert!(history.last_audit("side").await.unwrap().is_none());
    let of_top = history.jobs(Some("top"), 2).await.unwrap();
    assert_eq!([of_top[0].id, of_top[1].id], [8, 7]);
}

on_each_database!(a_job_that_is_not_over_is_found_however_many_were_asked_for_since);
async fn a_job_that_is_not_over_is_found_however_many_were_asked_for_since(place: &Place) {
    let history = opened(place).await;
    let new = NewJob::of(JobKind::Default);
    let mut long = history.add_job("top", &new, None).await.unwrap();
    long.state = JobState::Running;
    history.set_job(&long, None).await.unwrap();
    for _ in 0..60 {
        let new = NewJob::of(JobKind::Audit);
        let mut other = history.add_job("top", &new, None).await.unwrap();
        other.state = JobState::Cancelled;
        history.set_job(&other, None).await.unwrap();
    }
    let last = history.add_job("top", &new, None).await.unwrap();
    let open = history.open_jobs("top").await.unwrap();
    let ids: Vec<i64> = open.iter().map(|job| job.id).collect();
    assert_eq!(ids, [last.id, long.id]);
    assert!(history.open_jobs("side").await.unwrap().is_empty());
}

on_each_database!(a_repeated_picture_is_trusted_by_itself_in_thresholds_and_comparisons);
async fn a_repeated_picture_is_trusted_by_itself_in_thresholds_and_comparisons(place: &Place) {
    let history = opened(place).await;
    for (score, repeats) in [(1.0, None), (2.0, Some(3))] {
        let mut judged = judged(score);
        judged.finding.verdict = Verdict::Untrusted;
        judged.repeats = repeats;
        let kept = history.record(judged).await.unwrap();
        let label = Label {
            truth: Truth::Good,
            defect: None,
            note: None,
            who: None,
        };
        history.label(&kept.id, Some(&label), None).await.unwrap();
    }
    let labelled = history.labelled("top", "m1").await.unwrap();
    let by_thresholds: Vec<bool> = (labelled.parts.iter())
        .map(|one| one.is_untrusted)
        .collect();
    let by = history.by_model("top", "m1").await.unwrap();
    let compared = ["1", "2"].map(|image| by[image].is_untrusted);
    assert_eq!(
        (&by_thresholds[..], compared),
        (&[true, false][..], [true, false])
    );
    history.close().await;
}

on_each_database!(the_last_verification_is_the_last_that_came_to_an_end);
async fn the_last_verification_is_the_last_that_came_to_an_end(place: &Place) {
    let history = opened(place).await;
    let add = async |kind: JobKind, state: JobState| {
        let mut job = (history.add_job("top", &NewJob::of(kind), None).await).unwrap();
        job.state = state;
        history.set_job(&job, None).await.unwrap();
        job.id
    };
    let last = async || {
        let last = history.last_verified("top").await.unwrap();
        last.map(|job| job.id)
    };
    add(JobKind::Verify, JobState::Cancelled).await;
    assert_eq!(last().await, None);
    let done = add(JobKind::Verify, JobState::Done).await;
    for _ in 0..60 {
        add(JobKind::Audit, JobState::Done).await;
    }
    for state in [
        JobState::Cancelled,
        JobState::Interrupted,
        JobState::Running,
    ] {
        add(JobKind::Verify, state).await;
    }
    assert_eq!(last().await, Some(done));
    let failed = add(JobKind::Verify, JobState::Failed).await;
    assert_eq!(last().await, Some(failed));
    assert!(history.last_verified("side").await.unwrap().is_none());
    history.close().await;
}

on_each_database!(labels_of_models_with_other_scores_do_not_count);
async fn labels_of_models_with_other_scores_do_not_count(place: &Place) {
    let history = opened(place).await;
    for (sha256, based_on) in [("m2", Some("m1")), ("m3", Some("m2")), ("other", None)] {
        let origin = Origin {
            source: VersionSource::Thresholds,
            based_on: based_on.map(str::to_owned),
            ..Origin::default()
        };
        history
            .add_version("top", &model(sha256), &origin, None)
            .await
            .unwrap();
    }
    for (score, model, truth) in [
        (1.0, "m1", Truth::Good),
        (9.0, "m3", Truth::Bad),
        (8.0, "other", Truth::Bad),
    ] {
        let judged = Judged {
            model: model.to_owned(),
            ..judged(score)
        };
        let kept = history.record(judged).await.unwrap();
        let label = Label {
            truth,
            defect: Some("ok".to_owned()),
            note: None,
            who: None,
        };
        history.label(&kept.id, Some(&label), None).await.unwrap();
    }
    let found = || async {
        let found = history.labelled("top", "m2").await.unwrap();
        let scores: Vec<f64> = found.parts.iter().map(|one| one.score).collect();
        (scores, found.others, found.waiting, found.learned)
    };
    assert_eq!(found().await, (vec![1.0, 9.0], 1, 1, 0));
    // What is judged anew counts, once by each model, and none that it learned from.
    let other = history.labelled_images("top").await.unwrap();
    let other = other.iter().find(|one| one.name == "part 8").unwrap();
    let anew = Anew {
        model: "m1".to_owned(),
        image: other.kept.sha256.clone(),
        verdict: oddspot::verdict::Verdict::Good,
        score: 3.0,
        is_learned: false,
    };
    history.add_anew(&anew).await.unwrap();
    history
        .add_anew(&Anew {
            score: 4.0,
            ..anew.clone()
        })
        .await
        .unwrap();
    assert_eq!(found().await, (vec![1.0, 9.0, 3.0], 0, 0, 0));
    let by = history.by_model("top", "m2").await.unwrap();
    assert_eq!(
        by[&anew.image].verdict([2.0, 1.0]),
        oddspot::verdict::Verdict::Anomalous
    );
    // A calibration moves what images are trusted too.
    let origin = Origin {
        source: VersionSource::Thresholds,
        job: Some(
            history
                .add_job("top", &NewJob::of(JobKind::Calibrate), None)
                .await
                .unwrap()
                .id,
        ),
        based_on: Some("m1".to_owned()),
        ..Origin::default()
    };
    history
        .add_version("top", &model("calibrated"), &origin, None)
        .await
        .unwrap();
    let learned = Anew {
        model: "calibrated".to_owned(),
        is_learned: true,
        ..anew
    };
    history.add_anew(&learned).await.unwrap();
    let by = history.labelled("top", "calibrated").await.unwrap();
    assert_eq!(
        (by.parts.len(), by.others, by.waiting, by.learned),
        (0, 2, 2, 1)
    );
    // A defect is never called as good parts are.
    let manifest = history.manifest("top").await.unwrap();
    let mut labels: Vec<&str> = manifest.iter().map(|row| row.label.as_str()).collect();
    labels.sort_unstable();
    assert_eq!(labels, ["bad", "bad", "good"]);
    // One that was labelled bad is nothing to learn from, whatever is said of the same image later.
    let again = history.record(judged(9.0)).await.unwrap();
    let good = NewGood {
        kept: again.kept.clone(),
        file: "9.png".to_owned(),
        size: [10, 10],
        source: GoodSource::History,
    };
    assert!(history.add_good("top", &good, None).await.unwrap());
    let label = Label {
        truth: Truth::Good,
        defect: None,
        note: None,
        who: None,
    };
    history.label(&again.id, Some(&label), None).await.unwrap();
    let manifest = history.manifest("top").await.unwrap();
    let row = manifest
        .iter()
        .find(|row| row.kept.sha256 == again.kept.sha256)
        .unwrap();
    assert_eq!((row.split, row.label.as_str()), ("test", "bad"));
    assert_eq!(manifest.len(), 3);
}
