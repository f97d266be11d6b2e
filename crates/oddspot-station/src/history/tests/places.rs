//! Each test of the history on each database: on SQLite, and on PostgreSQL where that is there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::postgres::Postgres;
use crate::history::Place;

/// A test that is given the place of a history that is not there yet, once on each database.
macro_rules! on_each_database {
    ($name:ident) => {
        mod $name {
            use crate::history::{Place, tests::new_database};

            #[tokio::test]
            async fn in_a_file() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(&Place::File(folder.path().join("h"))).await;
            }

            #[tokio::test]
            async fn in_postgres() {
                if let Some(place) = new_database() {
                    super::$name(&place).await;
                }
            }
        }
    };
}
pub(crate) use on_each_database;

/// The server that all tests share: it ends with the program.
pub fn server() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    SERVER.get_or_init(Postgres::start).as_ref()
}

/// A database that nobody has used; None where there is no PostgreSQL.
pub fn new_database() -> Option<Place> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let server = server()?;
    let name = format!("t{}", NUMBER.fetch_add(1, Ordering::SeqCst));
    server.create(&name);
    Some(Place::Server(server.url(&name).parse().unwrap()))
}
