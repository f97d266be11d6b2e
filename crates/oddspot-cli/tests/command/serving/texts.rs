//! Texts that no database can keep are refused wherever text comes in, whichever database it is.

use serde_json::{Value, json};

use super::postgres::for_each_database;
use super::{Answer, Serving, answer, image};

/// An address of an operation, of things that are there.
fn address(path: &str, inspection: &str) -> String {
    path.replace("{station}", "model")
        .replace("{model}", "model")
        .replace("{id}", inspection)
        .replace("{image}", "none")
        .replace("{kind}", "image")
        .replace("{user}", "none")
        .replace("{token}", "none")
}

fn ask(serving: &Serving, method: &str, path: &str, body: &[u8]) -> Answer {
    let url = serving.url(path);
    let agent = &serving.agent;
    let sent = match method {
        "get" => agent.get(url).call(),
        "delete" => agent.delete(url).call(),
        "post" => agent.post(url).send(body),
        "put" => agent.put(url).send(body),
        other => panic!("{other}"),
    };
    answer(sent).unwrap()
}

/// What a schema is, wherever it is described.
fn resolved<'a>(described: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => described.pointer(place.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// Whether a value of a schema can be a text.
fn is_text(described: &Value, schema: &Value) -> bool {
    let schema = resolved(described, schema);
    let kind = &schema["type"];
    let some = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|of| schema[of].as_array());
    kind == "string"
        || kind
            .as_array()
            .is_some_and(|kinds| kinds.contains(&json!("string")))
        || some.flatten().any(|one| is_text(described, one))
        || (kind == "array" && is_text(described, &schema["items"]))
}

/// The texts of a body: objects with one of them each.
fn bodies(described: &Value, schema: &Value) -> Vec<Value> {
    let schema = resolved(described, schema);
    let fields = schema["properties"].as_object();
    let texts = fields
        .into_iter()
        .flatten()
        .filter(|(_, of)| is_text(described, of));
    texts.map(|(name, _)| json!({ name: "a\0b" })).collect()
}

for_each_database!(u0000_is_refused_in_every_text_that_the_description_has);
fn u0000_is_refused_in_every_text_that_the_description_has(serving: &Serving) {
    let kept = serving.send("?part_id=a", &image(1)).json();
    let id = kept["id"].as_str().unwrap();
    let described = serving.get("/openapi.json").json();
    let (mut in_queries, mut in_bodies) = (0, 0);
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = address(path, id);
            let parameters = operation["parameters"].as_array();
            for one in parameters.into_iter().flatten() {
                if one["in"] != "query" || !is_text(&described, &one["schema"]) {
                    continue;
                }
                let name = one["name"].as_str().unwrap();
                let refused = ask(serving, method, &format!("{at}?{name}=a%00b"), &image(2));
                let said = refused.problem(422);
                assert!(said.contains("U+0000"), "{method} {path} {name}: {said}");
                in_queries += 1;
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            for body in bodies(&described, body) {
                let refused = ask(serving, method, &at, body.to_string().as_bytes());
                let said = refused.problem(422);
                assert!(said.contains("U+0000"), "{method} {path} {body}: {said}");
                in_bodies += 1;
            }
            // Nor does what stands in a path break anything.
            if path.contains('{') && method == "get" {
                let status = ask(serving, method, &at.replace(id, "a%00b"), b"").status;
                assert!(status < 500, "{path}: {status}");
            }
        }
    }
    assert!(
        in_queries > 15 && in_bodies > 10,
        "{in_queries} {in_bodies}"
    );
    let form = ask(serving, "post", "/login", b"name=a%00b&password=x");
    assert!(form.problem(422).contains("U+0000"));
    // A key that came with such a text is free for the next.
    let key = [("Idempotency-Key", "k")];
    serving
        .send_with("?part_id=%00", &key, &image(1))
        .problem(422);
    assert_eq!(serving.send_with("?part_id=b", &key, &image(1)).status, 201);
    // What only looks like it is kept as it is.
    let label = json!({ "truth": "good", "note": "a\\u0000 %00" });
    let place = format!("/api/v1/inspections/{id}/label");
    assert_eq!(serving.put(&place, &label).status, 204);
    let again = serving.get(&format!("/api/v1/inspections/{id}")).json();
    assert_eq!(again["label"]["note"], "a\\u0000 %00");
    assert_eq!(serving.all().len(), 2);
}
