//! Statements whose form is known when they are needed: filters, and many rows at a time.

use std::fmt::{Display, Write};

use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::query::Query;
use super::value::Value;

/// A statement that is put together.
pub struct Builder {
    sql: String,
    values: Vec<Value>,
}

impl Builder {
    /// That begins so.
    pub fn new(sql: &str) -> Self {
        Self {
            sql: sql.to_owned(),
            values: Vec::new(),
        }
    }

    /// Adds a piece of SQL, which is never what came from outside.
    pub fn push(&mut self, sql: impl Display) -> &mut Self {
        // Writing into a text does not fail.
        let _ = write!(self.sql, "{sql}");
        self
    }

    /// Adds a value.
    pub fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        self.push('$').push(number)
    }

    /// Adds `VALUES (…), (…)`: of each row what `fill` adds to it.
    pub fn push_values<T>(
        &mut self,
        rows: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(Values<'_>, T),
    ) -> &mut Self {
        self.push("VALUES ");
        for (number, row) in rows.into_iter().enumerate() {
            self.push(if number == 0 { "(" } else { ", (" });
            let values = Values {
                builder: self,
                is_first: true,
            };
            fill(values, row);
            self.push(")");
        }
        self
    }

    /// The statement.
    pub fn build(self) -> Query {
        Query::with(AssertSqlSafe(self.sql).into_sql_str(), self.values)
    }
}

/// The values of one row.
pub struct Values<'b> {
    builder: &'b mut Builder,
    is_first: bool,
}

impl Values<'_> {
    /// Adds the next one.
    pub fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        if !self.is_first {
            self.builder.push(", ");
        }
        self.is_first = false;
        self.builder.push_bind(value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_order_of_their_numbers() {
        let mut builder = Builder::new("INSERT INTO t (a, b) ");
        builder.push_values([(1, "x"), (2, "y")], |mut row, (number, text)| {
            row.push_bind(number).push_bind(text);
        });
        builder.push(" WHERE c = ").push_bind(2.5);
        let sql = "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) WHERE c = $5";
        assert_eq!(builder.sql, sql);
        assert_eq!(builder.values.len(), 5);
        assert_eq!(builder.values[3], Value::from("y"));
    }
}
