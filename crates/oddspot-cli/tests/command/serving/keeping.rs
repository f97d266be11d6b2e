//! Images that need not be kept go, and their rows say so.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::setting_up::{over, small, start, with_good_images};
use super::{Serving, agent, answer, image, until};
use crate::world::World;

/// Good parts that stay whatever is configured.
const NEWEST: usize = 24;

fn images(world: &World) -> Vec<PathBuf> {
    let files = world.files().into_keys();
    let images = files.filter(|file| file.starts_with("data/images"));
    images.map(|file| world.path(file)).collect()
}

/// A service whose station `part` keeps what is configured. How full the disk of the tests is tells nothing.
fn serve(world: &World, keep: &str) -> Serving {
    let head = "[limits]\nfree = 0\n[[station]]\nname = \"part\"\n";
    world.write("keep.toml", format!("{head}[station.keep]\n{keep}\n"));
    Serving::started(world, "--config keep.toml")
}

fn send(serving: &Serving, image: &[u8]) -> Value {
    let sent = serving.post_bytes("/api/v1/stations/part/inspections", image);
    assert_eq!(sent.status, 201, "{}", sent.text());
    sent.json()
}

/// The same board in another file: what follows a picture is not looked at.
pub fn another(seed: u64, number: usize) -> Vec<u8> {
    let mut bytes = image(seed);
    bytes.extend_from_slice(format!("{number:08}").as_bytes());
    bytes
}

/// A world with a model that finds its boards good.
pub fn world_with_model() -> World {
    let world = World::new();
    world.make_folder("data");
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    let made = over(&serving, start(&serving, "instant", &small()));
    assert_eq!(made["state"], "done", "{made}");
    serving.stop();
    world
}

