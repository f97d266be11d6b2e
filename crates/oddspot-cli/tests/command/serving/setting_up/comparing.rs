//! Models held against each other on the labelled history, which is judged anew for those that did not see it.

use serde_json::{Value, json};

use super::{active, bad, job, label, models, over, small, start, with_good_images};
use crate::serving::{Serving, image, until};
use crate::world::World;

/// Makes another model of the same images, and gives its SHA-256.
fn another(serving: &Serving, size: &str) -> String {
    let id = start(serving, "instant", &json!({ "image_size": size }));
    assert_eq!(over(serving, id)["state"], "done");
    let made = models(serving).into_iter().find(|one| one["job"] == id);
    made.unwrap()["sha256"].as_str().unwrap().to_owned()
}

fn activate(serving: &Serving, sha256: &str) {
    let place = "/api/v1/stations/part/models/activate";
    let activated = serving.post(place, &json!({ "sha256": sha256 }));
    assert_eq!(activated.status, 200, "{}", activated.text());
}

fn wanted(first: &str, second: &str) -> Value {
    json!({ "station": "part", "kind": "compare", "models": [first, second] })
}

fn compare(serving: &Serving, first: &str, second: &str) -> (Value, Value) {
    let asked = serving.post("/api/v1/jobs", &wanted(first, second));
    assert_eq!(asked.status, 202, "{}", asked.text());
    let done = over(serving, asked.json()["id"].as_i64().unwrap());
    assert_eq!(done["state"], "done", "{done}");
    (done["result"].clone(), compared(serving, first, second))
}

fn compared(serving: &Serving, first: &str, second: &str) -> Value {
    let place = format!("/api/v1/stations/part/models/comparison?first={first}&second={second}");
    serving.get(&place).json()
}

fn verdict(serving: &Serving) -> Value {
    serving.get("/api/v1/stations/part/verdict").json()
}

/// The jobs that judge labelled parts, the newest first.
fn of_labels(serving: &Serving) -> Vec<i64> {
    let jobs = serving.get("/api/v1/jobs?station=part").json();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.filter(|one| one["kind"] == "labels")
        .map(|one| one["id"].as_i64().unwrap())
        .collect()
}

#[test]
fn two_models_are_compared_on_the_labelled_history_and_nothing_is_judged_twice() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    let first = active(&serving);
    let second = another(&serving, "104");
    serving
        .post("/api/v1/jobs", &wanted(&first, &second))
        .problem(422);
    for seed in 20..24 {
        label(&serving, &image(seed), "good");
    }
    let odd: Vec<String> = (30..33)
        .map(|seed| label(&serving, &bad(seed), "bad"))
        .collect();
    // The same content twice is one part.
    label(&serving, &image(20), "good");
    serving
        .post("/api/v1/jobs", &wanted(&first, &first))
        .problem(422);
    serving
        .post("/api/v1/jobs", &wanted(&first, &"0".repeat(64)))
        .problem(404);

    let before = compared(&serving, &first, &second);
    assert_eq!(
        (&before["parts"], &before["missing"]),
        (&json!(0), &json!(7))
    );
    let (judged, told) = compare(&serving, &first, &second);
    // The first judged them when they came.
    assert_eq!(judged["judged"], 7, "{judged}");
    assert_eq!((&told["parts"], &told["missing"]), (&json!(7), &json!(0)));
    for side in 0..2 {
        let anomalous = &told["models"][side]["anomalous"];
        assert_eq!(anomalous["false_alarms"]["of"], 4);
        assert_eq!(anomalous["misses"]["of"], 3);
        assert!(anomalous["misses"]["high"].as_f64().unwrap() > 0.5);
    }
    let (again, _) = compare(&serving, &second, &first);
    assert_eq!(again["judged"], 0, "{again}");

    // By a threshold that nothing reaches, every bad part passes: the verdicts differ, and the others are right.
    let raise = json!({ "model": first, "threshold": 1e6, "check_threshold": 1e6 });
    let raised = serving.post("/api/v1/stations/part/verdict", &raise);
    assert_eq!(raised.status, 201, "{}", raised.text());
    let blind = raised.json()["sha256"].as_str().unwrap().to_owned();
    let (judged, told) = compare(&serving, &first, &blind);
    assert_eq!(judged["judged"], 0, "only thresholds differ: {judged}");
    assert_eq!(told["models"][1]["anomalous"]["misses"]["counted"], 3);
    let stopped = 3 - told["models"][0]["not_good"]["misses"]["counted"]
        .as_u64()
        .unwrap();
    assert!(stopped > 0, "{told}");
    assert_eq!(told["better"][0], stopped);
    let differing = told["differing"].as_array().unwrap();
    let ids: Vec<&str> = (differing.iter().filter(|one| one["truth"] == "bad"))
        .map(|one| one["inspection"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len() as u64, stopped);
    assert!(ids.iter().all(|id| odd.iter().any(|one| one == id)));
    let page = format!("/stations/part/models/comparison?first={first}&second={blind}");
    let page = serving.get(&page).text();
    assert!(page.contains(&format!("/inspections/{}", ids[0])), "{page}");
    assert!(page.contains("7 labelled parts are compared"), "{page}");
    serving.stop();
}

