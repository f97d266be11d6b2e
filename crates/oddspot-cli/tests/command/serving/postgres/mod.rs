//! A history in PostgreSQL: a real one, that is stopped and started.

mod alike;
mod away;
mod held;

// The same server as in the tests of the history; each of both leaves something of it.
#[path = "../../../../../oddspot-station/src/history/tests/postgres.rs"]
#[allow(dead_code)]
mod server;

use super::outputs::{first_of_each, ids, until_told};
use super::{Serving, image, until};
use crate::world::World;
use server::Postgres;

/// Writes a configuration of a station `model` with a database, and what else is said of the station.
fn configure(world: &World, database: &str, station: &str) {
    let station = format!("[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n{station}");
    world.write(
        "serve.toml",
        format!("database = \"{database}\"\n{station}\n"),
    );
}

fn serve(world: &World) -> Serving {
    Serving::started(world, "--config serve.toml")
}
