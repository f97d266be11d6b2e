//! The database goes away under load and comes back: nothing is lost, and nothing twice.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::*;
use crate::serving::chromium::Chromium;
use crate::serving::outputs::kills::kill_under_load;
use crate::serving::outputs::receiver::{Mood, Receiver};
use crate::serving::{agent, answer};

/// How often it is stopped.
const STOPS: u64 = 4;

/// How many inspections there are of each, by a field.
fn counts(all: &[Value], field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in all.iter().filter_map(|one| one[field].as_str()) {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

/// A world with a folder and outputs, whose history is in a database.
fn world_with(database: &str, receiver: &Receiver) -> World {
    let world = World::with_model();
    world.make_folder("in");
    world.make_folder("r");
    let station = format!(
        "folder = \"in\"\nafter = \"move\"\n[[station.output]]\nkind = \"jsonl\"\nfolder = \"r\"\n\
         [[station.output]]\nkind = \"webhook\"\nurl = \"{}\"",
        receiver.url()
    );
    // None is refused because all of them are refused so fast.
    let station = format!("{station}\n[limits]\nrequests = 1000000");
    configure(&world, database, &station);
    world
}

/// Bytes of memory that a service has.
fn memory(serving: &Serving) -> u64 {
    let id = serving.child.as_ref().unwrap().id();
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes << 10
}

/// Sends images until it is over; each again by its key until it is answered.
fn send_by_key(
    url: &str,
    number: &AtomicUsize,
    is_over: &AtomicBool,
    answered: &Mutex<BTreeMap<String, String>>,
) {
    let agent = agent();
    let images = [1, 2, 3].map(image);
    while !is_over.load(Ordering::SeqCst) {
        let at = number.fetch_add(1, Ordering::SeqCst);
        let key = format!("k{at}");
        loop {
            let sent = agent
                .post(format!("{url}?part_id={key}"))
                .header("Idempotency-Key", &key);
            let sent = answer(sent.send(&images[at % 3][..])).unwrap();
            match sent.status {
                200 | 201 => {
                    let id = sent.json()["id"].as_str().unwrap().to_owned();
                    answered.lock().unwrap().insert(key, id);
                    break;
                }
                _ => {
                    sent.problem(503);
                    assert_eq!(sent.retry_after, "1");
                    sleep(Duration::from_millis(30));
                }
            }
        }
    }
}

/// Sends images without keys, and notes those that were answered.
fn send_once(url: &str, number: &AtomicUsize, is_over: &AtomicBool, answered: &Mutex<Vec<String>>) {
    let (agent, image) = (agent(), image(4));
    while !is_over.load(Ordering::SeqCst) {
        let part = format!("p{}", number.fetch_add(1, Ordering::SeqCst));
        let sent = agent.post(format!("{url}?part_id={part}")).send(&image[..]);
        let sent = answer(sent).unwrap();
        match sent.status {
            201 => answered.lock().unwrap().push(part),
            _ => drop(sent.problem(503)),
        }
    }
}

fn write_files(world: &World, written: &AtomicUsize, is_over: &AtomicBool) {
    let images = [5, 6, 7].map(image);
    while !is_over.load(Ordering::SeqCst) {
        let file = written.fetch_add(1, Ordering::SeqCst);
        world.write(format!("in/.{file}"), &images[file % 3]);
        let place = world.path(format!("in/f{file}.png"));
        fs::rename(world.path(format!("in/.{file}")), place).unwrap();
        sleep(Duration::from_millis(60));
    }
}

/// What people and programs are told while it is away, at once.
fn is_told(serving: &Serving) {
    until(|| (serving.get("/v2/health/ready").status == 503).then_some(()));
    let start = Instant::now();
    let refused = serving.send("?part_id=away", &image(1));
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(refused.retry_after, "1");
    let ready = serving.get("/v2/health/ready").problem(503);
    for said in [refused.problem(503), ready] {
        assert!(said.contains("history's database is away"), "{said}");
    }
    let page = serving
        .agent
        .get(serving.url("/stations/model"))
        .header("accept", "text/html");
    let page = answer(page.call()).unwrap();
    assert_eq!(
        (page.status, page.kind.as_str()),
        (503, "text/html; charset=utf-8")
    );
    assert!(page.text().contains("database is away"), "{}", page.text());
    let metrics = serving.get("/metrics").text();
    assert!(metrics.contains("oddspot_history_up 0"), "{metrics}");
    assert_eq!(serving.get("/v2/health/live").status, 200);
}

#[test]
fn stopped_and_started_under_load_nothing_is_lost_and_nothing_twice() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let receiver = Receiver::new(Mood::Takes);
    let world = world_with(&postgres.url("line"), &receiver);
    let serving = serve(&world);
    let url = serving.url("/api/v1/stations/model/inspections");
    let (number, written) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (by_key, once) = (Mutex::default(), Mutex::default());
    let is_over = AtomicBool::new(false);
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| send_by_key(&url, &number, &is_over, &by_key));
        }
        scope.spawn(|| send_once(&url, &number, &is_over, &once));
        scope.spawn(|| write_files(&world, &written, &is_over));
        for round in 0..STOPS {
            sleep(Duration::from_millis(700 + (round * 271) % 437));
            postgres.stop();
            is_told(&serving);
            sleep(Duration::from_millis(round * 500));
            postgres.go_on();
            until(|| (serving.get("/v2/health/ready").status == 200).then_some(()));
        }
        sleep(Duration::from_millis(500));
        is_over.store(true, Ordering::SeqCst);
    });
    let written = written.into_inner();
    let files = until(|| {
        let files = counts(&serving.all(), "file");
        (files.len() >= written).then_some(files)
    });
    assert!(files.values().all(|count| *count == 1), "{files:?}");
    until(|| {
        let waiting = fs::read_dir(world.path("in")).unwrap().flatten();
        let waiting = waiting.filter(|file| file.file_name().to_string_lossy().ends_with(".png"));
        (waiting.count() == 0).then_some(())
    });
    until_told(&serving);
    let all = serving.all();
    let parts = counts(&all, "part_id");
    let (by_key, once) = (by_key.into_inner().unwrap(), once.into_inner().unwrap());
    assert!(
        by_key.len() > 10 && once.len() > 5,
        "too little came: {} {}",
        by_key.len(),
        once.len()
    );
    for (key, id) in &by_key {
        assert_eq!(parts.get(key), Some(&1), "{key}");
        let one = all.iter().find(|one| one["id"] == id.as_str()).unwrap();
        assert_eq!(one["part_id"], key.as_str());
    }
    for part in &once {
        assert_eq!(parts.get(part), Some(&1), "{part}");
    }
    let ids = ids(&serving);
    assert_eq!(first_of_each(receiver.ids("inspection")), ids);
    let told = world
        .files()
        .into_keys()
        .filter(|name| name.starts_with("r/"));
    let told = told.flat_map(|name| {
        let lines = world.text(name);
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.collect::<Vec<_>>()
    });
    let told: Vec<String> = told
        .filter(|line| line["verdict"] != "missed")
        .map(|line| line["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, ids);
    // It was said once each time, and when it was over.
    let run = serving.stop();
    let said = |words: &str| run.stderr.matches(words).count();
    assert_eq!(said("database is back"), STOPS as usize, "{}", run.stderr);
    assert!(
        said("was not judged") == 0 && said("panicked") == 0,
        "{}",
        run.stderr
    );
}

#[test]
fn while_it_is_away_memory_does_not_grow() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let receiver = Receiver::new(Mood::Takes);
    let world = world_with(&postgres.url("line"), &receiver);
    let serving = serve(&world);
    let large = image(1);
    for _ in 0..20 {
        assert_eq!(serving.send("", &large).status, 201);
    }
    postgres.stop();
    for _ in 0..200 {
        serving.send("", &large).problem(503);
    }
    let before = memory(&serving);
    let start = Instant::now();
    for _ in 0..3_000 {
        serving.send("", &large).problem(503);
    }
    let each = start.elapsed() / 3_000;
    assert!(each < Duration::from_millis(50), "{each:?}");
    let after = memory(&serving);
    assert!(after < before + (8 << 20), "{before} {after}");
    postgres.go_on();
    until(|| (serving.send("", &large).status == 201).then_some(()));
    // That images were missed is told too, and how many.
    let missed = until(|| {
        let taken = receiver.taken();
        let missed = taken.iter().filter(|(_, body)| {
            body["kind"] == "missed" && body["missed"]["reason"] == "history_away"
        });
        let images: u64 = missed
            .filter_map(|(_, body)| body["missed"]["images"].as_u64())
            .sum();
        (images >= 3_200).then_some(images)
    });
    assert!(missed < 3_400, "{missed}");
    serving.stop();
}