#[test]
fn labelled_parts_are_judged_anew_by_a_model_that_becomes_active() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    let first = active(&serving);
    label(&serving, &image(20), "good");
    let taken = label(&serving, &image(21), "good");
    label(&serving, &bad(30), "bad");
    assert_eq!(verdict(&serving)["anomalous"]["false_alarms"]["of"], 2);
    let second = another(&serving, "104");
    activate(&serving, &second);
    let id = until(|| of_labels(&serving).first().copied());
    let done = over(&serving, id);
    assert_eq!(
        (&done["state"], &done["models"]),
        (&json!("done"), &json!([second]))
    );
    assert_eq!(done["result"]["judged"], 3, "{done}");
    let now = verdict(&serving);
    assert_eq!((&now["others"], &now["waiting"]), (&json!(0), &json!(0)));
    assert_eq!(now["anomalous"]["false_alarms"]["of"], 2);
    assert_eq!(now["anomalous"]["misses"]["of"], 1);
    // Back again: it knows them.
    serving.post("/api/v1/stations/part/models/rollback", &json!({}));
    assert_eq!(active(&serving), first);
    assert_eq!(verdict(&serving)["anomalous"]["false_alarms"]["of"], 2);
    assert_eq!(of_labels(&serving), [id]);

    // What a model learned from says nothing of it.
    let take = json!({ "inspections": [taken] });
    let took = serving.post("/api/v1/stations/part/good/judged", &take);
    assert!(took.status < 300, "{}", took.text());
    let third = another(&serving, "112");
    activate(&serving, &third);
    let newer = until(|| {
        of_labels(&serving)
            .first()
            .copied()
            .filter(|one| *one != id)
    });
    over(&serving, newer);
    let now = verdict(&serving);
    assert_eq!((&now["learned"], &now["others"]), (&json!(1), &json!(0)));
    assert_eq!(now["anomalous"]["false_alarms"]["of"], 1);
    let page = serving.get("/stations/part/verdict").text();
    assert!(page.contains("1 labelled part does not count"), "{page}");
    let (_, told) = compare(&serving, &first, &third);
    assert_eq!((&told["parts"], &told["learned"]), (&json!(2), &json!(1)));

    // All of it is there after a restart, and a job by hand finds nothing to do.
    serving.stop();
    let serving = Serving::started(&world, "");
    assert_eq!(verdict(&serving)["anomalous"]["false_alarms"]["of"], 1);
    let wanted = json!({ "station": "part", "kind": "labels" });
    let asked = serving.post("/api/v1/jobs", &wanted).json();
    over(&serving, asked["id"].as_i64().unwrap());
    let done = job(&serving, asked["id"].as_i64().unwrap());
    assert_eq!(done["result"]["judged"], 0, "{done}");
    serving.stop();
}

#[test]
fn a_model_that_the_configuration_makes_active_judges_labelled_parts_anew() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    label(&serving, &image(20), "good");
    label(&serving, &bad(30), "bad");
    let second = another(&serving, "104");
    assert!(of_labels(&serving).is_empty());
    serving.stop();
    world.write(
        "other.oddspot",
        world.read(format!("data/models/{second}.oddspot")),
    );
    for start in 0..2 {
        let serving = Serving::started(&world, "--name part --model other.oddspot");
        assert_eq!(active(&serving), second);
        let id = until(|| of_labels(&serving).first().copied());
        let done = over(&serving, id);
        assert_eq!(done["result"]["judged"], 2, "{done}");
        let now = verdict(&serving);
        assert_eq!((&now["others"], &now["waiting"]), (&json!(0), &json!(0)));
        // Once: at the second start it is active already.
        assert_eq!(of_labels(&serving).len(), 1, "start {start}");
        serving.stop();
    }
}
