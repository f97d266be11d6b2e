//! Trainings that are broken off, and gone on with.

use std::fs;
use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use super::{job, judge, long, over, small, start, steps, with_good_images};
use crate::serving::{Serving, image, until};
use crate::world::World;

#[test]
fn a_training_is_cancelled_and_gone_on_with() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    let first = start(&serving, "default", &long());
    let same = json!({ "station": "part", "kind": "default" });
    serving.post("/api/v1/jobs", &same).problem(409);
    let waiting = start(&serving, "audit", &small());
    assert_eq!(job(&serving, waiting)["state"], "waiting");
    steps(&serving, first, 20);
    // The instant model is there, and judges beside the training.
    assert_eq!(judge(&serving, &image(1)).status, 201);
    let page = serving.get("/stations/part/setup").text();
    assert!(page.contains("class=\"loss\"") && page.contains("trains: step"));
    let cancel = |id: i64| serving.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}));
    assert_eq!(cancel(first).status, 202);
    let ended = over(&serving, first);
    assert_eq!(ended["state"], "cancelled", "{ended}");
    cancel(first).problem(409);
    let done = over(&serving, waiting);
    assert_eq!(done["state"], "done", "{done}");
    assert!(
        serving
            .get("/stations/part/setup/jobs")
            .text()
            .contains("Go on")
    );
    let reached = ended["losses"].as_array().unwrap().last().unwrap()[0]
        .as_u64()
        .unwrap();

    let second = start(&serving, "default", &long());
    steps(&serving, second, reached + 5);
    let now = job(&serving, second);
    let losses: Vec<u64> = (now["losses"].as_array().unwrap().iter())
        .map(|one| one[0].as_u64().unwrap())
        .collect();
    // The same curve goes on: no step is made twice.
    assert!(losses.is_sorted_by(|a, b| a < b), "{losses:?}");
    assert!(losses[0] < reached);
    cancel(second);
    over(&serving, second);
    serving.stop();
}

#[test]
fn a_training_that_was_killed_is_interrupted_and_can_be_gone_on_with() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    let id = start(&serving, "default", &long());
    steps(&serving, id, 120);
    serving.kill();

    let serving = Serving::started(&world, "");
    let killed = job(&serving, id);
    assert_eq!(killed["state"], "interrupted", "{killed}");
    let page = serving.get("/stations/part/setup/jobs").text();
    assert!(
        page.contains("interrupted") && page.contains("Go on"),
        "{page}"
    );
    assert_eq!(judge(&serving, &image(1)).status, 201);
    let again = start(&serving, "default", &long());
    let first = until(|| {
        let job = job(&serving, again);
        let stage = job["stage"].as_str().unwrap().to_owned();
        let step = stage
            .strip_prefix("trains: step ")?
            .split(' ')
            .next()?
            .parse::<u64>();
        step.ok()
    });
    assert!(first >= 100, "it began anew: step {first}");
    let checkpoints = fs::read_dir(world.path("data/training/part")).unwrap();
    let checkpoints = checkpoints.filter(|one| {
        let name = one.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".checkpoint")
    });
    assert_eq!(checkpoints.count(), 1);
    // A stop sets it aside too.
    serving.stop();
    let serving = Serving::started(&world, "");
    assert_eq!(job(&serving, again)["state"], "interrupted");
}

#[test]
fn who_listens_hears_how_a_job_goes() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 4);
    let events = serving.agent.get(serving.url("/api/v1/events"));
    let events = events.call().unwrap();
    let lines = BufReader::new(events.into_body().into_reader()).lines();
    let id = start(&serving, "audit", &small());
    let mut states = Vec::new();
    for line in lines {
        let line = line.unwrap();
        let Some(data) = line.strip_prefix("data:") else {
            // Only inspections are caught up with: a job has no id.
            assert!(!line.starts_with("id:"), "{line}");
            continue;
        };
        let Ok(job) = serde_json::from_str::<Value>(data) else {
            continue;
        };
        assert_eq!(job["id"], id, "{job}");
        states.push(job["state"].as_str().unwrap().to_owned());
        if states.last().is_some_and(|state| state == "done") {
            break;
        }
    }
    states.dedup();
    assert_eq!(states, ["waiting", "running", "done"]);
}
