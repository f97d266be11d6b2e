//! A station made in a real browser: a name, good images, a model, a verdict.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::changing::dark;
use super::{bad, job, label, long, over, small, start, with_good_images};
use crate::serving::chromium::Chromium;
use crate::serving::{Serving, image};
use crate::world::World;

/// Boards that are learned.
const BOARDS: u64 = 24;
/// From an empty station to its first verdict, at most.
const FIRST_VERDICT: Duration = Duration::from_secs(300);

/// Opens a page of the station in the widths and schemes that people use.
fn assert_sound_everywhere(page: &mut Chromium, url: &str) {
    for (width, scheme) in [(390, "dark"), (1280, "light"), (1920, "dark")] {
        page.open(url, width, scheme);
        page.assert_sound();
    }
}

/// Follows a link of the page that can be seen, as a person does.
fn follow(page: &mut Chromium, address: &str) {
    let link = format!(
        "[...document.querySelectorAll('a[href=\"{address}\"]')].find((one) => one.checkVisibility())"
    );
    page.until(&format!("{link} !== undefined"));
    page.value(&format!("window.isBefore = true; {link}.click()"));
    page.until(&format!(
        "window.isBefore === undefined && location.pathname === '{address}' && document.readyState === 'complete'"
    ));
}

fn labelled(serving: &Serving, image: &[u8], truth: &str) {
    let judged = serving.post_bytes("/api/v1/stations/part/inspections", image);
    let id = judged.json()["id"].as_str().unwrap().to_owned();
    let place = format!("/api/v1/inspections/{id}/label");
    serving.put(&place, &json!({ "truth": truth }));
}

#[test]
#[ignore = "needs chromium"]
fn a_model_is_extended_calibrated_and_compared_in_a_browser() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 8);
    over(&serving, start(&serving, "instant", &small()));
    for seed in 8..12 {
        let place = format!("/api/v1/stations/part/good?name={seed}.png");
        serving.post_bytes(&place, &image(seed));
        label(&serving, &image(20 + seed), "good");
        label(&serving, &bad(40 + seed), "bad");
    }
    let mut page = Chromium::start(&world);
    page.open(&serving.url("/stations/part/setup"), 1280, "light");
    page.value("document.querySelector('.ways button').click()");
    page.until(
        "document.querySelector('.job.done')?.textContent.includes('4 good images were added')",
    );
    page.value("document.querySelectorAll('.ways button')[1].click()");
    page.until("document.querySelector('.job.done')?.textContent.includes('Thresholds')");
    page.assert_sound();
    // One that is refused, and done all the same.
    for seed in 50..56 {
        let place = format!("/api/v1/stations/part/good?name={seed}.png");
        serving.post_bytes(&place, &dark(seed));
    }
    page.value("document.querySelector('.ways button').click()");
    page.until("document.querySelector('.job.failed')?.textContent.includes('Do it all the same')");
    page.assert_sound();
    page.value("document.querySelector('.job.failed button').click()");
    page.until("document.querySelector('.job.done')?.textContent.includes('Look at it')");
    // Two are compared: what the other has not judged it judges.
    page.open(&serving.url("/stations/part/models"), 1280, "light");
    page.until("document.querySelectorAll('.versions tbody tr').length === 4");
    page.value("document.querySelector('#compare button').click()");
    page.until("document.querySelector('#compared .meant') !== null");
    page.until(
        "document.getElementById('compared').textContent.includes('8 labelled parts are compared')",
    );
    assert_eq!(
        page.value("document.querySelector('#compare button').disabled"),
        false
    );
    page.assert_sound();
    // One is verified, with the labelled parts: what came of it stays on the page.
    page.value("document.querySelector('#verify input').click()");
    page.value("document.querySelector('#verify button').click()");
    let told = "document.getElementById('verify-said').textContent.includes('judges on this machine as when it was made')";
    page.until(told);
    page.until(
        "document.getElementById('verify-said').textContent.includes('of those labelled bad')",
    );
    page.open(&serving.url("/stations/part/models"), 1280, "light");
    page.until(told);
    page.assert_sound();
    // The other becomes active, and the labels follow.
    page.value("document.querySelector('button[data-post$=activate]').click()");
    page.until(
        "document.querySelectorAll('.versions tbody tr')[0]?.textContent.includes('active')",
    );
    page.open(&serving.url("/stations/part/verdict"), 1280, "light");
    page.until("document.querySelector('#meant').textContent.includes('of 4')");
    page.assert_sound();
    for end in ["/setup", "/models", "/verdict"] {
        assert_sound_everywhere(&mut page, &serving.url(&format!("/stations/part{end}")));
    }
    serving.stop();
}

