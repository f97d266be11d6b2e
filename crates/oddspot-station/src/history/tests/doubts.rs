//! What hangs, and answers that are lost: nobody waits for ever, and nothing is told wrongly.

use std::time::{Duration, Instant};

use super::postgres::Postgres;
use super::proxy::{Proxy, Way};
use super::*;
use crate::error::Kind;

/// How long what is written may take in these tests.
const LIMIT: Duration = Duration::from_secs(1);

/// A history of a new server, by a way that can be disturbed.
async fn by_proxy() -> Option<(Postgres, Proxy, Arc<History>)> {
    let postgres = Postgres::start()?;
    postgres.create("tdoubt");
    let proxy = Proxy::to(postgres.folder());
    let address: DatabaseAddress = proxy.url("tdoubt").parse().unwrap();
    let place = Place::Server(address.with_limit(LIMIT));
    let history = Arc::new(opened(&place).await);
    tokio::spawn(Arc::clone(&history).look_after());
    Some((postgres, proxy, history))
}

/// Refused as a database that is away, and not after long.
async fn is_refused(history: &History) {
    let start = Instant::now();
    let refused = history.record(judged(2.0)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Away, "{refused}");
    let took = start.elapsed();
    assert!(took < LIMIT + Duration::from_secs(4), "{took:?}");
    assert!(history.trouble().unwrap().contains("away"));
}

/// It is there again by itself, and holds each of these once.
async fn is_back(history: &History, wanted: &[f64]) {
    history.until_there().await;
    history.record(judged(3.0)).await.unwrap();
    let filter = Filter::default();
    let all = history.find(&filter, Order::Oldest, None, 9).await;
    let found = scores(&all.unwrap());
    // What was broken off may have been kept or not, but never twice.
    let without = found.iter().filter(|score| **score != 2.0);
    assert_eq!(without.copied().collect::<Vec<_>>(), wanted);
    assert!(found.len() <= wanted.len() + 1, "{found:?}");
}

#[tokio::test]
async fn a_write_that_hangs_alone_counts_as_away_and_comes_back() {
    let Some((postgres, proxy, history)) = by_proxy().await else {
        return;
    };
    history.record(judged(1.0)).await.unwrap();
    // Somebody holds a table.
    let mut holder = postgres.hold_table("tdoubt", "inspection");
    is_refused(&history).await;
    // It does not count as there as long as nothing can be written.
    tokio::time::sleep(3 * LIMIT).await;
    assert!(history.trouble().is_some());
    let refused = history.record(judged(2.0)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Away);
    holder.kill().unwrap();
    holder.wait().unwrap();
    is_back(&history, &[1.0, 3.0]).await;
    // The session that writes hangs, and no other does.
    postgres.hang_writer("tdoubt", super::sql::LOCK, true);
    is_refused(&history).await;
    tokio::time::sleep(3 * LIMIT).await;
    let trouble = history.trouble().unwrap();
    assert!(trouble.contains("hangs there still"), "{trouble}");
    let all = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'";
    for id in postgres.sql("tdoubt", all).lines() {
        let mut kill = std::process::Command::new("kill");
        kill.args(["-CONT", id]).status().unwrap();
    }
    is_back(&history, &[1.0, 3.0, 3.0]).await;
    // The network swallows all.
    proxy.set(Way::Swallows);
    is_refused(&history).await;
    proxy.set(Way::Open);
    is_back(&history, &[1.0, 3.0, 3.0, 3.0]).await;
    history.close().await;
}

