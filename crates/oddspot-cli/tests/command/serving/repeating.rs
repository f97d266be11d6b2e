//! A camera that is stuck, so that the very same picture comes again and again, or that is off, so that nothing does.

use serde_json::{Value, json};

use super::keeping::another;
use super::{Serving, image, until};
use crate::world::World;

/// A world whose station `model` writes a table, with lines of its configuration.
fn world_with(more: &str) -> World {
    let world = World::with_model();
    world.make_folder("results");
    let output = "[[station.output]]\nkind = \"csv\"\nfolder = \"results\"\n";
    let station = "[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n";
    world.write("serve.toml", format!("{station}{more}{output}"));
    world
}

fn serve(world: &World) -> Serving {
    Serving::started(world, "--config serve.toml")
}

/// What is told of the camera of the only station.
fn trouble(serving: &Serving) -> Option<String> {
    let stations = serving.get("/api/v1/stations").json();
    stations[0]["camera_trouble"].as_str().map(str::to_owned)
}

fn metric(serving: &Serving, line: &str) -> bool {
    let metrics = serving.get("/metrics").text();
    metrics.lines().any(|one| one == line)
}

#[test]
fn the_same_picture_again_and_again_is_untrusted_and_told_until_another_comes() {
    let world = world_with("");
    let serving = serve(&world);
    // The files differ, the pixels do not.
    let sent: Vec<Value> = (0..4)
        .map(|number| {
            let key = number.to_string();
            let headers = [("Idempotency-Key", &*key)];
            let query = format!("?part_id=p{number}");
            let file = another(1, number);
            let sent = serving.send_with(&query, &headers, &file).json();
            // What is sent again is no new image.
            for _ in 0..2 {
                let again = serving.send_with(&query, &headers, &file);
                assert_eq!((again.status, &again.json()["id"]), (200, &sent["id"]));
            }
            assert_eq!(trouble(&serving).is_some(), number >= 2, "{number}");
            sent
        })
        .collect();
    for one in &sent[..2] {
        assert!(one["repeats"].is_null(), "{one}");
        assert_ne!(one["verdict"], "untrusted", "{one}");
    }
    for (number, one) in sent.iter().enumerate().skip(2) {
        assert_eq!(one["verdict"], "untrusted", "{one}");
        assert_eq!(one["repeats"], number + 1);
        assert_eq!(one["score"], sent[0]["score"]);
        let said = format!("the very same picture as the {number} before it");
        assert!(one["reason"].as_str().unwrap().contains(&said), "{one}");
    }
    // As it is kept.
    assert_eq!(serving.all(), sent);
    let told = trouble(&serving).unwrap();
    assert!(told.starts_with("3 or more images in a row"), "{told}");
    let page = serving.get("/stations/model").text();
    assert!(page.contains(&told) && page.contains("untrusted"), "{page}");
    assert!(page.contains("the very same picture as the 3 before it"));
    let german = serving.german("/stations/model");
    assert!(german.contains("3 oder mehr Bilder hintereinander"));
    assert!(german.contains("genau dasselbe Bild wie die 3 davor"));
    let warning = json!(format!("station model: {told}"));
    let warns = || {
        let ready = serving.get("/v2/health/ready").json();
        let warnings = ready["warnings"].as_array();
        warnings.is_some_and(|all| all.contains(&warning))
    };
    assert!(warns());
    assert!(metric(
        &serving,
        "oddspot_repeated_images{station=\"model\"} 4"
    ));
    let place = format!("/inspections/{}", sent[2]["id"].as_str().unwrap());
    let page = serving.get(&place).text();
    assert!(page.contains("the very same picture as the 2 before it"));
    let table = serving.get("/api/v1/inspections.csv?verdict=untrusted");
    assert_eq!(table.text().lines().count(), 3);
    let written = until(|| {
        let mut files = std::fs::read_dir(world.path("results")).unwrap().flatten();
        let text = std::fs::read_to_string(files.next()?.path()).ok()?;
        (text.lines().count() == 5).then_some(text)
    });
    assert_eq!(written.matches(",untrusted,").count(), 2, "{written}");
    // Another picture, and all is well.
    let other = serving.send("?part_id=p4", &image(2)).json();
    assert!(other["repeats"].is_null(), "{other}");
    assert_eq!(trouble(&serving), None);
    assert!(!serving.get("/stations/model").text().contains(&told));
    assert!(!warns());
    assert!(metric(
        &serving,
        "oddspot_repeated_images{station=\"model\"} 1"
    ));
    let log = serving.stop().stderr;
    assert_eq!(log.matches(&format!("model: {told}")).count(), 1, "{log}");
    assert_eq!(log.matches("another picture came").count(), 1, "{log}");
}

#[test]
fn how_many_are_too_many_is_configured_for_all_and_for_each() {
    let world = world_with("repeats = 0\n");
    let serving = serve(&world);
    for _ in 0..4 {
        let sent = serving.send("", &image(1)).json();
        assert_ne!(sent["verdict"], "untrusted", "{sent}");
    }
    assert_eq!(trouble(&serving), None);
    serving.stop();
    let all = "[limits]\nrepeats = 2\n";
    let file = world.text("serve.toml").replace("repeats = 0\n", "");
    world.write("serve.toml", file + all);
    let serving = serve(&world);
    let verdicts = [(); 2].map(|()| serving.send("", &image(1)).json()["verdict"].clone());
    assert_ne!(verdicts[0], "untrusted");
    assert_eq!(verdicts[1], "untrusted");
    serving.stop();
}

#[test]
fn files_of_a_folder_count_too() {
    let world = world_with("folder = \"in\"\nafter = \"move\"\n");
    world.make_folder("in");
    let serving = serve(&world);
    for number in 0..3 {
        world.write(format!("in/.{number}"), another(1, number));
        let file = world.path(format!("in/{number}.png"));
        std::fs::rename(world.path(format!("in/.{number}")), file).unwrap();
        serving.until(number + 1);
    }
    let all = serving.all();
    assert_eq!(all[2]["verdict"], "untrusted", "{all:?}");
    assert_eq!(all[2]["repeats"], 3);
    until(|| world.path("in/done/2.png").exists().then_some(()));
    serving.stop();
}

#[test]
fn a_station_to_which_nothing_comes_is_told_of_until_an_image_does() {
    let world = world_with("silence = 2\n");
    let serving = serve(&world);
    let told = until(|| trouble(&serving));
    assert!(told.starts_with("no image for 2 seconds"), "{told}");
    assert!(serving.get("/stations/model").text().contains(&told));
    assert!(
        serving
            .german("/stations/model")
            .contains("seit 2 Sekunden kein Bild")
    );
    let ready = serving.get("/v2/health/ready").json();
    let warnings = ready["warnings"].as_array().unwrap();
    assert!(warnings.contains(&json!(format!("station model: {told}"))));
    until(|| metric(&serving, "oddspot_silent{station=\"model\"} 1").then_some(()));
    let table = || {
        let mut files = std::fs::read_dir(world.path("results")).unwrap().flatten();
        std::fs::read_to_string(files.next()?.path()).ok()
    };
    until(|| table().filter(|text| text.contains(",missed,") && text.contains("silent")));
    assert_eq!(serving.send("", &image(1)).status, 201);
    until(|| trouble(&serving).is_none().then_some(()));
    // And again.
    assert_eq!(until(|| trouble(&serving)), told);
    let log = serving.stop().stderr;
    for said in [&format!("model: {told}"), "model: an image came again"] {
        assert!(log.contains(said), "{log}");
    }
}
