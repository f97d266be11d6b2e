//! Histories that earlier versions wrote: each is brought up to date, with every row, whatever comes between.

mod base;
mod rows;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use oddspot::files::digest::hex;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::access::{PASSWORD, piped};
use super::*;
use base::{Base, sqlite, steps};
use rows::ROWS;

const FINDING: &str = r#""threshold":5.5,"check_threshold":4.25,"why":null,"looks_wrong_share":1.0,"wrong_place_share":0.0,"terms":[],"peak":{"x":17,"y":18},"place":null,"alignment":null,"health":{"brightness":78.5,"contrast":41.0,"black":0.0,"burnt_out":0.0,"focus":0.5,"noise":3.0,"colour":50.0,"red_cast":-0.25,"blue_cast":-0.125,"light":0.0625,"right":0.0,"down":0.0,"larger":0.0,"turned":0.0,"unlike":-0.5,"beyond":[]},"width":96,"height":96"#;
const MASK: &str =
    r#"{"inspect":[],"ignore":[[[1.0,1.0],[9.0,1.0],[9.0,9.0]]],"width":96.0,"height":96.0}"#;
/// Of version 4 on somebody must sign in.
const ACCESS: usize = 4;
/// Inspections of a history that takes a while to be brought up to date.
const MANY: usize = 20_000;

/// What is filled into rows.
struct Filled {
    gaps: Vec<(&'static str, String)>,
    token: String,
}

impl Filled {
    /// By the model and an image, which are put where the service has them.
    fn of(world: &World) -> Self {
        let model = world.read("model.oddspot");
        let of_model = hex(&Sha256::digest(&model));
        world.write(format!("data/models/{of_model}.oddspot"), model);
        let picture = image(1);
        let of_image = hex(&Sha256::digest(&picture));
        world.write(
            format!("data/images/{}/{of_image}.png", &of_image[..2]),
            &picture,
        );
        // As the service makes them.
        let add = "serve user add anna --role admin --data other";
        let run = piped(world, add, &format!("{PASSWORD}\n"));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let add = "serve token add camera --role machine --data other";
        let token = world
            .succeeds(&mut world.oddspot(add))
            .stdout
            .trim()
            .to_owned();
        let other = world.path("other/history.sqlite");
        let password = sqlite(&other, "SELECT password FROM user");
        let gaps = vec![
            ("{finding}", FINDING.to_owned()),
            ("{mask}", MASK.to_owned()),
            ("{model}", of_model),
            ("{image}", of_image),
            ("{bytes}", picture.len().to_string()),
            ("{gone}", "0".repeat(64)),
            ("{password}", password),
            ("{secret}", hex(&Sha256::digest(&token))),
            ("{then}", "2026-11-29T21:06:49.746Z".to_owned()),
        ];
        Self { gaps, token }
    }

    fn fill(&self, text: &str) -> String {
        let fill = |text: String, (gap, value): &(&str, String)| text.replace(gap, value);
        self.gaps.iter().fold(text.to_owned(), fill)
    }
}

/// Whoever asks, of version 4 on by a cookie.
struct Reader<'a> {
    serving: &'a Serving,
    cookie: String,
}

impl<'a> Reader<'a> {
    fn of(serving: &'a Serving, signs_in: bool) -> Self {
        let mut cookie = String::new();
        if signs_in {
            let body = format!("name=anna&password={}&next=", PASSWORD.replace(' ', "+"));
            let request = serving.agent.post(serving.url("/login"));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = request.send(body.as_bytes()).unwrap();
            assert_eq!(answer.status(), 303);
            let given = answer.headers()["set-cookie"].to_str().unwrap();
            cookie = given.split(';').next().unwrap().to_owned();
        }
        Self { serving, cookie }
    }

    fn get(&self, path: &str) -> Answer {
        let request = self.serving.agent.get(self.serving.url(path));
        let got = answer(request.header("cookie", &self.cookie).call()).unwrap();
        assert_eq!(got.status, 200, "{path}: {}", got.text());
        got
    }
}