#[test]
#[ignore = "needs chromium"]
fn a_comparison_is_cancelled_and_a_station_renamed_and_taken_away_in_a_browser() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 6);
    over(&serving, start(&serving, "instant", &small()));
    over(
        &serving,
        start(&serving, "instant", &json!({ "image_size": "104" })),
    );
    label(&serving, &bad(30), "bad");
    let training = start(&serving, "default", &long());
    let mut page = Chromium::start(&world);
    page.open(&serving.url("/stations/part/models"), 1280, "light");
    let hidden = "document.getElementById('compare-cancel').hidden";
    assert_eq!(page.value(hidden), true);
    // It waits for the training: who comes later sees it too.
    page.value("document.querySelector('#compare button').click()");
    page.until("!document.getElementById('compare-cancel').hidden");
    page.open(&serving.url("/stations/part/models"), 390, "dark");
    page.until("!document.getElementById('compare-cancel').hidden");
    page.assert_sound();
    page.value("document.getElementById('compare-cancel').click()");
    page.until("document.getElementById('compare-said').textContent.includes('cancelled')");
    assert_eq!(page.value(hidden), true);
    assert_eq!(job(&serving, training + 1)["state"], "cancelled");
    page.assert_sound();

    // Not while the training is at it.
    page.open(&serving.url("/stations/part/setup"), 1280, "light");
    page.value("document.querySelector('#rename input').value = 'board'");
    page.value("document.querySelector('#rename button').click()");
    page.until("document.getElementById('station-said').textContent.includes('is not over')");
    // The browser notes every answer that is a refusal.
    page.wrong.clear();
    page.value("document.querySelector('.job.running button').click()");
    over(&serving, training);
    page.value("document.querySelector('#rename button').click()");
    page.until(
        "location.pathname === '/stations/board/setup' && document.readyState === 'complete'",
    );
    page.assert_sound();
    for end in ["/setup", "/models", "/verdict"] {
        assert_sound_everywhere(&mut page, &serving.url(&format!("/stations/board{end}")));
    }
    page.open(&serving.url("/stations/board/setup"), 1280, "light");
    page.value("window.confirm = () => true; document.getElementById('remove-station').click()");
    page.until("location.pathname === '/' && document.readyState === 'complete'");
    page.assert_sound();
    assert_eq!(serving.get("/api/v1/stations").json(), json!([]));
    serving.stop();
}

