//! How it ends, gracefully and not: nothing is lost, and nothing twice.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Serving, agent, answer, image, until};
use crate::world::World;

/// How often it is killed.
const KILLS: usize = 10;

/// Sends images until it ends, and notes the parts whose image was answered.
fn send_until_it_ends(url: &str, number: &AtomicUsize, answered: &Mutex<Vec<String>>) {
    let (agent, images) = (agent(), [1, 2, 3].map(image));
    loop {
        let part = number.fetch_add(1, Ordering::SeqCst);
        let to = format!("{url}?part_id=p{part}");
        let sent = agent.post(to).send(&images[part % images.len()][..]);
        match answer(sent) {
            Some(answer) if answer.status == 201 => {
                assert_eq!(answer.json()["part_id"], format!("p{part}"));
                answered.lock().unwrap().push(format!("p{part}"));
            }
            Some(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
            None => return,
        }
    }
}

/// How many inspections there are of each, by a field.
fn counts(all: &[Value], field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in all.iter().filter_map(|one| one[field].as_str()) {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn what_was_answered_is_kept_when_it_is_stopped_under_load() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let url = serving.url("/api/v1/stations/model/inspections");
    let (number, answered) = (AtomicUsize::new(0), Mutex::default());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| send_until_it_ends(&url, &number, &answered));
        }
        thread::sleep(Duration::from_millis(700));
        serving.stop();
    });
    let answered = answered.into_inner().unwrap();
    assert!(!answered.is_empty());
    assert!(
        !world.path("data/history.sqlite-wal").exists(),
        "the log was not written to its file"
    );
    let serving = Serving::start(&world, "");
    let kept = counts(&serving.all(), "part_id");
    for part in answered {
        assert_eq!(kept.get(&part), Some(&1), "{part}");
    }
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_twice() {
    let world = World::with_model();
    world.make_folder("in");
    let options = "--folder in --after move";
    let (number, answered) = (AtomicUsize::new(0), Mutex::default());
    let written = AtomicUsize::new(0);
    let images = [4, 5, 6].map(image);
    for round in 0..KILLS {
        let serving = Serving::start(&world, options);
        let url = serving.url("/api/v1/stations/model/inspections");
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| send_until_it_ends(&url, &number, &answered));
            }
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let file = written.fetch_add(1, Ordering::SeqCst);
                    world.write(format!("in/.{file}"), &images[file % images.len()]);
                    let place = world.path(format!("in/f{file}.png"));
                    fs::rename(world.path(format!("in/.{file}")), place).unwrap();
                    thread::sleep(Duration::from_millis(30));
                }
            });
            // Moments that follow no beat.
            thread::sleep(Duration::from_millis(150 + (round as u64 * 271) % 437));
            serving.kill();
            is_over.store(true, Ordering::SeqCst);
        });
    }
    let serving = Serving::start(&world, options);
    let written = written.into_inner();
    let done = || {
        let files = fs::read_dir(world.path("in/done")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        // A hidden folder has what is being moved.
        names
            .filter(|name| !name.starts_with('.'))
            .collect::<Vec<_>>()
    };
    let done = until(|| Some(done()).filter(|done| done.len() >= written));
    let all = serving.all();
    let (parts, files) = (counts(&all, "part_id"), counts(&all, "file"));
    let answered = answered.into_inner().unwrap();
    assert!(
        answered.len() > KILLS && done.len() > KILLS,
        "too little came: {}",
        answered.len()
    );
    for part in &answered {
        assert_eq!(parts.get(part), Some(&1), "{part}");
    }
    assert!(parts.values().all(|count| *count == 1));
    for file in &done {
        assert_eq!(files.get(file), Some(&1), "{file}");
    }
    assert_eq!(files.len(), written);
    // Every row's image is there and whole.
    for one in &all {
        let place = format!(
            "/api/v1/inspections/{}/images/image",
            one["id"].as_str().unwrap()
        );
        let bytes = serving.get(&place).bytes;
        let known = (1..=6).map(image).any(|image| image == bytes);
        assert!(known, "{one}");
    }
    serving.stop();
}
