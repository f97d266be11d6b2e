//! Models made of others: by more good images, and by thresholds set anew.

use serde_json::{Value, json};

use super::{active, bad, judge, label, models, over, small, start, with_good_images};
use crate::serving::{Serving, image};
use crate::world::{World, board, png};

/// A board in a light that no good image has.
pub fn dark(seed: u64) -> Vec<u8> {
    let mut board = board(seed);
    for pixel in board.pixels_mut() {
        pixel.0 = pixel.0.map(|value| value / 6);
    }
    png(&board)
}

fn add_good(serving: &Serving, name: &str, bytes: &[u8]) {
    let place = format!("/api/v1/stations/part/good?name={name}");
    assert_eq!(serving.post_bytes(&place, bytes).status, 201);
}

/// Asks for a job of the station.
fn ask(serving: &Serving, wanted: &Value) -> Value {
    let job = serving.post("/api/v1/jobs", wanted);
    assert_eq!(job.status, 202, "{}", job.text());
    over(serving, job.json()["id"].as_i64().unwrap())
}

#[test]
fn a_model_learns_more_good_images_and_refuses_odd_ones_unless_they_are_meant() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    let wanted = json!({ "station": "part", "kind": "extend" });
    serving.post("/api/v1/jobs", &wanted).problem(409);
    over(&serving, start(&serving, "instant", &small()));
    let first = active(&serving);
    // A kind that makes no settings takes none.
    let with_settings = json!({ "station": "part", "kind": "extend", "settings": small() });
    serving.post("/api/v1/jobs", &with_settings).problem(422);
    let none = ask(&serving, &wanted);
    assert_eq!(none["state"], "failed", "{none}");
    let why = none["outcome"].as_str().unwrap();
    assert!(why.contains("does not know already"), "{why}");
    // Keys of its words are none of a program's business.
    assert!(none["result"].is_null(), "{none}");
    let page = serving.get("/stations/part/setup").text();
    assert!(page.contains("knows all good images already"), "{page}");

    for seed in 8..12 {
        add_good(&serving, &format!("more%20{seed}.png"), &image(seed));
    }
    let done = ask(&serving, &wanted);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(
        (&done["result"]["kind"], &done["result"]["added"]),
        (&json!("extended"), &json!(4))
    );
    let made = models(&serving)
        .into_iter()
        .find(|one| one["job"] == done["id"])
        .unwrap();
    assert_eq!(
        (&made["source"], &made["based_on"], &made["good_images"]),
        (&json!("job"), &json!(first), &json!(12))
    );
    // It judges when somebody wants it.
    assert_eq!(active(&serving), first);
    let page = serving.get("/stations/part/models").text();
    let origin = format!(
        "{} with more good images, by job {}",
        &first[..12],
        done["id"]
    );
    assert!(page.contains(&origin), "{page}");
    let chosen = json!({ "sha256": made["sha256"] });
    let activated = serving.post("/api/v1/stations/part/models/activate", &chosen);
    assert_eq!(activated.status, 200, "{}", activated.text());
    assert_eq!(judge(&serving, &image(40)).json()["model"], made["sha256"]);

    // Most of what is new is not good by the model as it is.
    for seed in 12..15 {
        add_good(&serving, &format!("dark%20{seed}.png"), &dark(seed));
    }
    let refused = ask(&serving, &wanted);
    assert_eq!(refused["state"], "failed", "{refused}");
    assert_eq!(refused["result"]["kind"], "refused");
    let doubt = refused["result"]["doubts"][0].as_str().unwrap();
    assert!(doubt.contains("dark 12.png"), "{doubt}");
    let count = models(&serving).len();
    let page = serving.get("/stations/part/setup/jobs").text();
    assert!(page.contains("Do it all the same"), "{page}");
    let page = serving.german("/stations/part/setup/jobs");
    assert!(
        page.contains("neuen Bildern sind nach dem Modell, wie es ist, nicht gut: ")
            && page.contains("dark 12.png (unsicher)")
            && page.contains("Das Modell kennt schon alle guten Bilder")
            && !page.contains("lang=\"en\""),
        "{page}"
    );
    let insisted = json!({ "station": "part", "kind": "extend", "force": true });
    let done = ask(&serving, &insisted);
    assert_eq!(done["state"], "done", "{done}");
    assert!(done["result"]["doubts"][0].is_string(), "{done}");
    assert_eq!(models(&serving).len(), count + 1);
    serving.stop();
}

#[test]
fn thresholds_are_set_by_good_images_that_were_not_learned_from_and_say_what_labelled_parts_cost() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 10);
    over(&serving, start(&serving, "instant", &small()));
    let first = models(&serving).remove(0);
    let wanted = json!({ "station": "part", "kind": "calibrate" });
    let none = ask(&serving, &wanted);
    assert_eq!(none["state"], "failed", "{none}");
    let why = none["outcome"].as_str().unwrap();
    assert!(
        why.contains("0 good images") && why.contains("label good parts"),
        "{why}"
    );

    for seed in 20..26 {
        label(&serving, &image(seed), "good");
    }
    for seed in 30..33 {
        label(&serving, &bad(seed), "bad");
    }
    add_good(&serving, "more.png", &image(26));
    // Nothing is learned from what is left out, and no threshold set by it.
    add_good(&serving, "out.png", &image(27));
    let good = serving.get("/api/v1/stations/part/good").json();
    let out = good.as_array().unwrap().last().unwrap()["image"].clone();
    let place = format!("/api/v1/stations/part/good/{}", out.as_str().unwrap());
    serving.put(&place, &json!({ "left_out": true }));
    let done = ask(&serving, &wanted);
    assert_eq!(done["state"], "done", "{done}");
    let result = &done["result"];
    assert_eq!(result["kind"], "calibrated");
    assert_eq!(result["false_alarms"]["of"], 7, "{result}");
    assert_eq!(result["misses"]["of"], 3, "{result}");
    assert_eq!(result["before"][0], first["threshold"]);
    let made = models(&serving)
        .into_iter()
        .find(|one| one["job"] == done["id"])
        .unwrap();
    assert_eq!(
        (&made["source"], &made["based_on"], &made["active"]),
        (&json!("thresholds"), &first["sha256"], &json!(false))
    );
    assert_eq!(made["threshold"], result["thresholds"][0]);
    assert_ne!(made["threshold"], first["threshold"]);
    let page = serving.get("/stations/part/setup/jobs").text();
    assert!(page.contains("Thresholds "), "{page}");

    // Parts of another light are no word on this one's thresholds.
    for seed in 50..60 {
        label(&serving, &dark(seed), "good");
    }
    let refused = ask(&serving, &wanted);
    assert_eq!(refused["state"], "failed", "{refused}");
    assert_eq!(refused["result"]["kind"], "refused", "{refused}");
    let insisted = json!({ "station": "part", "kind": "calibrate", "force": true });
    assert_eq!(ask(&serving, &insisted)["state"], "done");
    assert_eq!(active(&serving), first["sha256"].as_str().unwrap());
    serving.stop();
}
