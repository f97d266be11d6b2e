//! Images that were not judged: told, and never as a verdict.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::receiver::{Mood, Receiver};
use super::*;

fn missed(receiver: &Receiver, reason: &str) -> Vec<Value> {
    let taken = receiver.taken().into_iter().map(|(_, body)| body);
    let missed =
        taken.filter(|body| body["kind"] == "missed" && body["missed"]["reason"] == reason);
    missed.map(|body| body["missed"].clone()).collect()
}

fn images(missed: &[Value]) -> u64 {
    missed
        .iter()
        .map(|one| one["images"].as_u64().unwrap())
        .sum()
}

#[test]
fn images_that_find_no_room_are_told_with_their_number_and_not_one_by_one() {
    let receiver = Receiver::new(Mood::Takes);
    let world = world_with(&format!(
        "kind = \"webhook\"\nurl = \"{}\"\n[limits]\nqueue = 1",
        receiver.url()
    ));
    let serving = serve(&world);
    let refused = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for part in 0..20 {
                    let sent = serving.send(&format!("?part_id=p{part}"), &image(1));
                    assert!([201, 503].contains(&sent.status), "{}", sent.text());
                    refused.fetch_add(u64::from(sent.status == 503), Ordering::SeqCst);
                }
            });
        }
    });
    let refused = refused.into_inner();
    assert!(refused > 10, "{refused}");
    let told = || missed(&receiver, "queue_full");
    until(|| (images(&told()) == refused).then_some(()));
    let told = told();
    assert!(told.len() < 10, "{} of {refused}", told.len());
    for one in &told {
        assert_eq!(one["verdict"], "missed");
        assert!(
            one["detail"].as_str().unwrap().contains("was not judged"),
            "{one}"
        );
    }
    // All of it in one order.
    let taken: Vec<String> = receiver.taken().into_iter().map(|(id, _)| id).collect();
    assert!(taken.is_sorted(), "{taken:?}");
    serving.stop();
}

#[test]
fn what_cannot_be_read_and_what_cannot_come_is_told_with_its_reason() {
    let receiver = Receiver::new(Mood::Takes);
    let outputs = format!(
        "folder = \"in\"\nafter = \"move\"\nkind = \"webhook\"\nurl = \"{}\"\nkind = \"csv\"\nfolder = \"r\"",
        receiver.url()
    );
    let world = world_with(&outputs);
    world.make_folder("in");
    world.make_folder("r");
    let serving = serve(&world);
    serving.send("?part_id=SN9", b"no image").problem(422);
    let invalid = || missed(&receiver, "invalid");
    until(|| (invalid().len() == 1).then_some(()));
    assert_eq!(
        (&invalid()[0]["part_id"], &invalid()[0]["images"]),
        (&"SN9".into(), &1.into())
    );
    world.write("in/broken.png", "no image");
    until(|| (invalid().len() == 2).then_some(()));
    assert_eq!(invalid()[1]["file"], "broken.png");
    serving.send("", b"").problem(422);
    until(|| (invalid().len() == 3).then_some(()));
    let long = "x".repeat(300);
    serving
        .send(&format!("?part_id={long}"), &image(1))
        .problem(422);
    until(|| (invalid().len() == 4).then_some(()));
    serving
        .post_bytes("/v2/models/model/infer", b"{}")
        .problem(422);
    until(|| (invalid().len() == 5).then_some(()));
    fs::rename(world.path("in"), world.path("away")).unwrap();
    let away = until(|| missed(&receiver, "folder_away").first().cloned());
    assert!(
        away["images"] == 0 && away["detail"].as_str().unwrap().contains("cannot be read"),
        "{away}"
    );
    until_told(&serving);
    let files = world.files();
    let (_, table) = files
        .iter()
        .find(|(name, _)| name.starts_with("r/"))
        .unwrap();
    let table = String::from_utf8(table.clone()).unwrap();
    let row = table.lines().find(|row| row.contains("SN9")).unwrap();
    assert!(row.contains(",missed,,,,"), "{row}");
    assert!(!table.contains(",good,"), "{table}");
    // It is counted as it is told.
    let metrics = serving.get("/metrics").text();
    assert!(
        metrics.contains("oddspot_missed_total{reason=\"invalid\"} 5"),
        "{metrics}"
    );
    serving.stop();
}

#[test]
fn the_page_of_the_line_tells_how_many_were_not_judged_and_why() {
    let world = World::with_model();
    world.make_folder("in");
    let serving = Serving::start(&world, "--folder in --after move");
    let english = || serving.get("/stations/model/now").text();
    assert!(!english().contains("id=\"missed\""));
    let half = image(1);
    let half = &half[..half.len() / 2];
    serving.send("?part_id=SN9", half).problem(422);
    let page = english();
    assert!(
        page.contains("1 image that came today was not judged:") && page.contains(", SN9: "),
        "{page}"
    );
    assert!(page.contains("damaged or incomplete"), "{page}");
    serving.send("", b"").problem(422);
    let page = english();
    assert!(
        page.contains("2 images that came") && page.contains(", without a name: the body is empty"),
        "{page}"
    );
    world.write("in/half.png", half);
    let page = until(|| Some(english()).filter(|page| page.contains("3 images that came")));
    assert!(
        page.contains(", half.png: the image half.png is damaged"),
        "{page}"
    );
    let german = serving.german("/stations/model/now");
    for words in [
        "3 Bilder, die heute kamen, wurden nicht beurteilt",
        ", half.png: das Bild half.png ist beschädigt oder unvollständig",
        ", ohne Namen: Die Anfrage ist leer: Senden Sie die Datei des Bildes.",
    ] {
        assert!(german.contains(words), "{words}: {german}");
    }
    // An image that is judged is none of them.
    assert_eq!(serving.send("", &image(2)).status, 201);
    assert!(english().contains("3 images that came"));
    serving.stop();
}

#[test]
fn a_file_that_cannot_be_moved_is_told_once() {
    let receiver = Receiver::new(Mood::Takes);
    let world = world_with(&format!(
        "folder = \"in\"\nafter = \"move\"\nkind = \"webhook\"\nurl = \"{}\"",
        receiver.url()
    ));
    world.make_folder("in");
    // It takes the place of the folder of what is done with.
    world.write("in/done", "in the way");
    let serving = serve(&world);
    world.write("in/broken.png", "no image");
    let invalid = || missed(&receiver, "invalid");
    until(|| (!invalid().is_empty()).then_some(()));
    a_moment();
    a_moment();
    assert!(world.path("in/broken.png").is_file());
    fs::remove_file(world.path("in/done")).unwrap();
    until(|| world.path("in/failed/broken.png").is_file().then_some(()));
    a_moment();
    assert_eq!(images(&invalid()), 1);
    serving.stop();
}

#[test]
fn without_a_model_nothing_is_good() {
    let receiver = Receiver::new(Mood::Takes);
    let world = world_with(&format!("kind = \"webhook\"\nurl = \"{}\"", receiver.url()));
    let text = world
        .text("serve.toml")
        .replace("model = \"model.oddspot\"\n", "");
    world.write("serve.toml", text);
    let serving = serve(&world);
    serving.send("?part_id=1", &image(1)).problem(409);
    let told = until(|| missed(&receiver, "no_model").first().cloned());
    assert_eq!(told["images"], 1);
    a_moment();
    assert_eq!(receiver.taken().len(), 1);
    // What was missed at last is told before it ends.
    for part in 2..5 {
        let sent = serving.send(&format!("?part_id={part}"), &image(1));
        sent.problem(409);
    }
    serving.stop();
    assert_eq!(images(&missed(&receiver, "no_model")), 4);
}
