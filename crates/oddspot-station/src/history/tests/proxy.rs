//! Somebody on the way to a PostgreSQL: loses answers, and swallows what is sent.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is done with what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It goes on.
    Open,
    /// The next transaction is kept, and the connection breaks before its answer comes; then all goes on.
    LosesAnswer,
    /// The connection breaks before the next transaction is kept; then all goes on.
    LosesCommit,
    /// Nothing comes through in either direction, and nobody is told.
    Swallows,
}

/// A way to a server that lies in a folder of its own.
pub struct Proxy {
    folder: tempfile::TempDir,
    way: Arc<Mutex<Way>>,
}

/// The name of a server's socket.
const SOCKET: &str = ".s.PGSQL.5432";
/// How a transaction is kept.
const COMMIT: &[u8] = b"COMMIT\0";

impl Proxy {
    /// To a server whose socket lies in a folder.
    pub fn to(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let way = Arc::new(Mutex::new(Way::Open));
        let (server, of_proxy) = (server.join(SOCKET), Arc::clone(&way));
        thread::spawn(move || {
            for client in listener.incoming() {
                pass(client.unwrap(), server.clone(), &of_proxy);
            }
        });
        Self { folder, way }
    }

    /// What it does from now on.
    pub fn set(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    /// What it does now.
    pub fn way(&self) -> Way {
        *self.way.lock().unwrap()
    }

    /// Where a database is by this way.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!("postgresql:///{database}?host={folder}&user=oddspot")
    }
}

fn pass(client: UnixStream, server: PathBuf, way: &Arc<Mutex<Way>>) {
    let Ok(to) = UnixStream::connect(server) else {
        return;
    };
    let ends = [(&client, &to), (&to, &client)].map(|(from, to)| {
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        (from, to)
    });
    for (number, (from, to)) in ends.into_iter().enumerate() {
        let (way, is_of_client) = (Arc::clone(way), number == 0);
        thread::spawn(move || {
            carry(&from, &to, &way, is_of_client);
            for end in [from, to] {
                end.shutdown(std::net::Shutdown::Both).ok();
            }
        });
    }
}

/// Carries what comes from one end to the other until either breaks.
fn carry(mut from: &UnixStream, mut to: &UnixStream, way: &Mutex<Way>, is_of_client: bool) {
    let mut some = [0; 1 << 16];
    loop {
        let Ok(count @ 1..) = from.read(&mut some) else {
            return;
        };
        let sent = &some[..count];
        let is_commit = is_of_client && sent.windows(COMMIT.len()).any(|one| one == COMMIT);
        let now = {
            let mut way = way.lock().unwrap();
            let now = *way;
            if is_commit && matches!(now, Way::LosesAnswer | Way::LosesCommit) {
                *way = Way::Open;
            }
            now
        };
        match (now, is_commit) {
            (Way::Swallows, _) => {}
            (Way::LosesCommit, true) => return,
            (Way::LosesAnswer, true) => {
                // No other thread may carry the answer.
                from.shutdown(std::net::Shutdown::Write).ok();
                to.write_all(sent).ok();
                thread::sleep(Duration::from_millis(300));
                return;
            }
            _ => {
                if to.write_all(sent).is_err() {
                    return;
                }
            }
        }
    }
}
