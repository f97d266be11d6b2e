//! What holds for as long as a line runs: kills, full disks, a database that is there or in a server. Short by default;
//! `--ignored` runs the long ones.

mod kills;
mod load;
mod many;
mod room;

use super::postgres::Postgres;
use super::{Serving, image, until};
use crate::world::World;

/// Where a history is.
enum Place {
    File,
    Server(Postgres),
}

impl Place {
    /// Of a new server; None where there is no PostgreSQL.
    fn server() -> Option<Self> {
        let postgres = Postgres::start()?;
        postgres.create("line");
        Some(Self::Server(postgres))
    }

    /// What of it stands in the configuration.
    fn line(&self) -> String {
        match self {
            Self::File => String::new(),
            Self::Server(postgres) => format!("database = \"{}\"\n", postgres.url("line")),
        }
    }

    /// Whether nothing in it is damaged.
    fn is_whole(&self, world: &World) {
        match self {
            Self::File => {
                let file = world.path("data/history.sqlite");
                let mut check = std::process::Command::new("sqlite3");
                let check = check.arg(file).arg("PRAGMA integrity_check").output();
                let Ok(check) = check else {
                    return super::outputs::lacks("sqlite3");
                };
                assert_eq!(String::from_utf8(check.stdout).unwrap(), "ok\n");
            }
            Self::Server(postgres) => {
                let rows = "SELECT COUNT(*) FROM inspection LEFT JOIN image_health ON inspection = id \
                            WHERE inspection IS NULL";
                assert_eq!(postgres.sql("line", rows), "0");
            }
        }
    }
}
