//! A station at work: paused, and resumed.

use std::time::Duration;

use serde_json::json;

use crate::serving::{Serving, image};
use crate::world::World;

#[test]
fn a_paused_station_judges_nothing_until_it_is_resumed() {
    let world = World::with_model();
    world.make_folder("in");
    let serving = Serving::start(&world, "--folder in --after move");
    let to = |word: &str| serving.post(&format!("/api/v1/stations/model/{word}"), &json!({}));
    assert_eq!(to("pause").json()["paused"], true);
    let refused = serving.send("", &image(1));
    assert!(refused.problem(503).contains("is paused"));
    assert_eq!(refused.retry_after, "1");
    world.write("in/a.png", image(2));
    std::thread::sleep(Duration::from_secs(2));
    assert!(serving.all().is_empty() && world.path("in/a.png").is_file());
    assert!(serving.get("/stations/model").text().contains("is paused"));
    // It stays so.
    serving.stop();
    let serving = Serving::start(&world, "--folder in --after move");
    serving.send("", &image(1)).problem(503);
    let resumed = serving.post("/api/v1/stations/model/resume", &json!({}));
    assert_eq!(resumed.json()["paused"], false);
    serving.until(1);
    assert_eq!(serving.send("", &image(1)).status, 201);
}
