//! Models and thresholds: verified, activated, rolled back, moved.

use std::fs;

use oddspot::Model;
use serde_json::{Value, json};

use super::{active, bad, judge, models, over, small, start, with_good_images};
use crate::serving::{Answer, Serving, image};
use crate::world::World;

#[test]
fn a_model_that_does_not_verify_is_not_activated_and_one_can_be_rolled_back() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    let first = active(&serving);
    let path = world.path(format!("data/models/{first}.oddspot"));
    let send = |name: &str, bytes: &[u8]| {
        serving.post_bytes(&format!("/api/v1/stations/part/models?name={name}"), bytes)
    };
    // One that says that its images scored otherwise.
    let mut model = Model::load(&path).unwrap();
    model.header.examples[0] += 3.0;
    let liar = send("liar.oddspot", &model.to_bytes().unwrap());
    assert_eq!(liar.status, 201, "{}", liar.text());
    let sha256 = |answer: &Answer| answer.json()["sha256"].as_str().unwrap().to_owned();
    let activate = |sha256: &str| {
        let place = "/api/v1/stations/part/models/activate";
        serving.post(place, &json!({ "sha256": sha256 }))
    };
    let refused = activate(&sha256(&liar)).problem(409);
    assert!(refused.contains("does not judge here"), "{refused}");
    assert_eq!(active(&serving), first);
    // One that is broken on the disk.
    model.header.examples[0] -= 3.0;
    model.header.oddspot = "other".to_owned();
    let second = sha256(&send("second.oddspot", &model.to_bytes().unwrap()));
    let place = world.path(format!("data/models/{second}.oddspot"));
    let whole = fs::read(&place).unwrap();
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    fs::write(&place, broken).unwrap();
    activate(&second).problem(422);
    assert_eq!(active(&serving), first);
    assert!(
        send("half.oddspot", &whole[..middle])
            .problem(422)
            .contains("no model")
    );
    activate(&"0".repeat(64)).problem(404);

    fs::write(&place, whole).unwrap();
    assert_eq!(activate(&second).status, 200);
    assert_eq!(judge(&serving, &image(1)).json()["model"], second);
    let rolled = serving.post("/api/v1/stations/part/models/rollback", &json!({}));
    assert_eq!(rolled.json()["sha256"], first);
    assert_eq!(judge(&serving, &image(2)).json()["model"], first);
    let metrics = serving.get("/metrics").text();
    assert!(metrics.contains(&first) && !metrics.contains(&second));
}

#[test]
fn thresholds_that_are_saved_judge_the_next_image_and_labels_say_what_they_mean() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 12);
    over(&serving, start(&serving, "instant", &small()));
    let before = active(&serving);
    let label = |image: &[u8], truth: &str| {
        let judged = judge(&serving, image).json();
        let place = format!(
            "/api/v1/inspections/{}/label",
            judged["id"].as_str().unwrap()
        );
        assert_eq!(serving.put(&place, &json!({ "truth": truth })).status, 204);
        judged["score"].as_f64().unwrap()
    };
    let good = [20, 21, 22].map(|seed| label(&image(seed), "good"));
    let odd = [30, 31].map(|seed| label(&bad(seed), "bad"));
    let highest = good.iter().chain(&odd).copied().fold(0.0, f64::max);
    let meant = |threshold: f64| {
        let place = format!(
            "/api/v1/stations/part/verdict?threshold={threshold}&check_threshold={threshold}"
        );
        serving.get(&place).json()
    };
    let none = meant(highest + 1.0);
    assert_eq!(none["anomalous"]["misses"]["counted"], 2);
    assert_eq!(none["anomalous"]["false_alarms"]["counted"], 0);
    assert!(none["anomalous"]["misses"]["low"].as_f64().unwrap() > 0.1);
    // Scores of good parts lie about 0, below it too.
    let all = meant(-1e3);
    assert_eq!(all["anomalous"]["misses"]["counted"], 0);
    assert_eq!(all["anomalous"]["false_alarms"]["counted"], 3);

    let save = |threshold: f64, check: f64| {
        let wanted = json!({ "model": before, "threshold": threshold, "check_threshold": check });
        serving.post("/api/v1/stations/part/verdict", &wanted)
    };
    save(1.0, 2.0).problem(422);
    let saved = save(highest + 1.0, highest + 0.5);
    assert_eq!(saved.status, 201, "{}", saved.text());
    let judged = judge(&serving, &bad(30)).json();
    assert_eq!(judged["model"], saved.json()["sha256"]);
    assert_eq!(judged["verdict"], "good", "{judged}");
    let close = (judged["threshold"].as_f64().unwrap() - highest - 1.0).abs();
    assert!(close < 1e-9);
    // A page that still shows the model before cannot move this one's.
    let refused = save(highest + 2.0, highest + 0.5).problem(409);
    assert!(
        refused.contains("judges at station part by now"),
        "{refused}"
    );
    assert_eq!(active(&serving), saved.json()["sha256"].as_str().unwrap());
    // Its scores are those of the model before, so that its labels count on.
    assert_eq!(meant(-1e3)["anomalous"]["false_alarms"]["of"], 3);
    let model = saved.json()["sha256"].as_str().unwrap().to_owned();
    let file = world.path(format!("data/models/{model}.oddspot"));
    let calibration = Model::load(&file).unwrap().header.calibration.unwrap();
    assert!(calibration.given && calibration.bad_images.len() == 2);
    let version = &models(&serving)[0];
    assert_eq!(version["based_on"], before.as_str());

    // What is labelled is a data set that other commands read.
    let manifest = serving.get("/api/v1/stations/part/dataset.jsonl");
    world.write("parts.jsonl", &manifest.bytes);
    serving.stop();
    let evaluated = world
        .oddspot(&format!("evaluate {} parts.jsonl", file.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&evaluated.stdout).into_owned();
    assert!(
        evaluated.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&evaluated.stderr)
    );
    assert!(said.contains("AUC"), "{said}");
}

