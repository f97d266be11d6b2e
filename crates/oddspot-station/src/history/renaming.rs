//! Stations that get another name, or are taken away: what they judged stays.

use jiff::Timestamp;

use super::audit::{Note, put_note};
use super::sql::{self, Transaction};
use super::{History, text_of};
use crate::error::{Error, Kind, Result};
use crate::words::Sentence;

/// The tables with a row for each image, which are moved in steps: judging goes on between them.
const LARGE: [(&str, &str); 2] = [("inspection", "id"), ("learned_image", "image")];
/// The other tables whose rows name a station.
const SMALL: [&str; 7] = [
    "good_image",
    "unreadable",
    "station_model",
    "activation",
    "job",
    "outbox",
    "token",
];
/// Images that both names have learned from by now: one row is enough.
const TWICE: &str = "DELETE FROM learned_image WHERE station = $1 AND image IN \
     (SELECT image FROM learned_image WHERE station = $2)";
/// Rows that are moved at a time.
const AT_ONCE: i64 = 2_000;

impl History {
    /// Refuses a name that a station has or had.
    ///
    /// # Errors
    /// It is one.
    pub async fn check_name_free(&self, name: &str) -> Result<()> {
        match self.station(name).await? {
            Some(_) => {
                let sentence = Sentence::new("refused-name-known").with("name", name);
                Err(Error::of(Kind::Mismatch, sentence))
            }
            None => self.check_name_apart(name).await,
        }
    }

    /// Refuses a new name that differs from a station's in case alone: where disks do not tell these apart, both would
    /// have one folder.
    ///
    /// # Errors
    /// There is such a station.
    pub async fn check_name_apart(&self, name: &str) -> Result<()> {
        let alike: Vec<String> =
            sql::query_scalar("SELECT name FROM station WHERE LOWER(name) = LOWER($1)")
                .bind(name)
                .fetch_all(self.write())
                .await?;
        // One that is known has its folder already.
        match alike
            .first()
            .filter(|_| !alike.iter().any(|one| one == name))
        {
            Some(other) => {
                let sentence = Sentence::new("refused-name-case").with("name", name);
                Err(Error::of(Kind::Mismatch, sentence.with("other", other)))
            }
            None => Ok(()),
        }
    }

    /// Decides that a station that is not at work gets another name; [`finish_rename`](Self::finish_rename) brings along
    /// all that it has.
    ///
    /// # Errors
    /// There is no such station; the name is or was one of another.
    pub async fn begin_rename(&self, from: &str, to: &str, note: Option<&Note>) -> Result<()> {
        self.check_name_free(to).await?;
        let mut transaction = self.write().begin().await?;
        let made = sql::query(
            "INSERT INTO station (name, model, added_at, is_paused, is_of_page, mask, configured_model) \
             SELECT $2, model, added_at, is_paused, 1, mask, configured_model FROM station WHERE name = $1",
        )
        .bind(from)
        .bind(to)
        .execute(&mut transaction)
        .await?;
        if made.rows_affected() == 0 {
            return Err(no_station(from));
        }
        sql::query("UPDATE station SET renamed_to = $2 WHERE name = $1")
            .bind(from)
            .bind(to)
            .execute(&mut transaction)
            .await?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }

