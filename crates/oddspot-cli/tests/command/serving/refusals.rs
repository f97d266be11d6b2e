//! What is refused, and how that is said.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Serving, agent, answer, image};
use crate::world::World;

#[test]
fn what_cannot_be_judged_is_refused_and_leaves_nothing() {
    let world = World::with_model();
    world.write("serve.toml", "[limits]\nbody = 100000\npixels = 20000\n");
    let serving = Serving::start(&world, "--config serve.toml");
    let said = serving.send("", b"no image").problem(422);
    assert!(
        said.starts_with("cannot use image that was sent: "),
        "{said}"
    );
    serving.send("", b"").problem(422);
    let half = image(1);
    serving.send("", &half[..half.len() / 2]).problem(422);
    serving.send("", &vec![0; 100_001]).problem(413);
    // More than lies in between: it is read all the same, and the answer too.
    serving.send("", &vec![0; 30_000_000]).problem(413);
    let large = crate::world::png(&image::RgbImage::new(300, 300));
    assert!(serving.send("", &large).problem(413).contains("megapixels"));
    let long = "x".repeat(201);
    serving
        .send(&format!("?part_id={long}"), &image(1))
        .problem(422);
    serving.send("?part=1", &image(1)).problem(422);
    let elsewhere = serving.url("/api/v1/stations/none/inspections");
    let elsewhere = answer(serving.agent.post(elsewhere).send(&image(1)[..])).unwrap();
    assert!(elsewhere.problem(404).contains("none"));
    assert!(serving.all().is_empty());
    for (path, status) in [
        ("/api/v1/inspections?verdict=ok", 422),
        ("/api/v1/inspections?limit=1000", 422),
        ("/api/v1/inspections?since=soon", 422),
        ("/api/v1/inspections/none", 404),
        ("/api/v1/inspections/..%2F..%2Flock", 404),
        ("/api/v1/inspections/none/images/..%2Flock", 404),
        ("/assets/..%2Fstation.css", 404),
        ("/nothing", 404),
        ("/stations/none", 404),
        ("/api/v1/inspections?cursor=x", 422),
    ] {
        serving.get(path).problem(status);
    }
    let page = serving.get("/history?cursor=x");
    assert!(page.status == 200 && page.text().contains("is no id of an inspection"));
    let metrics = serving.get("/metrics").text();
    assert!(
        metrics.contains("oddspot_missed_total{reason=\"invalid\"}"),
        "{metrics}"
    );
    // It goes on all the same.
    assert_eq!(serving.send("", &image(1)).status, 201);
    let run = serving.stop();
    for said in [
        "an image was not judged",
        "an image was refused: the body is empty",
        "an image was refused: it has more than 100000 bytes",
    ] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn other_sites_and_other_names_of_this_machine_are_refused() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let with = |name: &str, value: &str| {
        let url = serving.url("/api/v1/inspections/x/label");
        answer(serving.agent.delete(url).header(name, value).call()).unwrap()
    };
    with("origin", "http://evil.example").problem(403);
    with("sec-fetch-site", "cross-site").problem(403);
    with("origin", &serving.address).problem(404);
    with("host", "evil.example").problem(421);
    let page = serving
        .agent
        .get(serving.url("/stations/model"))
        .call()
        .unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
}

#[test]
fn names_from_outside_are_text_on_the_pages() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    serving.send("?part_id=%3Cscript%3Ealert(1)%3C%2Fscript%3E", &image(1));
    let asked = "/history?part_id=%22%3E%3Cscript%3Ex";
    for path in ["/stations/model", "/stations/model/now", "/history", asked] {
        let page = serving.get(path);
        assert_eq!(page.status, 200, "{path}");
        let text = page.text();
        assert!(!text.contains("<script>"), "{path}: {text}");
    }
    assert_eq!(serving.get("/").status, 307);
}

