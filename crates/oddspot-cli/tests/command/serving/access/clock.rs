//! The clock is set back and forth while the service runs: orders, sessions and repetitions hold.

use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::serving::outputs::receiver::{Mood, Receiver};
use crate::serving::outputs::{first_of_each, lacks};

/// Where Debian has what tells programs another time.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

#[test]
fn a_clock_that_is_set_back_an_hour_changes_no_order_and_ends_no_session() {
    let Some(library) = LIBRARIES.into_iter().find(|one| Path::new(one).is_file()) else {
        return lacks("libfaketime");
    };
    let world = World::with_model();
    let receiver = Receiver::new(Mood::Takes);
    world.write(
        "serve.toml",
        format!(
            "[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n[[station.output]]\nkind = \"webhook\"\nurl = \"{}\"\n",
            receiver.url()
        ),
    );
    world.write("clock", "+0\n");
    let begin = || {
        let options = "serve --data data --listen 127.0.0.1:0 --threads 1 --config serve.toml";
        let mut command = world.oddspot(options);
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", world.path("clock"))
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Serving::begun(command)
    };
    let serving = begin();
    add_all(&world);
    let token = add_token(&world, "camera", "machine", "");
    let (machine, anna) = (
        Client::program(&serving, &token),
        Client::person(&serving, "admin"),
    );
    let mut sent = Vec::new();
    let mut send = |machine: &Client| {
        let reply = machine.send("model");
        assert_eq!(reply.status, 201, "{}", reply.text);
        let one = reply.json();
        sent.push(one["id"].as_str().unwrap().to_owned());
        one["time"].as_str().unwrap().to_owned()
    };
    let before = send(&machine);
    for (clock, mood) in [
        ("-1h\n", Mood::Answers("500 Not Now")),
        ("-1h\n", Mood::Takes),
        ("+2h\n", Mood::Answers("500 Not Now")),
        ("+2h\n", Mood::Takes),
        ("-3h\n", Mood::Takes),
    ] {
        world.write("clock", clock);
        receiver.set(mood);
        let mut times = Vec::new();
        for _ in 0..3 {
            times.push(send(&machine));
        }
        // The clock was really set.
        let is_back = clock.starts_with('-');
        assert_eq!(times[2] < before, is_back, "{clock} {times:?} {before}");
        // Who signed in still is, and the token opens.
        assert_eq!(anna.get("/api/v1/users").status, 200, "{clock}");
        if mood == Mood::Takes {
            // What failed is tried again by what has passed, whatever the clock says.
            let start = Instant::now();
            until(|| {
                let stations = anna.get("/api/v1/stations").json();
                (stations[0]["outputs"][0]["waiting"] == 0).then_some(())
            });
            assert!(start.elapsed() < Duration::from_secs(30), "{clock}");
        }
    }
    let ids = |reply: Reply| -> Vec<String> {
        let all = reply.json()["inspections"].as_array().unwrap().clone();
        all.iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(sent.is_sorted());
    let oldest = ids(anna.get("/api/v1/inspections?order=oldest&limit=100"));
    assert_eq!(oldest, sent);
    let mut newest = ids(anna.get("/api/v1/inspections?limit=100"));
    newest.reverse();
    assert_eq!(newest, sent);
    assert_eq!(first_of_each(receiver.ids("inspection")), sent);
    let audit = anna.get("/api/v1/audit").json();
    let entries = audit["entries"].as_array().unwrap();
    let order: Vec<&str> = entries
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert!(order.is_sorted_by(|a, b| a > b), "{order:?}");
    serving.stop();
    // And over a start with the clock still back.
    let serving = begin();
    let machine = Client::program(&serving, &token);
    let next = machine.send("model").json();
    assert!(next["id"].as_str().unwrap() > sent.last().unwrap().as_str());
    serving.stop();
}
