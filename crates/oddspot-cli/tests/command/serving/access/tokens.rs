//! Programs with tokens: what each may, and no more.

use super::*;

#[test]
fn a_machine_sends_to_its_station_and_reads_what_it_sent_and_a_reader_reads() {
    let world = World::with_model();
    let text = "[[station]]\nname = \"top\"\nmodel = \"model.oddspot\"\n[[station]]\nname = \"side\"\nmodel = \"model.oddspot\"\n";
    world.write("serve.toml", text);
    let serving = Serving::started(&world, "--config serve.toml");
    add_all(&world);
    let camera = add_token(&world, "camera-top", "machine", "--station top");
    let other = add_token(&world, "camera-all", "machine", "");
    let reader = add_token(&world, "grafana", "reader", "");
    assert!(
        camera.starts_with("oddspot_") && camera.len() == 8 + 43,
        "{camera}"
    );
    let said = world.oddspot("serve token add one --role reader --station top --data data");
    world.fails_leaving(&mut { said }, &["a reader reads of all stations"]);
    let said = world.oddspot("serve token add grafana --role reader --data data");
    world.fails_leaving(&mut { said }, &["there is a token grafana already"]);

    let camera = Client::program(&serving, &camera);
    let sent = camera.send("top");
    assert_eq!(sent.status, 201, "{}", sent.text);
    assert_eq!(sent.json()["token"], "camera-top");
    let own = sent.header("location").to_owned();
    assert_eq!(camera.get(&own).json()["token"], "camera-top");
    assert_eq!(camera.get(&format!("{own}/images/overlay")).status, 200);
    // Not to another station, whatever the address.
    let said = camera.send("side").problem(403);
    assert!(said.contains("station top alone"), "{said}");
    camera
        .post("/v2/models/side/infer", &json!({}))
        .problem(403);
    camera.get("/v2/models/side").problem(403);
    camera.send("%73ide").problem(403);
    assert_eq!(camera.get("/v2/models/top").status, 200);
    camera.post("/v2/models/top/infer", &json!({})).problem(422);
    let other = Client::program(&serving, &other);
    let of_other = other.send("side");
    assert_eq!(of_other.status, 201);
    // Nor what another sent.
    let place = of_other.header("location");
    assert!(
        camera
            .get(place)
            .problem(403)
            .contains("what was sent with it alone")
    );
    camera.get(&format!("{place}/images/image")).problem(403);
    camera.get("/api/v1/inspections").problem(403);

    let reader = Client::program(&serving, &reader);
    assert_eq!(
        reader.get("/api/v1/inspections").json()["inspections"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(reader.get(place).status, 200);
    assert_eq!(reader.get(&format!("{place}/images/image")).status, 200);
    assert_eq!(reader.status("GET", "/api/v1/events"), 200);
    assert_eq!(reader.get("/metrics").status, 200);
    reader.send("top").problem(403);
    reader.delete(&format!("{place}/label")).problem(403);
    reader.get("/history").problem(403);

    // Seen by the admin, without their secrets.
    let admin = Client::person(&serving, "admin");
    let listed = admin.get("/api/v1/tokens");
    let tokens = listed.json();
    assert_eq!(tokens[1]["name"], "camera-top");
    assert_eq!(
        (&tokens[1]["role"], &tokens[1]["station"]),
        (&json!("machine"), &json!("top"))
    );
    until(|| {
        let tokens = admin.get("/api/v1/tokens").json();
        tokens[1]["used"].is_string().then_some(())
    });
    let made = admin.post(
        "/api/v1/tokens",
        &json!({ "name": "plc", "role": "machine", "station": "top" }),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    let plc = Client::program(&serving, &secret);
    assert_eq!(plc.send("top").status, 201);
    assert!(!admin.get("/people").text.contains(&secret));
    let wrong = json!({ "name": "x", "role": "machine", "station": "none" });
    admin.post("/api/v1/tokens", &wrong).problem(404);
    admin
        .post(
            "/api/v1/tokens",
            &json!({ "name": "../x", "role": "reader" }),
        )
        .problem(422);
    for (name, bytes) in world.files() {
        let found = bytes
            .windows(secret.len())
            .any(|some| some == secret.as_bytes());
        assert!(!found, "the token lies in {name}");
    }
    // Removed on the page at once, at the terminal in a moment.
    assert_eq!(admin.delete("/api/v1/tokens/plc").status, 204);
    admin.delete("/api/v1/tokens/plc").problem(404);
    plc.send("top").problem(401);
    world.succeeds(&mut world.oddspot("serve token remove grafana --data data"));
    until(|| (reader.get("/metrics").status == 401).then_some(()));
    let listed = world.succeeds(&mut world.oddspot("serve token list --data data"));
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
    serving.stop();
}
