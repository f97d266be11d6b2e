//! Stations that get another name or are taken away, with all that they have.

use std::fs;

use serde_json::{Value, json};

use super::{bad, judge, label, long, over, small, start, with_good_images};
use crate::serving::{Answer, Serving, answer, image};
use crate::world::World;

const PLACE: &str = "/api/v1/stations/part";

fn rename(serving: &Serving, name: &str) -> Answer {
    serving.put(PLACE, &json!({ "name": name }))
}

fn names(serving: &Serving) -> Vec<String> {
    let stations = serving.get("/api/v1/stations").json();
    let stations = stations.as_array().unwrap().iter();
    stations
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

/// What is refused, in the language of a page's script.
fn said_in_german(serving: &Serving, body: &Value) -> String {
    let request = serving.agent.put(serving.url(PLACE));
    let request = request.header("oddspot-page", "1");
    let request = request.header("accept-language", "de");
    let refused = answer(request.send(body.to_string())).unwrap();
    // Programs are told in English, whoever asks.
    assert!(!refused.json()["detail"].as_str().unwrap().contains("nicht"));
    refused.json()["said"].as_str().unwrap().to_owned()
}

#[test]
fn a_renamed_station_goes_on_with_all_that_it_had() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 6);
    over(&serving, start(&serving, "instant", &small()));
    let judged = label(&serving, &bad(30), "bad");
    serving.post("/api/v1/stations", &json!({ "name": "other" }));
    for (name, status) in [("other", 409), ("part", 409), ("a b", 422), ("", 422)] {
        rename(&serving, name).problem(status);
    }
    // Some disks have one folder for both.
    let made = serving.post("/api/v1/stations", &json!({ "name": "PART" }));
    made.problem(409);
    rename(&serving, "Other").problem(409);
    let said = said_in_german(&serving, &json!({ "name": "a b" }));
    assert!(said.starts_with("Eine Station kann nicht"), "{said}");
    // Not while a job is at it.
    let training = start(&serving, "default", &long());
    let busy = rename(&serving, "board").problem(409);
    assert!(
        busy.contains(&format!("job {training} of station part")),
        "{busy}"
    );
    assert!(said_in_german(&serving, &json!({ "name": "board" })).contains("nicht zu Ende"));
    let busy = answer(serving.agent.delete(serving.url(PLACE)).call()).unwrap();
    busy.problem(409);
    assert_eq!(judge(&serving, &image(40)).status, 201);
    let cancel = format!("/api/v1/jobs/{training}/cancel");
    assert_eq!(serving.post(&cancel, &json!({})).status, 202);
    over(&serving, training);

    let renamed = rename(&serving, "board");
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    assert_eq!(renamed.location, "/stations/board");
    assert_eq!(names(&serving), ["board", "other"]);
    judge(&serving, &image(41)).problem(404);
    let check = |serving: &Serving, inspections: usize| {
        let at = serving.post_bytes("/api/v1/stations/board/inspections", &image(42));
        assert_eq!(at.status, 201, "{}", at.text());
        let kept = serving
            .get("/api/v1/inspections.jsonl?station=board")
            .text();
        assert_eq!(kept.lines().count(), inspections);
        let good = serving.get("/api/v1/stations/board/good").json();
        assert_eq!(good.as_array().unwrap().len(), 6);
        let labelled = serving.get(&format!("/api/v1/inspections/{judged}")).json();
        assert_eq!(labelled["station"], "board");
        assert_eq!(labelled["label"]["truth"], "bad");
        let verdict = serving.get("/api/v1/stations/board/verdict").json();
        assert_eq!(verdict["anomalous"]["misses"]["of"], 1);
        let page = serving.get("/stations/board/setup");
        assert!(
            page.status == 200 && page.text().contains("data-count=\"6\""),
            "{}",
            page.text()
        );
    };
    check(&serving, 3);
    let metrics = serving.get("/metrics").text();
    assert!(!metrics.contains("station=\"part\""), "{metrics}");
    let done = serving.get("/api/v1/audit").json().to_string();
    assert!(
        done.contains("station_renamed") && done.contains("to board"),
        "{done}"
    );
    let broken_off = format!("/api/v1/jobs/{training}");
    assert_eq!(serving.get(&broken_off).json()["station"], "board");
    serving.stop();
    let serving = Serving::started(&world, "");
    assert_eq!(names(&serving), ["board", "other"]);
    check(&serving, 4);
    serving.stop();
}

