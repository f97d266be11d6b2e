//! What must hold of a server before a history is kept there.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use crate::error::{Error, Kind, Result};

/// The oldest version of PostgreSQL that it was tried with, as the server counts.
const OLDEST: i32 = 150_000;
/// By which services of one database know of each other: "oddspot", and the schema's name beside it.
pub const LOCK: i32 = 0x6f64_6473;

/// How often it is tried to take hold of the database, and the pause between: one that was killed lets go of it soon.
const TO_HOLD: (usize, Duration) = (20, Duration::from_millis(100));
/// What another service that holds the database is called.
pub const HELD: &str =
    "another oddspot service uses this database: end it, or give another database";
/// By which writers of one database wait for each other.
const WRITING: i32 = LOCK + 1;

/// Whether a server can keep a history.
///
/// # Errors
/// An older version, texts that are not UTF-8, a copy that only follows another server.
pub async fn check(connection: &mut PgConnection) -> Result<()> {
    let row: (i32, String, bool, Option<String>) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), pg_is_in_recovery(), \
         current_schema()::text",
    )
    .fetch_one(connection)
    .await?;
    let (version, encoding, is_copy, schema) = row;
    let reason = if version < OLDEST {
        format!(
            "it is version {}, and {} is the oldest that oddspot was tried with: take a newer one",
            version / 10_000,
            OLDEST / 10_000
        )
    } else if encoding != "UTF8" {
        format!(
            "its texts are {encoding}: make the database with ENCODING 'UTF8' TEMPLATE template0"
        )
    } else if is_copy {
        "it only follows another server: give the address of the one that is written to".to_owned()
    } else if schema.is_none() {
        "its search_path names no schema that there is: make one, or set it for this user"
            .to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(Kind::Mismatch, reason))
}

/// What is answered as kept must be on the disk, whatever is usual on that server.
pub async fn make_durable(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes hold of a database as long as a connection lasts; false if another service holds it.
pub async fn take_hold(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext(current_schema()::text))")
        .bind(LOCK)
        .fetch_one(connection)
        .await
}

/// Waits until no other transaction writes, and holds off all others until this one ends. Gives the name by which it is
/// known afterwards whether it was kept.
pub async fn write_alone(connection: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar(
        "SELECT pg_current_xact_id()::text FROM \
         (SELECT pg_advisory_xact_lock($1, hashtext(current_schema()::text))) AS alone",
    )
    .bind(WRITING)
    .fetch_one(connection)
    .await
}

/// A session of a server, which no other has the name of.
#[derive(Clone, Debug)]
pub struct Session {
    process: i32,
    began: String,
}

impl Session {
    /// That of a connection.
    pub async fn of(connection: &mut PgConnection) -> sqlx::Result<Self> {
        let (process, began) = sqlx::query_as(
            "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self { process, began })
    }
}

/// Ends a session of the same user; false if it is over already.
pub async fn end(connection: &mut PgConnection, session: &Session) -> sqlx::Result<bool> {
    let ended = sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2",
    )
    .bind(session.process)
    .bind(&session.began)
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Whether what is judged can be written now: another may hold a table or all that write.
pub async fn check_writable(connection: &mut PgConnection) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    write_alone(&mut transaction).await?;
    sqlx::query("LOCK TABLE inspection, outbox, audit, station, job IN ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    transaction.rollback().await
}

/// Lets go of it again.
pub async fn let_go_of(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_unlock($1, hashtext(current_schema()::text))")
        .bind(LOCK)
        .execute(connection)
        .await
        .map(drop)
}

/// Waits a moment until no other service holds the database.
///
/// # Errors
/// One does.
pub async fn until_free(connection: &mut PgConnection) -> Result<()> {
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
