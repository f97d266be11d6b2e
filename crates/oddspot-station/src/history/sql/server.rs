//! A history in PostgreSQL, which may go away and come back: while it is away every statement fails at once.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::Hold;
use super::address::DatabaseAddress;
use super::checks::{
    HELD, Session, check, check_writable, end, make_durable, take_hold, until_free,
};
use super::condition::Condition;
use super::trouble::{away, is_of_the_connection, is_too_slow, words_of};
use crate::error::{Error, Kind, Result};
use crate::history::migrations;
use crate::words::Sentence;

/// Connections that read at a time.
const READERS: u32 = 4;
/// How long a connection is waited for that others use.
const BUSY: Duration = Duration::from_secs(10);
/// How long a statement that reads may take, in milliseconds; and how much longer its answer may be on the way.
const TO_READ: (u64, Duration) = (60_000, Duration::from_secs(5));
/// How long a server may take to let in.
const TO_CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to answer what costs nothing, before it counts as away.
const TO_ANSWER: Duration = Duration::from_secs(5);
/// How long it may take to be ready again for all of it, before that is begun anew.
const TO_RETURN: Duration = Duration::from_secs(30);
/// Between two looks at whether it is there.
const LOOK: Duration = Duration::from_millis(500);
/// Between two attempts to connect to it again, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];
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
    /// The session that writes, or that did last: it must be over before another can.
    writer: Mutex<Option<Session>>,
    /// Somebody found it away.
    lost: Notify,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

struct Pools {
    write: PgPool,
    read: PgPool,
    generation: u64,
}

/// What is done with a connection.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Of which connection, of those that there were.
    pub generation: u64,
    /// How long it may take.
    pub until: Instant,
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
            writer: Mutex::default(),
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
            return Err(Error::of(Kind::Away, trouble.clone()));
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

    /// A connection for a use, once it is free, and until when what is done with it may take.
    ///
    /// # Errors
    /// It is away, or all are in use for too long.
    pub async fn connection(&self, by: Use) -> Result<(PoolConnection<Postgres>, Turn)> {
        let (pool, generation) = self.pool(by)?;
        // Whoever has it is held to a limit; who waits for it, by the pool.
        let waiting = Turn {
            generation,
            until: Instant::now() + 2 * BUSY,
        };
        let connection = self.guarded(waiting, pool.acquire()).await?;
        let limit = match by {
            Use::Write => self.address.limit(),
            Use::Read => Duration::from_millis(TO_READ.0) + TO_READ.1,
        };
        let until = Instant::now() + limit;
        Ok((connection, Turn { generation, until }))
    }

    /// Does something with a connection, unless the server goes away meanwhile; where it takes too long, the server
    /// counts as away: nobody else could write either.
    ///
    /// # Errors
    /// What the server does not do; it is away.
    pub async fn guarded<T>(
        &self,
        Turn { generation, until }: Turn,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T> {
        let mut condition = self.condition.subscribe();
        let is_over = |now: &Condition| now.trouble.is_some() || now.generation != generation;
        tokio::select! {
            biased;
            done = work => done.map_err(|error| self.error_of(error, generation)),
            over = condition.wait_for(is_over) => {
                let trouble = over.ok().and_then(|now| now.trouble.clone());
                let moment = || away(Sentence::new("history-moment"));
                Err(Error::of(Kind::Away, trouble.unwrap_or_else(moment)))
            }
            () = tokio::time::sleep_until(until) => {
                let trouble = away(Sentence::new("history-endless"));
                self.lose(generation, &trouble);
                Err(Error::of(Kind::Away, trouble))
            }
        }
    }

    /// What a statement's error is; one of the connection makes it known that the server is away.
    fn error_of(&self, error: sqlx::Error, generation: u64) -> Error {
        match error {
            error if is_too_slow(&error) => Error::of(Kind::Away, Sentence::new("history-slow")),
            error if is_of_the_connection(&error) => {
                let trouble = away(words_of(&error));
                self.lose(generation, &trouble);
                Error::of(Kind::Away, trouble)
            }
            error => error.into(),
        }
    }

    /// Notes that it is away, if that is not known yet.
    fn lose(&self, generation: u64, trouble: &Sentence) {
        let is_news = self.condition.send_if_modified(|now| {
            let is_news = now.trouble.is_none() && now.generation == generation;
            if is_news {
                now.trouble = Some(trouble.clone());
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
            Ok(Err(error)) => return Err(Error::of(Kind::Away, words_of(&error))),
            Err(_) => return Err(is_silent()),
        };
        check(&mut watched).await?;
        // It may hang there for as long as what it waits for, and hold the database.
        let before = lock(&self.writer).clone();
        let hangs = match &before {
            Some(before) => end(&mut watched, before).await?,
            None => false,
        };
        if self.hold == Hold::Alone {
            until_free(&mut watched)
                .await
                .map_err(|error| match hangs {
                    true => Error::of(Kind::Away, Sentence::new("history-hangs")),
                    false => error,
                })?;
        }
        let write = self.writer().await?;
        let mut connection = write.acquire().await?;
        *lock(&self.writer) = Some(Session::of(&mut connection).await?);
        migrations::of_server(&mut connection).await?;
        let writable = timeout(self.address.limit(), check_writable(&mut connection));
        let hangs = |_| Error::of(Kind::Away, Sentence::new("history-held"));
        writable.await.map_err(hangs)??;
        drop(connection);
        let read = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            // One that is broken is found when it is used, and then all of them are made anew.
            .test_before_acquire(false)
            .connect_lazy_with(self.options.clone().options([
                ("default_transaction_read_only", "on"),
                ("statement_timeout", &TO_READ.0.to_string()),
            ]));
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
            Err(error) => Err(Error::of(Kind::Away, words_of(&error))),
        }
    }

    /// Looks whether it is there, and connects anew when it was not.
    async fn keep(self: Arc<Self>, mut watched: PgConnection) {
        loop {
            let why = self.until_lost(&mut watched).await;
            let generation = self.condition.borrow().generation;
            self.lose(generation, &why);
            self.let_go();
            watched = self.until_back().await;
            tracing::info!("the history's database is back: {}", self.address);
        }
    }

    /// Waits until it is away, and gives why.
    async fn until_lost(&self, watched: &mut PgConnection) -> Sentence {
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
                Ok(Err(error)) => return away(words_of(&error)),
                Err(_) => return away(is_silent().meant()),
            }
        }
    }

    async fn until_back(&self) -> PgConnection {
        let mut pause = PAUSES[0];
        loop {
            let connected = timeout(TO_RETURN, self.connect()).await;
            match connected.unwrap_or_else(|_| Err(is_silent())) {
                Ok(watched) => return watched,
                Err(error) => {
                    let trouble = away(error.meant());
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

/// That it does not answer in time.
fn is_silent() -> Error {
    Error::of(Kind::Away, Sentence::new("history-silent"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