#[test]
fn old_images_go_their_rows_say_so_and_pages_too() {
    let world = world_with_model();
    let serving = serve(&world, "");
    let parts: Vec<Value> = (0..40)
        .map(|number| send(&serving, &another(number as u64 % 8, number)))
        .collect();
    let good = |one: &&Value| one["verdict"] == "good";
    let good: Vec<&Value> = parts.iter().filter(good).collect();
    assert!(good.len() > NEWEST + 4, "only {} are good", good.len());
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    let label = format!("/api/v1/inspections/{}/label", id(good[1]));
    let said = json!({ "truth": "good" });
    assert_eq!(serving.put(&label, &said).status, 204);
    let taken = json!({ "inspections": [id(good[2])] });
    let taken = serving.post("/api/v1/stations/part/good/judged", &taken);
    assert_eq!(taken.status, 200, "{}", taken.text());
    for kind in ["view", "sheet"] {
        let place = format!("/api/v1/inspections/{}/images/{kind}", id(good[0]));
        assert_eq!(serving.get(&place).status, 200);
    }
    // Without a word all of it is kept.
    let count = images(&world).len();
    assert_eq!(count, 8 + 40);
    serving.stop();
    let serving = serve(&world, "good = 0\none_of = 0");
    let gone = good.len() - NEWEST - 2;
    until(|| (images(&world).len() == count - gone).then_some(()));
    let place = format!("/api/v1/inspections/{}", id(good[0]));
    let removed = serving.get(&place).json();
    let day = removed["image_removed"].as_str().unwrap();
    assert_eq!(removed["finding"], good[0]["finding"]);
    for kind in ["image", "view", "overlay", "sheet", "map"] {
        let said = serving.get(&format!("{place}/images/{kind}")).problem(410);
        assert!(said.contains(&day[..10]), "{said}");
    }
    for stays in [good[1], good[2], good[good.len() - 1]] {
        let place = format!("/api/v1/inspections/{}", id(stays));
        let now = serving.get(&place).json();
        assert!(now["image_removed"].is_null(), "{now}");
        assert_eq!(serving.get(&format!("{place}/images/image")).status, 200);
    }
    // It is counted, labelled, and no model learns from it.
    assert_eq!(serving.all().len(), 40);
    let bad = json!({ "truth": "bad" });
    assert_eq!(serving.put(&format!("{place}/label"), &bad).status, 204);
    let verdict = serving.get("/api/v1/stations/part/verdict").json();
    assert_eq!(verdict["anomalous"]["misses"]["of"], 1, "{verdict}");
    assert_eq!(serving.delete(&format!("{place}/label")).status, 204);
    let taken = json!({ "inspections": [id(good[0])] });
    let taken = serving.post("/api/v1/stations/part/good/judged", &taken);
    assert!(taken.text().contains("was removed on"), "{}", taken.text());
    let next = serving
        .get(&format!("/history?cursor={}", id(good[3])))
        .text();
    assert!(next.contains("Its image was removed on"), "{next}");
    assert_eq!(serving.get("/stations/part/setup").status, 200);
    let metrics = serving.get("/metrics").text();
    let line = format!("oddspot_removed_images_total{{station=\"part\"}} {gone}");
    assert!(metrics.contains(&line), "{metrics}");
    // A look tells at its end how much is kept.
    let kept = until(|| serving.get("/api/v1/stations").json()[0]["kept_bytes"].as_u64());
    assert!(kept > 10_000, "{kept}");
    serving.stop();

    // What cannot be kept to is told.
    let serving = serve(&world, "gigabytes = 0.00001");
    let trouble = until(|| {
        let stations = serving.get("/api/v1/stations").json();
        stations[0]["keeping_trouble"].as_str().map(str::to_owned)
    });
    assert!(trouble.contains("more than the 10.0 kB"), "{trouble}");
    let ready = serving.get("/v2/health/ready");
    assert_eq!(
        (ready.status, &ready.json()["warnings"][0]),
        (200, &json!(trouble))
    );
    let page = serving.get("/stations/part").text();
    assert!(page.contains("more than the 10.0 kB"), "{page}");
    let metrics = serving.get("/metrics").text();
    assert!(
        metrics.contains("oddspot_kept_beyond_bound{station=\"part\"} 1"),
        "{metrics}"
    );
    let run = serving.stop();
    assert!(
        run.stderr.contains("more than the 10.0 kB"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_disk_with_less_room_than_is_configured_is_told_of() {
    let world = World::with_model();
    world.write("free.toml", format!("[limits]\nfree = {}\n", 1_u64 << 60));
    let serving = Serving::start(&world, "--config free.toml");
    let trouble = until(|| {
        let stations = serving.get("/api/v1/stations").json();
        stations[0]["keeping_trouble"].as_str().map(str::to_owned)
    });
    assert!(trouble.contains("disk of the data folder is nearly full"));
    let ready = serving.get("/v2/health/ready").json();
    let told = json!({ "ready": true, "warnings": [&trouble] });
    assert_eq!(ready, told);
    assert!(serving.get("/stations/model").text().contains(&trouble));
    assert!(serving.stop().stderr.contains(&trouble));
}

#[test]
fn how_much_is_kept_is_told_as_it_is_counted() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let kept = |name: &str| {
        let stations = serving.get("/api/v1/stations").json();
        let mut stations = stations.as_array().unwrap().iter();
        let station = stations.find(|one| one["name"] == name).unwrap();
        station["kept_bytes"].as_u64()
    };
    // The look at the start is over.
    until(|| kept("model"));
    let made = serving.post("/api/v1/stations", &json!({ "name": "side" }));
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(kept("side"), Some(0));
    serving.post_bytes("/api/v1/stations/side/models", &world.read("model.oddspot"));
    let image = image(1);
    let place = |name: &str| format!("/api/v1/stations/{name}/inspections");
    for name in ["model", "side"] {
        let sent = serving.post_bytes(&place(name), &image);
        assert_eq!(sent.status, 201, "{}", sent.text());
        let bytes = image.len() as u64;
        assert_eq!(kept(name), Some(bytes));
        let line = format!("oddspot_kept_bytes{{station=\"{name}\"}} {bytes}\n");
        let metrics = serving.get("/metrics").text();
        assert!(metrics.contains(&line), "{metrics}");
    }
    serving.stop();
}

/// How often it is killed.
const KILLS: u64 = 6;

#[test]
fn killed_while_images_go_no_row_names_a_file_that_is_missing() {
    let world = world_with_model();
    let number = AtomicUsize::new(0);
    // None goes yet.
    let serving = serve(&world, "");
    for at in 0..150 {
        send(
            &serving,
            &another(at % 8, number.fetch_add(1, Ordering::SeqCst)),
        );
    }
    serving.stop();
    for round in 0..KILLS {
        let serving = serve(&world, "good = 0\none_of = 0");
        let url = serving.url("/api/v1/stations/part/inspections");
        thread::scope(|scope| {
            // Others come meanwhile, also such as are about to go.
            scope.spawn(|| {
                let agent = agent();
                loop {
                    let at = number.fetch_add(1, Ordering::SeqCst);
                    let at = at % 2 * at;
                    let image = another(at as u64 % 8, at);
                    if answer(agent.post(&url).send(&image[..])).is_none() {
                        return;
                    }
                }
            });
            thread::sleep(Duration::from_millis(20 + (round * 271) % 437));
            serving.kill();
        });
    }
    let serving = serve(&world, "good = 0\none_of = 0");
    // Wait until nothing goes any more.
    let mut before = 0;
    until(|| {
        let files = images(&world).len();
        thread::sleep(Duration::from_millis(500));
        (std::mem::replace(&mut before, files) == files).then_some(())
    });
    let all = serving.all();
    let of = |one: &Value| one["image"].as_str().unwrap().to_owned();
    let there = all.iter().filter(|one| one["image_removed"].is_null());
    let mut there: Vec<String> = there.map(of).collect();
    assert!(
        there.len() >= NEWEST && there.len() < all.len(),
        "{}",
        there.len()
    );
    for one in &all {
        let place = format!(
            "/api/v1/inspections/{}/images/image",
            one["id"].as_str().unwrap()
        );
        let status = serving.get(&place).status;
        let expected = if one["image_removed"].is_null() {
            200
        } else {
            410
        };
        assert_eq!(status, expected, "{one}");
    }
    serving.stop();
    // And none is there that no row names, but those that a kill has just left: they go when they are old enough.
    there.sort();
    there.dedup();
    let good = 8;
    let files = images(&world);
    let left = files.len() - there.len() - good;
    assert!(left <= KILLS as usize, "{left} of {}", files.len());
    let old = std::time::SystemTime::now() - Duration::from_secs(7_200);
    for file in &files {
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(old).unwrap();
    }
    let serving = serve(&world, "");
    until(|| (images(&world).len() == there.len() + good).then_some(()));
    serving.stop();
}