/// Whether all that a history of a version had is told.
fn is_told(serving: &Serving, version: usize) {
    let reader = Reader::of(serving, version >= ACCESS);
    let all = reader.get("/api/v1/inspections?order=oldest").json();
    let all = all["inspections"].as_array().unwrap();
    let of_all = |key: &str| -> Vec<Value> { all.iter().map(|one| one[key].clone()).collect() };
    assert_eq!(of_all("part_id"), ["SN1", "SN2", "SN3"]);
    assert_eq!(of_all("verdict"), ["good", "anomalous", "good"]);
    assert_eq!(of_all("score"), [1.5, 24.75, 2.5]);
    assert_eq!(of_all("source"), ["http", "folder", "http"]);
    assert_eq!(all[1]["file"], "sub/b.png");
    assert_eq!(all[1]["finding"]["regions"][0]["area"], 55);
    let label = &all[1]["label"];
    assert_eq!(
        (&label["truth"], &label["note"]),
        (&json!("bad"), &json!("it's gone"))
    );
    let is_of = |first: usize, found: &Value, wanted: &str| {
        let wanted = (version >= first).then_some(json!(wanted));
        assert_eq!(found, &wanted.unwrap_or_default());
    };
    is_of(ACCESS, &label["who"], "anna");
    is_of(ACCESS, &all[0]["token"], "camera");
    is_of(5, &all[2]["image_removed"], "2026-11-29T21:06:49.746Z");
    let id = all[1]["id"].as_str().unwrap();
    let kept = reader.get(&format!("/api/v1/inspections/{id}/images/image"));
    assert_eq!(kept.bytes, image(1));
    for page in [
        "/stations/model",
        "/stations/model/setup",
        "/stations/model/models",
        "/stations/model/verdict",
    ] {
        reader.get(page);
    }
    assert!(
        reader
            .get(&format!("/inspections/{id}"))
            .text()
            .contains("SN2")
    );
    let models = reader.get("/api/v1/stations/model/models").json();
    assert_eq!(models.as_array().unwrap().len(), 1);
    assert_eq!(
        (&models[0]["active"], &models[0]["threshold"]),
        (&json!(true), &json!(5.5))
    );
    assert_eq!(
        models[0]["source"],
        if version == 1 { "before" } else { "job" }
    );
    let jobs = reader.get("/api/v1/jobs").json();
    let kinds: Vec<&str> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    let wanted: &[&str] = match version {
        1 => &[],
        2..=6 => &["instant"],
        _ => &["labels", "instant"],
    };
    assert_eq!(kinds, wanted);
    let good = reader.get("/api/v1/stations/model/good").json();
    assert_eq!(
        good.as_array().unwrap().len(),
        usize::from(version > 1),
        "{good}"
    );
    if version >= ACCESS {
        let done = reader.get("/api/v1/audit").text();
        assert!(done.contains("model_activated"), "{done}");
    }
}

/// Brings a history of each version up to date.
fn each(make: impl Fn(&World) -> Option<Base>) {
    let newest = steps().len();
    assert_eq!(ROWS.len(), newest, "each step has rows of its own");
    for version in 1..newest {
        let world = World::with_model();
        let Some(base) = make(&world) else { return };
        let filled = Filled::of(&world);
        base.make(version);
        for rows in &ROWS[..version] {
            base.sql(&filled.fill(rows));
        }
        let questions = base.questions();
        let before = base.rows(&questions);
        assert!(
            before.iter().all(|rows| !rows.is_empty()),
            "{questions:?} {before:?}"
        );
        world.write("plain.toml", base.line());
        let serving = Serving::started(&world, "--config plain.toml");
        assert_eq!(serving.get("/v2/health/ready").status, 200);
        serving.stop();
        assert_eq!(base.version(), newest);
        assert_eq!(base.rows(&questions), before, "version {version}");
        if let Base::File(file) = &base {
            let kept =
                file.with_file_name(format!("history.sqlite.before-version-{}", version + 1));
            let mode = fs::metadata(&kept).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let kept = Base::File(kept);
            assert_eq!((kept.version(), kept.rows(&questions)), (version, before));
        }
        world.make_folder("r");
        let output =
            "[[station]]\nname = \"model\"\n[[station.output]]\nkind = \"jsonl\"\nfolder = \"r\"\n";
        world.write("serve.toml", format!("{}{output}", base.line()));
        let serving = Serving::started(&world, "--config serve.toml");
        is_told(&serving, version);
        let bearer = format!("Bearer {}", filled.token);
        let headers = [("authorization", bearer.as_str())];
        let headers = &headers[usize::from(version < ACCESS)..];
        let sent = serving.send_with("", headers, &image(2));
        assert_eq!(sent.status, 201, "{}", sent.text());
        // What waited for the output is told before what came now.
        let wanted = if version >= 3 { 3 } else { 1 };
        let told = until(|| Some(told(&world)).filter(|told| told.lines().count() == wanted));
        assert_eq!(
            told.contains("SN2") && told.contains("queue_full"),
            version >= 3
        );
        serving.stop();
    }
}

