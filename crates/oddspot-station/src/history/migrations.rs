//! The tables, made step by step from whatever version the database has.

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr, SqlStr};

use super::sql::write_alone;
use crate::data::keep_private;
use crate::error::{Error, Kind, Result};

/// Each step; what was handed out is never changed, only followed by another.
const STEPS: [(i64, &str, &str); 9] = [
    (
        1,
        "history",
        include_str!("../../migrations/0001_history.sql"),
    ),
    (2, "setup", include_str!("../../migrations/0002_setup.sql")),
    (
        3,
        "outbox",
        include_str!("../../migrations/0003_outbox.sql"),
    ),
    (
        4,
        "access",
        include_str!("../../migrations/0004_access.sql"),
    ),
    (
        5,
        "keeping",
        include_str!("../../migrations/0005_keeping.sql"),
    ),
    (
        6,
        "unreadable",
        include_str!("../../migrations/0006_unreadable.sql"),
    ),
    (7, "anew", include_str!("../../migrations/0007_anew.sql")),
    (
        8,
        "stations",
        include_str!("../../migrations/0008_stations.sql"),
    ),
    (
        9,
        "images",
        include_str!("../../migrations/0009_images.sql"),
    ),
];

/// Brings the tables of a file up to date. An older one is copied first.
pub async fn of_file(pool: &SqlitePool, file: &Path) -> Result<()> {
    match version(pool).await? {
        Some(there) if there > newest() => {
            let reason = newer(there, "data folder");
            return Err(Error::at(Kind::Mismatch, file, reason));
        }
        Some(there) if there < newest() => keep(pool, file, there).await?,
        _ => {}
    }
    let migrator = migrator(SqlSafeStr::into_sql_str);
    migrator.run(pool).await.map_err(|error| {
        let reason = format!("its tables cannot be brought up to date: {error}");
        Error::at(Kind::System, file, reason)
    })
}

/// Brings the tables of a server's database up to date: all steps, or none.
pub async fn of_server(connection: &mut PgConnection) -> Result<()> {
    if let Some(there) = version_of_server(connection).await? {
        if there > newest() {
            return Err(Error::new(Kind::Mismatch, newer(there, "database")));
        }
        if there < newest() {
            tracing::info!(
                "the history is brought from version {there} to {}",
                newest()
            );
        }
    }
    let mut transaction = connection.begin().await?;
    // A service and the command at the terminal may begin at the same time.
    write_alone(&mut transaction).await?;
    let mut migrator = migrator(of_postgres);
    migrator.set_locking(false);
    let done = migrator.run_direct(None, &mut *transaction, false).await;
    done.map_err(|error| {
        let reason = format!(
            "its tables cannot be brought up to date: {error} (the user must own the database, or may make tables in it)"
        );
        Error::new(Kind::System, reason)
    })?;
    Ok(transaction.commit().await?)
}

/// A step as PostgreSQL takes it. There texts have an order of their own; ids, times and names go by their bytes.
fn of_postgres(sql: &'static str) -> SqlStr {
    let sql = sql.replace(" TEXT", " TEXT COLLATE \"C\"");
    AssertSqlSafe(sql.replace(" BLOB", " BYTEA")).into_sql_str()
}

fn newest() -> i64 {
    STEPS.last().map_or(0, |(version, ..)| *version)
}

fn newer(there: i64, other: &str) -> String {
    format!(
        "it is of version {there}, which a newer oddspot wrote, and this one knows {}: install the newer one, or give \
         another {other}",
        newest()
    )
}

