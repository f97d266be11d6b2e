//! The tables, made step by step from whatever version the database has.

use std::path::{Path, PathBuf};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::error::{Error, Kind, Result};

/// Each step; what was handed out is never changed, only followed by another.
const STEPS: [(i64, &str, &str); 4] = [
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
];

/// Brings the tables up to date. An older database is copied first.
pub async fn run(pool: &SqlitePool, file: &Path) -> Result<()> {
    let newest = STEPS.last().map_or(0, |(version, ..)| *version);
    match version(pool).await? {
        Some(there) if there > newest => {
            let reason = format!(
                "it is of version {there}, which a newer oddspot wrote, and this one knows {newest}: install the \
                 newer one, or give another data folder"
            );
            return Err(Error::at(Kind::Mismatch, file, reason));
        }
        Some(there) if there < newest => keep(pool, file, there).await?,
        _ => {}
    }
    let steps = STEPS.map(|(version, name, sql)| {
        let sql = sql.into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    });
    let migrator = Migrator::with_migrations(steps.to_vec());
    migrator.run(pool).await.map_err(|error| {
        let reason = format!("its tables cannot be brought up to date: {error}");
        Error::at(Kind::System, file, reason)
    })
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

/// Copies a database before it is changed.
async fn keep(pool: &SqlitePool, file: &Path, version: i64) -> Result<()> {
    let copy = copy_of(file, version);
    if copy.exists() {
        std::fs::remove_file(&copy).map_err(Error::io(&copy))?;
    }
    let name = copy.display().to_string().replace('\'', "''");
    // A name is no parameter in this statement; quotes in it are doubled.
    let statement = AssertSqlSafe(format!("VACUUM INTO '{name}'"));
    sqlx::query(statement).execute(pool).await?;
    tracing::info!("the history as it was is kept as {}", copy.display());
    Ok(())
}

fn copy_of(file: &Path, version: i64) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".before-version-{}", version + 1));
    name.into()
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;

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
            run(&pool, &file).await.unwrap();
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
        run(&pool, &file).await.unwrap();
        run(&pool, &file).await.unwrap();
        let newest = STEPS.last().map(|(version, ..)| *version);
        assert_eq!(version(&pool).await.unwrap(), newest);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        for _ in 0..2 {
            keep(&pool, &file, 2).await.unwrap();
        }
        let copy = opened(&copy_of(&file, 2)).await;
        assert_eq!(version(&copy).await.unwrap(), newest);
    }
}