    /// The stations of which it is decided that they get another name and that do not have all under it yet: the old name
    /// and the new one.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn renames(&self) -> Result<Vec<[String; 2]>> {
        let rows = sql::query("SELECT name, renamed_to FROM station WHERE renamed_to IS NOT NULL")
            .fetch_all(self.write())
            .await?;
        let names = rows.into_iter();
        names
            .map(|row| Ok([row.try_get("name")?, row.try_get("renamed_to")?]))
            .collect()
    }

    /// Brings along the rows of a station that gets another name; nothing tells the old name then.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn finish_rename(&self, from: &str, to: &str) -> Result<()> {
        self.move_most(from, to).await?;
        self.move_rest(from, to).await
    }

    /// Moves the rows of the large tables, in steps.
    async fn move_most(&self, from: &str, to: &str) -> Result<()> {
        sql::query(TWICE)
            .bind(from)
            .bind(to)
            .execute(self.write())
            .await?;
        for (table, key) in LARGE {
            let query = format!(
                "UPDATE {table} SET station = $2 WHERE station = $1 AND {key} IN \
                 (SELECT {key} FROM {table} WHERE station = $1 ORDER BY {key} LIMIT $3)"
            );
            loop {
                let some = sql::query(sqlx::AssertSqlSafe(query.clone()))
                    .bind(from)
                    .bind(to)
                    .bind(AT_ONCE);
                if some.execute(self.write()).await?.rows_affected() == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Moves all that is left, and what was put under the old name since: the name is no more then.
    async fn move_rest(&self, from: &str, to: &str) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        sql::query(TWICE)
            .bind(from)
            .bind(to)
            .execute(&mut transaction)
            .await?;
        let large = LARGE.iter().map(|(table, _)| *table);
        for table in large.chain(SMALL) {
            let query = format!("UPDATE {table} SET station = $2 WHERE station = $1");
            sql::query(sqlx::AssertSqlSafe(query))
                .bind(from)
                .bind(to)
                .execute(&mut transaction)
                .await?;
        }
        sql::query("DELETE FROM station WHERE name = $1")
            .bind(from)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await
    }

    /// Notes that a station is taken away. What it judged, its images and its models stay; tokens for it alone go.
    ///
    /// # Errors
    /// There is no such station.
    pub async fn remove_station(&self, name: &str, note: Option<&Note>) -> Result<()> {
        let mut transaction = self.write().begin().await?;
        let removed = sql::query("UPDATE station SET removed_at = $2 WHERE name = $1")
            .bind(name)
            .bind(text_of(Timestamp::now()))
            .execute(&mut transaction)
            .await?;
        if removed.rows_affected() == 0 {
            return Err(no_station(name));
        }
        remove_tokens(&mut transaction, name).await?;
        put_note(&mut transaction, note).await?;
        transaction.commit().await
    }
}

async fn remove_tokens(transaction: &mut Transaction, station: &str) -> Result<()> {
    sql::query("DELETE FROM token WHERE station = $1")
        .bind(station)
        .execute(transaction)
        .await?;
    Ok(())
}

fn no_station(name: &str) -> Error {
    let sentence = Sentence::new("refused-no-station").with("station", name);
    Error::of(Kind::NotFound, sentence)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{judged, on_each_database, opened};
    use super::super::{Actor, Filter, JobKind, NewJob, Order, Place, TokenRole};
    use super::*;

    on_each_database!(a_renamed_station_has_all_that_it_had);
    async fn a_renamed_station_has_all_that_it_had(place: &Place) {
        let history = opened(place).await;
        for score in [1.0, 2.0, 3.0] {
            history.record(judged(score)).await.unwrap();
        }
        let new = NewJob::of(JobKind::Audit);
        history.add_job("top", &new, None).await.unwrap();
        let (name, role) = ("camera", TokenRole::Machine);
        history
            .add_token(name, role, Some("top"), "secret", &Actor::terminal())
            .await
            .unwrap();
        let taken = history.begin_rename("top", "top", None).await;
        assert_eq!(taken.unwrap_err().kind(), Kind::Mismatch);
        let other_case = history.begin_rename("top", "Top", None).await;
        let refused = other_case.unwrap_err().to_string();
        assert!(
            refused.contains("Top differs from station top"),
            "{refused}"
        );
        history.check_name_apart("top").await.unwrap();
        let none = history.begin_rename("none", "other", None).await;
        assert_eq!(none.unwrap_err().kind(), Kind::NotFound);
        history.begin_rename("top", "new", None).await.unwrap();
        // Nobody sees it while it is on the way.
        assert!(history.stations().await.unwrap().is_empty());
        assert_eq!(history.renames().await.unwrap(), [["top", "new"]]);
        for _ in 0..2 {
            history.finish_rename("top", "new").await.unwrap();
        }
        assert!(history.renames().await.unwrap().is_empty());
        let of = |station: &str| Filter {
            station: Some(station.to_owned()),
            ..Filter::default()
        };
        let count = async |station: &str| {
            let filter = of(station);
            let found = history.find(&filter, Order::Newest, None, 9).await;
            found.unwrap().len()
        };
        assert_eq!([count("top").await, count("new").await], [0, 3]);
        assert!(history.station("top").await.unwrap().is_none());
        assert!(history.station("new").await.unwrap().unwrap().is_of_page);
        assert_eq!(history.jobs(Some("new"), 9).await.unwrap().len(), 1);
        let tokens = history.tokens().await.unwrap();
        assert_eq!(tokens[0].station.as_deref(), Some("new"));
    }

    on_each_database!(what_comes_under_the_old_name_meanwhile_is_brought_along_too);
    async fn what_comes_under_the_old_name_meanwhile_is_brought_along_too(place: &Place) {
        let history = opened(place).await;
        history.record(judged(1.0)).await.unwrap();
        let learn = async |images: &[&str]| {
            let images: Vec<String> = images.iter().map(|image| (*image).to_owned()).collect();
            let learned = history.note_learned(("top", "m1"), &images, Timestamp::now());
            learned.await.unwrap();
        };
        learn(&["a"]).await;
        history.begin_rename("top", "new", None).await.unwrap();
        history.move_most("top", "new").await.unwrap();
        // A look at what is kept still has the old name, and an image of before among those of the next model.
        learn(&["a", "b"]).await;
        history.record(judged(2.0)).await.unwrap();
        history.move_rest("top", "new").await.unwrap();
        assert!(history.station("top").await.unwrap().is_none());
        let filter = Filter {
            station: Some("new".to_owned()),
            ..Filter::default()
        };
        let found = history.find(&filter, Order::Newest, None, 9);
        assert_eq!(found.await.unwrap().len(), 2);
        let learned = "SELECT image FROM learned_image WHERE station = 'new' ORDER BY image";
        let learned: Vec<String> = sql::query_scalar(learned)
            .fetch_all(history.read())
            .await
            .unwrap();
        assert_eq!(learned, ["a", "b"]);
    }

    on_each_database!(a_station_that_was_taken_away_has_its_history_and_comes_back_with_it);
    async fn a_station_that_was_taken_away_has_its_history_and_comes_back_with_it(place: &Place) {
        let history = opened(place).await;
        history.record(judged(1.0)).await.unwrap();
        let (name, role) = ("camera", TokenRole::Machine);
        let by = Actor::terminal();
        let token = history.add_token(name, role, Some("top"), "secret", &by);
        token.await.unwrap();
        history.remove_station("top", None).await.unwrap();
        let is_removed = async || history.station("top").await.unwrap().unwrap().is_removed;
        assert!(is_removed().await && history.tokens().await.unwrap().is_empty());
        let filter = Filter::default();
        let all = history.find(&filter, Order::Newest, None, 9);
        assert_eq!(all.await.unwrap().len(), 1);
        history.add_station("top", true, None).await.unwrap();
        assert!(!is_removed().await);
        let none = history.remove_station("none", None).await;
        assert_eq!(none.unwrap_err().kind(), Kind::NotFound);
    }

    #[tokio::test]
    async fn no_table_that_names_stations_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let history = opened(&Place::File(folder.path().join("h"))).await;
        let tables = "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND c.name = 'station' ORDER BY m.name";
        let mut there: Vec<String> = sql::query_scalar(tables)
            .fetch_all(history.read())
            .await
            .unwrap();
        let moved = LARGE.iter().map(|(table, _)| *table).chain(SMALL);
        let mut moved: Vec<String> = moved.map(str::to_owned).collect();
        there.sort();
        moved.sort();
        assert_eq!(there, moved);
    }
}
