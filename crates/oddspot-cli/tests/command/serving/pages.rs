//! All pages, for everybody: in each language, light and dark, small and large, with axe-core's eyes, by keyboard, by
//! finger and on paper.

use std::path::PathBuf;

use serde_json::json;

use super::access::PASSWORD;
use super::chromium::Chromium;
use super::outputs::receiver::{Mood, Receiver};
use super::setting_up::{bad, over, small, start, with_good_images};
use super::{Serving, image, until};
use crate::world::World;

/// Widths and schemes in which each page is looked at, and the language.
const LOOKS: [(u32, &str, &str); 4] = [
    (1280, "light", "en"),
    (390, "dark", "en"),
    (390, "light", "de"),
    (1920, "dark", "de"),
];
/// What of a page is too small for a finger, in words; what stands within a sentence may be.
const SMALL: &str = "[...document.querySelectorAll('button, select, summary, nav a, .tap, .more a, input:not([type=hidden], \
     [type=checkbox], [type=radio])')].filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 43.5)\
     .map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}: ${one.getBoundingClientRect().height}`)\
     .join('; ')";

/// axe-core, by the variable that names its file. Where `CI_PEERS` is set it must be there.
fn axe() -> Option<String> {
    let path = std::env::var_os("ODDSPOT_AXE").map(PathBuf::from);
    match path {
        Some(path) => Some(std::fs::read_to_string(path).expect("axe-core")),
        None => {
            let must_be = std::env::var_os("CI_PEERS").is_some();
            assert!(!must_be, "ODDSPOT_AXE names no file of axe-core");
            eprintln!("axe-core is not there: .ci/page-tools brings it, and ODDSPOT_AXE names it");
            None
        }
    }
}

/// A station of good images, a model, and parts that were judged and labelled.
fn station(world: &World) -> Serving {
    let serving = Serving::started(world, "");
    with_good_images(&serving, 12);
    over(&serving, start(&serving, "instant", &small()));
    for (part, image) in [image(40), bad(41), image(42)].into_iter().enumerate() {
        let path = format!("/api/v1/stations/part/inspections?part_id=SN{part}");
        let judged = serving.post_bytes(&path, &image).json();
        let place = format!(
            "/api/v1/inspections/{}/label",
            judged["id"].as_str().unwrap()
        );
        let truth = ["good", "bad"][part % 2];
        if part < 2 {
            serving.put(&place, &json!({ "truth": truth }));
        }
    }
    serving
}

/// Looks at a page in all ways.
fn look(page: &mut Chromium, axe: Option<&str>, url: &str) {
    let join = if url.contains('?') { '&' } else { '?' };
    for (width, scheme, language) in LOOKS {
        let what = format!("{url}, {width} {scheme} {language}");
        page.open(&format!("{url}{join}language={language}"), width, scheme);
        page.until("document.readyState === 'complete'");
        assert_eq!(
            page.value("document.documentElement.lang"),
            language,
            "{what}"
        );
        // That a page answers 404 stands in the console, and is as it should be.
        page.wrong.retain(|line| !line.contains("status of 404"));
        page.assert_sound();
        if width == 390 {
            assert_eq!(page.value(SMALL), "", "{what}: too small for a finger");
        }
        let gaps = "/\\{\\w*\\}/.test(document.body.innerText)";
        assert_eq!(
            page.value(gaps),
            false,
            "{what}: a gap of a sentence is not filled"
        );
        if let Some(axe) = axe {
            page.value(&format!("{axe}; undefined"));
            let found = page.awaited(
                "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations\
                 .filter((one) => ['serious', 'critical'].includes(one.impact))\
                 .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`).join('\\n'))",
            );
            assert_eq!(found, "", "{what}");
        }
    }
}