#[test]
fn more_than_can_be_judged_is_refused_at_once() {
    let world = World::with_model();
    world.write("serve.toml", "[limits]\nqueue = 1\n");
    let serving = Serving::start(&world, "--config serve.toml");
    let (judged, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let large = crate::world::png(&image::RgbImage::from_fn(1500, 1500, |x, y| {
        image::Rgb([(x % 251) as u8, (y % 241) as u8, 90])
    }));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let url = serving.url("/api/v1/stations/model/inspections");
                for _ in 0..3 {
                    let sent = answer(agent().post(&url).send(&large[..])).unwrap();
                    if sent.status == 201 {
                        judged.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert!(sent.problem(503).contains("wait for station model"));
                        assert_eq!(sent.retry_after, "1");
                        refused.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let (judged, refused) = (judged.into_inner(), refused.into_inner());
    assert!(
        judged >= 2 && refused >= 1,
        "{judged} judged, {refused} refused"
    );
    assert_eq!(serving.all().len(), judged);
    let metrics = serving.get("/metrics").text();
    assert!(
        metrics.contains(&format!("reason=\"queue_full\"}} {refused}")),
        "{metrics}"
    );
}

#[test]
fn images_that_come_too_fast_are_refused() {
    let world = World::with_model();
    world.write("serve.toml", "[limits]\nrequests = 1\n");
    let serving = Serving::start(&world, "--config serve.toml");
    let sent: Vec<_> = (0..4).map(|_| serving.send("", &image(1))).collect();
    assert_eq!(sent[0].status, 201);
    let refused = sent.iter().find(|one| one.status == 429).unwrap();
    assert!(refused.problem(429).contains("in a second"));
}

#[test]
fn what_cannot_be_served_is_said_in_a_sentence() {
    let world = World::with_model();
    let serve = |options: &str| world.oddspot(&format!("serve --data data {options}"));
    world.fails_leaving(
        &mut serve("--model none.oddspot"),
        &["none.oddspot", "station none: model: "],
    );
    world.write("broken.oddspot", &world.read("model.oddspot")[..5000]);
    world.fails_leaving(&mut serve("--model broken.oddspot"), &["broken.oddspot"]);
    world.fails_leaving(
        &mut serve("--model model.oddspot --folder none"),
        &["none is no folder"],
    );
    world.fails_leaving(
        &mut serve("--model model.oddspot --listen 0.0.0.0:0"),
        &["0.0.0.0:0", "oddspot serve user add", "127.0.0.1"],
    );
    for (text, words) in [
        (
            "[[station]]\nname = \"a\"\nmodel = 7\n",
            &["serve.toml: line 3: station.model: "][..],
        ),
        (
            "[[station]]\nname = \"a\"\nmodel = \"none.oddspot\"\n",
            &["serve.toml: line 3: station.model: ", "none.oddspot"],
        ),
        (
            "[tls]\ncertificate = \"none.pem\"\nkey = \"none.key\"\n",
            &["serve.toml: line 2: tls.certificate: ", "none.pem"],
        ),
        (
            "[[station]]\nname = \"a\"\nfolder = \"data/in\"\n",
            &[
                "serve.toml: line 3: station.folder: ",
                "lies in the data folder",
            ],
        ),
    ] {
        world.write("serve.toml", text);
        world.fails_leaving(&mut serve("--config serve.toml"), words);
    }
    world.write("serve.toml", "threads = 1\nlistens = \"x\"\n");
    world.fails_leaving(
        &mut serve("--config serve.toml"),
        &["serve.toml", "line 2", "listens"],
    );

    let serving = Serving::start(&world, "");
    let second = &mut serve("--model model.oddspot --listen 127.0.0.1:0");
    let said = world.fails_leaving(second, &["another service uses this data folder"]);
    // Before any board is learned.
    let mut demonstration = world.oddspot("serve --demo --data data --listen 127.0.0.1:0");
    let demonstration = world.ends_with(&mut demonstration, 1);
    assert_eq!(demonstration.stderr, format!("error: {said}\n"));
    let address = serving.address.strip_prefix("http://").unwrap();
    let mut taken = world.oddspot(&format!(
        "serve --data other --model model.oddspot --listen {address}"
    ));
    world.fails_leaving(&mut taken, &["another program listens on", address]);
    assert_eq!(serving.send("", &image(1)).status, 201);
    serving.stop();
    assert!(world.path("data/lock").is_file());

    // Without a model nothing is good: it is said that nothing can be said.
    let serving = Serving::among(&world, "empty", "--name bare");
    let url = serving.url("/api/v1/stations/bare/inspections");
    let sent = answer(serving.agent.post(url).send(&image(1)[..])).unwrap();
    assert!(sent.problem(409).contains("no model"));
    serving.get("/v2/health/ready").problem(503);
    assert!(
        serving
            .get("/stations/bare")
            .text()
            .contains("nothing can be judged")
    );
}
