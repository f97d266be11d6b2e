//! A folder that is watched: each image is judged once, when it is whole.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::pixels::paged;
use crate::watcher::{PATIENCE, Watching, results, with_folder};
use crate::world::{board, png};

fn names(results: &[Value]) -> Vec<String> {
    let name = |line: &Value| {
        let image = line["image"].as_str().unwrap();
        image.split_once("/in/").unwrap().1.to_owned()
    };
    let mut names: Vec<String> = results.iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn images_are_judged_when_they_are_whole_and_once() {
    let world = with_folder();
    world.boards("in", 1);
    world.write("in/notes.txt", "no image");
    // Forgotten, and told of; one that was just begun is not.
    let minutes_ago = SystemTime::now() - Duration::from_secs(120);
    for (name, age) in [
        ("old.png.tmp", minutes_ago),
        ("new.png.tmp", SystemTime::now()),
    ] {
        world.write(format!("in/{name}"), png(&board(9)));
        let file = File::options()
            .write(true)
            .open(world.path(format!("in/{name}")));
        file.unwrap().set_modified(age).unwrap();
    }
    let watching = Watching::start(&world, "");
    // What lay there is judged too.
    watching.results(1);
    // Renamed in, as careful writers do.
    world.write("in/.part", png(&board(1)));
    fs::rename(world.path("in/.part"), world.path("in/renamed.png")).unwrap();
    // In a new folder, and not called as an image.
    world.write("in/new/deep/frame", png(&board(2)));
    watching.results(3);
    // Written bit by bit, with its end long after its beginning.
    let bytes = png(&board(3));
    let mut slow = File::create(world.path("in/slow.png")).unwrap();
    for part in bytes.chunks(bytes.len().div_ceil(8)) {
        slow.write_all(part).unwrap();
        slow.flush().unwrap();
        sleep(Duration::from_millis(150));
    }
    drop(slow);
    world.write("in/broken.png", "no image");
    let found = watching.results(5);
    sleep(Duration::from_millis(1500));
    assert_eq!(results(&world).len(), 5);
    assert_eq!(
        names(&found),
        [
            "0.png",
            "broken.png",
            "new/deep/frame",
            "renamed.png",
            "slow.png"
        ]
    );
    for line in &found {
        let is_broken = line["image"].as_str().unwrap().ends_with("broken.png");
        assert_eq!(line["error"].is_string(), is_broken, "{line}");
        assert!(line["file"]["bytes"].as_u64().unwrap() > 0);
    }
    let run = watching.stop();
    assert!(
        run.stderr.contains("notes.txt is no image"),
        "{}",
        run.stderr
    );
    let unfinished = "1 image is hidden or called as one that is still written, as ";
    assert!(run.stderr.contains(unfinished), "{}", run.stderr);
    assert!(run.stderr.contains("old.png.tmp: renamed it is taken"));
    assert!(run.stderr.contains("5 images: "), "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 4, "{}", run.stdout);
    let day = found[0]["time"].as_str().unwrap()[..10].to_owned();
    let page = world.text(format!("out/{day}/index.html"));
    assert!(page.contains("5 images judged"));
    assert_eq!(
        world.text(format!("out/{day}/results.csv")).lines().count(),
        6
    );
}

#[test]
fn a_new_start_judges_what_came_in_between_and_nothing_twice() {
    let world = with_folder();
    world.boards("in", 2);
    let watching = Watching::start(&world, "--no-pictures");
    watching.results(2);
    watching.kill();
    // A run that was killed may have left half a line.
    let day = results(&world)[0]["time"].as_str().unwrap()[..10].to_owned();
    let list = world.path(format!("out/{day}/results.jsonl"));
    let mut list = File::options().append(true).open(list).unwrap();
    list.write_all(b"{\"image\":\"ha").unwrap();
    world.write("in/2.png", png(&board(2)));

    let watching = Watching::start(&world, "--no-pictures");
    watching.until(|| {
        world
            .text(format!("out/{day}/results.csv"))
            .lines()
            .nth(3)
            .map(drop)
    });
    // A name that is used again is another image.
    world.write("in/0.png", png(&board(7)));
    watching.until(|| {
        world
            .text(format!("out/{day}/results.csv"))
            .lines()
            .nth(4)
            .map(drop)
    });
    sleep(Duration::from_millis(1500));
    watching.stop();
    let table = world.text(format!("out/{day}/results.csv"));
    let mut images: Vec<&str> = table
        .lines()
        .skip(1)
        .map(|row| row.split_once(',').unwrap().0)
        .collect();
    images.sort();
    let ends = ["in/0.png", "in/0.png", "in/1.png", "in/2.png"];
    assert_eq!(images.len(), ends.len(), "{table}");
    for (image, end) in images.iter().zip(ends) {
        assert!(image.ends_with(end), "{table}");
    }
}

#[test]
fn a_file_in_the_place_of_another_of_its_size_and_age_is_judged_and_other_rights_make_none() {
    let world = with_folder();
    world.boards("in", 1);
    let watching = Watching::start(&world, "--no-pictures");
    watching.results(1);
    let place = world.path("in/0.png");
    fs::set_permissions(&place, fs::Permissions::from_mode(0o600)).unwrap();
    sleep(Duration::from_millis(1500));
    assert_eq!(results(&world).len(), 1);
    let age = place.metadata().unwrap().modified().unwrap();
    world.write("in/.next", world.read("in/0.png"));
    let next = File::options().append(true).open(world.path("in/.next"));
    next.unwrap().set_modified(age).unwrap();
    fs::rename(world.path("in/.next"), &place).unwrap();
    watching.results(2);
    watching.stop();
    // A new start knows it by its size and age.
    let watching = Watching::start(&world, "--no-pictures");
    sleep(Duration::from_millis(1500));
    watching.stop();
    assert_eq!(results(&world).len(), 2);
}

#[test]
fn results_may_lie_in_the_watched_folder_and_two_runs_may_not_share_them() {
    let world = with_folder();
    world.boards("in", 1);
    let mut command = world.oddspot("watch in -m model.oddspot -o in/out --new-only");
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut told = BufReader::new(child.stderr.as_mut().unwrap());
    told.read_line(&mut said).unwrap();
    assert_eq!(said, "what lies there already is passed over: 1 file\n");
    world.fails(
        &mut world.oddspot("watch in -m model.oddspot -o in/out"),
        &[
            &format!(
                "another `oddspot watch` (process {}) writes its results into in/out",
                child.id()
            ),
            "choose another -o",
        ],
    );
    world.write("in/1.png", png(&board(1)));
    let start = Instant::now();
    let rows = || {
        let files = world.files();
        let table = files.iter().find(|(name, _)| name.ends_with("results.csv"));
        table.map_or(0, |(_, bytes)| {
            String::from_utf8_lossy(bytes).lines().count()
        })
    };
    while rows() < 2 && start.elapsed() < PATIENCE {
        sleep(Duration::from_millis(20));
    }
    // Its pictures are written into the folder that it watches.
    sleep(Duration::from_millis(1500));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(rows(), 2);
    world.fails(
        &mut world.oddspot("watch in -m model.oddspot -o in"),
        &["would lie among the results in in"],
    );
    world.fails(
        &mut world.oddspot("watch none -m model.oddspot -o x"),
        &["none is no folder"],
    );
}

#[test]
fn what_goes_away_for_a_while_is_judged_when_it_is_back() {
    let world = with_folder();
    world.boards("in", 12);
    let watching = Watching::start(&world, "--no-pictures");
    watching.results(1);
    fs::rename(world.path("in"), world.path("away")).unwrap();
    sleep(Duration::from_millis(1500));
    let before = results(&world).len();
    fs::rename(world.path("away"), world.path("in")).unwrap();
    // The results too may be removed by somebody.
    let found = watching.results(12);
    assert!(before <= 12 && found.iter().all(|line| line["error"].is_null()));
    assert_eq!(names(&found).len(), 12);
    // It may be writing there.
    watching.until(|| fs::remove_dir_all(world.path("out")).ok());
    world.write("in/late.png", png(&board(20)));
    let found = watching.results(1);
    assert_eq!(names(&found), ["late.png"]);
    let run = watching.stop();
    let said = "was removed while results were written to it: it is begun anew";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn a_file_that_may_not_be_read_yet_is_judged_when_it_may() {
    let world = with_folder();
    world.write("in/a.png", png(&board(0)));
    let set = |mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(world.path("in/a.png"), mode).unwrap();
    };
    set(0o000);
    if File::open(world.path("in/a.png")).is_ok() {
        return; // Root reads it.
    }
    let watching = Watching::start(&world, "--no-pictures");
    sleep(Duration::from_millis(1500));
    assert!(results(&world).is_empty());
    set(0o644);
    assert!(watching.results(1)[0]["error"].is_null());
}

#[test]
fn pages_that_a_killed_run_did_not_tell_of_are_told_of_once() {
    let world = with_folder();
    world.write("in/stack.tif", paged([&board(0), &board(1), &board(2)]));
    let watching = Watching::start(&world, "--no-pictures --quiet");
    let found = watching.results(3);
    assert_eq!(names(&found), ["stack.tif#1", "stack.tif#2", "stack.tif#3"]);
    assert_eq!(found[2]["pages"], 3);
    watching.kill();
    let day = found[0]["time"].as_str().unwrap()[..10].to_owned();
    let list = format!("out/{day}/results.jsonl");
    let all = world.text(&list);
    for told in [1, 2] {
        let first: Vec<&str> = all.lines().take(told).collect();
        world.write(&list, first.join("\n") + "\n{\"image\":\"half");
        let watching = Watching::start(&world, "--no-pictures --quiet");
        watching.until(|| (world.text(&list).lines().count() >= 3).then_some(()));
        sleep(Duration::from_millis(800));
        watching.stop();
        let text = world.text(&list);
        for page in 1..=3 {
            let name = format!("stack.tif#{page}\"");
            assert_eq!(text.matches(&name).count(), 1, "{text}");
        }
        let last = text.lines().last().unwrap();
        assert!(last.contains("\"pages\":3"), "{last}");
    }
}

#[test]
fn nothing_is_written_over_files_of_others_in_the_folder_of_the_day() {
    let world = with_folder();
    world.boards("in", 1);
    let today = jiff::ZonedDateTime::now().strftime("%Y-%m-%d").to_string();
    let page = format!("out/{today}/index.html");
    world.write(&page, "mine");
    let watch = "watch in -m model.oddspot -o out --threads 1";
    let said = [page.as_str(), "none of oddspot's results", "another -o"];
    world.fails_leaving(&mut world.oddspot(watch), &said);
    assert_eq!(world.text(&page), "mine");
    fs::remove_file(world.path(&page)).unwrap();
    // Pictures are called otherwise than files that are there.
    let picture = format!("out/{today}/figure/0.png");
    world.write(&picture, "mine");
    let watching = Watching::start(&world, "");
    let files = watching.results(1)[0]["files"].to_string();
    watching.stop();
    assert_eq!(world.text(&picture), "mine");
    assert!(files.contains("figure/0.png.png"), "{files}");
}

#[test]
fn quiet_says_nothing_of_what_went_well() {
    let world = with_folder();
    world.write("in/notes.txt", "no image");
    world.boards("in", 1);
    let watching = Watching::start(&world, "--no-pictures --quiet --threshold 5");
    watching.results(1);
    sleep(Duration::from_millis(800));
    let run = watching.stop();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}