#[test]
#[ignore = "needs chromium"]
fn every_page_is_for_everybody() {
    let world = World::new();
    let serving = station(&world);
    let axe = axe();
    let axe = axe.as_deref();
    let mut page = Chromium::start(&world);
    let id = serving.all()[1]["id"].as_str().unwrap().to_owned();
    let inspection = format!("/inspections/{id}");
    let all = [
        "/stations/part",
        "/history?station=part",
        "/history?cursor=none",
        &inspection,
        "/stations/part/setup",
        "/stations/part/models",
        "/stations/part/verdict",
        "/new",
        "/people",
        "/nothing/here",
    ];
    for path in all {
        look(&mut page, axe, &serving.url(path));
    }
    // With users.
    let user = json!({ "name": "anna", "role": "admin", "password": PASSWORD });
    assert_eq!(serving.post("/api/v1/users", &user).status, 201);
    look(&mut page, axe, &serving.url("/login"));
    page.open(&serving.url("/login?language=en"), 390, "light");
    page.value(&format!(
        "document.querySelector('[name=name]').value = 'anna'; document.querySelector('[name=password]').value = '{PASSWORD}'; \
         document.querySelector('form.column').requestSubmit()"
    ));
    page.until("location.pathname === '/stations/part'");
    for path in ["/account", "/people", "/stations/part"] {
        look(&mut page, axe, &serving.url(path));
    }
    serving.stop();
}

#[test]
#[ignore = "needs chromium"]
fn pages_are_used_by_keyboard_by_finger_and_on_paper() {
    let world = World::new();
    let serving = station(&world);
    let mut page = Chromium::start(&world);
    page.open(&serving.url("/stations/part"), 1280, "light");
    // The first thing that is reached leads to the content, and is seen.
    page.press("Tab", 0);
    assert_eq!(page.value("document.activeElement.className"), "skip");
    page.until("document.activeElement.getBoundingClientRect().left >= 0");
    // What can be used is reached in the order in which it stands.
    let reached = "document.activeElement.matches('.bar-top a')";
    page.press("Tab", 0);
    page.until(reached);
    let outline = page.value("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid");
    // Help, and away again.
    page.press("?", 0);
    page.until("document.getElementById('keys').open");
    page.press("h", 0);
    assert_eq!(page.value("location.pathname"), "/stations/part");
    page.value("document.getElementById('keys').close()");
    // A word on the last part.
    page.value("document.activeElement.blur()");
    page.press("w", 0);
    page.until("document.getElementById('call-wrong')?.textContent.includes('undo')");
    page.press("o", 0);
    page.until("!document.getElementById('show-odd').checked");
    page.press("h", 0);
    page.until("location.pathname === '/history' && document.readyState === 'complete'");
    page.press("/", 0);
    page.until("document.activeElement.id === 'search'");
    // Letters are letters there.
    page.press("s", 0);
    assert_eq!(page.value("location.pathname"), "/history");
    // Thresholds by arrows.
    page.open(&serving.url("/stations/part/verdict"), 1280, "light");
    page.value("document.getElementById('threshold').focus()");
    let before = page.value("document.getElementById('threshold-number').value");
    page.press_arrow_right();
    page.until(&format!(
        "document.getElementById('threshold-number').value !== {before}"
    ));
    // Regions: a triangle by finger, a corner moved and one removed by keyboard.
    page.open(&serving.url("/stations/part/setup"), 390, "light");
    page.value("document.getElementById('canvas').scrollIntoView({ block: 'center', behavior: 'instant' })");
    for share in [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8], [0.2, 0.2]] {
        let at = page.on_canvas(share);
        page.tap(at);
    }
    page.until("document.querySelectorAll('#region-list li').length === 1");
    page.value("document.getElementById('canvas').focus()");
    page.press("n", 0);
    page.press("ArrowLeft", 8);
    page.press("n", 0);
    page.press("Delete", 0);
    page.until("document.querySelector('#region-list li').textContent.includes('3 corners')");
    page.value("document.getElementById('region-keep').click()");
    page.until("document.getElementById('region-said').textContent.startsWith('Kept')");
    let mask = serving.get("/api/v1/stations/part/mask").json();
    let first = mask["inspect"][0][0][0].as_f64().unwrap() / mask["width"].as_f64().unwrap();
    assert!((first - 0.15).abs() < 0.02, "{mask}");
    page.assert_sound();
    // On paper: an inspection is one sheet, with what it is about.
    let id = serving.all()[1]["id"].as_str().unwrap().to_owned();
    for language in ["en", "de"] {
        let url = serving.url(&format!("/inspections/{id}?language={language}"));
        page.open(&url, 1280, "dark");
        page.until("document.getElementById('large').complete");
        assert_eq!(page.sheets(), 1);
    }
    page.open(&serving.url("/history?language=en"), 1280, "light");
    page.print_as_screen();
    let shown = page.value("document.querySelector('.printed').innerText");
    assert!(shown.as_str().unwrap().contains("SN1"), "{shown}");
    assert_eq!(
        page.value("document.querySelector('.bar-top').checkVisibility()"),
        false
    );
    serving.stop();
}

