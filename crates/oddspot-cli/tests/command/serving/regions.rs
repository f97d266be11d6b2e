//! Regions that are drawn by mouse; by finger and by keyboard they are where those are tried.

use serde_json::Value;

use super::Serving;
use super::chromium::Chromium;
use super::setting_up::with_good_images;
use crate::world::World;

#[test]
#[ignore = "needs chromium"]
fn regions_are_drawn_and_changed_by_mouse() {
    let world = World::new();
    let serving = Serving::started(&world, "");
    with_good_images(&serving, 2);
    let mut page = Chromium::start(&world);
    page.open(&serving.url("/stations/part/setup"), 1280, "light");
    page.value("document.getElementById('canvas').scrollIntoView({ block: 'center', behavior: 'instant' })");
    let drag = |page: &mut Chromium, from: [f64; 2], to: [f64; 2]| {
        let (from, to) = (page.on_canvas(from), page.on_canvas(to));
        page.drag(from, to);
    };
    // Four corners, and a click on the first one closes them.
    for at in [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8], [0.2, 0.2]] {
        drag(&mut page, at, at);
    }
    page.until("document.querySelector('#region-list li')?.textContent.includes('4 corners')");
    // A corner is drawn elsewhere.
    drag(&mut page, [0.8, 0.8], [0.7, 0.6]);
    // One to ignore, closed by its button.
    page.value("document.querySelector('[name=region-kind][value=ignore]').click()");
    // The first click lets go of the corner that was moved.
    for at in [[0.5, 0.95], [0.3, 0.3], [0.5, 0.3], [0.4, 0.5]] {
        drag(&mut page, at, at);
    }
    page.value("document.getElementById('region-close').click()");
    page.until("document.querySelectorAll('#region-list li').length === 2");
    page.value("document.getElementById('region-keep').click()");
    page.until("document.getElementById('region-said').textContent.startsWith('Kept')");
    page.assert_sound();
    let mask = serving.get("/api/v1/stations/part/mask").json();
    let shares = |kind: &str| {
        let ring = mask[kind][0].as_array().unwrap().iter();
        let of = |point: &Value, axis: usize| {
            let side = mask[["width", "height"][axis]].as_f64().unwrap();
            point[axis].as_f64().unwrap() / side
        };
        ring.map(|point| [of(point, 0), of(point, 1)])
            .collect::<Vec<_>>()
    };
    let near = |found: &[[f64; 2]], wanted: &[[f64; 2]]| {
        assert_eq!(found.len(), wanted.len(), "{mask}");
        for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((found - wanted).abs() < 0.02, "{mask}");
        }
    };
    near(
        &shares("inspect"),
        &[[0.2, 0.2], [0.8, 0.2], [0.7, 0.6], [0.2, 0.8]],
    );
    near(&shares("ignore"), &[[0.3, 0.3], [0.5, 0.3], [0.4, 0.5]]);
    serving.stop();
}