fn migrator(sql_of: impl Fn(&'static str) -> SqlStr) -> Migrator {
    let steps = STEPS.map(|(version, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(version, name.into(), kind, sql_of(sql), false)
    });
    Migrator::with_migrations(steps.to_vec())
}

/// The version that a server's database has; None of a new one.
async fn version_of_server(connection: &mut PgConnection) -> Result<Option<i64>> {
    let is_there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let is_there = sqlx::query_scalar::<_, bool>(is_there);
    if !is_there.fetch_one(&mut *connection).await? {
        return Ok(None);
    }
    let last = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations");
    Ok(last.fetch_one(connection).await?)
}

/// The version that a database has; None of a new one.
async fn version(pool: &SqlitePool) -> Result<Option<i64>> {
    let table = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
    if sqlx::query_scalar::<_, i64>(table).fetch_one(pool).await? == 0 {
        return Ok(None);
    }
    let last = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations");
    Ok(last.fetch_one(pool).await?)
}

/// Copies a database before it is changed: whole under its name, or not at all, and for the own account alone.
async fn keep(pool: &SqlitePool, file: &Path, version: i64) -> Result<()> {
    let copy = copy_of(file, version);
    let begun = with_end(&copy, ".tmp");
    // What a kill left of it is written over.
    let empty = File::create(&begun).map_err(Error::io(&begun))?;
    keep_private(&begun);
    let name = begun.display().to_string().replace('\'', "''");
    // A name is no parameter in this statement; quotes in it are doubled.
    let statement = AssertSqlSafe(format!("VACUUM INTO '{name}'"));
    sqlx::query(statement).execute(pool).await?;
    empty.sync_all().map_err(Error::io(&begun))?;
    std::fs::rename(&begun, &copy).map_err(Error::io(&copy))?;
    tracing::info!("the history as it was is kept as {}", copy.display());
    Ok(())
}

fn copy_of(file: &Path, version: i64) -> PathBuf {
    with_end(file, &format!(".before-version-{}", version + 1))
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;
    use crate::history::Place;
    use crate::history::tests::new_database;

    async fn opened(file: &Path) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true);
        SqlitePoolOptions::new()
            .connect_with(options)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn what_earlier_versions_wrote_is_there_after_each_step() {
        let folder = tempfile::tempdir().unwrap();
        for steps in 1..STEPS.len() {
            let file = folder.path().join(format!("{steps}"));
            let pool = opened(&file).await;
            let earlier = STEPS[..steps].iter().map(|(version, name, sql)| {
                let sql = sql.into_sql_str();
                Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
            });
            let earlier = Migrator::with_migrations(earlier.collect());
            earlier.run(&pool).await.unwrap();
            let row = "INSERT INTO station (name, added_at) VALUES ('top', 'then')";
            sqlx::query(row).execute(&pool).await.unwrap();
            of_file(&pool, &file).await.unwrap();
            let names = sqlx::query_scalar::<_, String>("SELECT name FROM station");
            assert_eq!(names.fetch_all(&pool).await.unwrap(), ["top"]);
            assert!(copy_of(&file, STEPS[steps - 1].0).is_file());
        }
    }

    #[tokio::test]
    async fn a_database_is_copied_before_it_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it's");
        let pool = opened(&file).await;
        assert_eq!(version(&pool).await.unwrap(), None);
        of_file(&pool, &file).await.unwrap();
        of_file(&pool, &file).await.unwrap();
        let newest = STEPS.last().map(|(version, ..)| *version);
        assert_eq!(version(&pool).await.unwrap(), newest);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        for _ in 0..2 {
            keep(&pool, &file, 2).await.unwrap();
        }
        let copy = opened(&copy_of(&file, 2)).await;
        assert_eq!(version(&copy).await.unwrap(), newest);
    }

    #[tokio::test]
    async fn what_earlier_versions_kept_in_postgresql_is_there_after_each_step() {
        for steps in 1..STEPS.len() {
            let Some(Place::Server(address)) = new_database() else {
                return;
            };
            let mut connection = address.connect().await;
            let earlier = migrator(of_postgres);
            let earlier = earlier.iter().take(steps).cloned().collect();
            let earlier = Migrator::with_migrations(earlier);
            earlier.run(&mut connection).await.unwrap();
            let row = "INSERT INTO station (name, added_at) VALUES ('top', 'then')";
            sqlx::query(row).execute(&mut connection).await.unwrap();
            // All of it or nothing: what stands in the way of the last step leaves the first ones undone.
            let column = "ALTER TABLE inspection ADD COLUMN repeats TEXT";
            sqlx::query(column).execute(&mut connection).await.unwrap();
            of_server(&mut connection).await.unwrap_err();
            let there = version_of_server(&mut connection).await.unwrap();
            assert_eq!(there, Some(STEPS[steps - 1].0));
            let none = "ALTER TABLE inspection DROP COLUMN repeats";
            sqlx::query(none).execute(&mut connection).await.unwrap();
            for _ in 0..2 {
                of_server(&mut connection).await.unwrap();
            }
            let there = version_of_server(&mut connection).await.unwrap();
            assert_eq!(there, Some(newest()));
            let names = sqlx::query_scalar::<_, String>("SELECT name FROM station");
            assert_eq!(names.fetch_all(&mut connection).await.unwrap(), ["top"]);
        }
    }
}