#[test]
#[ignore = "needs chromium"]
fn the_table_of_models_fits_in_every_width() {
    let world = World::new();
    let serving = station(&world);
    let models = serving.get("/api/v1/stations/part/models").json();
    let wanted = json!({ "model": models[0]["sha256"], "threshold": 9.5, "check_threshold": 8.5 });
    let saved = serving.post("/api/v1/stations/part/verdict", &wanted);
    assert!(saved.status < 300, "{}", saved.text());
    let mut page = Chromium::start(&world);
    for language in ["en", "de"] {
        for width in [390, 600, 760, 1000, 1200, 1201, 1280, 1920] {
            let url = format!("/stations/part/models?language={language}");
            page.open(&serving.url(&url), width, "light");
            page.assert_sound();
            let over = "(() => { const table = document.querySelector('.versions'); \
                 return [table.scrollWidth - table.parentElement.clientWidth, table.rows.length]; })()";
            let over = page.value(over);
            assert!(
                over[0].as_i64().unwrap() <= 0,
                "{language}, {width}: the table is {over} too wide"
            );
            assert_eq!(over[1], 3);
        }
    }
    serving.stop();
}

#[test]
fn what_fails_is_told_in_the_language_of_a_page_and_what_stays_english_is_marked() {
    let world = World::with_model();
    let receiver = Receiver::new(Mood::Answers("410 Gone"));
    let text = format!(
        "[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n[[station.output]]\nkind = \"webhook\"\n\
         url = \"{}\"\n[[station.output]]\nkind = \"csv\"\nfolder = \"gone\"\n",
        receiver.url()
    );
    world.make_folder("gone");
    world.write("serve.toml", text);
    let serving = Serving::started(&world, "--config serve.toml");
    std::fs::remove_dir(world.path("gone")).unwrap();
    assert_eq!(serving.send("?part_id=7", &image(1)).status, 201);
    let page = until(|| {
        let page = serving.german("/stations/model/now");
        (page.contains("die Antwort ist") && page.contains("diesen Ordner gibt es nicht"))
            .then_some(page)
    });
    assert!(
        page.contains("<span lang=\"en\">410 Gone</span>: Sehen Sie nach"),
        "{page}"
    );
    let english = serving.get("/stations/model/now").text();
    assert!(
        english.contains("it answers 410 Gone: look whether") && !english.contains("lang=\"en\""),
        "{english}"
    );
    let stations = serving.get("/api/v1/stations").json();
    let trouble = stations[0]["outputs"][0]["trouble"].as_str().unwrap();
    assert!(trouble.starts_with("it answers 410 Gone"), "{trouble}");

    let refused = |bytes: &[u8]| {
        let url = serving.url("/api/v1/stations/model/good?name=a.png");
        let request = serving.agent.post(url).header("oddspot-page", "1");
        let request = request.header("accept-language", "de");
        super::answer(request.send(bytes)).unwrap()
    };
    let half = image(2);
    let half = refused(&half[..half.len() / 2]);
    assert!(half.problem(422).contains("cannot use image a.png"));
    let said = half.json();
    assert!(
        said["said"]
            .as_str()
            .unwrap()
            .contains("beschädigt oder unvollständig"),
        "{said}"
    );
    assert!(said["english"].is_null(), "{said}");
    let other = refused(b"no image").json();
    let said = other["said"].as_str().unwrap();
    let in_english = other["english"][0].as_str().unwrap();
    assert!(
        said.contains("ist nicht zu gebrauchen") && said.contains(in_english),
        "{other}"
    );
    assert!(in_english.contains("its content is not a PNG"), "{other}");
    serving.stop();
}

