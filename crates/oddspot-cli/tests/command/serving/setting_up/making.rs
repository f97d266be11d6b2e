//! What a station is made of, and what is refused.

use image::RgbImage;
use oddspot::Model;
use serde_json::{Value, json};

use super::{active, judge, models, over, small, start, with_good_images};
use crate::serving::{Serving, image};
use crate::world::{World, board, png};

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
    let long = json!({ "name": "x".repeat(20_000) });
    serving.post("/api/v1/stations", &long).problem(413);
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
    // Nor by a file of the same content.
    let sent = serving.post_bytes("/api/v1/stations/model/good?name=p2.png", &image(2));
    assert!(sent.problem(409).contains("p2.png is labelled bad"));
    // What the audit finds is told by the same hash.
    assert_eq!(good[0]["image"], judged[0]["image"]);
}

/// The same pixels in another file.
fn bmp(image: &RgbImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let row = (3 * width).next_multiple_of(4);
    let size = 54 + row * height;
    let mut file = b"BM".to_vec();
    let head = [
        size,
        0,
        54,
        40,
        width,
        height,
        1 | 24 << 16,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    file.extend(head.iter().flat_map(|number| number.to_le_bytes()));
    for line in (0..height).rev() {
        let pixels = (0..width).flat_map(|column| {
            let [red, green, blue] = image.get_pixel(column, line).0;
            [blue, green, red]
        });
        file.extend(pixels);
        // Of 96 columns no row needs more.
        assert_eq!(3 * width, row);
    }
    file
}

#[test]
fn what_should_not_be_among_the_good_images_is_found_and_left_out() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 12);
    let send = |name: &str, bytes: &[u8]| {
        let place = format!("/api/v1/stations/part/good?name={name}");
        let sent = serving.post_bytes(&place, bytes);
        assert_eq!(sent.status, 201, "{}", sent.text());
        sent.json()["image"].as_str().unwrap().to_owned()
    };
    let twin = send("twin.bmp", &bmp(&board(3)));
    let grey = RgbImage::from_pixel(48, 96, image::Rgb([90; 3]));
    let other = send("other.png", &png(&grey));
    let job = over(&serving, start(&serving, "audit", &small()));
    assert_eq!(job["state"], "done", "{job}");
    // It makes no model.
    assert!(models(&serving).is_empty());
    let groups = job["audit"]["twins"].as_array().unwrap();
    let exact: Vec<&Value> = groups
        .iter()
        .filter(|one| one["is_exact"] == true)
        .collect();
    assert_eq!(exact.len(), 1, "{job}");
    let images = exact[0]["images"].as_array().unwrap();
    assert!(images.len() == 2 && images.contains(&json!(twin)), "{job}");
    let suspicious = job["audit"]["suspicious"].as_array().unwrap();
    let first = suspicious.iter().find(|one| one["image"] == other.as_str());
    let why = first.unwrap()["why"].as_str().unwrap();
    assert!(why.contains("of another size"), "{why}");
    let found = || serving.get("/stations/part/setup/found").text();
    assert!(found().contains("the same pixels") && found().contains("other.png"));
    let place = format!("/api/v1/stations/part/good/{other}");
    serving.put(&place, &json!({ "left_out": true }));
    assert!(found().contains("take in again"));
    let again = over(&serving, start(&serving, "audit", &small()));
    assert_eq!(again["audit"]["images"], 13);
    assert!(!found().contains("other.png"));
    // A model learns from the same pixels once, and tells of them too.
    let made = over(&serving, start(&serving, "instant", &small()));
    assert_eq!(made["audit"]["twins"][0]["is_exact"], true, "{made}");
    assert_eq!(models(&serving)[0]["good_images"], 12);
    // One that the line judges and a person labels bad is a lesson no more.
    let judged = judge(&serving, &image(5)).json();
    let place = format!(
        "/api/v1/inspections/{}/label",
        judged["id"].as_str().unwrap()
    );
    serving.put(&place, &json!({ "truth": "bad" }));
    let made = over(&serving, start(&serving, "instant", &small()));
    assert_eq!(made["audit"]["labelled_bad"], json!([judged["image"]]));
    let counts: Vec<i64> = (models(&serving).iter())
        .map(|one| one["good_images"].as_i64().unwrap())
        .collect();
    assert!(counts.contains(&11), "{counts:?}");
    assert!(found().contains("nothing was learned from them"));
    let manifest = serving.get("/api/v1/stations/part/dataset.jsonl").text();
    let hash = judged["image"].as_str().unwrap();
    let row = manifest.lines().find(|row| row.contains(hash)).unwrap();
    assert!(row.contains("\"test\"") && row.contains("\"bad\""), "{row}");
}
