//! Who did what: it is written, and shown to admins.

use super::*;

#[test]
fn what_people_do_is_written_with_their_names() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let before = serving.send("", &image(3));
    add_all(&world);
    let engineer = Client::person(&serving, "engineer");
    let admin = Client::person(&serving, "admin");
    let label = format!("{}/label", before.location);
    let forged = json!({ "truth": "bad", "who": "admin" });
    engineer.put(&label, &forged).problem(422);
    let truth = json!({ "truth": "bad", "defect": "scratch" });
    assert_eq!(engineer.put(&label, &truth).status, 204);
    let labelled = admin.get(&before.location).json();
    assert_eq!(labelled["label"]["who"], "engineer");
    assert_eq!(engineer.delete(&label).status, 204);
    let station = json!({ "name": "side" });
    assert_eq!(engineer.post("/api/v1/stations", &station).status, 201);
    for what in ["pause", "resume"] {
        let path = format!("/api/v1/stations/model/{what}");
        assert_eq!(engineer.post(&path, &json!({})).status, 200);
    }
    // A picture that a person sends again and again says nothing of the camera.
    for part in 0..4 {
        let path = format!("/api/v1/stations/model/inspections?part_id=SN{part}");
        let sent = engineer.ask("POST", &path, &image(5));
        assert_eq!(sent.status, 201, "{}", sent.text);
        let sent = sent.json();
        assert_eq!(sent["sent_by"], "engineer");
        assert!(sent["repeats"].is_null(), "{sent}");
    }
    let stations = admin.get("/api/v1/stations").json();
    assert!(stations[0]["camera_trouble"].is_null(), "{stations}");
    assert!(before.json()["sent_by"].is_null());
    let listed = admin.get("/api/v1/inspections?part_id=SN3").json();
    assert_eq!(listed["inspections"][0]["sent_by"], "engineer");
    let id = listed["inspections"][0]["id"].as_str().unwrap().to_owned();
    let page = admin.get(&format!("/inspections/{id}")).text;
    assert!(page.contains("<dd>page, sent by engineer</dd>"), "{page}");
    let page = admin.get("/history").text;
    assert!(page.contains(" · sent by engineer</span>"), "{page}");
    assert!(
        page.contains("<span class=\"note\">Part:</span> SN3</h3>"),
        "{page}"
    );
    let good = engineer.ask("POST", "/api/v1/stations/side/good?name=a.png", &image(1));
    assert_eq!(good.status, 201, "{}", good.text);
    let place = format!(
        "/api/v1/stations/side/good/{}",
        good.json()["image"].as_str().unwrap()
    );
    for left_out in [true, false] {
        assert_eq!(
            engineer
                .put(&place, &json!({ "left_out": left_out }))
                .status,
            204
        );
    }
    assert_eq!(engineer.delete(&place).status, 204);
    let mask = json!({ "inspect": [[[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]] });
    let drawn = engineer.put("/api/v1/stations/side/mask", &mask);
    assert_eq!(drawn.status, 204, "{}", drawn.text);
    let model = world.read("model.oddspot");
    let sent = engineer.ask(
        "POST",
        "/api/v1/stations/side/models?name=model.oddspot",
        &model,
    );
    assert_eq!(sent.status, 201, "{}", sent.text);
    let active = sent.json()["sha256"].as_str().unwrap().to_owned();
    let wanted = json!({ "model": active, "threshold": 100.0, "check_threshold": 50.0 });
    let saved = engineer.post("/api/v1/stations/side/verdict", &wanted);
    assert_eq!(saved.status, 201, "{}", saved.text);
    let rolled_back = engineer.post("/api/v1/stations/side/models/rollback", &json!({}));
    assert_eq!(rolled_back.status, 200, "{}", rolled_back.text);
    let activate = json!({ "sha256": saved.json()["sha256"] });
    let activated = engineer.post("/api/v1/stations/side/models/activate", &activate);
    assert_eq!(activated.status, 200, "{}", activated.text);
    for number in 1..3 {
        let name = format!("{number}.png");
        engineer.ask(
            "POST",
            &format!("/api/v1/stations/side/good?name={name}"),
            &image(number),
        );
    }
    let job = engineer.post(
        "/api/v1/jobs",
        &json!({ "station": "side", "kind": "audit" }),
    );
    assert_eq!(job.status, 202, "{}", job.text);
    let cancel = format!("/api/v1/jobs/{}/cancel", job.json()["id"]);
    let cancelled = engineer.post(&cancel, &json!({})).status == 202;
    sign_in(&serving, "operator", "a wrong password", "");
    engineer.form("/logout", &[]);

    let entries = admin.get("/api/v1/audit?limit=500").json();
    assert_eq!(entries["next"], Value::Null);
    let entries = entries["entries"].as_array().unwrap().clone();
    let ids: Vec<&str> = entries
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "not the newest first");
    let found = |deed: &str| -> Value {
        let found = entries.iter().find(|one| one["deed"] == deed);
        found.unwrap_or_else(|| panic!("nothing of {deed}")).clone()
    };
    for (deed, subject) in [
        ("labelled", before.location.rsplit('/').next().unwrap()),
        ("label_removed", before.location.rsplit('/').next().unwrap()),
        ("station_made", "side"),
        ("station_paused", "model"),
        ("station_resumed", "model"),
        ("good_added", "side"),
        ("good_left_out", "side"),
        ("good_taken_in", "side"),
        ("good_removed", "side"),
        ("regions_drawn", "side"),
        ("image_sent", "model"),
        ("model_sent", "side"),
        ("thresholds_saved", "side"),
        ("model_rolled_back", "side"),
        ("model_activated", "side"),
        ("job_started", "side"),
    ] {
        let entry = found(deed);
        let told = (&entry["subject"], &entry["who"], &entry["kind"]);
        assert_eq!(
            told,
            (&json!(subject), &json!("engineer"), &json!("user")),
            "{deed}"
        );
        assert_eq!(entry["address"], "127.0.0.1", "{deed}");
    }
    if cancelled {
        assert_eq!(found("job_cancelled")["who"], "engineer");
    }
    assert_eq!(found("labelled")["detail"], "bad: scratch");
    assert_eq!(
        found("image_sent")["detail"],
        format!("inspection {id}, SN3")
    );
    assert_eq!(found("signed_out")["who"], "engineer");
    let failed = found("sign_in_failed");
    assert_eq!(
        (&failed["subject"], &failed["kind"]),
        (&json!("operator"), &json!("anyone"))
    );
    assert!(failed["who"].is_null());
    let added = found("user_added");
    assert_eq!(
        (&added["kind"], &added["subject"]),
        (&json!("terminal"), &json!("operator"))
    );
    // Page by page it is the same.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = admin
            .get(&format!("/api/v1/audit?limit=7&cursor={cursor}"))
            .json();
        paged.extend(part["entries"].as_array().unwrap().clone());
        match part["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, entries);
    let page = admin.get("/people").text;
    assert!(
        page.contains("failed to sign in as <strong>operator</strong>"),
        "{page}"
    );
    admin.get("/api/v1/audit?cursor=x").problem(422);
    serving.stop();
}
