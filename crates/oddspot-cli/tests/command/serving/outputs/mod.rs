//! What goes out: each inspection at least once and in order, whatever happens to the service or to who is told.

mod files;
pub mod kills;
mod missed;
mod modbus;
mod mqtt;
pub mod receiver;
mod webhook;

pub use mqtt::{Broker, certificates, mosquitto, to as to_broker};

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::{Serving, image, until};
use crate::world::World;

/// A world with a station `model` that has these outputs.
fn world_with(outputs: &str) -> World {
    let world = World::with_model();
    configure(&world, outputs);
    world
}

/// Writes the configuration; each output begins with its kind.
fn configure(world: &World, outputs: &str) {
    let outputs = outputs.replace("kind =", "[[station.output]]\nkind =");
    let text = format!("[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n{outputs}\n");
    world.write("serve.toml", text);
}

fn serve(world: &World) -> Serving {
    Serving::started(world, "--config serve.toml")
}

/// The only station's outputs, as the API tells of them.
fn outputs(serving: &Serving) -> Vec<Value> {
    let stations = serving.get("/api/v1/stations").json();
    stations[0]["outputs"].as_array().unwrap().clone()
}

/// Waits until nothing waits any more.
pub fn until_told(serving: &Serving) {
    until(|| {
        let told = outputs(serving).iter().all(|one| one["waiting"] == 0);
        told.then_some(())
    });
}

/// The ids of all inspections, the oldest first.
pub fn ids(serving: &Serving) -> Vec<String> {
    let all = serving.all();
    let ids = all.iter().map(|one| one["id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// What came twice counts where it came first.
pub fn first_of_each(ids: Vec<String>) -> Vec<String> {
    let mut first: Vec<String> = Vec::new();
    for id in ids {
        if !first.contains(&id) {
            first.push(id);
        }
    }
    first
}

/// Says that a test is skipped, for another program is not there. Where `CI_PEERS` is set all of them must be.
pub fn lacks(peer: &str) {
    let must_be = std::env::var_os("CI_PEERS").is_some();
    assert!(!must_be, "there is no {peer}");
    eprintln!("skipped: there is no {peer}");
}

fn a_moment() {
    sleep(Duration::from_millis(1500));
}