#[test]
fn a_station_that_is_taken_away_leaves_its_history_and_comes_back_with_it() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 6);
    over(&serving, start(&serving, "instant", &small()));
    let judged = judge(&serving, &image(40)).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // What was set aside cannot be removed: it is a file by now.
    fs::remove_dir_all(world.path("data/training/part")).ok();
    fs::write(world.path("data/training/part"), "").unwrap();
    let removed = serving.delete(PLACE);
    assert_eq!(removed.status, 204, "{}", removed.text());
    serving.delete(PLACE).problem(404);
    let check = |serving: &Serving| {
        assert!(names(serving).is_empty());
        judge(serving, &image(41)).problem(404);
        serving.get("/stations/part").problem(404);
        assert_eq!(serving.all().len(), 1);
        let page = serving.get("/history?station=part").text();
        assert!(page.contains(&format!("/inspections/{judged}")), "{page}");
        let view = format!("/api/v1/inspections/{judged}/images/view");
        assert_eq!(serving.get(&view).status, 200);
    };
    check(&serving);
    serving.stop();
    let serving = Serving::started(&world, "");
    check(&serving);
    // Its name is kept for it.
    serving.post("/api/v1/stations", &json!({ "name": "other" }));
    let taken = json!({ "name": "part" });
    let taken = serving.put("/api/v1/stations/other", &taken).problem(409);
    assert!(taken.contains("there is or was"), "{taken}");
    let again = serving.post("/api/v1/stations", &json!({ "name": "part" }));
    assert_eq!(again.status, 201, "{}", again.text());
    assert_eq!(judge(&serving, &image(41)).status, 201);
    serving.stop();
}

#[test]
fn what_is_configured_is_shown_and_is_changed_in_its_file() {
    let world = World::with_model();
    for folder in ["in", "results"] {
        world.make_folder(folder);
    }
    let text = "[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\nfolder = \"in\"\nafter = \"move\"\n\
         [station.keep]\ngood = 500\n[[station.output]]\nkind = \"csv\"\nfolder = \"results\"\n";
    world.write("serve.toml", text);
    let serving = Serving::started(&world, "--config serve.toml");
    let page = serving.get("/stations/model/setup").text();
    for shown in [
        "judged files go to done in it",
        "a file a day in results",
        "the 500 newest good images",
        "This is set in serve.toml",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("id=\"rename\""));
    let models = serving.get("/stations/model/models").text();
    assert!(
        models.contains("until the file model.oddspot is replaced"),
        "{models}"
    );
    let place = "/api/v1/stations/model";
    let renamed = serving.put(place, &json!({ "name": "board" })).problem(409);
    assert!(renamed.contains("is set in serve.toml"), "{renamed}");
    serving.delete(place).problem(409);
    assert_eq!(serving.send("", &image(1)).status, 201);
    // One that is not in the file can be changed.
    serving.post("/api/v1/stations", &json!({ "name": "part" }));
    assert_eq!(rename(&serving, "board").status, 200);
    let page = serving.get("/stations/board/setup").text();
    assert!(
        page.contains("is not named yet") && page.contains("id=\"rename\""),
        "{page}"
    );
    serving.stop();
    let serving = Serving::start(&world, "");
    let by_options = serving.delete(place).problem(409);
    assert!(by_options.contains("as an option"), "{by_options}");
    serving.stop();
}