/// What was told on the output.
fn told(world: &World) -> String {
    let files = world.files().into_iter();
    let told = files.filter(|(name, _)| name.starts_with("r/"));
    told.map(|(_, text)| String::from_utf8(text).unwrap())
        .collect()
}

#[test]
fn histories_of_all_earlier_versions_are_read_with_every_row() {
    each(Base::file);
}

#[test]
fn histories_of_all_earlier_versions_are_read_with_every_row_in_postgresql() {
    each(|_| Base::server());
}

/// Kills the service later and later while it brings a large history up to date, until it is.
fn killed(world: &World, base: &Base) {
    let filled = Filled::of(world);
    base.make(1);
    base.sql(&filled.fill(ROWS[0]));
    base.sql(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) \
         INSERT INTO inspection (id, station, judged_at, part_id, model, image, image_format, image_bytes, verdict, score, \
         threshold, check_threshold, latency_ms, source, finding) \
         SELECT '01a22921-c912-7665-8035-' || CAST(100000000000 + i AS TEXT), station, judged_at, 'many', model, image, \
         image_format, image_bytes, verdict, score, threshold, check_threshold, latency_ms, source, finding \
         FROM inspection, n WHERE part_id = 'SN1'"
    ));
    let count = "SELECT COUNT(*) FROM inspection";
    let all = (MANY + 3).to_string();
    let questions = base.questions();
    let before = base.rows(&questions);
    world.write("plain.toml", base.line());
    let (newest, mut kills, mut between) = (steps().len(), 0, 0);
    let mut pause = Duration::from_millis(20);
    while base.version() < newest {
        let options = "serve --data data --listen 127.0.0.1:0 --config plain.toml";
        let mut command = world.oddspot(options);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(pause);
        pause = pause.mul_f64(1.15);
        child.kill().unwrap();
        child.wait().unwrap();
        base.until_free();
        kills += 1;
        let version = base.version();
        if let Base::Server(_) = base {
            assert!([1, newest].contains(&version), "{version}");
        }
        between += usize::from(version > 1 && version < newest);
        assert_eq!(base.sql(count), all);
        assert!(pause < PATIENCE, "it does not come to its end");
    }
    println!("{kills} kills, {between} of them between two steps");
    assert!(kills > 2);
    assert_eq!(base.rows(&questions), before);
    let serving = Serving::started(world, "--config plain.toml");
    assert_eq!(serving.get("/v2/health/ready").status, 200);
    let last = serving.get("/api/v1/inspections?part_id=SN2").json();
    assert_eq!(last["inspections"][0]["label"]["truth"], "bad");
    assert_eq!(serving.send("", &image(2)).status, 201);
    serving.stop();
}

#[test]
fn killed_while_it_is_brought_up_to_date_a_history_opens_with_every_row() {
    let world = World::with_model();
    let Some(base) = Base::file(&world) else {
        return;
    };
    killed(&world, &base);
    let Base::File(file) = &base else { return };
    assert_eq!(sqlite(file, "PRAGMA integrity_check"), "ok");
    // As it was at first, whole, and nothing that was begun and not ended.
    let kept = Base::File(file.with_file_name("history.sqlite.before-version-2"));
    let count = kept.sql("SELECT COUNT(*) FROM inspection");
    assert_eq!((kept.version(), count), (1, (MANY + 3).to_string()));
    let names = world.files().into_keys();
    let begun: Vec<String> = names.filter(|name| name.ends_with(".tmp")).collect();
    assert_eq!(begun, Vec::<String>::new());
}

#[test]
fn killed_while_it_is_brought_up_to_date_a_history_opens_with_every_row_in_postgresql() {
    let world = World::with_model();
    let Some(base) = Base::server() else { return };
    killed(&world, &base);
}
