//! What people say of a part: a defect's name and a note, on the pages and in what is asked for.

use serde_json::json;

use super::chromium::Chromium;
use super::{Serving, image};
use crate::world::World;

/// A service whose station has judged two parts, and their ids.
fn judged(world: &World) -> (Serving, Vec<String>) {
    let serving = Serving::start(world, "");
    let ids = ["one", "two"].map(|part| {
        let sent = serving.send(&format!("?part_id={part}"), &image(1));
        sent.json()["id"].as_str().unwrap().to_owned()
    });
    (serving, ids.to_vec())
}

#[test]
fn a_defect_and_a_note_are_shown_and_looked_for() {
    let world = World::with_model();
    let (serving, ids) = judged(&world);
    let label = json!({ "truth": "bad", "defect": "<b>scratch", "note": "left & below" });
    let place = format!("/api/v1/inspections/{}/label", ids[0]);
    assert_eq!(serving.put(&place, &label).status, 204);
    // On its page, to be changed there; on the page of another part its name is offered.
    let page = serving.get(&format!("/inspections/{}", ids[0])).text();
    for shown in [
        "name=\"defect\" list=\"defects\"",
        "value=\"&#60;b&#62;scratch\"",
        "value=\"left &#38; below\"",
        "Keep defect and note",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let other = serving.get(&format!("/inspections/{}", ids[1])).text();
    assert!(
        other.contains("<option value=\"&#60;b&#62;scratch\">"),
        "{other}"
    );
    assert!(other.contains("data-truth=\"bad\""), "{other}");
    // In the history: on the card, and by itself.
    let page = serving.get("/history?defect=%3Cb%3Escratch").text();
    assert_eq!(page.matches("<article").count(), 1, "{page}");
    assert!(page.contains("left &#38; below") && page.contains("Defect:"));
    assert!(page.contains("inspections.csv?defect=%3Cb%3Escratch"));
    assert!(!page.contains("<b>scratch"));
    let none = serving.get("/history?defect=dent").text();
    assert_eq!(none.matches("<article").count(), 0, "{none}");
    assert!(serving.german("/history").contains("Fehler:"));
    // Programs ask alike.
    let found = serving.get("/api/v1/inspections?defect=%3Cb%3Escratch");
    assert_eq!(found.json()["inspections"][0]["id"], ids[0].as_str());
    let described = serving.get("/openapi.json").json();
    let asked = &described["paths"]["/api/v1/inspections"]["get"]["parameters"];
    let asked = asked.as_array().unwrap();
    assert!(asked.iter().any(|one| one["name"] == "defect"));
    serving.stop();
}

#[test]
fn what_is_refused_of_a_text_is_said_in_the_language_of_the_page() {
    let world = World::with_model();
    let (serving, ids) = judged(&world);
    let label = json!({ "truth": "bad", "note": "n".repeat(1_001) });
    let place = format!("/api/v1/inspections/{}/label", ids[0]);
    let told = serving.put(&place, &label).problem(422);
    assert_eq!(told, "note has more than 1000 letters");
    // An image that is refused for its part's name, three times: one line, which counts them.
    for _ in 0..3 {
        let sent = serving.send(&format!("?part_id={}", "p".repeat(201)), &image(1));
        assert_eq!(sent.problem(422), "part_id has more than 200 letters");
    }
    let page = serving.german("/stations/model");
    assert!(page.contains("part_id hat mehr als 200 Zeichen"), "{page}");
    assert!(page.contains("das letzte von 3"), "{page}");
    assert!(!page.contains("has more than"), "{page}");
    serving.stop();
}

#[test]
#[ignore = "needs chromium"]
fn a_defect_is_written_and_changed_by_keyboard() {
    let world = World::with_model();
    let (serving, ids) = judged(&world);
    let mut page = Chromium::start(&world);
    let url = serving.url(&format!("/inspections/{}", ids[0]));
    page.open(&url, 390, "dark");
    // The script listens by then.
    let ready = "document.querySelector('#print')?.hidden === false";
    page.until(ready);
    page.value("document.querySelector('[name=defect]').value = ' scratch '");
    page.value("document.querySelector('[name=note]').value = 'at the rim'");
    page.value("document.querySelector('[data-truth=bad]').focus()");
    page.enter();
    page.until("document.querySelector('.facts')?.textContent.includes('scratch')");
    page.assert_sound();
    let kept = |ids: &[String]| {
        let place = format!("/api/v1/inspections/{}", ids[0]);
        serving.get(&place).json()["label"].clone()
    };
    let wanted = json!({ "truth": "bad", "defect": "scratch", "note": "at the rim" });
    assert_eq!(kept(&ids), wanted);
    // Enter in a field keeps what stands there, and what it is called stays.
    page.until("document.querySelector('[data-remove]') !== null");
    page.until(ready);
    page.value("document.querySelector('[name=note]').value = ''");
    page.value("document.querySelector('[name=defect]').focus()");
    page.enter();
    page.until("document.querySelector('.facts')?.textContent.includes('at the rim') === false");
    page.until(ready);
    let wanted = json!({ "truth": "bad", "defect": "scratch", "note": null });
    assert_eq!(kept(&ids), wanted);
    page.value("document.querySelector('[data-remove]').click()");
    page.until("document.querySelector('[data-truth=good]') !== null");
    assert!(kept(&ids).is_null());
    page.assert_sound();
    serving.stop();
}
