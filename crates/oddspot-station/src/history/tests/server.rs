//! What PostgreSQL alone does: it goes away and comes back, and others may use it.

use std::time::{Duration, Instant};

use super::places::{new_database, server};
use super::postgres::Postgres;
use super::*;
use crate::error::Kind;

fn address(place: &Place) -> DatabaseAddress {
    match place {
        Place::Server(address) => address.clone(),
        Place::File(file) => panic!("{file:?}"),
    }
}

/// The name of a database by its place.
fn name(place: &Place) -> String {
    let shown = address(place).to_string();
    let name = shown.split([',', ' ']).find(|word| word.starts_with('t'));
    name.unwrap().to_owned()
}

#[tokio::test]
async fn a_second_service_is_refused_until_the_first_lets_go() {
    let Some(place) = new_database() else { return };
    let first = opened(&place).await;
    let refused = History::open(&place).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::Mismatch);
    let said = refused.to_string();
    assert!(
        said.contains("another oddspot service") && said.contains(&name(&place)),
        "{said}"
    );
    first.close().await;
    History::open(&place).await.unwrap().close().await;
}

#[tokio::test]
async fn ids_and_times_go_by_their_bytes_whatever_the_order_of_texts() {
    let Some(place) = new_database() else { return };
    let history = opened(&place).await;
    for station in ["b", "B", "a-c", "a_b", "A"] {
        history.add_station(station, false, None).await.unwrap();
    }
    let names: Vec<String> = (history.stations().await.unwrap().into_iter())
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["A", "B", "a-c", "a_b", "b", "top"]);
    let collations = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'public' \
                      AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' AND table_name <> '_sqlx_migrations'";
    assert_eq!(server().unwrap().sql(&name(&place), collations), "0");
    // What was answered lies on the disk, though this server does not wait for it usually.
    let kept: String = sql::query_scalar("SELECT current_setting('synchronous_commit')")
        .fetch_one(history.write())
        .await
        .unwrap();
    assert_eq!(kept, "on");
}

#[tokio::test]
async fn histories_of_one_database_have_a_schema_each() {
    let Some(server) = server() else { return };
    server.create("tschemas");
    server.sql("tschemas", "CREATE SCHEMA one; CREATE SCHEMA two");
    let mut histories = Vec::new();
    for (schema, score) in [("one", 1.0), ("two", 2.0)] {
        let url = format!("{}&options[search_path]={schema}", server.url("tschemas"));
        let history = opened(&Place::Server(url.parse().unwrap())).await;
        history.record(judged(score)).await.unwrap();
        histories.push(history);
    }
    let filter = Filter::default();
    let first = histories[0].find(&filter, Order::Newest, None, 9).await;
    assert_eq!(scores(&first.unwrap()), [1.0]);
}

#[tokio::test]
async fn a_text_may_have_what_postgresql_has_no_letter_for() {
    let Some(place) = new_database() else { return };
    let history = opened(&place).await;
    let part = Judged {
        part_id: Some("a\0b".to_owned()),
        ..judged(1.0)
    };
    history.record(part).await.unwrap();
    let filter = Filter {
        part_id: Some("a\0b".to_owned()),
        ..Filter::default()
    };
    let found = history.find(&filter, Order::Newest, None, 9).await.unwrap();
    assert_eq!(found[0].part_id.as_deref(), Some("a\u{fffd}b"));
}

#[tokio::test]
async fn databases_that_cannot_keep_a_history_are_refused_in_a_sentence() {
    let Some(server) = server() else { return };
    server.sql(
        "postgres",
        "CREATE DATABASE tlatin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'",
    );
    let latin = Place::Server(server.url("tlatin").parse().unwrap());
    let refused = History::open(&latin).await.err().unwrap().to_string();
    assert!(refused.contains("ENCODING 'UTF8'"), "{refused}");
    server.create("tother");
    server.sql(
        "tother",
        "CREATE ROLE stranger LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    let url = server
        .url("tother")
        .replace("user=oddspot", "user=stranger");
    let refused = History::open(&Place::Server(url.parse().unwrap())).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("may make tables"), "{refused}");
    let none = Place::Server(server.url("tnone").parse().unwrap());
    let refused = History::open(&none).await.err().unwrap().to_string();
    assert!(refused.contains("\"tnone\" does not exist"), "{refused}");
    let away: DatabaseAddress = "postgresql:///t?host=/nowhere&user=x".parse().unwrap();
    let refused = History::open(&Place::Server(away)).await.err().unwrap();
    assert!(refused.to_string().contains("/nowhere"), "{refused}");
}

#[tokio::test]
async fn while_it_is_away_all_is_refused_at_once_and_then_it_goes_on() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("tgone");
    let place = Place::Server(postgres.url("tgone").parse().unwrap());
    let history = Arc::new(opened(&place).await);
    tokio::spawn(Arc::clone(&history).look_after());
    let mut heard = history.set_outputs("top", vec!["a".to_owned()]);
    let first = history.record(judged(1.0)).await.unwrap();
    heard.borrow_and_update();
    postgres.stop();
    // Whoever is first to find it.
    let refused = history.record(judged(2.0)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Away, "{refused}");
    for _ in 0..1_000 {
        let start = Instant::now();
        let refused = history
            .find(&Filter::default(), Order::Newest, None, 9)
            .await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Away);
        assert!(start.elapsed() < Duration::from_millis(100));
    }
    assert!(history.trouble().unwrap().contains("away"));
    postgres.go_on();
    history.until_there().await;
    let second = history.record(judged(3.0)).await.unwrap();
    assert!(second.id > first.id);
    assert!(heard.has_changed().unwrap());
    assert_eq!(history.to_tell("top", "a", 9).await.unwrap().len(), 2);
    // Another service has it, and then not any more.
    postgres.stop();
    let mut condition = history.condition();
    condition
        .wait_for(|now| now.trouble.is_some())
        .await
        .unwrap();
    // Nothing else happens on this thread meanwhile.
    postgres.go_on();
    let mut other = postgres.hold("tgone", super::sql::LOCK);
    let is_held = |now: &Condition| {
        let trouble = now.trouble.as_ref().map(ToString::to_string);
        let trouble = trouble.unwrap_or_default();
        trouble.contains("another oddspot service")
    };
    condition.wait_for(is_held).await.unwrap();
    let refused = history.record(judged(5.0)).await.unwrap_err();
    assert!(
        refused.reason().contains("another oddspot service"),
        "{refused}"
    );
    other.kill().unwrap();
    other.wait().unwrap();
    history.until_there().await;
    history.record(judged(4.0)).await.unwrap();
    history.close().await;
}

#[tokio::test]
async fn a_server_that_hangs_counts_as_away_within_seconds() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("thang");
    let place = Place::Server(postgres.url("thang").parse().unwrap());
    let history = opened(&place).await;
    postgres.hang(true);
    let start = Instant::now();
    let refused = history.record(judged(2.0)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Away, "{refused}");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    postgres.hang(false);
    history.until_there().await;
    history.record(judged(3.0)).await.unwrap();
    let filter = Filter::default();
    let all = history.find(&filter, Order::Newest, None, 9).await;
    let found = scores(&all.unwrap());
    // What was broken off may have been kept or not, but never twice.
    assert!(found == [3.0, 2.0] || found == [3.0], "{found:?}");
}
