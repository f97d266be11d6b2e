//! A history in PostgreSQL, which may go away and come back: while it is away every statement fails at once.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Hold;
use super::address::DatabaseAddress;
use super::checks::{check, let_go_of, make_durable, take_hold};
use super::condition::Condition;
use crate::error::{Error, Kind, Result};
use crate::history::migrations;

/// Connections that read at a time.
const READERS: u32 = 4;
/// How long a connection is waited for that others use.
const BUSY: Duration = Duration::from_secs(10);
/// How long a server may take to let in.
const TO_CONNECT: Duration = Duration::from_secs(10);
/// How often it is tried to take hold of the database, and the pause between: one that was killed lets go of it soon.
const TO_HOLD: (usize, Duration) = (20, Duration::from_millis(100));
/// How long it may take to answer what costs nothing, before it counts as away.
const TO_ANSWER: Duration = Duration::from_secs(5);
/// How long it may take to be ready again for all of it, before that is begun anew.
const TO_RETURN: Duration = Duration::from_secs(30);
/// Between two looks at whether it is there.
const LOOK: Duration = Duration::from_millis(500);
/// Between two attempts to connect to it again, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];
/// What another service that holds the database is called.
const HELD: &str = "another oddspot service uses this database: end it, or give another database";

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// There is one: who has it writes alone.
    Write,
    /// There are some.
    Read,
}

/// A database of a server.
pub struct Server {
    address: DatabaseAddress,
    hold: Hold,
    options: PgConnectOptions,
    /// Those of the last time that it was connected to.
    pools: RwLock<Option<Pools>>,
    condition: watch::Sender<Condition>,
    /// Somebody found it away.
    lost: Notify,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

struct Pools {
    write: PgPool,
    read: PgPool,
    generation: u64,
}

impl Server {
    /// Connects, takes hold of the database, and brings it up to date; goes on looking whether it is there.
    ///
    /// # Errors
    /// A server that cannot be reached or used; a database that another service holds or a newer program wrote.
    pub async fn open(address: &DatabaseAddress, hold: Hold) -> Result<Arc<Self>> {
        // A connection that waits for its next image is not cut off, and one whose machine is gone lets go of the
        // database soon.
        let options = address.options()?.application_name("oddspot").options([
            ("idle_session_timeout", "0"),
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "10000"),
        ]);
        let server = Arc::new(Self {
            address: address.clone(),
            hold,
            options: options.disable_statement_logging(),
            pools: RwLock::default(),
            condition: watch::channel(Condition::default()).0,
            lost: Notify::new(),
            keeper: Mutex::default(),
        });
        let watched = server.connect().await.map_err(|error| {
            let reason = format!(
                "the history's database cannot be used ({address}): {}",
                error.reason()
            );
            Error::new(error.kind(), reason)
        })?;
        let keeper = tokio::spawn(Arc::clone(&server).keep(watched));
        *lock(&server.keeper) = Some(keeper);
        Ok(server)
    }

    /// How it is, and how it becomes.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    /// Connections for a use, and which ones these are of all that there were.
    ///
    /// # Errors
    /// It is away.
    pub fn pool(&self, by: Use) -> Result<(PgPool, u64)> {
        if let Some(trouble) = &self.condition.borrow().trouble {
            return Err(Error::new(Kind::Away, trouble));
        }
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        let Some(pools) = &*pools else {
            return Err(Error::new(
                Kind::Away,
                "the history's database is let go of",
            ));
        };
        let pool = match by {
            Use::Write => &pools.write,
            Use::Read => &pools.read,
        };
        Ok((pool.clone(), pools.generation))
    }

    /// Does something with a connection, unless the server goes away meanwhile.
    ///
    /// # Errors
    /// What the server does not do; it is away.
    pub async fn guarded<T>(
        &self,
        generation: u64,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T> {
        let mut condition = self.condition.subscribe();
        let is_over = |now: &Condition| now.trouble.is_some() || now.generation != generation;
        tokio::select! {
            biased;
            done = work => done.map_err(|error| self.error_of(error, generation)),
            over = condition.wait_for(is_over) => {
                let trouble = over.ok().and_then(|now| now.trouble.clone());
                Err(Error::new(Kind::Away, trouble.unwrap_or_else(|| away("it was away for a moment"))))
            }
        }
    }

    /// What a statement's error is; one of the connection makes it known that the server is away.
    fn error_of(&self, error: sqlx::Error, generation: u64) -> Error {
        match error {
            sqlx::Error::PoolTimedOut => {
                let reason = "the history's database is too slow for all that is asked of it";
                Error::new(Kind::Away, reason)
            }
            error if is_of_the_connection(&error) => {
                let trouble = away(&words_of(&error));
                self.lose(generation, &trouble);
                Error::new(Kind::Away, trouble)
            }
            error => error.into(),
        }
    }

    /// Notes that it is away, if that is not known yet.
    fn lose(&self, generation: u64, trouble: &str) {
        let is_news = self.condition.send_if_modified(|now| {
            let is_news = now.trouble.is_none() && now.generation == generation;
            if is_news {
                now.trouble = Some(trouble.to_owned());
            }
            is_news
        });
        if is_news {
            tracing::warn!("{trouble}");
            self.lost.notify_one();
        }
    }

    /// Connects and brings the tables up to date; gives the connection by which it is looked at.
    async fn connect(&self) -> Result<PgConnection> {
        let connected = timeout(TO_CONNECT, self.options.connect());
        let mut watched = match connected.await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(Error::new(Kind::Away, words_of(&error))),
            Err(_) => return Err(Error::new(Kind::Away, "it does not answer")),
        };
        check(&mut watched).await?;
        if self.hold == Hold::Alone {
            until_free(&mut watched).await?;
        }
        let write = self.writer().await?;
        let mut connection = write.acquire().await?;
        migrations::of_server(&mut connection).await?;
        drop(connection);
        let read = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            // One that is broken is found when it is used, and then all of them are made anew.
            .test_before_acquire(false)
            .connect_lazy_with(
                self.options
                    .clone()
                    .options([("default_transaction_read_only", "on")]),
            );
        let generation = self.condition.borrow().generation + 1;
        let pools = Pools {
            write,
            read,
            generation,
        };
        *self.pools.write().unwrap_or_else(PoisonError::into_inner) = Some(pools);
        self.condition.send_replace(Condition {
            trouble: None,
            generation,
        });
        Ok(watched)
    }

