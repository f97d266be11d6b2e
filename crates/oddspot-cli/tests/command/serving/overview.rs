//! All lines at a glance, and the way to one of many.

use serde_json::json;

use super::chromium::Chromium;
use super::{Serving, image};
use crate::world::World;

fn make(serving: &Serving, names: &[&str]) {
    for name in names {
        let made = serving.post("/api/v1/stations", &json!({ "name": name }));
        assert_eq!(made.status, 201, "{}", made.text());
    }
}

/// Where texts stand in a page, in the order in which they are given.
fn are_in_order(page: &str, texts: &[&str]) -> bool {
    let places = texts.iter().map(|text| page.find(text));
    let places: Option<Vec<usize>> = places.collect();
    places.is_some_and(|places| places.is_sorted())
}

#[test]
fn one_station_is_gone_to_and_several_are_seen_at_a_glance() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let alone = serving.get("/");
    assert_eq!((alone.status, &*alone.location), (307, "/stations/model"));
    make(&serving, &["s10", "s2"]);
    let sent = serving.send("?part_id=SN7", &image(1)).json();
    let word = sent["verdict"].as_str().unwrap();
    for path in ["/", "/overview"] {
        let page = serving.get(path);
        assert_eq!(page.status, 200, "{path}");
        let page = page.text();
        assert_eq!(page.matches("<li class=\"line").count(), 3, "{page}");
        // As people count, each with a link to its page.
        let tiles = ["model", "s2", "s10"].map(|name| format!("<h2>{name}</h2>"));
        assert!(are_in_order(&page, &tiles.each_ref().map(String::as_str)));
        // The last verdict by its word and colour, the part, how long ago, and how many today.
        assert!(page.contains(&format!("<p class=\"verdict {word}\">{word}</p>")));
        for shown in [
            "SN7",
            "just now",
            &format!("{word} 1</span>"),
            "No image has come yet",
            "no model: nothing can be judged",
        ] {
            assert!(page.contains(shown), "{path}, {shown}: {page}");
        }
    }
    let page = serving.german("/");
    assert!(page.contains("Alle Linien") && page.contains("gerade eben"));
    // What goes wrong is told of there.
    assert_eq!(serving.send("?part_id=SN8", b"no image").status, 422);
    let page = serving.get("/overview").text();
    assert!(page.contains("1 image of today was not judged"), "{page}");
    let paused = serving.post("/api/v1/stations/model/pause", &json!({}));
    assert!(paused.status < 300, "{}", paused.text());
    let page = serving.get("/overview").text();
    assert!(page.contains("<p class=\"wrong\">paused</p>"), "{page}");
    serving.stop();
}

#[test]
fn the_last_verdict_comes_first_and_many_stations_are_a_menu() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    serving.send("?part_id=SN7", &image(1));
    let page = serving.get("/stations/model").text();
    let order = ["class=\"verdict ", "id=\"large\"", "class=\"facts\""];
    assert!(are_in_order(&page, &order), "{page}");
    assert!(!page.contains("<details class=\"menu\">"), "{page}");
    make(&serving, &["s1", "s10", "s2", "s3", "s4"]);
    let page = serving.get("/stations/model").text();
    assert!(page.contains("<details class=\"menu\">"), "{page}");
    let links = ["s1", "s2", "s3", "s10"].map(|name| format!("<a href=\"/stations/{name}\">"));
    assert!(
        are_in_order(&page, &links.each_ref().map(String::as_str)),
        "{page}"
    );
    serving.stop();
}

#[test]
#[ignore = "needs chromium"]
fn all_lines_are_followed_in_a_browser_and_one_is_gone_to_on_a_phone() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let names: Vec<String> = (1..18).map(|number| format!("s{number}")).collect();
    make(
        &serving,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let mut page = Chromium::start(&world);
    page.open(&serving.url("/"), 1280, "light");
    page.assert_sound();
    // A part that comes is there by itself.
    serving.send("?part_id=SN7", &image(1));
    page.until("document.getElementById('overview').textContent.includes('SN7')");
    page.until("document.querySelector('.line .verdict') !== null");
    page.assert_sound();
    for (width, scheme, language) in [
        (390, "dark", "en"),
        (390, "light", "de"),
        (1920, "dark", "de"),
    ] {
        page.open(
            &serving.url(&format!("/?language={language}")),
            width,
            scheme,
        );
        page.assert_sound();
    }
    // By the menu to a line: its last verdict is on the first screen of a phone.
    page.open(&serving.url("/?language=en"), 390, "light");
    page.value("document.querySelector('.menu summary').focus()");
    page.enter();
    page.until("document.querySelector('.menu').open");
    page.assert_sound();
    page.value("document.querySelector('.menu a[href=\"/stations/model\"]').focus()");
    page.enter();
    page.until("location.pathname === '/stations/model' && document.readyState === 'complete'");
    page.until("document.querySelector('.last .verdict').getBoundingClientRect().bottom < 500");
    page.until("document.getElementById('large').getBoundingClientRect().top < 560");
    page.assert_sound();
    serving.stop();
}
