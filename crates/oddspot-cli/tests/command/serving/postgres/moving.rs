//! A history that moves to PostgreSQL and back.

use serde_json::Value;

use super::*;
use crate::world::Run;

fn copy(world: &World, more: &str) -> Run {
    world.succeeds(&mut world.oddspot(&format!("serve history copy --data data {more}")))
}

/// All that was judged, as a service tells it.
fn judged(serving: Serving) -> Vec<Value> {
    let all = serving.all();
    let last = all.last().unwrap()["id"].as_str().unwrap();
    let image = serving.get(&format!("/api/v1/inspections/{last}/images/image"));
    assert_eq!(image.status, 200);
    serving.stop();
    all
}

#[test]
fn a_history_is_copied_to_postgresql_and_back_while_no_service_runs() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let url = postgres.url("line");
    let world = World::with_model();
    let mut copying = world.oddspot(&format!("serve history copy --data data --to {url}"));
    world.fails_leaving(&mut copying, &["there is no history", "--data"]);
    let serving = Serving::start(&world, "");
    for at in 0..5 {
        let sent = serving.send(&format!("?part_id={at}"), &image(at));
        assert_eq!(sent.status, 201);
    }
    let label = serde_json::json!({ "truth": "bad", "defect": "scratch" });
    let first = ids(&serving)[0].clone();
    let place = format!("/api/v1/inspections/{first}/label");
    assert_eq!(serving.put(&place, &label).status, 204);
    // One that runs keeps it.
    world.fails(&mut copying, &["another service uses this data folder"]);
    let all = judged(serving);
    let run = copy(&world, &format!("--to {url}"));
    assert!(run.stdout.contains("5 inspections"), "{}", run.stdout);
    assert!(run.stderr.contains("from now on"), "{}", run.stderr);
    // Twice would mix them.
    world.fails(&mut copying, &["not empty", "give a new one"]);
    let database = format!("--model model.oddspot --database {url}");
    let serving = Serving::started(&world, &database);
    assert_eq!(serving.all(), all);
    assert_eq!(serving.send("?part_id=new", &image(9)).status, 201);
    let mut back = world.oddspot(&format!("serve history copy --data other --from {url}"));
    world.fails(&mut back, &["another oddspot service"]);
    let all = judged(serving);
    assert_eq!(all.len(), 6);
    // Back, once the file of before is out of the way.
    let mut back = world.oddspot(&format!("serve history copy --data data --from {url}"));
    world.fails(&mut back, &["not empty"]);
    std::fs::rename(world.path("data/history.sqlite"), world.path("before")).unwrap();
    let run = copy(&world, &format!("--from {url}"));
    assert!(run.stderr.contains("without a database"), "{}", run.stderr);
    let serving = Serving::start(&world, "");
    assert_eq!(judged(serving), all);
}
