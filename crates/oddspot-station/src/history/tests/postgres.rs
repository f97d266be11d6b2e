//! A PostgreSQL of a test's own: as an ordinary user, on a socket in a folder, and gone with the test.

use std::fs;
use std::io::Write;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long it may take to begin or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Users that it can be when the test is root, which it refuses to be.
const ORDINARY: [&str; 2] = ["postgres", "nobody"];

/// A server that runs, or that was stopped.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    server: Mutex<Option<Child>>,
    /// Ends the server and removes its folder, however the test ends: when its input closes.
    guard: Child,
}

impl Postgres {
    /// Starts one; None where PostgreSQL is not there, which is an error where `CI_PEERS` is set.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let must_be = std::env::var_os("CI_PEERS").is_some();
            assert!(!must_be, "there is no PostgreSQL");
            eprintln!("skipped: there is no PostgreSQL");
            return None;
        };
        let folder = tempfile::tempdir().unwrap().keep();
        if let Some(user) = ordinary() {
            let [user, group] = ["-u", "-g"].map(|of| {
                let id = Command::new("id").args([of, user]).output().unwrap();
                String::from_utf8(id.stdout)
                    .unwrap()
                    .trim()
                    .parse()
                    .unwrap()
            });
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        // Another order of texts and another time than the service's: neither may matter.
        let done = command(&programs.join("initdb"), &folder)
            .args([
                "-D",
                "data",
                "-A",
                "trust",
                "-U",
                "oddspot",
                "-E",
                "UTF8",
                "--no-sync",
            ])
            .args([
                "--locale=C.UTF-8",
                "--locale-provider=icu",
                "--icu-locale=en",
            ])
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let settings = "unix_socket_directories = '.'\nlisten_addresses = ''\nfsync = off\nshared_buffers = '8MB'\n\
                        timezone = 'Asia/Kolkata'\nsynchronous_commit = off\n";
        let file = folder.join("data/postgresql.auto.conf");
        fs::write(
            file,
            settings.replace("'.'", &format!("'{}'", folder.display())),
        )
        .unwrap();
        let guard = command(Path::new("sh"), &folder)
            .args([
                "-c",
                "trap '' TERM INT HUP; cat; kill -9 $(head -n 1 data/postmaster.pid); sleep 0.3; rm -rf \"$PWD\" || (sleep 1; rm -rf \"$PWD\")",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let postgres = Self {
            folder,
            programs,
            server: Mutex::default(),
            guard,
        };
        postgres.go_on();
        Some(postgres)
    }

    /// Starts it again.
    pub fn go_on(&self) {
        let log = fs::File::create(self.folder.join("log")).unwrap();
        let server = command(&self.programs.join("postgres"), &self.folder)
            .args(["-D", "data"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.server.lock().unwrap() = Some(server);
        let start = Instant::now();
        while !self.psql("postgres", "SELECT 1").status.success() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "it did not start: {log}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Stops it at once, as when its machine fails.
    pub fn stop(&self) {
        let mut server = self.server.lock().unwrap().take().unwrap();
        let id = server.id().to_string();
        Command::new("kill").args(["-QUIT", &id]).status().unwrap();
        server.wait().unwrap();
    }

    /// Lets all its processes hang, or go on.
    pub fn hang(&self, hangs: bool) {
        let signal = if hangs { "-STOP" } else { "-CONT" };
        let server = self.server.lock().unwrap();
        let id = server.as_ref().unwrap().id().to_string();
        Command::new("pkill")
            .args([signal, "-P", &id])
            .status()
            .unwrap();
        Command::new("kill").args([signal, &id]).status().unwrap();
    }

    /// Lets the session hang that writes to a database, or go on.
    pub fn hang_writer(&self, database: &str, key: i32, hangs: bool) {
        let signal = if hangs { "-STOP" } else { "-CONT" };
        let holder = format!(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = {key}"
        );
        let id = self.sql(database, &holder);
        Command::new("kill").args([signal, &id]).status().unwrap();
    }

    /// The folder that its socket lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a database.
    pub fn create(&self, name: &str) {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
    }

    /// Where a database is.
    pub fn url(&self, name: &str) -> String {
        format!(
            "postgresql:///{name}?host={}&user=oddspot",
            self.folder.display()
        )
    }

    /// Somebody else who holds a database by an advisory lock of the schema, until it is killed.
    pub fn hold(&self, database: &str, key: i32) -> Child {
        let lock = format!("SELECT pg_advisory_lock({key}, hashtext('public'));\n");
        let holders = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted";
        self.holding(database, &lock, holders)
    }

    /// Somebody else who holds a table so that nobody else reads or writes it, until it is killed.
    pub fn hold_table(&self, database: &str, table: &str) -> Child {
        let lock = format!("BEGIN; LOCK TABLE {table};\n");
        let holders = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'relation' AND granted \
             AND mode IN ('AccessExclusiveLock', 'ExclusiveLock')";
        self.holding(database, &lock, holders)
    }

    fn holding(&self, database: &str, lock: &str, holders: &str) -> Child {
        // By its input, so that it hears of its end.
        let mut psql = self.psql_of(database);
        let mut holder = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        holder
            .stdin
            .as_mut()
            .unwrap()
            .write_all(lock.as_bytes())
            .unwrap();
        while self.sql(database, holders) == "0" {
            sleep(Duration::from_millis(20));
        }
        holder
    }

    /// What a statement gives.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let done = self.psql(database, statement);
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    fn psql(&self, database: &str, statement: &str) -> Output {
        self.psql_of(database)
            .args(["-c", statement])
            .output()
            .unwrap()
    }

    fn psql_of(&self, database: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.arg("-h").arg(&self.folder);
        psql.args(["-U", "oddspot", "-d", database, "-Atq"]);
        psql
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().unwrap();
        if let Some(mut server) = self.server.lock().unwrap().take() {
            server.wait().unwrap();
        }
    }
}

/// Where its programs are: Debian has them beside each other by version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut places: Vec<PathBuf> = versions
        .flatten()
        .map(|one| one.path().join("bin"))
        .collect();
    places.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path));
    places
        .into_iter()
        .find(|place| place.join("initdb").is_file())
}

/// A command in a folder, as an ordinary user.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = match ordinary() {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]);
            command.arg(program);
            command
        }
        None => Command::new(program),
    };
    command.current_dir(folder).env("HOME", folder);
    command
}

/// Whom it is to be, if the test is root.
fn ordinary() -> Option<&'static str> {
    let id = |arguments: &[&str]| Command::new("id").args(arguments).output().unwrap();
    if id(&["-u"]).stdout != b"0\n" {
        return None;
    }
    let found = ORDINARY
        .into_iter()
        .find(|user| id(&[user]).status.success());
    Some(found.expect("there is no ordinary user to be"))
}
