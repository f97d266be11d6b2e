//! Statements with their values, written once for both databases.

use std::marker::PhantomData;

use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;
use sqlx::{SqlSafeStr, SqlStr};

use super::pool::{OfServer, Pool};
use super::row::{Cell, Row};
use super::transaction::Transaction;
use super::value::Value;
use crate::error::Result;

/// A statement; its values stand in it as `$1`, `$2`, ….
pub fn query(sql: impl SqlSafeStr) -> Query {
    Query::with(sql.into_sql_str(), Vec::new())
}

/// A statement that gives the first column of its rows.
pub fn query_scalar<T>(sql: impl SqlSafeStr) -> Scalar<T> {
    Scalar(query(sql), PhantomData)
}

/// A statement and its values.
pub struct Query {
    sql: SqlStr,
    values: Vec<Value>,
}

/// What a statement did.
pub struct Done(u64);

impl Done {
    /// So many rows were changed.
    pub fn rows_affected(&self) -> u64 {
        self.0
    }
}

/// What a statement is given to.
pub enum Target<'a> {
    Pool(&'a Pool),
    Transaction(&'a mut Transaction),
}

impl<'a> From<&'a Pool> for Target<'a> {
    fn from(pool: &'a Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'a> From<&'a mut Transaction> for Target<'a> {
    fn from(transaction: &'a mut Transaction) -> Self {
        Self::Transaction(transaction)
    }
}

/// Gives a statement to whichever it is for; what comes of it is made the same.
macro_rules! given {
    ($query:ident, $target:ident, $method:ident, $sqlite:expr, $postgres:expr) => {
        match $target.into() {
            Target::Pool(Pool::Sqlite(pool)) => {
                let done = $query.for_sqlite().$method(pool).await?;
                Ok($sqlite(done))
            }
            Target::Transaction(Transaction::Sqlite(transaction)) => {
                let done = $query.for_sqlite().$method(&mut **transaction).await?;
                Ok($sqlite(done))
            }
            Target::Pool(Pool::Server(OfServer { server, by })) => {
                let (mut connection, turn) = server.connection(*by).await?;
                let done = $query.for_postgres().$method(&mut *connection);
                server.guarded(turn, done).await.map($postgres)
            }
            Target::Transaction(Transaction::Server(of_server)) => {
                let transaction = &mut *of_server.transaction;
                let done = $query.for_postgres().$method(transaction);
                let guarded = of_server.server.guarded(of_server.turn, done);
                guarded.await.map($postgres)
            }
        }
    };
}

impl Query {
    pub(super) fn with(sql: SqlStr, values: Vec<Value>) -> Self {
        Self { sql, values }
    }

    /// Adds the next value.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Does it.
    ///
    /// # Errors
    /// What the database does not do, or one that is away.
    pub async fn execute<'a>(self, on: impl Into<Target<'a>>) -> Result<Done> {
        let query = self;
        given!(
            query,
            on,
            execute,
            |done: sqlx::sqlite::SqliteQueryResult| Done(done.rows_affected()),
            |done: sqlx::postgres::PgQueryResult| Done(done.rows_affected())
        )
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn fetch_all<'a>(self, on: impl Into<Target<'a>>) -> Result<Vec<Row>> {
        let query = self;
        given!(
            query,
            on,
            fetch_all,
            |rows: Vec<_>| rows.into_iter().map(Row::Sqlite).collect(),
            |rows: Vec<_>| rows.into_iter().map(Row::Postgres).collect()
        )
    }

    /// The only row, if there is one.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn fetch_optional<'a>(self, on: impl Into<Target<'a>>) -> Result<Option<Row>> {
        let query = self;
        given!(
            query,
            on,
            fetch_optional,
            |row: Option<_>| row.map(Row::Sqlite),
            |row: Option<_>| row.map(Row::Postgres)
        )
    }

    /// The only row.
    ///
    /// # Errors
    /// As [`Self::execute`]; there is none.
    pub async fn fetch_one<'a>(self, on: impl Into<Target<'a>>) -> Result<Row> {
        let row = self.fetch_optional(on).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    fn for_sqlite(
        self,
    ) -> sqlx::query::Query<'static, Sqlite, <Sqlite as sqlx::Database>::Arguments> {
        let query = sqlx::query(self.sql);
        (self.values.into_iter()).fold(query, |query, value| value.bind_sqlite(query))
    }

    fn for_postgres(
        self,
    ) -> sqlx::query::Query<'static, Postgres, <Postgres as sqlx::Database>::Arguments> {
        let query = sqlx::query(self.sql);
        (self.values.into_iter()).fold(query, |query, value| value.bind_postgres(query))
    }
}

/// A statement that gives the first column of its rows.
pub struct Scalar<T>(Query, PhantomData<fn() -> T>);

impl<T: for<'r> Cell<'r>> Scalar<T> {
    /// Adds the next value.
    pub fn bind(self, value: impl Into<Value>) -> Self {
        Self(self.0.bind(value), PhantomData)
    }

    /// Of all rows.
    ///
    /// # Errors
    /// As [`Query::execute`].
    pub async fn fetch_all<'a>(self, on: impl Into<Target<'a>>) -> Result<Vec<T>> {
        let rows = self.0.fetch_all(on).await?;
        rows.iter().map(|row| Ok(row.first()?)).collect()
    }

    /// Of the only row.
    ///
    /// # Errors
    /// As [`Query::fetch_one`].
    pub async fn fetch_one<'a>(self, on: impl Into<Target<'a>>) -> Result<T> {
        Ok(self.0.fetch_one(on).await?.first()?)
    }

    /// Of the only row, if there is one.
    ///
    /// # Errors
    /// As [`Query::execute`].
    pub async fn fetch_optional<'a>(self, on: impl Into<Target<'a>>) -> Result<Option<T>> {
        let row = self.0.fetch_optional(on).await?;
        Ok(row.map(|row| row.first()).transpose()?)
    }
}
