//! From an empty station to a verdict, by requests alone: good images, jobs, models, thresholds.

use std::fs;
use std::time::Duration;

use oddspot::Model;
use serde_json::{Value, json};

use super::{Serving, image, until};
use crate::world::{World, png};

/// Settings with which a model of boards takes a moment.
fn small() -> Value {
    json!({ "image_size": "96" })
}

/// The same with a training that would take minutes.
fn long() -> Value {
    json!({
        "image_size": "104", "student.widths": "8,8,8,8", "training.iterations": "200000",
        "training.checkpoint_every": "50",
    })
}

/// A station `part` with so many good images.
fn with_good_images(serving: &Serving, count: u64) {
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

fn start(serving: &Serving, kind: &str, settings: &Value) -> i64 {
    let wanted = json!({ "station": "part", "kind": kind, "settings": settings });
    let job = serving.post("/api/v1/jobs", &wanted);
    assert_eq!(job.status, 202, "{}", job.text());
    job.json()["id"].as_i64().unwrap()
}

fn job(serving: &Serving, id: i64) -> Value {
    serving.get(&format!("/api/v1/jobs/{id}")).json()
}

/// Waits until a job is over.
fn over(serving: &Serving, id: i64) -> Value {
    until(|| {
        let job = job(serving, id);
        let state = job["state"].as_str().unwrap();
        (!["waiting", "running"].contains(&state)).then_some(job)
    })
}

/// Waits until a training has made so many steps.
fn steps(serving: &Serving, id: i64, least: u64) {
    until(|| {
        let job = job(serving, id);
        assert!(job["ended"].is_null(), "{job}");
        let last = job["losses"].as_array().unwrap().last()?[0].as_u64()?;
        (last >= least).then_some(())
    });
}

fn models(serving: &Serving) -> Vec<Value> {
    let models = serving.get("/api/v1/stations/part/models").json();
    models.as_array().unwrap().clone()
}

fn active(serving: &Serving) -> String {
    let all = models(serving);
    let active = all.iter().find(|one| one["active"] == true).unwrap();
    active["sha256"].as_str().unwrap().to_owned()
}

fn judge(serving: &Serving, image: &[u8]) -> super::Answer {
    serving.post_bytes("/api/v1/stations/part/inspections", image)
}

/// A board that lacks a part.
fn bad(seed: u64) -> Vec<u8> {
    let size = oddspot::images::ImageSize::square(96);
    png(&oddspot_demo::defective(size, seed, oddspot_demo::Defect::Missing).0)
}

#[test]
fn an_empty_station_comes_to_a_verdict_by_requests_alone() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    assert!(serving.get("/").text().contains("There is no station yet"));
    with_good_images(&serving, 12);
    judge(&serving, &image(1)).problem(409);
    // What is there already counts once; what is none is told so.
    let again = serving.post_bytes("/api/v1/stations/part/good?name=copy.png", &image(0));
    assert_eq!((again.status, &again.json()["new"]), (200, &json!(false)));
    let none = serving.post_bytes("/api/v1/stations/part/good?name=a.txt", b"no image");
    assert!(none.problem(422).contains("a.txt"));
    let good = serving.get("/api/v1/stations/part/good").json();
    assert_eq!(good.as_array().unwrap().len(), 12);
    let one = &good[3];
    assert_eq!(
        (&one["file"], &one["width"]),
        (&json!("board 3.png"), &json!(96))
    );
    let address = format!(
        "/api/v1/stations/part/good/{}",
        one["image"].as_str().unwrap()
    );
    let thumbnail = serving.get(&format!("{address}/thumbnail"));
    assert_eq!(thumbnail.kind, "image/jpeg");
    // One is left out, another removed.
    assert_eq!(
        serving.put(&address, &json!({ "left_out": true })).status,
        204
    );
    let other = good[4]["image"].as_str().unwrap();
    let other = format!("/api/v1/stations/part/good/{other}");
    assert_eq!(serving.delete(&other).status, 204);
    serving.delete(&other).problem(404);

    let made = over(&serving, start(&serving, "instant", &small()));
    assert_eq!(made["state"], "done", "{made}");
    assert_eq!(made["audit"]["images"], 10);
    // The first judges by itself.
    let version = &models(&serving)[0];
    assert_eq!(
        (&version["active"], &version["source"]),
        (&json!(true), &json!("job"))
    );
    assert_eq!(version["good_images"], 10);
    let judged = judge(&serving, &image(1));
    assert_eq!(judged.status, 201, "{}", judged.text());
    assert_eq!(judged.json()["model"], version["sha256"]);
    for page in ["setup", "models", "verdict"] {
        let shown = serving.get(&format!("/stations/part/{page}"));
        assert_eq!(shown.status, 200, "{}", shown.text());
    }
    // All of it is there again.
    serving.stop();
    let serving = Serving::started(&world, "");
    assert_eq!(active(&serving), version["sha256"].as_str().unwrap());
    assert_eq!(judge(&serving, &image(2)).status, 201);
    assert_eq!(serving.get("/api/v1/jobs").json()[0]["state"], "done");
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    let name = |name: &str| serving.post("/api/v1/stations", &json!({ "name": name }));
    assert!(name("../x").problem(422).contains("cannot be called"));
    with_good_images(&serving, 1);
    assert!(name("part").problem(409).contains("already"));
    let wanted = |settings: Value| {
        let job = json!({ "station": "part", "kind": "instant", "settings": settings });
        serving.post("/api/v1/jobs", &job)
    };
    assert!(wanted(json!({})).problem(422).contains("1 good images"));
    serving.post_bytes("/api/v1/stations/part/good", &image(7));
    assert!(
        wanted(json!({ "speed": "9" }))
            .problem(422)
            .contains("speed")
    );
    let teacher = wanted(json!({ "teacher": "/etc/passwd" })).problem(422);
    assert!(teacher.contains("teacher"), "{teacher}");
    serving.get("/api/v1/jobs/99").problem(404);
    let job = json!({ "station": "none", "kind": "audit" });
    serving.post("/api/v1/jobs", &job).problem(404);
    let rollback = serving.post("/api/v1/stations/part/models/rollback", &json!({}));
    assert!(rollback.problem(409).contains("no other model"));
    let mask = |body: Value| serving.put("/api/v1/stations/part/mask", &body);
    let line = json!({ "inspect": [[[0, 0], [9, 9]]], "width": 96, "height": 96 });
    assert!(mask(line).problem(422).contains("three points"));
    let all =
        json!({ "ignore": [[[0, 0], [96, 0], [96, 96], [0, 96]]], "width": 96, "height": 96 });
    assert!(mask(all).problem(422).contains("nothing to inspect"));
}

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
    let sha256 = |answer: &super::Answer| answer.json()["sha256"].as_str().unwrap().to_owned();
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
        let wanted = json!({ "threshold": threshold, "check_threshold": check });
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
    let run = serving.stop();
    assert!(run.stderr.contains(&named[..12]), "{}", run.stderr);

    let serving = Serving::start(&world, "");
    let model_of = |serving: &Serving| serving.get("/api/v1/stations").json()[0]["model"].clone();
    assert_eq!(model_of(&serving), other.as_str());
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
fn regions_that_are_drawn_are_those_of_the_next_model() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    let drawn = json!({
        "inspect": [[[0.0, 0.0], [48.0, 0.0], [48.0, 96.0], [0.0, 96.0]]],
        "ignore": [], "width": 96.0, "height": 96.0,
    });
    assert_eq!(
        serving.put("/api/v1/stations/part/mask", &drawn).status,
        204
    );
    assert_eq!(serving.get("/api/v1/stations/part/mask").json(), drawn);
    let page = serving.get("/stations/part/setup").text();
    assert!(page.contains("trained with other regions"));
    let before = active(&serving);
    over(&serving, start(&serving, "instant", &small()));
    let new = models(&serving);
    let new = new
        .iter()
        .find(|one| one["sha256"] != before.as_str())
        .unwrap();
    let new = new["sha256"].as_str().unwrap();
    let model = Model::load(&world.path(format!("data/models/{new}.oddspot"))).unwrap();
    let share = model.inspected_share().unwrap();
    assert!((share - 0.5).abs() < 0.1, "{share}");
    let chosen = json!({ "sha256": new });
    serving.post("/api/v1/stations/part/models/activate", &chosen);
    let page = serving.get("/stations/part/setup").text();
    assert!(!page.contains("trained with other regions"));
}

#[test]
fn parts_of_the_history_become_good_images_unless_they_are_bad() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let judged = [1, 2].map(|seed| {
        serving
            .send(&format!("?part_id=p{seed}"), &image(seed))
            .json()
    });
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    let place = format!("/api/v1/inspections/{}/label", id(&judged[1]));
    serving.put(&place, &json!({ "truth": "bad" }));
    let take = |one: &Value| {
        let wanted = json!({ "inspections": [id(one)] });
        serving.post("/api/v1/stations/model/good/judged", &wanted)
    };
    assert_eq!(take(&judged[0]).json()[0]["new"], true);
    assert_eq!(take(&judged[0]).json()[0]["new"], false);
    assert!(take(&judged[1]).problem(409).contains("labelled bad"));
    let good = serving.get("/api/v1/stations/model/good").json();
    assert_eq!(
        (&good[0]["file"], &good[0]["source"]),
        (&json!("p1"), &json!("history"))
    );
    assert_eq!(good.as_array().unwrap().len(), 1);
    // What the audit finds is told by the same hash.
    assert_eq!(good[0]["image"], judged[0]["image"]);
}
