//! The disk is full: it is said, nothing is half written, and it goes on when there is room.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::load::told_in;
use super::*;
use crate::serving::outputs::{Broker, ids, mosquitto, to_broker, until_told};

/// Bytes of the small disk: some hundred images.
const SIZE: &str = "size=24m";

/// A small disk of a test's own.
struct Disk(PathBuf);

impl Disk {
    /// None where none can be mounted.
    fn mounted(place: PathBuf) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(&place);
        if !mount.output().is_ok_and(|done| done.status.success()) {
            eprintln!("skipped: no small disk can be mounted");
            return None;
        }
        Some(Self(place))
    }

    /// Takes all room that there is.
    fn fill(&self) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.0.join("fill"))
            .unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("fill")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

/// Names of files that were begun and not ended.
fn half_written(world: &World) -> Vec<String> {
    let all = world.files().into_keys();
    all.filter(|name| name.ends_with(".tmp") || name.ends_with("/probe"))
        .collect()
}

/// What a controller reads of unit 7: ready and error, and the verdict's register and the bits of "valid" and "good".
fn controller_reads(port: u16) -> ([bool; 2], (u8, [bool; 2])) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Registers 6 to 9, of which the last has the bits.
    let ask = [0, 1, 0, 0, 0, 6, 7, 4, 0, 6, 0, 4];
    stream.write_all(&ask).unwrap();
    let mut answer = [0; 17];
    stream.read_exact(&mut answer).unwrap();
    let is_on = |bit: u8| answer[16] >> bit & 1 == 1;
    ([0, 7].map(is_on), (answer[10], [2, 3].map(is_on)))
}

fn full(place: &Place) {
    let world = World::with_model();
    for folder in ["data", "in", "r"] {
        world.make_folder(folder);
    }
    let Some(disk) = Disk::mounted(world.path("data")) else {
        return;
    };
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let broker = mosquitto().map(|_| Broker::new(&world, "allow_anonymous true", ""));
    let mqtt = broker
        .as_ref()
        .map(|broker| format!("[[station.output]]\n{}", to_broker(broker.port)));
    let mqtt = mqtt.unwrap_or_default();
    world.write(
        "serve.toml",
        format!(
            "{}[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\nfolder = \"in\"\nafter = \"move\"\n\
             [[station.output]]\nkind = \"jsonl\"\nfolder = \"r\"\n\
             {mqtt}[[station.output]]\nkind = \"modbus\"\nunit = 7\n[modbus]\nlisten = \"127.0.0.1:{port}\"\n",
            place.line()
        ),
    );
    let serving = Serving::started(&world, "--config serve.toml");
    let mut answered = 0;
    for seed in 0..3 {
        let sent = serving.send("", &image(seed));
        assert_eq!(sent.status, 201);
        answered += 1;
    }
    for round in 0..3 {
        disk.fill();
        // What room is left in what the database has already may last for some.
        let refused = until(|| {
            let sent = serving.send("", &image(100 + answered));
            match sent.status {
                201 => answered += 1,
                _ => return Some(sent),
            }
            disk.fill();
            None
        });
        assert_eq!(refused.retry_after, "1");
        // Controllers and people know at once, and no verdict of before is left that could be taken for this part's.
        assert_eq!(controller_reads(port).0, [false, true]);
        until(|| (controller_reads(port).1 == (5, [false, false])).then_some(()));
        if let Some(broker) = &broker {
            broker.until_state("not_ready");
            let status = broker.heard("status").pop().unwrap();
            let reason = status["reason"].as_str().unwrap();
            assert!(reason.contains("nothing can be kept"), "{reason}");
        }
        let page = serving.get("/stations/model").text();
        assert!(page.contains("nothing can be kept"), "{page}");
        let said = refused.problem(507);
        assert!(said.contains("no room"), "{said}");
        let ready = until(|| {
            let ready = serving.get("/v2/health/ready");
            (ready.status == 503).then_some(ready)
        });
        let said = ready.problem(503);
        assert!(said.contains("no room"), "{said}");
        // Pages and what was judged can still be seen.
        assert_eq!(serving.get("/stations/model").status, 200);
        assert_eq!(serving.all().len() as u64, answered);
        // A file of the folder waits where it is.
        let name = format!("in/late{round}.png");
        world.write(&name, image(200 + round));
        until(|| {
            let stations = serving.get("/api/v1/stations").json();
            let trouble = stations[0]["folder_trouble"].as_str()?.to_owned();
            trouble.contains("no room").then_some(())
        });
        assert!(world.path(&name).is_file());
        // A label is kept, or it is said that it is not.
        let all = ids(&serving);
        let label = format!("/api/v1/inspections/{}/label", all[0]);
        let labelled = serving.put(&label, &json!({ "truth": "good", "note": "x".repeat(900) }));
        assert!([204, 507].contains(&labelled.status), "{}", labelled.text());
        assert_eq!(half_written(&world), Vec::<String>::new());
        disk.make_room();
        answered += 1;
        until(|| (serving.all().len() as u64 == answered).then_some(()));
        until(|| (!world.path(&name).exists()).then_some(()));
        until(|| (serving.get("/v2/health/ready").status == 200).then_some(()));
        until(|| controller_reads(port).0[0].then_some(()));
        if let Some(broker) = &broker {
            broker.until_state("ready");
        }
        let sent = serving.send("", &image(300 + round));
        assert_eq!(sent.status, 201, "{}", sent.text());
        answered += 1;
    }
    until_told(&serving);
    let all = serving.all();
    assert_eq!(all.len() as u64, answered);
    for one in &all {
        let place = format!(
            "/api/v1/inspections/{}/images/image",
            one["id"].as_str().unwrap()
        );
        assert_eq!(serving.get(&place).status, 200);
    }
    let all = ids(&serving);
    assert_eq!(told_in(&world, "r/"), all);
    if let Some(broker) = &broker {
        until(|| (broker.results().len() >= all.len()).then_some(()));
        assert_eq!(broker.results(), all);
    }
    assert_eq!(half_written(&world), Vec::<String>::new());
    let run = serving.stop();
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    place.is_whole(&world);
    let serving = Serving::started(&world, "--config serve.toml");
    assert_eq!(ids(&serving), all);
    serving.stop();
}

#[test]
fn a_full_disk_is_told_of_and_it_goes_on_when_there_is_room() {
    full(&Place::File);
}

#[test]
fn a_full_disk_is_told_of_and_it_goes_on_when_there_is_room_with_postgresql() {
    if let Some(place) = Place::server() {
        full(&place);
    }
}
