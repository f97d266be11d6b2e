//! Models verified on this machine at any time: by their own images, and by labelled parts.

use std::fs;
use std::process::Command;

use oddspot::Model;
use serde_json::{Value, json};

use super::{active, bad, label, over, small, start, with_good_images};
use crate::serving::outputs::lacks;
use crate::serving::{Serving, image};
use crate::world::World;

/// Lets a model be verified, and gives the job once it is over.
fn verified(serving: &Serving, models: &[&str], labelled: bool) -> Value {
    let wanted = json!({
        "station": "part", "kind": "verify", "models": models, "settings": { "labelled": labelled.to_string() },
    });
    let job = serving.post("/api/v1/jobs", &wanted);
    assert_eq!(job.status, 202, "{}", job.text());
    over(serving, job.json()["id"].as_i64().unwrap())
}

/// What is noted last in who did what.
fn noted(serving: &Serving) -> Value {
    serving.get("/api/v1/audit?limit=1").json()["entries"][0].clone()
}

#[test]
fn a_model_is_verified_whenever_somebody_asks() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    let wanted = json!({ "station": "part", "kind": "verify" });
    serving.post("/api/v1/jobs", &wanted).problem(409);
    over(&serving, start(&serving, "instant", &small()));
    let first = active(&serving);

    let job = verified(&serving, &[], false);
    assert_eq!(job["state"], "done", "{job}");
    let said = format!("model {first:.12} judges here as when it was made, by ");
    let outcome = job["outcome"].as_str().unwrap();
    assert!(outcome.starts_with(&said), "{outcome}");
    let result = &job["result"];
    assert_eq!(
        (&result["kind"], &result["model"]),
        (&json!("verified"), &json!(first))
    );
    assert!(
        result["own"].as_u64().unwrap() > 0 && result["parts"].is_null(),
        "{result}"
    );
    let note = noted(&serving);
    assert_eq!(
        (&note["deed"], &note["subject"]),
        (&json!("model_verified"), &json!("part"))
    );
    assert!(
        note["detail"].as_str().unwrap().ends_with(outcome),
        "{note}"
    );
    let page = serving.german("/stations/part/models");
    assert!(
        page.contains("urteilt auf dieser Maschine wie bei seiner Entstehung"),
        "{page}"
    );

    // Labelled parts too: the scores that they have are those that they had.
    for seed in 20..23 {
        label(&serving, &image(seed), "good");
    }
    for seed in 30..32 {
        label(&serving, &bad(seed), "bad");
    }
    let job = verified(&serving, &[&first], true);
    let parts = &job["result"]["parts"];
    assert_eq!(
        (&parts["same"], &parts["failed"]),
        (&json!(5), &json!(0)),
        "{job}"
    );
    let of = |share: &str| parts[share]["of"].as_u64().unwrap();
    assert_eq!((of("false_alarms"), of("misses")), (3, 2));
    let outcome = job["outcome"].as_str().unwrap();
    assert!(
        outcome.contains("labelled parts with the score that they had: 5"),
        "{outcome}"
    );

    // One that says that its images scored otherwise: it is told, and nothing changes.
    let mut liar = Model::load(&world.path(format!("data/models/{first}.oddspot"))).unwrap();
    liar.header.examples[0] += 3.0;
    let sent = serving.post_bytes(
        "/api/v1/stations/part/models?name=l",
        &liar.to_bytes().unwrap(),
    );
    let liar = sent.json()["sha256"].as_str().unwrap().to_owned();
    let job = verified(&serving, &[&liar], false);
    assert_eq!(
        (&job["state"], &job["result"]),
        (&json!("failed"), &Value::Null)
    );
    let outcome = job["outcome"].as_str().unwrap();
    assert!(
        outcome.contains("does not judge here as when it was made: 1 of its"),
        "{outcome}"
    );
    let note = noted(&serving);
    assert!(
        note["detail"]
            .as_str()
            .unwrap()
            .contains("does not judge here"),
        "{note}"
    );
    assert!(
        serving
            .german("/stations/part/models")
            .contains("urteilt hier nicht wie bei seiner Entstehung")
    );
    assert_eq!(active(&serving), first);
    // A file that is damaged is told too.
    let place = world.path(format!("data/models/{liar}.oddspot"));
    fs::write(&place, &fs::read(&place).unwrap()[1..]).unwrap();
    let outcome = verified(&serving, &[&liar], false)["outcome"].to_string();
    assert!(outcome.contains("is damaged"), "{outcome}");

    for (wanted, status) in [
        (json!({ "models": [first, liar] }), 422),
        (json!({ "models": ["0".repeat(64)] }), 404),
        (json!({ "settings": { "labelled": "perhaps" } }), 422),
        (json!({ "settings": { "image_size": "96" } }), 422),
    ] {
        let mut all = json!({ "station": "part", "kind": "verify" });
        all.as_object_mut()
            .unwrap()
            .extend(wanted.as_object().unwrap().clone());
        serving.post("/api/v1/jobs", &all).problem(status);
    }
    serving.stop();
}

#[test]
fn labelled_parts_that_score_otherwise_now_are_told() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    for seed in 20..23 {
        label(&serving, &image(seed), "good");
    }
    let mut change = Command::new("sqlite3");
    change.arg(world.path("data/history.sqlite"));
    change
        .arg(".timeout 5000")
        .arg("UPDATE inspection SET score = score + 5 WHERE id = (SELECT MAX(id) FROM inspection)");
    if !change.status().is_ok_and(|status| status.success()) {
        return lacks("sqlite3");
    }
    assert_eq!(verified(&serving, &[], false)["state"], "done");
    let job = verified(&serving, &[], true);
    assert_eq!(job["state"], "failed", "{job}");
    let outcome = job["outcome"].as_str().unwrap();
    assert!(
        outcome.contains("1 of 3 labelled parts score otherwise"),
        "{outcome}"
    );
    serving.stop();
}
