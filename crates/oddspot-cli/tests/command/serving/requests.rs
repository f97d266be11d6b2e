//! Images that are sent, and what is told of them.

use std::io::{BufRead, BufReader};

use base64::Engine;
use serde_json::{Value, json};

use super::{Serving, answer, image};
use crate::world::World;

#[test]
fn an_image_is_judged_and_told_of_in_every_way() {
    let world = World::with_model();
    // How full the disk of the tests is tells nothing.
    world.write("serve.toml", "[limits]\nfree = 0\n");
    let serving = Serving::start(&world, "--config serve.toml");
    let sent = serving.send("?part_id=SN%201", &image(1));
    assert_eq!(sent.status, 201, "{}", sent.text());
    let inspection = sent.json();
    let id = inspection["id"].as_str().unwrap();
    assert_eq!(sent.location, format!("/api/v1/inspections/{id}"));
    assert_eq!(inspection["part_id"], "SN 1");
    assert_eq!(inspection["verdict"], inspection["finding"]["verdict"]);
    assert_eq!(serving.get(&sent.location).json(), inspection);
    // The image as it came, and what is drawn of it, twice: drawn, and as it was drawn.
    let original = serving.get(&format!("{}/images/image", sent.location));
    assert_eq!(
        (original.kind.as_str(), original.bytes),
        ("image/png", image(1))
    );
    for (kind, media_type, magic) in [
        ("view", "image/jpeg", &b"\xff\xd8"[..]),
        ("overlay", "image/jpeg", b"\xff\xd8"),
        ("sheet", "image/png", b"\x89PNG"),
        ("map", "image/png", b"\x89PNG"),
    ] {
        let drawn = [(); 2].map(|()| serving.get(&format!("{}/images/{kind}", sent.location)));
        assert_eq!((drawn[0].status, drawn[0].kind.as_str()), (200, media_type));
        assert!(drawn[0].bytes.starts_with(magic) && drawn[0].bytes == drawn[1].bytes);
    }
    assert_eq!(
        serving.get("/v2/health/ready").json(),
        json!({ "ready": true })
    );
    let metrics = serving.get("/metrics").text();
    let verdict = inspection["verdict"].as_str().unwrap();
    let counted = format!("oddspot_inspections_total{{station=\"model\",verdict=\"{verdict}\"}} 1");
    assert!(
        metrics.contains(&counted) && metrics.ends_with("# EOF\n"),
        "{metrics}"
    );
    for name in [
        "oddspot_inspection_seconds_count 1",
        "oddspot_queue_depth{",
        "oddspot_image_health{",
    ] {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
    let described = serving.get("/openapi.json").json();
    let post = &described["paths"]["/api/v1/stations/{station}/inspections"]["post"];
    assert!(post["responses"]["503"].is_object(), "{described}");
    // No operation asks for a parameter that it does without.
    let paths = described["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let parameters = operations.filter_map(|one| one["parameters"].as_array());
    let required = |one: &&Value| one["in"] != "path" && one["required"] == true;
    let required = parameters.flatten().filter(required);
    let required: Vec<&str> = required.map(|one| one["name"].as_str().unwrap()).collect();
    // But for the models that are compared.
    assert_eq!(required, ["first", "second"]);
    let nowhere = serving.get("/api/v1/inspections/%ff");
    assert_eq!(
        (nowhere.status, &nowhere.json()["status"]),
        (404, &json!(404))
    );
    let elsewhere = serving.get("/api/v1/inspections?cursor=zzz");
    assert_eq!(elsewhere.status, 422);
    serving.stop();
    // It is there after a new start, by a service that is told of no model.
    let serving = Serving::started(&world, "");
    assert_eq!(serving.get(&sent.location).json(), inspection);
    assert_eq!(serving.send("", &image(2)).status, 201);
    // Pictures of what another run judged are drawn anew.
    let place = format!("{}/images/sheet", serving.all()[0]["id"].as_str().unwrap());
    assert_eq!(
        serving.get(&format!("/api/v1/inspections/{place}")).status,
        200
    );
}

#[test]
fn the_history_is_filtered_paged_labelled_and_exported() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    for part in 0..7 {
        serving.send(&format!("?part_id=p{part}"), &image(part % 3));
    }
    let parts = |path: &str| -> (Vec<String>, Value) {
        let found = serving.get(path).json();
        let parts = found["inspections"].as_array().unwrap().iter();
        let parts = parts.map(|one| one["part_id"].as_str().unwrap().to_owned());
        (parts.collect(), found["next"].clone())
    };
    let (first, next) = parts("/api/v1/inspections?limit=3");
    assert_eq!(first, ["p6", "p5", "p4"]);
    let cursor = next.as_str().unwrap().to_owned();
    let (rest, next) = parts(&format!("/api/v1/inspections?limit=5&cursor={cursor}"));
    assert_eq!(
        (rest.join(" "), next),
        ("p3 p2 p1 p0".to_owned(), Value::Null)
    );
    assert_eq!(parts("/api/v1/inspections?part_id=p2").0, ["p2"]);
    assert!(parts("/api/v1/inspections?station=other").0.is_empty());
    assert!(parts("/api/v1/inspections?until=2020-01-01").0.is_empty());
    assert_eq!(
        parts("/api/v1/inspections?since=2020-01-01T10:00").0.len(),
        7
    );
    let scores = serving.get("/api/v1/inspections?order=score").json();
    let scores = scores["inspections"].as_array().unwrap().iter();
    let scores: Vec<f64> = scores.map(|one| one["score"].as_f64().unwrap()).collect();
    assert!(scores.len() == 7 && scores.is_sorted_by(|a, b| a >= b));

    let place = format!("/api/v1/inspections/{cursor}/label");
    let label = |text: &str| answer(serving.agent.put(serving.url(&place)).send(text)).unwrap();
    assert_eq!(label(r#"{"truth": "bad", "defect": "=cmd()"}"#).status, 204);
    assert_eq!(parts("/api/v1/inspections?label=bad").0, ["p4"]);
    assert_eq!(parts("/api/v1/inspections?label=none").0.len(), 6);
    label(r#"{"truth": "maybe"}"#).problem(422);
    let table = serving.get("/api/v1/inspections.csv").text();
    let row = table.lines().find(|row| row.contains(&cursor)).unwrap();
    assert!(
        table.lines().count() == 8 && row.contains("bad,'=cmd(),"),
        "{table}"
    );
    let removed = answer(serving.agent.delete(serving.url(&place)).call()).unwrap();
    assert_eq!(removed.status, 204);
    assert!(parts("/api/v1/inspections?label=bad").0.is_empty());
    assert_eq!(serving.all().len(), 7);
}

#[test]
fn a_request_that_is_sent_again_is_judged_once() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let key = [("Idempotency-Key", "k 1")];
    let [first, again] = [(); 2].map(|()| serving.send_with("?part_id=1", &key, &image(1)));
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json(), again.json());
    serving
        .send_with("?part_id=1", &key, &image(2))
        .problem(422);
    serving
        .send_with("?part_id=2", &key, &image(1))
        .problem(422);
    assert_eq!(
        serving
            .send_with("?part_id=1", &[("Idempotency-Key", "k 2")], &image(1))
            .status,
        201
    );
    assert_eq!(serving.all().len(), 2);
}

#[test]
fn who_was_away_hears_of_what_came_in_between() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let ids: Vec<String> = (0..3)
        .map(|part| {
            let sent = serving.send(&format!("?part_id={part}"), &image(part));
            sent.json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let events = serving.agent.get(serving.url("/api/v1/events"));
    let events = events.header("last-event-id", &ids[0]).call().unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let mut lines = BufReader::new(events.into_body().into_reader()).lines();
    let mut next = || loop {
        let line = lines.next().unwrap().unwrap();
        if let Some(id) = line
            .strip_prefix("id: ")
            .or_else(|| line.strip_prefix("id:"))
        {
            return id.trim().to_owned();
        }
    };
    assert_eq!([next(), next()], [ids[1].clone(), ids[2].clone()]);
    let later = serving.send("?part_id=later", &image(4)).json();
    assert_eq!(next(), later["id"].as_str().unwrap());
    serving
        .get("/api/v1/events?last_event_id=nonsense")
        .problem(422);
    // It ends though somebody listens.
    serving.stop();
}

#[test]
fn a_client_of_a_model_server_gets_a_verdict() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    assert_eq!(
        serving.get("/v2/models/model").json()["inputs"][0]["datatype"],
        "BYTES"
    );
    let bytes = image(1);
    let head = json!({ "id": "7", "inputs": [{
        "name": "image", "shape": [1], "datatype": "BYTES", "parameters": { "binary_data_size": bytes.len() + 4 },
    }] });
    let head = head.to_string();
    let length = (bytes.len() as u32).to_le_bytes();
    let body = [head.as_bytes(), &length, &bytes].concat();
    let request = serving.agent.post(serving.url("/v2/models/model/infer"));
    let request = request.header("inference-header-content-length", head.len().to_string());
    let inferred = answer(request.send(&body[..])).unwrap();
    assert_eq!(inferred.status, 200, "{}", inferred.text());
    let inferred = inferred.json();
    let all = serving.all();
    assert_eq!((&inferred["id"], all.len()), (&json!("7"), 1));
    assert_eq!(inferred["outputs"][0]["data"][0], all[0]["score"]);
    assert_eq!(inferred["outputs"][1]["data"][0], all[0]["verdict"]);
    assert_eq!(inferred["outputs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_client_of_a_model_server_gets_the_map_where_it_asks_for_it() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let outputs = &serving.get("/v2/models/model").json()["outputs"];
    assert_eq!(
        outputs[2],
        json!({ "name": "map", "datatype": "FP32", "shape": [-1, -1] })
    );
    let file = base64::engine::general_purpose::STANDARD.encode(image(1));
    let infer = |outputs: Value| {
        let input = json!({ "name": "image", "shape": [1], "datatype": "BYTES", "data": [file] });
        let body = json!({ "inputs": [input], "outputs": outputs });
        serving.post("/v2/models/model/infer", &body)
    };
    let inferred = infer(json!([{ "name": "map" }, { "name": "score" }])).json();
    let [map, score] = [0, 1].map(|at| &inferred["outputs"][at]);
    let shape: Vec<usize> = serde_json::from_value(map["shape"].clone()).unwrap();
    let values: Vec<f32> = serde_json::from_value(map["data"].clone()).unwrap();
    assert_eq!((shape, values.len()), (vec![96, 96], 96 * 96));
    let most = values.iter().copied().fold(f32::MIN, f32::max);
    assert_eq!(f64::from(most), score["data"][0].as_f64().unwrap());
    assert_eq!(score["data"][0], serving.all()[0]["score"]);
    // The same as bytes behind the JSON, beside an output that is in it.
    let binary = infer(
        json!([{ "name": "map", "parameters": { "binary_data": true } }, { "name": "verdict" }]),
    );
    assert_eq!(binary.kind, "application/octet-stream");
    let behind = binary.bytes.len() - 4 * values.len();
    let head: Value = serde_json::from_slice(&binary.bytes[..behind]).unwrap();
    assert_eq!(
        head["outputs"][0]["parameters"]["binary_data_size"],
        4 * values.len()
    );
    assert!(
        head["outputs"][0]["data"].is_null() && head["outputs"][1]["data"][0].is_string(),
        "{head}"
    );
    let floats = binary.bytes[behind..].chunks_exact(4);
    let floats: Vec<f32> = floats
        .map(|one| f32::from_le_bytes(one.try_into().unwrap()))
        .collect();
    assert_eq!(floats, values);
    let refused = infer(json!([{ "name": "maps" }])).problem(422);
    assert!(refused.contains("score, verdict and map"), "{refused}");
    // What was refused was not judged.
    assert_eq!(serving.all().len(), 2);
}

#[test]
fn a_demonstration_learns_boards_and_judges_one_a_second() {
    let world = World::new();
    let serving = Serving::plain(&world, "serve --demo --listen 127.0.0.1:0");
    let all = serving.until(4);
    assert_eq!(all[0]["station"], "board");
    // No board comes twice.
    let stations = serving.get("/api/v1/stations").json();
    assert!(stations[0]["camera_trouble"].is_null(), "{stations}");
    serving.stop();
    assert!(!world.path("data").exists());
    // In a data folder that stays the numbers go on.
    let serve = || Serving::plain(&world, "serve --demo --data data --listen 127.0.0.1:0");
    let serving = serve();
    let before = serving.until(2).len();
    serving.stop();
    let serving = serve();
    let all = serving.until(before + 2);
    let numbers: Vec<u64> = all
        .iter()
        .map(|one| one["part_id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    serving.stop();
}
