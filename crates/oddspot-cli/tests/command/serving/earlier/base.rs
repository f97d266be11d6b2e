//! A database of a test's own, made as an earlier version made it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use oddspot::files::digest::hex;
use sha2::{Digest, Sha384};

use crate::serving::outputs::lacks;
use crate::serving::postgres::Postgres;
use crate::serving::until;
use crate::world::{Run, World};

/// Where the steps lie from version to version.
const STEPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../oddspot-station/migrations");

/// The steps in their order: what each does, and its SQL.
pub fn steps() -> Vec<(String, String)> {
    let files = fs::read_dir(STEPS).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let steps = files.iter().map(|file| {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let does = name.split_once('_').unwrap().1.to_owned();
        (does, fs::read_to_string(file).unwrap())
    });
    steps.collect()
}

/// A database of a test's own.
pub enum Base {
    File(PathBuf),
    Server(Postgres),
}

impl Base {
    pub fn file(world: &World) -> Option<Self> {
        let is_there = Command::new("sqlite3").arg("-version").output().is_ok();
        if !is_there {
            lacks("sqlite3");
            return None;
        }
        world.make_folder("data");
        Some(Self::File(world.path("data/history.sqlite")))
    }

    pub fn server() -> Option<Self> {
        let postgres = Postgres::start()?;
        postgres.create("line");
        Some(Self::Server(postgres))
    }

    /// What of it stands in the configuration.
    pub fn line(&self) -> String {
        match self {
            Self::File(_) => String::new(),
            Self::Server(postgres) => format!("database = \"{}\"\n", postgres.url("line")),
        }
    }

    pub fn sql(&self, statements: &str) -> String {
        match self {
            Self::File(file) => sqlite(file, statements),
            Self::Server(postgres) => postgres.sql("line", statements),
        }
    }

    /// Makes the tables as a version had them, and notes its steps as the service does.
    pub fn make(&self, version: usize) {
        let noted = match self {
            Self::File(_) => ["TIMESTAMP", "BLOB", "CURRENT_TIMESTAMP"],
            Self::Server(_) => ["TIMESTAMPTZ", "BYTEA", "now()"],
        };
        let [moment, bytes, now] = noted;
        self.sql(&format!(
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on {moment} \
             NOT NULL DEFAULT {now}, success BOOLEAN NOT NULL, checksum {bytes} NOT NULL, execution_time BIGINT NOT NULL)"
        ));
        for (at, (does, sql)) in steps().into_iter().take(version).enumerate() {
            let sql = match self {
                Self::File(_) => sql,
                Self::Server(_) => {
                    (sql.replace(" TEXT", " TEXT COLLATE \"C\"")).replace(" BLOB", " BYTEA")
                }
            };
            self.sql(&sql);
            let checksum = hex(&Sha384::digest(&sql));
            let checksum = match self {
                Self::File(_) => format!("X'{checksum}'"),
                Self::Server(_) => format!("'\\x{checksum}'"),
            };
            self.sql(&format!(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES ({}, '{does}', TRUE, {checksum}, 1)",
                at + 1
            ));
        }
    }

    pub fn version(&self) -> usize {
        let last = self.sql("SELECT MAX(version) FROM _sqlx_migrations");
        last.parse().unwrap()
    }

    /// What to ask to see all rows of each table.
    pub fn questions(&self) -> Vec<String> {
        let tables = match self {
            Self::File(_) => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Self::Server(_) => {
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            }
        };
        let tables = self.sql(tables);
        let tables = tables.lines().filter(|name| *name != "_sqlx_migrations");
        let questions = tables.map(|table| {
            let columns = self.sql(&match self {
                Self::File(_) => format!("SELECT group_concat('\"' || name || '\"', ', ') FROM pragma_table_info('{table}')"),
                Self::Server(_) => format!(
                    "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns \
                     WHERE table_schema = 'public' AND table_name = '{table}'"
                ),
            });
            format!("SELECT {columns} FROM \"{table}\" ORDER BY {columns}")
        });
        questions.collect()
    }

    pub fn rows(&self, questions: &[String]) -> Vec<String> {
        questions.iter().map(|one| self.sql(one)).collect()
    }

    /// Waits until nobody has hold of it: a server notices late that a program was killed.
    pub fn until_free(&self) {
        if let Self::Server(_) = self {
            let held = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'";
            until(|| (self.sql(held) == "0").then_some(()));
        }
    }
}

pub fn sqlite(file: &Path, statements: &str) -> String {
    let mut command = Command::new("sqlite3");
    command.arg("-bail").arg(file).stdin(Stdio::piped());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{statements};").unwrap();
    drop(input);
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{statements}: {}", run.stderr);
    run.stdout.trim().to_owned()
}