#[test]
#[ignore = "needs chromium"]
fn from_an_empty_station_to_a_first_verdict_without_leaving_the_pages() {
    let world = World::new();
    world.boards("good", BOARDS);
    let serving = Serving::started(&world, "");
    let mut page = Chromium::start(&world);
    // The only address that a person is told; all others are come to by links.
    let start = Instant::now();
    page.open(&serving.url("/"), 1280, "light");
    page.assert_sound();
    // A name.
    page.value("document.getElementById('name').value = 'part'");
    page.value("document.querySelector('#new button').click()");
    page.until(
        "location.pathname === '/stations/part/setup' && document.readyState === 'complete'",
    );
    page.assert_sound();
    // Good images, and one that is none.
    let mut files: Vec<_> = (0..BOARDS)
        .map(|seed| world.path(format!("good/{seed}.png")))
        .collect();
    world.write("good/broken.png", "no image");
    files.push(world.path("good/broken.png"));
    page.choose("#files", &files);
    page.until("document.querySelectorAll('#refused li').length === 1");
    page.until("document.getElementById('good-count')?.dataset.count === '24'");
    assert!(
        page.value("document.getElementById('refused').textContent")
            .to_string()
            .contains("broken.png")
    );
    page.wrong.clear();
    // A region by keyboard.
    follow(&mut page, "/stations/part/setup");
    page.value("document.getElementById('canvas').focus()");
    for (key, times) in [
        ("ArrowUp", 6),
        ("ArrowLeft", 6),
        ("ArrowDown", 6),
        ("ArrowRight", 6),
    ] {
        (0..times).for_each(|_| page.press(key, 8));
        page.press("Enter", 0);
    }
    page.press("c", 0);
    page.until("document.querySelectorAll('#region-list li').length === 1");
    page.value("document.getElementById('region-keep').click()");
    page.until("document.getElementById('region-said').textContent.startsWith('Kept')");
    let mask = serving.get("/api/v1/stations/part/mask").json();
    assert_eq!(
        mask["inspect"][0].as_array().map(Vec::len),
        Some(4),
        "{mask}"
    );
    // And away again.
    page.value("document.querySelector('#region-list button').click()");
    page.value("document.getElementById('region-keep').click()");
    page.until("document.getElementById('region-said').textContent.startsWith('Kept')");
    assert_eq!(
        serving.get("/api/v1/stations/part/mask").json()["inspect"],
        json!([])
    );
    // An instant model.
    page.value("document.querySelector('#jobs button').click()");
    page.until("document.querySelector('.job.done') !== null");
    page.until("document.getElementById('found').textContent.includes('looked through')");
    page.assert_sound();
    // An image is sent from the page and judged, one is refused, and the verdict is seen.
    follow(&mut page, "/stations/part");
    page.assert_sound();
    page.value("document.querySelector('a[href=\"#files\"]').focus()");
    page.enter();
    page.until("document.activeElement.id === 'files'");
    world.write("first.png", image(40));
    page.choose(
        "#files",
        &[world.path("good/broken.png"), world.path("first.png")],
    );
    page.until("document.querySelector('.said h2')?.textContent === 'Part first'");
    page.until("document.getElementById('sent-words').textContent === '2 of 2 sent, 1 refused'");
    // That it was not judged is told to everybody.
    page.until("document.getElementById('missed')?.textContent.includes(', broken: ')");
    let refused = page.value("document.getElementById('refused').textContent");
    let refused = refused.as_str().unwrap().to_owned();
    assert!(
        refused.starts_with("broken.png") && refused.contains("its content is not a PNG"),
        "{refused}"
    );
    page.wrong.clear();
    let verdict = page.value("document.querySelector('.verdict').textContent");
    assert!(
        ["good", "check", "anomalous"]
            .map(Value::from)
            .contains(&verdict),
        "{verdict}"
    );
    let seconds = start.elapsed().as_secs();
    assert!(
        start.elapsed() < FIRST_VERDICT,
        "the first verdict came after {seconds} seconds"
    );
    page.assert_sound();
    // Thresholds by slider.
    labelled(&serving, &image(41), "good");
    labelled(&serving, &image(42), "bad");
    follow(&mut page, "/stations/part/verdict");
    page.value(
        "{ const one = document.getElementById('threshold-number'); one.value = -100; one.dispatchEvent(new Event('input')); }",
    );
    page.until("document.getElementById('meant').textContent.includes('1 of 1: 100.0 %')");
    page.value("window.isOld = true; document.getElementById('save').click()");
    page.until(
        "window.isOld === undefined && document.readyState === 'complete' && \
         document.getElementById('threshold-number').value === '-100'",
    );
    // Back by the page of models.
    follow(&mut page, "/stations/part/models");
    page.until("document.querySelectorAll('.versions tbody tr').length === 2");
    page.value("document.querySelector('button[data-post$=rollback]').click()");
    page.until("document.querySelector('button[data-post$=rollback]') === null");
    page.assert_sound();
    for end in ["", "/setup", "/models", "/verdict"] {
        assert_sound_everywhere(&mut page, &serving.url(&format!("/stations/part{end}")));
    }
    assert_sound_everywhere(&mut page, &serving.url("/new"));
    serving.stop();
}
