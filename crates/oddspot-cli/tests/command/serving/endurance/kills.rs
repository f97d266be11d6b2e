//! Killed at moments that follow no beat, under the load of four clients and a folder.

use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use super::load::{Load, told_in};
use super::*;
use crate::serving::outputs::receiver::{Mood, Receiver};
use crate::serving::outputs::{first_of_each, ids, until_told};

/// By default so often, and with `--ignored` so often.
const KILLS: [u64; 2] = [6, 50];
/// Of the moments.
const SEED: u64 = 23;

/// Moments of chance, the same each time: the next pause, in milliseconds.
struct Moments(u64);

impl Moments {
    fn pause(&mut self) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(50 + (self.0 >> 33) % 900)
    }
}

fn killed(place: &Place, kills: u64) {
    let receiver = Receiver::new(Mood::Breaks);
    let world = World::with_model();
    world.make_folder("in");
    world.make_folder("r");
    world.write(
        "serve.toml",
        format!(
            "{}[limits]\nrequests = 1000000\n[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n\
             folder = \"in\"\nafter = \"move\"\n[[station.output]]\nkind = \"jsonl\"\nfolder = \"r\"\n\
             [[station.output]]\nkind = \"webhook\"\nurl = \"{}\"\n",
            place.line(),
            receiver.url()
        ),
    );
    let serve = || Serving::started(&world, "--config serve.toml");
    let (load, mut moments, begun) = (Load::default(), Moments(SEED), Instant::now());
    let serving = serve();
    load.set_url(&serving);
    let serving = scope(|scope| {
        let mut serving = serving;
        load.begin(scope, &world);
        for _ in 0..kills {
            sleep(moments.pause());
            serving.kill();
            serving = serve();
            load.set_url(&serving);
        }
        sleep(Duration::from_millis(500));
        load.end();
        serving
    });
    receiver.set(Mood::Takes);
    let counts = load.check(&world, &serving);
    until_told(&serving);
    let all = ids(&serving);
    let told = receiver.ids("inspection");
    assert_eq!(first_of_each(told.clone()), all);
    assert_eq!(told_in(&world, "r/"), all);
    assert!(
        counts.inspections as u64 > 2 * kills,
        "too little came: {}",
        counts.words()
    );
    serving.stop();
    place.is_whole(&world);
    let seconds = begun.elapsed().as_secs();
    println!(
        "{kills} kills in {seconds} s: {}, told {} times by webhook",
        counts.words(),
        told.len()
    );
}

#[test]
fn killed_under_load_nothing_is_lost_and_nothing_is_there_twice() {
    killed(&Place::File, KILLS[0]);
}

#[test]
fn killed_under_load_nothing_is_lost_and_nothing_is_there_twice_in_postgresql() {
    if let Some(place) = Place::server() {
        killed(&place, KILLS[0]);
    }
}

#[test]
#[ignore = "takes minutes"]
fn killed_fifty_times_nothing_is_lost() {
    killed(&Place::File, KILLS[1]);
    if let Some(place) = Place::server() {
        killed(&place, KILLS[1]);
    }
}
