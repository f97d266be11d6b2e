//! The pages in a real browser: live, and without an error.

use super::chromium::Chromium;
use super::{Serving, image};
use crate::world::World;

#[test]
#[ignore = "needs chromium"]
fn the_pages_work_in_a_browser() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let mut page = Chromium::start(&world);
    page.open(&serving.url("/"), 1280, "light");
    page.until("document.body.textContent.includes('No image has come yet')");
    page.assert_sound();
    // Parts as they come.
    for part in ["first", "second"] {
        serving.send(&format!("?part_id={part}"), &image(1));
        page.until(&format!(
            "document.querySelector('.said h2')?.textContent === 'Part {part}'"
        ));
    }
    page.until("document.getElementById('large').complete");
    page.assert_sound();
    // Without what is odd, also when the next part comes.
    page.value("document.getElementById('show-odd').click()");
    serving.send("?part_id=third", &image(2));
    page.until("document.querySelector('.said h2').textContent === 'Part third'");
    page.until("document.getElementById('large').src.endsWith('/view')");
    assert_eq!(
        page.value("document.getElementById('show-odd').checked"),
        false
    );
    // A word on it, and back.
    page.value("document.querySelector('.said button').click()");
    page.until("document.querySelector('.said button').textContent.includes('undo')");
    let label = &serving.get("/api/v1/inspections?limit=1").json()["inspections"][0]["label"];
    assert!(label["truth"].is_string(), "{label}");
    page.value("document.querySelector('.said button').click()");
    page.until("document.querySelector('.said button').textContent === 'This was wrong'");

    for (width, scheme) in [(390, "dark"), (1920, "light")] {
        for path in [
            "/stations/model",
            "/history",
            "/history?order=score&verdict=good",
        ] {
            page.open(&serving.url(path), width, scheme);
            page.assert_sound();
        }
    }
    page.until("document.querySelector('.chart circle') !== null");
    page.value("document.querySelector('.card button').click()");
    page.until("document.querySelector('.card .badge + button')?.textContent === 'undo'");
    page.assert_sound();

    // Somebody stops the page, which ends what it hears: it is listened to again.
    for path in ["/stations/model", "/stations/model/setup"] {
        page.open(&serving.url(path), 1280, "light");
        page.until("document.getElementById('lost').hidden");
        page.value("window.stop()");
        page.until("!document.getElementById('lost').hidden");
        page.until("document.getElementById('lost').hidden");
        page.assert_sound();
    }

    // The service ends: it is said that what is shown may be old.
    page.open(&serving.url("/stations/model"), 1280, "light");
    page.until("document.getElementById('lost').hidden");
    serving.stop();
    page.until("!document.getElementById('lost').hidden");
}
