//! Killed at moments that follow no beat, under load.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::receiver::{Mood, Receiver};
use super::*;
use crate::serving::{agent, answer};

/// How often it is killed.
const KILLS: usize = 8;

/// Starts a service and kills it under load, again and again.
pub fn kill_under_load(world: &World) {
    let number = AtomicUsize::new(0);
    for round in 0..KILLS {
        let serving = serve(world);
        let url = serving.url("/api/v1/stations/model/inspections");
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let (agent, image) = (agent(), image(1));
                    while !is_over.load(Ordering::SeqCst) {
                        let part = number.fetch_add(1, Ordering::SeqCst);
                        let sent = agent
                            .post(format!("{url}?part_id=p{part}"))
                            .send(&image[..]);
                        if answer(sent).is_none() {
                            return;
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(150 + (round as u64 * 271) % 437));
            serving.kill();
            is_over.store(true, Ordering::SeqCst);
        });
    }
}

#[test]
fn killed_at_any_moment_each_inspection_is_told_in_order() {
    let receiver = Receiver::new(Mood::Breaks);
    let world = world_with(&format!(
        "kind = \"csv\"\nfolder = \"r\"\nkind = \"jsonl\"\nfolder = \"r\"\nkind = \"webhook\"\nurl = \"{}\"",
        receiver.url()
    ));
    world.make_folder("r");
    kill_under_load(&world);
    receiver.set(Mood::Takes);
    let serving = serve(&world);
    until_told(&serving);
    let all = ids(&serving);
    assert!(all.len() > 2 * KILLS, "too little came: {}", all.len());
    assert_eq!(first_of_each(receiver.ids("inspection")), all);
    // In files not even twice, and nothing half.
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let mut files: Vec<_> = world
        .files()
        .into_keys()
        .filter(|name| name.starts_with("r/"))
        .collect();
    files.sort();
    for name in files {
        let text = world.text(&name);
        assert!(text.ends_with('\n'));
        for line in text.lines().filter(|line| !line.starts_with("id,")) {
            match name.ends_with("csv") {
                true => rows.push(line.split(',').next().unwrap().to_owned()),
                false => {
                    let line: Value = serde_json::from_str(line).unwrap();
                    lines.push(line["id"].as_str().unwrap().to_owned());
                }
            }
        }
    }
    rows.retain(|id| all.contains(id));
    lines.retain(|id| all.contains(id));
    assert_eq!(rows, all);
    assert_eq!(lines, all);
    serving.stop();
}
