//! From an empty station to a verdict, by requests alone: good images, jobs, models, thresholds.

mod browser;
mod changing;
mod comparing;
mod making;
mod renaming;
mod running;
mod trainings;
mod verifying;
mod versions;

use serde_json::{Value, json};

use super::{Answer, Serving, image, until};
use crate::world::png;

/// Settings with which a model of boards takes a moment.
pub fn small() -> Value {
    json!({ "image_size": "96" })
}

/// The same with a training that would take minutes.
pub fn long() -> Value {
    json!({
        "image_size": "104", "student.widths": "8,8,8,8", "training.iterations": "200000",
        "training.checkpoint_every": "50",
    })
}

/// A station `part` with so many good images.
pub fn with_good_images(serving: &Serving, count: u64) {
    let made = serving.post("/api/v1/stations", &json!({ "name": "part" }));
    assert_eq!(made.status, 201, "{}", made.text());
    for seed in 0..count {
        let sent = serving.post_bytes(
            &format!("/api/v1/stations/part/good?name=board%20{seed}.png"),
            &image(seed),
        );
        assert_eq!(sent.status, 201, "{}", sent.text());
    }
}

pub fn start(serving: &Serving, kind: &str, settings: &Value) -> i64 {
    let wanted = json!({ "station": "part", "kind": kind, "settings": settings });
    let job = serving.post("/api/v1/jobs", &wanted);
    assert_eq!(job.status, 202, "{}", job.text());
    job.json()["id"].as_i64().unwrap()
}

pub fn job(serving: &Serving, id: i64) -> Value {
    serving.get(&format!("/api/v1/jobs/{id}")).json()
}

/// Waits until a job is over.
pub fn over(serving: &Serving, id: i64) -> Value {
    until(|| {
        let job = job(serving, id);
        let state = job["state"].as_str().unwrap();
        (!["waiting", "running"].contains(&state)).then_some(job)
    })
}

/// Waits until a training has made so many steps.
pub fn steps(serving: &Serving, id: i64, least: u64) {
    until(|| {
        let job = job(serving, id);
        assert!(job["ended"].is_null(), "{job}");
        let last = job["losses"].as_array().unwrap().last()?[0].as_u64()?;
        (last >= least).then_some(())
    });
}

pub fn models(serving: &Serving) -> Vec<Value> {
    let models = serving.get("/api/v1/stations/part/models").json();
    models.as_array().unwrap().clone()
}

pub fn active(serving: &Serving) -> String {
    let all = models(serving);
    let active = all.iter().find(|one| one["active"] == true).unwrap();
    active["sha256"].as_str().unwrap().to_owned()
}

pub fn judge(serving: &Serving, image: &[u8]) -> Answer {
    serving.post_bytes("/api/v1/stations/part/inspections", image)
}

/// Lets an image be judged, labels it, and gives the inspection.
pub fn label(serving: &Serving, image: &[u8], truth: &str) -> String {
    let judged = judge(serving, image).json();
    let id = judged["id"].as_str().unwrap().to_owned();
    let place = format!("/api/v1/inspections/{id}/label");
    assert_eq!(serving.put(&place, &json!({ "truth": truth })).status, 204);
    id
}

/// A board that lacks a part.
pub fn bad(seed: u64) -> Vec<u8> {
    let size = oddspot::images::ImageSize::square(96);
    png(&oddspot_demo::defective(size, seed, oddspot_demo::Defect::Missing).0)
}
