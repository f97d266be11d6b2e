//! The database hangs, for all or for who writes alone, and answers are lost: it is told, and nothing is told twice or
//! wrongly.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::proxy::{Proxy, Way};
use super::*;
use crate::serving::outputs::receiver::{Mood, Receiver};
use crate::serving::setting_up::{models, over, small, start, with_good_images};

/// Seconds that something may take to be written in these tests.
const LIMIT: u64 = 2;

fn hangs_soon(world: &World, database: &str, station: &str) {
    configure(world, database, station);
    let text = world.text("serve.toml");
    world.write("serve.toml", format!("database_timeout = {LIMIT}\n{text}"));
}

/// Images are refused in time, and it is said that it is not ready.
fn is_refused(serving: &Serving) {
    let start = Instant::now();
    let refused = serving.send("", &image(1));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(LIMIT + 6), "{took:?}");
    assert_eq!(refused.retry_after, "1");
    let said = refused.problem(503);
    assert!(said.contains("database is away"), "{said}");
    let ready = serving.get("/v2/health/ready").problem(503);
    assert!(ready.contains("database is away"), "{ready}");
    assert_eq!(serving.get("/v2/health/live").status, 200);
}

fn is_back(serving: &Serving) {
    until(|| (serving.get("/v2/health/ready").status == 200).then_some(()));
    assert_eq!(serving.send("?part_id=back", &image(1)).status, 201);
}

#[test]
fn a_database_that_hangs_refuses_in_time_and_goes_on_by_itself() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let world = World::with_model();
    hangs_soon(&world, &postgres.url("line"), "");
    let serving = serve(&world);
    assert_eq!(serving.send("?part_id=back", &image(1)).status, 201);
    postgres.hang(true);
    is_refused(&serving);
    sleep(Duration::from_secs(LIMIT));
    is_refused(&serving);
    postgres.hang(false);
    is_back(&serving);
    let mut holder = postgres.hold_table("line", "inspection");
    is_refused(&serving);
    sleep(Duration::from_secs(2 * LIMIT));
    is_refused(&serving);
    holder.kill().unwrap();
    holder.wait().unwrap();
    is_back(&serving);
    let all = serving.all();
    let known = all.iter().filter(|one| one["part_id"] == "back").count();
    assert_eq!(known, 3);
    let run = serving.stop();
    assert_eq!(
        run.stderr.matches("database is back").count(),
        2,
        "{}",
        run.stderr
    );
}

#[test]
fn what_was_told_when_it_went_away_is_not_told_again() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let receiver = Receiver::new(Mood::Answers("500 Not Now"));
    let world = World::with_model();
    let output = format!(
        "[[station.output]]\nkind = \"webhook\"\nurl = \"{}\"",
        receiver.url()
    );
    hangs_soon(&world, &postgres.url("line"), &output);
    let serving = serve(&world);
    for part in 0..6 {
        let sent = serving.send(&format!("?part_id={part}"), &image(part));
        assert_eq!(sent.status, 201);
    }
    // What waits can be read, and not be taken away.
    let mut holder = postgres.hold_table("line", "outbox IN EXCLUSIVE MODE");
    receiver.set(Mood::Takes);
    until(|| (receiver.taken().len() == 6).then_some(()));
    until(|| (serving.get("/v2/health/ready").status == 503).then_some(()));
    sleep(Duration::from_secs(LIMIT));
    holder.kill().unwrap();
    holder.wait().unwrap();
    is_back(&serving);
    until_told(&serving);
    assert_eq!(receiver.ids("inspection"), ids(&serving));
    serving.stop();
}

/// The model that judges, as the list says it.
fn active(serving: &Serving) -> String {
    let all = serving.get("/api/v1/stations/model/models").json();
    let active = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["active"] == true);
    active.unwrap()["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn a_change_whose_answer_is_lost_is_what_is_answered() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let proxy = Proxy::to(postgres.folder());
    let world = World::with_model();
    hangs_soon(&world, &proxy.url("line"), "");
    let serving = serve(&world);
    assert_eq!(serving.send("?part_id=back", &image(1)).status, 201);
    proxy.set(Way::Swallows);
    is_refused(&serving);
    proxy.set(Way::Open);
    is_back(&serving);
    let first = active(&serving);
    let verdict = serving.get("/api/v1/stations/model/verdict").json();
    let moved = json!({
        "model": first,
        "threshold": verdict["threshold"].as_f64().unwrap() * 1.5,
        "check_threshold": verdict["check_threshold"],
    });
    let saved = serving.post("/api/v1/stations/model/verdict", &moved);
    assert_eq!(saved.status, 201, "{}", saved.text());
    let second = active(&serving);
    assert_ne!(first, second);
    let back = "/api/v1/stations/model/models/rollback";
    proxy.set(Way::LosesAnswer);
    let rolled = serving.post(back, &Value::Null);
    assert_eq!(rolled.status, 200, "{}", rolled.text());
    assert_eq!((active(&serving), proxy.way()), (first.clone(), Way::Open));
    let chosen = json!({ "sha256": second });
    let activate = "/api/v1/stations/model/models/activate";
    proxy.set(Way::LosesCommit);
    let refused = serving.post(activate, &chosen);
    assert!(refused.problem(503).contains("database is away"));
    until(|| (serving.get("/v2/health/ready").status == 200).then_some(()));
    assert_eq!(active(&serving), first);
    proxy.set(Way::LosesAnswer);
    assert_eq!(serving.post(activate, &chosen).status, 200);
    assert_eq!(active(&serving), second);
    // Jobs: one that was asked for is done once.
    with_good_images(&serving, 6);
    proxy.set(Way::LosesAnswer);
    let made = over(&serving, start(&serving, "instant", &small()));
    assert_eq!(made["state"], "done", "{made}");
    let jobs = serving.get("/api/v1/jobs").json();
    assert_eq!(jobs.as_array().unwrap().len(), 1, "{jobs}");
    assert_eq!(models(&serving).len(), 1);
    let deeds = serving.get("/api/v1/audit").json();
    let deeds: Vec<&str> = deeds["entries"].as_array().map_or_else(Vec::new, |all| {
        all.iter()
            .map(|one| one["deed"].as_str().unwrap())
            .collect()
    });
    for (deed, times) in [
        ("model_rolled_back", 1),
        ("model_activated", 1),
        ("job_started", 1),
    ] {
        let found = deeds.iter().filter(|one| **one == deed).count();
        assert_eq!(found, times, "{deed} in {deeds:?}");
    }
    serving.stop();
    // And so after the next start.
    let serving = serve(&world);
    assert_eq!(active(&serving), second);
    serving.stop();
}

#[test]
fn who_changes_something_while_it_goes_away_is_told_in_time() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let world = World::with_model();
    hangs_soon(&world, &postgres.url("line"), "");
    let serving = serve(&world);
    postgres.hang(true);
    let start = Instant::now();
    let paused = serving.post("/api/v1/stations/model/pause", &Value::Null);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(LIMIT + 8), "{took:?}");
    assert!(paused.problem(503).contains("database is away"));
    postgres.hang(false);
    until(|| (serving.get("/v2/health/ready").status == 200).then_some(()));
    // Whatever became of it, it is the same everywhere.
    let stations = || serving.get("/api/v1/stations").json();
    let said = stations()[0]["paused"].clone();
    serving.stop();
    let serving = serve(&world);
    assert_eq!(serving.get("/api/v1/stations").json()[0]["paused"], said);
    serving.stop();
}