#[test]
fn pages_are_in_the_language_that_their_reader_wants() {
    let world = World::with_model();
    world.write(
        "serve.toml",
        "language = \"de\"\n[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n",
    );
    let serving = Serving::started(&world, "--config serve.toml");
    let judged = serving.send("?part_id=SN1", &bad(3));
    assert_eq!(judged.status, 201, "{}", judged.text());
    let with = |path: &str, headers: &[(&str, &str)]| {
        let mut request = serving.agent.get(serving.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        super::answer(request.call()).unwrap()
    };
    let is_in = |language: &str, text: &str| text.contains(&format!("<html lang=\"{language}\">"));
    // The configuration, and the choice before it.
    let german = with("/stations/model", &[]).text();
    assert!(
        is_in("de", &german) && german.contains("Das war falsch"),
        "{german}"
    );
    let score = judged.json()["score"].as_f64().unwrap();
    assert!(
        german.contains(&format!("Wert {score:.2}").replace('.', ",")),
        "{german}"
    );
    let english = with("/stations/model", &[("cookie", "oddspot_language=en")]).text();
    assert!(is_in("en", &english) && english.contains("This was wrong"));
    assert!(english.contains(&format!("score {score:.2}")), "{english}");
    // A choice leads back to the same address, and is kept.
    let chosen = with("/history?order=score&language=en", &[]);
    assert_eq!(
        (chosen.status, &*chosen.location),
        (303, "/history?order=score")
    );
    let unknown = with("/history?language=tlh", &[]);
    assert_eq!((unknown.status, &*unknown.location), (303, "/history"));
    let elsewhere = with("//evil.example/?language=de", &[]);
    assert_eq!((elsewhere.status, &*elsewhere.location), (303, "/"));
    // Programs are told in English whatever they accept.
    let missing = with(
        "/api/v1/inspections/none",
        &[("accept-language", "de"), ("accept", "text/html")],
    );
    assert!(
        missing.problem(404).contains("there is no inspection"),
        "{}",
        missing.text()
    );
    let csv = with("/api/v1/inspections.csv", &[("accept-language", "de")]).text();
    assert!(
        csv.contains("anomalous") || csv.contains("good") || csv.contains("check"),
        "{csv}"
    );
    serving.stop();
    // Without a setting the browser says it; what is not there is told as a page, in its language.
    let serving = Serving::among(&world, "other", "--model model.oddspot");
    let asked = |headers: &[(&str, &str)]| {
        let mut request = serving.agent.get(serving.url("/nothing"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        super::answer(request.call()).unwrap()
    };
    let page = asked(&[
        ("accept", "text/html"),
        ("accept-language", "de-AT,de;q=0.9,en;q=0.5"),
    ]);
    assert_eq!(page.status, 404);
    assert!(is_in("de", &page.text()) && page.text().contains("Diese Seite gibt es nicht"));
    let page = asked(&[("accept", "text/html"), ("accept-language", "fr")]);
    assert!(is_in("en", &page.text()));
    assert!(asked(&[]).problem(404).contains("no such address"));
    serving.stop();
}