#[test]
fn a_model_that_is_damaged_keeps_no_other_station_from_judging_and_can_be_brought_again() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    let sha256 = active(&serving);
    serving.stop();
    let place = world.path(format!("data/models/{sha256}.oddspot"));
    let whole = fs::read(&place).unwrap();
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    fs::write(&place, broken).unwrap();

    let serving = Serving::start(&world, "");
    assert_eq!(serving.send("", &image(1)).status, 201);
    let refused = judge(&serving, &image(1)).problem(409);
    assert!(refused.contains("cannot be used any more"), "{refused}");
    for page in ["/stations/part", "/stations/part/models"] {
        let text = serving.get(page).text();
        assert!(text.contains("cannot be used any more"), "{text}");
    }
    let sent = serving.post_bytes("/api/v1/stations/part/models?name=again.oddspot", &whole);
    assert_eq!(sent.json()["active"], true, "{}", sent.text());
    assert_eq!(fs::read(&place).unwrap(), whole);
    assert_eq!(judge(&serving, &image(1)).status, 201);
    let page = serving.get("/stations/part").text();
    assert!(!page.contains("cannot be used any more"), "{page}");
    let run = serving.stop();
    assert!(run.stderr.contains("has no model"), "{}", run.stderr);
}

#[test]
fn a_choice_of_a_person_holds_after_a_restart_until_the_configured_file_changes() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let list = |serving: &Serving| {
        let models = serving.get("/api/v1/stations/model/models").json();
        models.as_array().unwrap().clone()
    };
    let named = list(&serving)[0]["sha256"].as_str().unwrap().to_owned();
    let mut model = Model::load(&world.path("model.oddspot")).unwrap();
    model.header.oddspot = "other".to_owned();
    let bytes = model.to_bytes().unwrap();
    let sent = serving.post_bytes("/api/v1/stations/model/models?name=other", &bytes);
    let other = sent.json()["sha256"].as_str().unwrap().to_owned();
    assert_eq!(sent.json()["active"], false);
    let chosen = json!({ "sha256": other });
    let activated = serving.post("/api/v1/stations/model/models/activate", &chosen);
    assert_eq!(activated.status, 200, "{}", activated.text());
    // One that was made on the page stands beside those of the configuration.
    serving.post("/api/v1/stations", &json!({ "name": "other" }));
    let run = serving.stop();
    assert!(run.stderr.contains(&named[..12]), "{}", run.stderr);

    let serving = Serving::start(&world, "");
    let model_of = |serving: &Serving| serving.get("/api/v1/stations").json()[0]["model"].clone();
    assert_eq!(model_of(&serving), other.as_str());
    assert_eq!(serving.get("/api/v1/stations").json()[1]["name"], "other");
    let page = serving.get("/stations/model/models").text();
    assert!(page.contains("holds after a restart too"), "{page}");
    let run = serving.stop();
    assert!(
        run.stderr.contains("was activated on its page"),
        "{}",
        run.stderr
    );

    // Another file is a new word of the configuration.
    model.header.oddspot = "third".to_owned();
    world.write("model.oddspot", model.to_bytes().unwrap());
    let serving = Serving::start(&world, "");
    assert_ne!(model_of(&serving), other.as_str());
    assert_ne!(model_of(&serving), named.as_str());
    assert_eq!(list(&serving).len(), 3);
}

#[test]
fn a_model_whose_file_is_damaged_is_listed_as_that_and_never_as_active() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let listed = |serving: &Serving| serving.get("/api/v1/stations/model/models").json()[0].clone();
    let good = listed(&serving);
    assert_eq!(
        (&good["active"], &good["damaged"]),
        (&json!(true), &Value::Null)
    );
    let sha256 = good["sha256"].as_str().unwrap().to_owned();
    serving.stop();
    let file = format!("data/models/{sha256}.oddspot");
    let mut bytes = world.read(&file);
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    world.write(&file, &bytes);
    // Without the option its own copy is all that there is.
    let serving = Serving::started(&world, "");
    let damaged = listed(&serving);
    assert_eq!(damaged["active"], false);
    let why = damaged["damaged"].as_str().unwrap();
    assert!(why.contains("damaged"), "{why}");
    let page = || serving.get("/stations/model/models").text();
    assert!(
        page().contains("so that it cannot be activated"),
        "{}",
        page()
    );
    assert!(!page().contains("/models/activate"), "{}", page());
    let chosen = json!({ "sha256": sha256 });
    let activated = serving.post("/api/v1/stations/model/models/activate", &chosen);
    assert!(activated.problem(422).contains("damaged"));
    // Brought again it is mended.
    let brought = serving.post_bytes(
        "/api/v1/stations/model/models",
        &world.read("model.oddspot"),
    );
    assert_eq!(brought.status, 201, "{}", brought.text());
    let mended = listed(&serving);
    assert_eq!(
        (&mended["active"], &mended["damaged"]),
        (&json!(true), &Value::Null)
    );
    // One that is damaged while it judges goes on, and is told of.
    world.write(&file, &bytes);
    let activated = serving.post("/api/v1/stations/model/models/activate", &chosen);
    activated.problem(422);
    let listed = listed(&serving);
    assert_eq!(listed["active"], true);
    assert!(listed["damaged"].is_string(), "{listed}");
    assert!(
        page().contains("It judges on until the service ends"),
        "{}",
        page()
    );
    serving.stop();
}