#[tokio::test]
async fn what_only_waits_its_turn_is_not_away() {
    let Some((_postgres, _proxy, history)) = by_proxy().await else {
        return;
    };
    let all = (0..200).map(|_| {
        let history = Arc::clone(&history);
        tokio::spawn(async move { history.record(judged(1.0)).await.map(drop) })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    assert_eq!(history.trouble(), None);
    history.close().await;
}

#[tokio::test]
async fn an_inspection_whose_answer_is_lost_is_told_of_before_the_next() {
    let Some((_postgres, proxy, history)) = by_proxy().await else {
        return;
    };
    let first = history.record(judged(1.0)).await.unwrap();
    let mut news = history.listen();
    proxy.set(Way::LosesAnswer);
    let refused = history.record(judged(2.0)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Away);
    let kept = news.recv().await.unwrap();
    assert!(kept.score == 2.0 && kept.id > first.id);
    history.until_there().await;
    let next = history.record(judged(3.0)).await.unwrap();
    assert_eq!(news.recv().await.unwrap(), next);
    // One that was not kept is never told of.
    proxy.set(Way::LosesCommit);
    history.record(judged(4.0)).await.unwrap_err();
    history.until_there().await;
    let last = history.record(judged(5.0)).await.unwrap();
    assert_eq!(news.recv().await.unwrap(), last);
    assert!(news.try_recv().is_err());
    history.close().await;
}

#[tokio::test]
async fn a_deed_whose_answer_is_lost_is_told_as_what_became_of_it() {
    let Some((_postgres, proxy, history)) = by_proxy().await else {
        return;
    };
    let by = Actor::terminal();
    let model = |sha256: &str| ModelVersion {
        sha256: sha256.to_owned(),
        oddspot: "0".to_owned(),
        thresholds: [5.0, 4.0],
    };
    for sha256 in ["a", "b"] {
        let (model, origin) = (model(sha256), Origin::default());
        let added = history.add_version("top", &model, &origin, None);
        added.await.unwrap();
    }
    history.activate("top", "a", true, None).await.unwrap();
    let actives = async || {
        let all = history.activations("top").await.unwrap();
        all.into_iter().map(|one| one.model).collect::<Vec<_>>()
    };
    let note = Note::new(by.clone(), Deed::ModelActivated, "top");
    proxy.set(Way::LosesAnswer);
    history
        .activate("top", "b", true, Some(&note))
        .await
        .unwrap();
    assert_eq!(actives().await, ["b", "a"]);
    proxy.set(Way::LosesCommit);
    let lost = history.roll_back("top", "a", None).await.unwrap_err();
    assert_eq!(lost.kind(), Kind::Away);
    assert_eq!(actives().await, ["b", "a"]);
    proxy.set(Way::LosesAnswer);
    history.roll_back("top", "a", None).await.unwrap();
    assert_eq!(actives().await, ["a"]);
    proxy.set(Way::LosesAnswer);
    let instant = NewJob::of(JobKind::Instant);
    let job = history.add_job("top", &instant, Some(&by));
    let mut job = job.await.unwrap();
    job.state = JobState::Running;
    proxy.set(Way::LosesAnswer);
    history.set_job(&job, None).await.unwrap();
    assert_eq!(history.job(job.id).await.unwrap(), job);
    assert!(history.waiting_jobs().await.unwrap().is_empty());
    assert_eq!(proxy.way(), Way::Open);
    // What was done was written once, with it.
    let deeds: Vec<String> = (history.audit(None, 9).await.unwrap().into_iter())
        .map(|one| one.deed)
        .collect();
    assert_eq!(deeds, ["job_started", "model_activated"]);
    history.close().await;
}

on_each_database!(a_deed_that_cannot_be_written_is_not_done);
async fn a_deed_that_cannot_be_written_is_not_done(place: &Place) {
    let history = opened(place).await;
    let kept = history.record(judged(9.0)).await.unwrap();
    // As if there were no room for it.
    let full = "ALTER TABLE audit RENAME TO gone";
    sql::query(full).execute(history.write()).await.unwrap();
    let note = || Note::new(Actor::terminal(), Deed::Labelled, "x");
    let label = Label {
        truth: Truth::Good,
        defect: None,
        note: None,
        who: None,
    };
    let note = note();
    let note = Some(&note);
    let station = async || history.station("top").await.unwrap().unwrap();
    let before = station().await;
    assert!(history.label(&kept.id, Some(&label), note).await.is_err());
    assert!(history.set_paused("top", true, note).await.is_err());
    assert!(history.set_mask("top", Some("m"), note).await.is_err());
    assert!(history.add_station("new", true, note).await.is_err());
    assert!(history.activate("top", "m1", true, note).await.is_err());
    let by = Actor::terminal();
    let audit = NewJob::of(JobKind::Audit);
    let started = history.add_job("top", &audit, Some(&by));
    assert!(started.await.is_err());
    let again = history.inspection(&kept.id).await.unwrap().unwrap();
    assert_eq!(again, *kept);
    assert_eq!(station().await, before);
    assert!(history.station("new").await.unwrap().is_none());
    assert!(history.activations("top").await.unwrap().is_empty());
    assert!(history.jobs(None, 9).await.unwrap().is_empty());
    history.close().await;
}
