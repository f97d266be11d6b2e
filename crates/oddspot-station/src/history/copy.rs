//! A history moved to another database: all rows of all tables, in one transaction.

use super::History;
use super::sql::{self, Builder, Pool, Row, Transaction};
use crate::error::{Error, Kind, Result};

/// The tables, each behind those that it names, and by which columns its rows have an order.
const TABLES: [(&str, &[&str]); 18] = [
    ("model_version", &["sha256"]),
    ("station", &["name"]),
    ("inspection", &["id"]),
    ("region", &["inspection", "number"]),
    ("image_health", &["inspection", "signal"]),
    ("label", &["inspection"]),
    ("good_image", &["station", "image"]),
    ("learned_image", &["station", "image"]),
    ("judged_anew", &["model", "image"]),
    ("unreadable", &["station", "file_name"]),
    ("job", &["id"]),
    ("station_model", &["station", "model"]),
    ("activation", &["station", "number"]),
    ("outbox", &["station", "output", "event"]),
    ("user", &["name"]),
    ("session", &["id"]),
    ("token", &["name"]),
    ("audit", &["id"]),
];

/// Rows that are copied at a time.
const AT_ONCE: usize = 500;

/// How many rows of a table were copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: &'static str,
    /// So many.
    pub rows: u64,
}

/// A column of a table.
struct Column {
    name: String,
    kind: ColumnKind,
}

#[derive(Clone, Copy)]
enum ColumnKind {
    Text,
    Integer,
    Real,
}

/// What stands in a column of a row.
enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
}

impl History {
    /// Copies all of it into another, which is empty; one of both is a file. Nobody writes to either meanwhile.
    ///
    /// # Errors
    /// Another that is not empty; databases that cannot be read or written, or that then have not as many rows: nothing
    /// is copied.
    pub async fn copy_to(&self, other: &Self) -> Result<Vec<Copied>> {
        let mut from = self.write().begin().await?;
        let mut to = other.write().begin().await?;
        for (table, _) in TABLES {
            let rows = count(&mut to, table).await?;
            if rows > 0 {
                let reason = format!(
                    "the history to copy to is not empty (its table {table} has {rows} rows): give a new one, for what is in \
                     it would be lost or mixed"
                );
                return Err(Error::new(Kind::Mismatch, reason));
            }
        }
        let described = match self.write() {
            Pool::Sqlite(_) => &mut from,
            Pool::Server(_) => &mut to,
        };
        let columns = columns(described).await?;
        let mut all = Vec::new();
        for ((table, key), columns) in TABLES.into_iter().zip(&columns) {
            let rows = copy(&mut from, &mut to, (table, key), columns).await?;
            let found = [count(&mut from, table).await?, count(&mut to, table).await?];
            if found != [rows; 2] {
                let reason = format!(
                    "table {table} has {} rows and {} were copied: nothing was kept of it",
                    found[0], found[1]
                );
                return Err(Error::internal(reason));
            }
            all.push(Copied { table, rows });
        }
        to.commit().await?;
        Ok(all)
    }
}

/// The columns of all tables, by the file that has them.
async fn columns(file: &mut Transaction) -> Result<Vec<Vec<Column>>> {
    let tables =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '_sqlx_migrations'";
    let there: Vec<String> = sql::query_scalar(tables).fetch_all(&mut *file).await?;
    let is_known = |name: &&String| !TABLES.iter().any(|(table, _)| table == name);
    if let Some(unknown) = there.iter().find(is_known) {
        return Err(Error::internal(format!(
            "table {unknown} would be left behind"
        )));
    }
    let mut all = Vec::new();
    for (table, _) in TABLES {
        let rows = sql::query("SELECT name, type FROM pragma_table_info($1)")
            .bind(table)
            .fetch_all(&mut *file)
            .await?;
        let columns = rows.iter().map(|row| {
            let (name, kind): (String, String) = (row.try_get("name")?, row.try_get("type")?);
            let kind = match &*kind {
                "TEXT" => ColumnKind::Text,
                "BIGINT" => ColumnKind::Integer,
                "DOUBLE PRECISION" => ColumnKind::Real,
                _ => {
                    let reason = format!("column {name} of table {table} is of no known kind");
                    return Err(Error::internal(reason));
                }
            };
            Ok(Column { name, kind })
        });
        all.push(columns.collect::<Result<_>>()?);
    }
    Ok(all)
}

/// Copies the rows of a table; tells how many there were.
async fn copy(
    from: &mut Transaction,
    to: &mut Transaction,
    (table, key): (&str, &[&str]),
    columns: &[Column],
) -> Result<u64> {
    let names: Vec<String> = columns.iter().map(|one| quoted(&one.name)).collect();
    let names = names.join(", ");
    let order: Vec<String> = key.iter().map(|name| quoted(name)).collect();
    let order = order.join(", ");
    let (mut last, mut copied): (Option<Vec<Value>>, u64) = (None, 0);
    loop {
        let mut query = Builder::new(&format!("SELECT {names} FROM {}", quoted(table)));
        if let Some(last) = last.take() {
            query.push(format!(" WHERE ({order}) > ("));
            for (number, value) in last.into_iter().enumerate() {
                query.push(if number == 0 { "" } else { ", " });
                value.push_to(&mut query);
            }
            query.push(")");
        }
        query.push(format!(" ORDER BY {order} LIMIT {AT_ONCE}"));
        let rows = query.build().fetch_all(&mut *from).await?;
        let Some(end) = rows.last() else {
            return Ok(copied);
        };
        let of_key = key
            .iter()
            .filter_map(|name| columns.iter().find(|one| one.name == *name));
        last = Some(of_key.map(|one| one.of(end)).collect::<Result<_>>()?);
        copied += rows.len() as u64;
        let rows = rows
            .iter()
            .map(|row| columns.iter().map(|one| one.of(row)).collect());
        let rows: Vec<Vec<Value>> = rows.collect::<Result<_>>()?;
        let mut query = Builder::new(&format!("INSERT INTO {} ({names}) ", quoted(table)));
        query.push_values(rows, |mut values, row| {
            for value in row {
                match value {
                    Value::Text(text) => values.push_bind(text),
                    Value::Integer(number) => values.push_bind(number),
                    Value::Real(number) => values.push_bind(number),
                };
            }
        });
        query.build().execute(&mut *to).await?;
    }
}

impl Column {
    /// What a row has in it.
    fn of(&self, row: &Row) -> Result<Value> {
        let name = &self.name;
        Ok(match self.kind {
            ColumnKind::Text => Value::Text(row.try_get(name)?),
            ColumnKind::Integer => Value::Integer(row.try_get(name)?),
            ColumnKind::Real => Value::Real(row.try_get(name)?),
        })
    }
}

impl Value {
    fn push_to(self, query: &mut Builder) {
        match self {
            Self::Text(text) => query.push_bind(text),
            Self::Integer(number) => query.push_bind(number),
            Self::Real(number) => query.push_bind(number),
        };
    }
}

/// A name that may be a word of SQL.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

async fn count(transaction: &mut Transaction, table: &str) -> Result<u64> {
    let query = Builder::new(&format!("SELECT COUNT(*) FROM {}", quoted(table)));
    let row = query.build().fetch_one(transaction).await?;
    let rows: i64 = row.first()?;
    Ok(u64::try_from(rows).unwrap_or(0))
}
