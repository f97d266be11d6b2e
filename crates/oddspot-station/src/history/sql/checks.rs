//! What must hold of a server before a history is kept there.

use sqlx::PgConnection;

use crate::error::{Error, Kind, Result};

/// The oldest version of PostgreSQL that it was tried with, as the server counts.
const OLDEST: i32 = 150_000;
/// By which services of one database know of each other: "oddspot", and the schema's name beside it.
pub const LOCK: i32 = 0x6f64_6473;

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

/// Waits until no other transaction writes, and holds off all others until this one ends.
pub async fn write_alone(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext(current_schema()::text))")
        .bind(WRITING)
        .execute(connection)
        .await
        .map(drop)
}

/// Lets go of it again.
pub async fn let_go_of(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_unlock($1, hashtext(current_schema()::text))")
        .bind(LOCK)
        .execute(connection)
        .await
        .map(drop)
}