#[test]
fn killed_at_any_moment_what_is_in_postgresql_is_told_in_order() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let receiver = Receiver::new(Mood::Takes);
    let world = world_with(&postgres.url("line"), &receiver);
    kill_under_load(&world);
    let serving = serve(&world);
    until_told(&serving);
    let all = ids(&serving);
    assert!(all.len() > 8, "too little came: {}", all.len());
    assert_eq!(first_of_each(receiver.ids("inspection")), all);
    let parts = counts(&serving.all(), "part_id");
    assert!(parts.values().all(|count| *count == 1), "{parts:?}");
    serving.stop();
}

#[test]
#[ignore = "needs chromium"]
fn a_page_that_is_open_says_that_it_is_away_and_goes_on() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let receiver = Receiver::new(Mood::Takes);
    let world = world_with(&postgres.url("line"), &receiver);
    let serving = serve(&world);
    assert_eq!(serving.send("?part_id=first", &image(1)).status, 201);
    let mut page = Chromium::start(&world);
    page.open(&serving.url("/stations/model"), 1280, "light");
    page.until("document.querySelector('.said h2')?.textContent === 'Part first'");
    postgres.stop();
    page.until("document.getElementById('lost').textContent.includes('database is away')");
    // What is shown stays.
    assert_eq!(page.value("document.getElementById('lost').hidden"), false);
    page.until("document.querySelector('.said h2').textContent === 'Part first'");
    postgres.go_on();
    page.until("document.getElementById('lost').hidden");
    until(|| (serving.send("?part_id=second", &image(2)).status == 201).then_some(()));
    page.until("document.querySelector('.said h2').textContent === 'Part second'");
    // One that is opened while it is away comes by itself.
    postgres.stop();
    until(|| (serving.get("/v2/health/ready").status == 503).then_some(()));
    for width in [390, 1920] {
        page.open(&serving.url("/stations/model"), width, "dark");
        page.until("document.querySelector('.trouble').textContent.includes('database is away')");
    }
    postgres.go_on();
    page.until("document.querySelector('.said h2')?.textContent === 'Part second'");
    serving.stop();
}