    /// The one connection that writes: it holds the database as long as it lasts, so that none writes that does not.
    async fn writer(&self) -> Result<PgPool> {
        let hold = self.hold;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(TO_CONNECT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    make_durable(connection).await?;
                    let is_ours = match hold {
                        Hold::Alone => take_hold(connection).await?,
                        Hold::Beside => true,
                    };
                    match is_ours {
                        true => Ok(()),
                        false => Err(sqlx::Error::Configuration(HELD.into())),
                    }
                })
            })
            .connect_lazy_with(self.options.clone());
        match pool.acquire().await {
            Ok(_) => Ok(pool),
            Err(error) => Err(Error::new(Kind::Away, words_of(&error))),
        }
    }

    /// Looks whether it is there, and connects anew when it was not.
    async fn keep(self: Arc<Self>, mut watched: PgConnection) {
        loop {
            let why = self.until_lost(&mut watched).await;
            let generation = self.condition.borrow().generation;
            self.lose(generation, &away(&why));
            self.let_go();
            watched = self.until_back().await;
            tracing::info!("the history's database is back: {}", self.address);
        }
    }

    async fn until_lost(&self, watched: &mut PgConnection) -> String {
        loop {
            tokio::select! {
                () = self.lost.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Some(trouble) = self.condition.borrow().trouble.clone() {
                return trouble;
            }
            let asked = sqlx::query("SELECT 1").execute(&mut *watched);
            match timeout(TO_ANSWER, asked).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return words_of(&error),
                Err(_) => return "it does not answer".to_owned(),
            }
        }
    }

    async fn until_back(&self) -> PgConnection {
        let mut pause = PAUSES[0];
        loop {
            let connected = timeout(TO_RETURN, self.connect()).await;
            let hangs = || Err(Error::new(Kind::Away, "it does not answer"));
            match connected.unwrap_or_else(|_| hangs()) {
                Ok(watched) => return watched,
                Err(error) => {
                    let trouble = away(error.reason());
                    self.condition.send_if_modified(|now| {
                        let is_news = now.trouble.as_ref() != Some(&trouble);
                        if is_news {
                            tracing::warn!("{trouble}");
                            now.trouble = Some(trouble);
                        }
                        is_news
                    });
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Lets go of all connections; what still uses one is told that it is over.
    fn let_go(&self) {
        let pools = self.pools.write();
        let pools = pools.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pools) = pools {
            // One that hangs must hold off nothing.
            tokio::spawn(timeout(TO_ANSWER, async move {
                pools.read.close().await;
                pools.write.close().await;
            }));
        }
    }

    /// Ends the looking, and lets go of the database.
    pub async fn close(&self) {
        if let Some(keeper) = lock(&self.keeper).take() {
            keeper.abort();
        }
        let pools = self.pools.write();
        let pools = pools.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pools) = pools {
            pools.read.close().await;
            pools.write.close().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits a moment until no other service holds the database.
///
/// # Errors
/// One does.
async fn until_free(connection: &mut PgConnection) -> Result<()> {
    let (attempts, pause) = TO_HOLD;
    for _ in 0..attempts {
        if take_hold(connection).await? {
            // It is for the connection that writes.
            return Ok(let_go_of(connection).await?);
        }
        tokio::time::sleep(pause).await;
    }
    Err(Error::new(Kind::Mismatch, HELD))
}

/// What is said to whoever asks, who need not know where the database is.
fn away(why: &str) -> String {
    format!("the history's database is away ({why}): nothing is judged until it is back")
}

/// Whether it is not the statement's own error: others would meet it too.
fn is_of_the_connection(error: &sqlx::Error) -> bool {
    use sqlx::Error::{BeginFailed, Io, PoolClosed, Protocol, Tls, WorkerCrashed};
    match error {
        Io(_) | Tls(_) | Protocol(_) | PoolClosed | WorkerCrashed | BeginFailed => true,
        sqlx::Error::Configuration(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // It ends, begins, lets nobody else in, or only follows another server now.
            code.starts_with("08") || ["57P01", "57P02", "57P03", "25006"].contains(&&*code)
        }),
        _ => false,
    }
}

/// An error in the words of the server or the system.
fn words_of(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        // What the library says of it then leads to its own manual.
        sqlx::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "the connection was closed".to_owned()
        }
        sqlx::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}
