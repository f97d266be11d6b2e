//! What is kept in PostgreSQL is answered as from a file.

use serde_json::{Value, json};

use super::*;
use crate::serving::setting_up::{bad, judge, models, over, small, start, with_good_images};

/// What is asked of both.
const ASKED: [&str; 16] = [
    "",
    "?order=oldest&limit=3",
    "?order=score&limit=4",
    "?verdict=good",
    "?verdict=anomalous&order=score",
    "?label=good",
    "?label=bad",
    "?label=none&order=oldest",
    "?part_id=a",
    "?part_id=A",
    "?part_id=%C3%A4%20%25_%27",
    "?part_id=%",
    "?station=part",
    "?station=model&order=score&limit=2",
    "?since=2020-01-01&until=2021-01-01T12:00",
    "?until=2020-01-01",
];

/// An answer without what differs from run to run: ids as their place in the order, no times, no folders.
fn plain(value: &Value, ids: &[String], folder: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| {
                let name = name.as_str();
                ![
                    "time",
                    "latency_ms",
                    "added",
                    "asked",
                    "began",
                    "ended",
                    "activated",
                    "losses",
                    // Of the disk that the tests run on: how many bytes are free.
                    "keeping_trouble",
                ]
                .contains(&name)
            });
            let fields = fields.map(|(name, value)| (name.clone(), plain(value, ids, folder)));
            Value::Object(fields.collect())
        }
        Value::Array(values) => {
            let values = values.iter().map(|value| plain(value, ids, folder));
            values.collect()
        }
        Value::String(text) => match ids.iter().position(|id| id == text) {
            Some(place) => json!(place),
            None => json!(text.replace(folder, "data")),
        },
        value => value.clone(),
    }
}

fn lines(text: &str) -> Value {
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.collect()
}

/// What a service answers that keeps its history in the place that an option names.
fn answers(world: &World, data: &str, option: &str) -> Vec<(String, Value)> {
    let output = format!("{data}-results");
    world.make_folder(&output);
    let station = "[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n";
    let results = format!("[[station.output]]\nkind = \"jsonl\"\nfolder = \"{output}\"\n");
    world.write("alike.toml", format!("{station}{results}"));
    let options = format!("--config alike.toml {option}");
    let serving = Serving::among(world, data, &options);
    for (part, image) in [
        ("?part_id=b", image(1)),
        ("?part_id=A", bad(2)),
        ("?part_id=a", image(3)),
        ("?part_id=%C3%A4%20%25_%27", bad(4)),
        ("", image(5)),
        ("?part_id=B", bad(6)),
    ] {
        assert_eq!(serving.send(part, &image).status, 201);
    }
    let twice = [201, 200].map(|status| {
        let sent = serving.send_with("?part_id=k", &[("Idempotency-Key", "k")], &image(7));
        assert_eq!(sent.status, status, "{}", sent.text());
        sent.json()
    });
    assert_eq!(twice[0], twice[1]);
    with_good_images(&serving, 8);
    let made = over(&serving, start(&serving, "instant", &small()));
    assert_eq!(made["state"], "done", "{made}");
    assert_eq!(judge(&serving, &image(1)).status, 201);
    let ids = ids(&serving);
    for (at, label) in [
        (0, json!({ "truth": "good", "note": "Ä 'x'; --" })),
        (1, json!({ "truth": "bad", "defect": "Kratzer" })),
        (3, json!({ "truth": "bad" })),
        (4, json!({ "truth": "bad" })),
        (5, json!({ "truth": "good" })),
    ] {
        let place = format!("/api/v1/inspections/{}/label", ids[at]);
        assert_eq!(serving.put(&place, &label).status, 204);
    }
    let taken_back = format!("/api/v1/inspections/{}/label", ids[5]);
    assert_eq!(serving.delete(&taken_back).status, 204);
    let judged = json!({ "inspections": [ids[2]] });
    let taken = serving.post("/api/v1/stations/model/good/judged", &judged);
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(models(&serving).len(), 1);
    until_told(&serving);

    let folder = world
        .path(data)
        .canonicalize()
        .unwrap()
        .display()
        .to_string();
    let mut found = Vec::new();
    let mut note = |asked: &str, value: Value| {
        found.push((asked.to_owned(), plain(&value, &ids, &folder)));
    };
    for asked in ASKED {
        let place = format!("/api/v1/inspections{asked}");
        let page = serving.get(&place).json();
        // And what comes after it.
        if let Some(next) = page["next"].as_str() {
            let joined = if asked.is_empty() { "?" } else { "&" };
            let rest = serving.get(&format!("{place}{joined}cursor={next}")).json();
            note(&format!("{asked} and then"), rest);
        }
        note(asked, page);
    }
    for place in [
        "/api/v1/stations/model/dataset.jsonl",
        "/api/v1/inspections.jsonl?order=oldest",
    ] {
        note(place, lines(&serving.get(place).text()));
    }
    for place in [
        "/api/v1/stations",
        "/api/v1/jobs",
        "/api/v1/stations/part/models",
        "/api/v1/stations/part/good",
        "/api/v1/stations/model/good",
        "/api/v1/stations/model/verdict",
    ] {
        note(place, serving.get(place).json());
    }
    let files = world.files();
    let told = files.keys().filter(|name| name.starts_with(&output));
    for name in told {
        note("what was told", lines(&world.text(name)));
    }
    for page in [
        "/history",
        "/stations/part/setup",
        "/stations/model/verdict",
        "/stations/part",
    ] {
        assert_eq!(serving.get(page).status, 200, "{page}");
    }
    let csv = serving.get("/api/v1/inspections.csv?order=oldest").text();
    let csv = csv.lines().map(|line| line.splitn(3, ',').last().unwrap());
    note("csv", csv.collect());
    // All of it is there again.
    serving.stop();
    let serving = Serving::among(world, data, &options);
    note("again", json!(serving.all()));
    serving.stop();
    found
}

#[test]
fn what_is_kept_in_postgresql_is_answered_as_from_a_file() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let world = World::with_model();
    let of_file = answers(&world, "file", "");
    let database = format!("--database {}", postgres.url("line"));
    let of_server = answers(&world, "server", &database);
    assert!(!world.path("server/history.sqlite").exists());
    for ((asked, of_file), (_, of_server)) in of_file.iter().zip(&of_server) {
        assert_eq!(of_file, of_server, "{asked}");
    }
    assert_eq!(of_file.len(), of_server.len());
    assert!(of_file.len() > ASKED.len() + 10);
}
