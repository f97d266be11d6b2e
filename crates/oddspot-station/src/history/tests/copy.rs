//! A history moved to a server and back.

use super::*;

/// Fills every table.
async fn filled(place: &Place) -> History {
    let history = opened(place).await;
    history.set_outputs("top", vec!["csv".to_owned()]);
    let mut last = None;
    // More than are copied at a time.
    for at in 0..1_203_u16 {
        let score = f32::from(at % 10);
        let mut new = judged(score);
        new.part_id = (at % 3 != 0).then(|| format!("ä {at} \u{1f600}\n'"));
        new.idempotency_key = (at % 2 == 0).then(|| format!("key {at}"));
        last = Some(history.record(new).await.unwrap());
    }
    let last = last.unwrap();
    let label = Label {
        truth: Truth::Bad,
        defect: Some("scratch".to_owned()),
        note: None,
        who: Some("anna".to_owned()),
    };
    history.label(&last.id, Some(&label), None).await.unwrap();
    for image in ["a", "b"] {
        let good = NewGood {
            kept: KeptImage {
                sha256: image.to_owned(),
                ..last.kept.clone()
            },
            file: "a.png".to_owned(),
            size: [10, 10],
            source: GoodSource::Upload,
        };
        history.add_good("top", &good, None).await.unwrap();
    }
    history.remove_good("top", "b", None).await.unwrap();
    (history
        .add_job("top", &NewJob::of(JobKind::Instant), None)
        .await)
        .unwrap();
    history.activate("top", "m1", true, None).await.unwrap();
    for row in [
        "INSERT INTO \"user\" (name, role, password, added_at) VALUES ('anna', 'admin', 'hash', 'then')",
        "INSERT INTO session (id, \"user\", began_at, seen_at) VALUES ('id', 'anna', 'then', 'now')",
        "INSERT INTO token (name, secret, role, added_at) VALUES ('camera', 'hash', 'machine', 'then')",
        "INSERT INTO judged_anew (model, image, verdict, score, is_learned, judged_at) \
         VALUES ('m1', 'a', 'good', 0.5, 0, 'then')",
        "INSERT INTO unreadable (station, file_name, file_bytes, file_written_ns, reason, found_at) \
         VALUES ('top', 'a.png', 3, 7, 'no image', 'then')",
        "INSERT INTO audit (id, done_at, kind, deed) VALUES ('1', 'then', 'anyone', 'signed_in')",
    ] {
        sql::query(row).execute(history.write()).await.unwrap();
    }
    history
}

#[tokio::test]
async fn a_history_is_moved_to_a_server_and_back_with_every_row() {
    let Some(server) = new_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| Place::File(folder.path().join(name));
    let first = filled(&file("first")).await;
    let of_server = History::open(&server).await.unwrap();
    let copied = first.copy_to(&of_server).await.unwrap();
    assert!(copied.iter().all(|one| one.rows > 0), "{copied:?}");
    let rows = |table| copied.iter().find(|one| one.table == table).unwrap().rows;
    assert_eq!(rows("inspection"), 1_203);
    // A second time it is not empty any more.
    let refused = first.copy_to(&of_server).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Mismatch);
    assert!(refused.to_string().contains("not empty"), "{refused}");
    assert_eq!(found(&first).await, found(&of_server).await);
    // Ids go on after those that were copied.
    of_server.close().await;
    let of_server = History::open(&server).await.unwrap();
    let next = of_server.record(judged(1.0)).await.unwrap();
    assert!(found(&first).await[0].id < next.id);

    let back = History::open(&file("back")).await.unwrap();
    let again = of_server.copy_to(&back).await.unwrap();
    assert_eq!(again.len(), copied.len());
    assert_eq!(found(&back).await, found(&of_server).await);
    back.close().await;
    // Row by row and column by column it is as it was, but for the one that came.
    let undo = format!("DELETE FROM inspection WHERE id = '{}'", next.id);
    let back = History::open(&file("back")).await.unwrap();
    for table in ["region", "image_health", "outbox"] {
        let of_it = format!("DELETE FROM {table} WHERE inspection = '{}'", next.id);
        let query = sql::query(sqlx::AssertSqlSafe(of_it));
        query.execute(back.write()).await.unwrap();
    }
    let query = sql::query(sqlx::AssertSqlSafe(undo));
    query.execute(back.write()).await.unwrap();
    first.close().await;
    back.close().await;
    assert_eq!(
        dump(&folder.path().join("first")).await,
        dump(&folder.path().join("back")).await
    );
}

/// All inspections, the newest first.
async fn found(history: &History) -> Vec<Inspection> {
    let all = Filter::default();
    let found = history.find(&all, Order::Newest, None, 2_000).await;
    found.unwrap()
}

/// All rows of all tables of a file, as texts.
async fn dump(file: &std::path::Path) -> Vec<(String, Vec<String>)> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let pool = sqlx::sqlite::SqlitePool::connect_with(options)
        .await
        .unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '_sqlx_migrations' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pool).await.unwrap();
    let mut all = Vec::new();
    for table in tables {
        let columns = "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info($1)";
        let columns = sqlx::query_scalar::<_, String>(columns).bind(&table);
        let columns = columns.fetch_one(&pool).await.unwrap();
        let rows = format!("SELECT {columns} AS row FROM \"{table}\" ORDER BY row");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(rows));
        all.push((table, rows.fetch_all(&pool).await.unwrap()));
    }
    assert_eq!(all.len(), 18);
    all
}
