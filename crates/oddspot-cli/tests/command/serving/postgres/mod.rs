//! A history in PostgreSQL: a real one, that is stopped and started.

mod alike;
mod away;
mod hangs;
mod held;
mod moving;

// The same server as in the tests of the history; each of both leaves something of it.
#[path = "../../../../../oddspot-station/src/history/tests/proxy.rs"]
mod proxy;
#[path = "../../../../../oddspot-station/src/history/tests/postgres.rs"]
#[allow(dead_code)]
mod server;

use super::outputs::{first_of_each, ids, until_told};
use super::{Serving, image, until};
use crate::world::World;
pub use server::Postgres;

/// Writes a configuration of a station `model` with a database, and what else is said of the station.
fn configure(world: &World, database: &str, station: &str) {
    let station = format!("[[station]]\nname = \"model\"\nmodel = \"model.oddspot\"\n{station}");
    world.write(
        "serve.toml",
        format!("database = \"{database}\"\n{station}\n"),
    );
}

/// A test with a service whose history is in a file, and one whose history is in PostgreSQL.
macro_rules! for_each_database {
    ($name:ident) => {
        mod $name {
            use crate::serving::Serving;
            use crate::serving::postgres::Postgres;
            use crate::world::World;

            #[test]
            fn in_a_file() {
                let world = World::with_model();
                let serving = Serving::start(&world, "");
                super::$name(&serving);
                serving.stop();
            }

            #[test]
            fn in_postgresql() {
                let Some(postgres) = Postgres::start() else {
                    return;
                };
                postgres.create("line");
                let world = World::with_model();
                let database = format!("--database {}", postgres.url("line"));
                let serving = Serving::start(&world, &database);
                super::$name(&serving);
                serving.stop();
            }
        }
    };
}
pub(super) use for_each_database;

fn serve(world: &World) -> Serving {
    Serving::started(world, "--config serve.toml")
}
