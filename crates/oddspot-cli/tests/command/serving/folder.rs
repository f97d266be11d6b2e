//! Images that come into a folder.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Serving, image, until};
use crate::world::World;

fn names(found: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> = found
        .iter()
        .map(|one| one["file"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn files_are_judged_once_and_moved_on() {
    let world = World::with_model();
    world.boards("in", 1);
    world.write("in/broken.png", "no image");
    world.write("in/notes.txt", "no image");
    let serving = Serving::start(&world, "--folder in --after move");
    serving.until(1);
    world.write("in/sub/.next", image(1));
    fs::rename(world.path("in/sub/.next"), world.path("in/sub/b.png")).unwrap();
    let found = serving.until(2);
    assert_eq!(names(&found), ["0.png", "sub/b.png"]);
    assert_eq!(found[0]["source"], "folder");
    // The same name again, with another board.
    until(|| world.path("in/done/sub/b.png").is_file().then_some(()));
    world.write("in/sub/.next", image(2));
    fs::rename(world.path("in/sub/.next"), world.path("in/sub/b.png")).unwrap();
    until(|| world.path("in/done/sub/b-2.png").is_file().then_some(()));
    assert_eq!(world.read("in/done/sub/b-2.png"), image(2));
    // Its writer might have paused: it is tried for some seconds.
    until(|| {
        world
            .path("in/failed/broken.png.txt")
            .is_file()
            .then_some(())
    });
    assert!(
        world
            .text("in/failed/broken.png.txt")
            .contains("cannot use image broken.png: ")
    );
    assert!(world.path("in/failed/broken.png").is_file() && world.path("in/notes.txt").is_file());
    assert!(world.path("in/done/0.png").is_file());
    assert_eq!(serving.all().len(), 3);
    serving.stop();
}

/// Puts a copy of a file into a folder, of the same age.
fn put_again(world: &World, file: &str, to: &str) {
    let next = world.path("in/.next");
    fs::copy(world.path(file), &next).unwrap();
    let written = world.path(file).metadata().unwrap().modified().unwrap();
    let copy = fs::File::options().write(true).open(&next).unwrap();
    copy.set_modified(written).unwrap();
    drop(copy);
    fs::rename(next, world.path(to)).unwrap();
}

#[test]
fn a_file_that_was_moved_on_and_is_put_back_is_judged_again() {
    let world = World::with_model();
    world.boards("in", 2);
    let moved = |name: &str| until(|| world.path(name).is_file().then_some(()));
    let serving = Serving::start(&world, "--folder in --after move");
    moved("in/done/0.png");
    moved("in/done/1.png");
    assert_eq!(serving.all().len(), 2);
    fs::rename(world.path("in/done/0.png"), world.path("in/0.png")).unwrap();
    let found = serving.until(3);
    assert_eq!(names(&found), ["0.png", "0.png", "1.png"]);
    moved("in/done/0.png");
    put_again(&world, "in/done/1.png", "in/1.png");
    serving.until(4);
    moved("in/done/1-2.png");
    serving.stop();
    // What was judged as often as it was moved is put back; of the other a kill may have come before the move.
    put_again(&world, "in/done/1.png", "in/1.png");
    fs::rename(world.path("in/done/0.png"), world.path("in/0.png")).unwrap();
    let serving = Serving::start(&world, "--folder in --after move");
    moved("in/done/0.png");
    moved("in/done/1-3.png");
    let found = serving.all();
    assert_eq!(names(&found), ["0.png", "0.png", "1.png", "1.png", "1.png"]);
    serving.stop();
}

#[test]
fn files_that_stay_are_judged_once_across_starts() {
    let world = World::with_model();
    world.boards("in", 3);
    let serving = Serving::start(&world, "--folder in");
    serving.until(3);
    serving.kill();
    world.write("in/late.png", image(7));
    let serving = Serving::start(&world, "--folder in");
    let found = serving.until(4);
    sleep(Duration::from_millis(1500));
    assert_eq!(serving.all().len(), 4);
    assert_eq!(names(&found), ["0.png", "1.png", "2.png", "late.png"]);
    serving.stop();
}

#[test]
fn a_folder_that_goes_away_is_told_of_and_waited_for() {
    let world = World::with_model();
    world.boards("in", 1);
    let serving = Serving::start(&world, "--folder in");
    serving.until(1);
    fs::rename(world.path("in"), world.path("away")).unwrap();
    let trouble = || {
        let stations = serving.get("/api/v1/stations").json();
        stations[0]["folder_trouble"].as_str().map(str::to_owned)
    };
    let said = until(trouble);
    assert!(said.contains("cannot be read"), "{said}");
    assert!(
        serving
            .get("/stations/model")
            .text()
            .contains("cannot be read")
    );
    world.write("away/new.png", image(5));
    fs::rename(world.path("away"), world.path("in")).unwrap();
    serving.until(2);
    until(|| trouble().is_none().then_some(()));
    let run = serving.stop();
    assert!(run.stderr.contains("cannot be read"), "{}", run.stderr);
}

#[test]
fn links_in_the_folder_are_told_of_and_nothing_behind_them_is_opened() {
    use std::os::unix::fs::symlink;
    let world = World::with_model();
    world.boards("real", 1);
    world.boards("outside", 3);
    symlink("real", world.path("in")).unwrap();
    symlink("../outside", world.path("real/below")).unwrap();
    symlink("../outside/0.png", world.path("real/link.png")).unwrap();
    symlink("nowhere", world.path("real/gone.png")).unwrap();
    let serving = Serving::start(&world, "--folder in --after move");
    serving.until(1);
    until(|| world.path("real/done/0.png").is_file().then_some(()));
    let trouble = || {
        let stations = serving.get("/api/v1/stations").json();
        stations[0]["folder_trouble"].as_str().map(str::to_owned)
    };
    let said = until(trouble);
    assert!(said.contains("3 symbolic links, as "), "{said}");
    let page = serving.german("/stations/model");
    assert!(page.contains("symbolischen Verknüpfungen"), "{page}");
    // Links that come later, and a file that a link takes the place of.
    symlink("../outside/2.png", world.path("real/late.png")).unwrap();
    until(|| trouble()?.contains("4 symbolic links").then_some(()));
    // New images in the folder behind a link are none of this folder's.
    world.write("outside/new.png", image(9));
    world.write("real/other.png", image(8));
    let found = serving.until(2);
    sleep(Duration::from_millis(2500));
    assert_eq!(names(&found), ["0.png", "other.png"]);
    assert_eq!(serving.all().len(), 2);
    for name in ["0.png", "1.png", "2.png", "new.png"] {
        assert!(world.path("outside").join(name).is_file());
    }
    for link in ["below", "link.png", "gone.png", "late.png"] {
        assert!(world.path("real").join(link).is_symlink());
        fs::remove_file(world.path("real").join(link)).unwrap();
    }
    until(|| trouble().is_none().then_some(()));
    let run = serving.stop();
    let told = run.stderr.matches("not followed").count();
    assert_eq!(told, 2, "{}", run.stderr);
}

/// A share of which the server does not answer, in the place of a folder.
struct Hanging {
    server: Child,
    place: PathBuf,
}

impl Hanging {
    /// None where none can be mounted.
    fn mounted(place: PathBuf) -> Option<Self> {
        // Who holds the device serves, and here never does.
        let script = "exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hanging \"$0\" \
                      && echo mounted && exec sleep 600";
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(&place);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().ok()?;
        let mut said = String::new();
        let out = server.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut said).unwrap();
        if said.is_empty() {
            eprintln!("skipped: no share that hangs can be mounted");
            server.wait().unwrap();
            return None;
        }
        Some(Self { server, place })
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
        let mut unmount = Command::new("umount");
        unmount.arg("-l").arg(&self.place).status().ok();
    }
}

#[test]
fn a_share_that_hangs_is_told_of_and_waited_for() {
    let world = World::with_model();
    world.boards("in", 1);
    let serving = Serving::start(&world, "--folder in");
    serving.until(1);
    let Some(hanging) = Hanging::mounted(world.path("in")) else {
        return;
    };
    let trouble = || {
        let stations = serving.get("/api/v1/stations").json();
        stations[0]["folder_trouble"].as_str().map(str::to_owned)
    };
    let said = until(trouble);
    assert!(said.contains("not answered for 20 seconds"), "{said}");
    let page = serving.german("/stations/model");
    assert!(page.contains("seit 20 Sekunden keine Antwort"), "{page}");
    // Images that are sent are judged meanwhile.
    assert_eq!(serving.send("", &image(4)).status, 201);
    sleep(Duration::from_millis(1500));
    drop(hanging);
    world.write("in/new.png", image(5));
    serving.until(3);
    until(|| trouble().is_none().then_some(()));
    let run = serving.stop();
    for said in ["not answered for 20 seconds", "answers again"] {
        assert_eq!(run.stderr.matches(said).count(), 1, "{}", run.stderr);
    }
}

#[test]
fn a_share_that_hangs_at_the_start_is_told_of_and_waited_for() {
    let world = World::with_model();
    world.boards("in", 2);
    let Some(hanging) = Hanging::mounted(world.path("in")) else {
        return;
    };
    world.boards("other", 1);
    let started = |data: &str, options: &str| {
        let begun = Instant::now();
        let serving = Serving::among(&world, data, options);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert_eq!(serving.get("/stations/model").status, 200);
        assert_eq!(serving.send("", &image(4)).status, 201);
        serving
    };
    // It can be ended meanwhile too.
    started("alone", "--model model.oddspot --folder in").stop();
    let station = |name: &str, folder: &str| {
        format!(
            "[[station]]\nname = \"{name}\"\nmodel = \"model.oddspot\"\nfolder = \"{folder}\"\n"
        )
    };
    world.write(
        "serve.toml",
        station("model", "in") + &station("other", "other"),
    );
    let serving = started("data", "--config serve.toml");
    // Other folders are judged.
    serving.until(2);
    let trouble = || {
        let stations = serving.get("/api/v1/stations").json();
        let stations = stations.as_array().unwrap().clone();
        let hangs = stations.into_iter().find(|one| one["name"] == "model");
        hangs.unwrap()["folder_trouble"].as_str().map(str::to_owned)
    };
    let said = until(trouble);
    assert!(said.contains("not answered for 20 seconds"), "{said}");
    // The log is written at the next look, within a second.
    let logged = || sleep(Duration::from_millis(1500));
    logged();
    drop(hanging);
    assert_eq!(serving.until(4).len(), 4);
    until(|| trouble().is_none().then_some(()));
    logged();
    let run = serving.stop();
    for said in ["not answered for 20 seconds", "answers again"] {
        assert_eq!(run.stderr.matches(said).count(), 1, "{}", run.stderr);
    }
}

#[test]
fn what_the_service_writes_is_no_image_that_came() {
    let world = World::with_model();
    world.boards(".", 2);
    let serving = Serving::start(&world, "--folder .");
    serving.until(2);
    sleep(Duration::from_millis(2500));
    assert_eq!(serving.all().len(), 2);
}

#[test]
fn a_file_that_is_no_image_and_stays_is_told_of_once_across_starts() {
    let world = World::with_model();
    world.boards("in", 1);
    world.make_folder("r");
    world.write("in/broken.png", "no image");
    let output = "[[station.output]]\nkind = \"jsonl\"\nfolder = \"r\"\n";
    let station = "[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\nfolder = \"in\"\n";
    world.write("serve.toml", format!("{station}{output}"));
    let told = || -> Vec<String> {
        let files = world
            .files()
            .into_keys()
            .filter(|name| name.starts_with("r/"));
        let lines: String = files.map(|name| world.text(&name)).collect();
        lines
            .lines()
            .filter(|line| line.contains("missed"))
            .map(str::to_owned)
            .collect()
    };
    for _ in 0..3 {
        let serving = Serving::started(&world, "--config serve.toml");
        serving.until(1);
        until(|| (told().len() == 1).then_some(()));
        // What is new is tried after it.
        sleep(Duration::from_secs(4));
        serving.stop();
        assert_eq!(told().len(), 1, "{:?}", told());
    }
    assert!(told()[0].contains("broken.png"), "{:?}", told());
    // Written anew it is tried again.
    world.write("in/broken.png", "still no image");
    let serving = Serving::started(&world, "--config serve.toml");
    until(|| (told().len() == 2).then_some(()));
    world.write("in/broken.png", image(3));
    serving.until(2);
    serving.stop();
}
