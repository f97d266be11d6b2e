//! Images that are received slowly or at one moment, by stations that do not get into each other's way.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::{Serving, agent, answer, image, until};
use crate::world::World;

/// Stations that are triggered at one moment: more than one of them alone could receive at a time.
const TRIGGERED: usize = 14;

fn station(name: &str) -> String {
    format!("[[station]]\nname = \"{name}\"\nmodel = \"model.oddspot\"\n")
}

/// An image of which the head and the first half were sent to a station.
fn begun(serving: &Serving, station: &str, image: &[u8]) -> TcpStream {
    let host = serving.address.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /api/v1/stations/{station}/inspections HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        image.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&image[..image.len() / 2]).unwrap();
    connection
}

#[test]
fn stations_that_are_triggered_at_one_moment_are_all_judged() {
    let world = World::with_model();
    let names: Vec<String> = (0..TRIGGERED).map(|number| format!("s{number}")).collect();
    let stations: String = names.iter().map(|name| station(name)).collect();
    world.write("serve.toml", stations);
    let serving = Serving::started(&world, "--config serve.toml");
    let image = image(1);
    let all: Vec<TcpStream> = names
        .iter()
        .map(|name| begun(&serving, name, &image))
        .collect();
    for mut connection in all {
        connection.write_all(&image[image.len() / 2..]).unwrap();
        let mut said = String::new();
        connection.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 201 "), "{said}");
    }
    assert_eq!(serving.all().len(), TRIGGERED);
    serving.stop();
}

#[test]
fn images_that_come_slowly_take_the_places_of_their_own_station_alone() {
    let world = World::with_model();
    let limits = "[limits]\nqueue = 1\n";
    world.write("serve.toml", station("model") + &station("other") + limits);
    let serving = Serving::started(&world, "--config serve.toml");
    let image = image(1);
    // More than it receives at a time: one that may wait, and eight.
    let slow: Vec<TcpStream> = (0..12).map(|_| begun(&serving, "other", &image)).collect();
    // Else what is sent now might take the place of one of them.
    thread::sleep(Duration::from_millis(500));
    let send = || serving.post_bytes("/api/v1/stations/other/inspections", &image);
    let refused = until(|| Some(send()).filter(|sent| sent.status == 503));
    assert_eq!(refused.retry_after, "1");
    let said = refused.problem(503);
    let words = "too many images are being received for station other";
    assert!(said.starts_with(words), "{said}");
    for seed in 1..4 {
        let sent = serving.send("", &super::image(seed));
        assert_eq!(sent.status, 201, "{}", sent.text());
    }
    let counted = |reason: &str| {
        let metrics = serving.get("/metrics").text();
        metrics.contains(&format!("oddspot_missed_total{{reason=\"{reason}\"}} "))
    };
    assert!(counted("receiving_full"));
    let german = || serving.german("/stations/other");
    assert!(german().contains("werden schon zu viele Bilder empfangen"));
    drop(slow);
    until(|| counted("broken").then_some(()));
    until(|| german().contains("seine Verbindung endete").then_some(()));
    until(|| (send().status == 201).then_some(()));
    let run = serving.stop();
    assert!(
        !run.stderr.contains("Failed to buffer"),
        "whose words are these: {}",
        run.stderr
    );
}

/// Bytes of a service's memory that were resident at a time, at most.
fn peak(serving: &Serving) -> u64 {
    let id = serving.child.as_ref().unwrap().id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes: u64 = (line.unwrap().split_whitespace().nth(1).unwrap())
        .parse()
        .unwrap();
    kilobytes << 10
}

#[test]
fn images_of_many_pixels_at_many_stations_are_decoded_one_after_the_other() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let world = World::with_model();
    let names: Vec<String> = (0..6).map(|number| format!("s{number}")).collect();
    let stations: String = names.iter().map(|name| station(name)).collect();
    world.write("serve.toml", stations);
    let serving = Serving::started(&world, "--config serve.toml");
    let before = peak(&serving);
    // Of 54 megapixels, no two of which are let in together; decoded each takes 162 MB.
    let large = crate::world::png(&image::RgbImage::new(9000, 6000));
    thread::scope(|scope| {
        for name in &names {
            let url = serving.url(&format!("/api/v1/stations/{name}/inspections"));
            let large = &large;
            scope.spawn(move || {
                let sent = answer(agent().post(url).send(&large[..])).unwrap();
                assert_eq!(sent.status, 201, "{}", sent.text());
            });
        }
    });
    let grown = peak(&serving) - before;
    assert!(grown < 500 << 20, "{} MB", grown >> 20);
    serving.stop();
}
