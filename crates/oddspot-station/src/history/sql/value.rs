//! Values of statements, before it is known to which database they go.

use sqlx::postgres::Postgres;
use sqlx::query::Query;
use sqlx::sqlite::Sqlite;

/// A value of a statement; None is NULL of its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Bytes(Option<Vec<u8>>),
}

type OfSqlite<'q> = Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments>;
type OfPostgres<'q> = Query<'q, Postgres, <Postgres as sqlx::Database>::Arguments>;

impl Value {
    /// As a value of an SQLite statement.
    pub fn bind_sqlite(self, query: OfSqlite<'_>) -> OfSqlite<'_> {
        match self {
            Self::Text(text) => query.bind(text),
            Self::Integer(number) => query.bind(number),
            Self::Real(number) => query.bind(number),
            Self::Bytes(bytes) => query.bind(bytes),
        }
    }

    /// As a value of a PostgreSQL statement. Its texts cannot have U+0000, which is kept as U+FFFD.
    pub fn bind_postgres(self, query: OfPostgres<'_>) -> OfPostgres<'_> {
        match self {
            Self::Text(Some(text)) if text.contains('\0') => {
                query.bind(text.replace('\0', "\u{fffd}"))
            }
            Self::Text(text) => query.bind(text),
            Self::Integer(number) => query.bind(number),
            Self::Real(number) => query.bind(number),
            Self::Bytes(bytes) => query.bind(bytes),
        }
    }
}

/// What can be a value, as which kind, and how.
macro_rules! values {
    ($($type:ty => $kind:ident, $own:expr;)+) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$kind(Some($own(value)))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value.map($own))
            }
        }
    )+};
}

values! {
    String => Text, |text| text;
    &str => Text, str::to_owned;
    &String => Text, String::clone;
    i64 => Integer, |number| number;
    f64 => Real, |number| number;
    Vec<u8> => Bytes, |bytes| bytes;
    &[u8] => Bytes, <[u8]>::to_vec;
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}
