//! Files, one a day.

use std::fs;

use jiff::ZonedDateTime;
use serde_json::Value;

use super::*;

/// Today's file; a test that runs over midnight is run again.
fn today(kind: &str) -> String {
    let day = ZonedDateTime::now().strftime("%Y-%m-%d").to_string();
    format!("results/model-{day}.{kind}")
}

#[test]
fn each_inspection_is_a_row_and_a_line_of_the_days_files() {
    let world = world_with(
        "kind = \"csv\"\nfolder = \"results\"\nbom = true\nkind = \"jsonl\"\nfolder = \"results\"",
    );
    world.make_folder("results");
    let serving = serve(&world);
    for part in 0..3 {
        serving.send(&format!("?part_id=p{part}"), &image(part));
    }
    until_told(&serving);
    let page = serving.get("/stations/model").text();
    assert!(page.contains("<dt>output csv</dt><dd>ok</dd>"), "{page}");
    let table = world.text(today("csv"));
    let export = serving.get("/api/v1/inspections.csv?order=oldest").text();
    assert_eq!(table.strip_prefix('\u{feff}').unwrap(), export);
    let lines = world.text(today("jsonl"));
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, serving.all());
    serving.stop();
    // The head stands once.
    let serving = serve(&world);
    serving.send("?part_id=%3Da%0Ab", &image(3));
    until_told(&serving);
    let table = world.text(today("csv"));
    assert!(table.contains(",'=a b,"), "{table}");
    assert_eq!(
        (table.lines().count(), table.matches("part_id").count()),
        (5, 1)
    );
}

#[test]
fn a_folder_that_is_away_is_waited_for() {
    let world = world_with("kind = \"csv\"\nfolder = \"results\"");
    let serving = serve(&world);
    serving.send("?part_id=1", &image(1));
    serving.send("?part_id=2", &image(2));
    let trouble = until(|| outputs(&serving)[0]["trouble"].as_str().map(str::to_owned));
    assert!(trouble.contains("is not there"), "{trouble}");
    assert_eq!(outputs(&serving)[0]["waiting"], 2);
    let page = serving.get("/stations/model").text();
    assert!(page.contains("2 wait since "), "{page}");
    let metrics = serving.get("/metrics").text();
    let of_output = "{station=\"model\",output=\"csv\"}";
    assert!(
        metrics.contains(&format!("oddspot_output_waiting{of_output} 2")),
        "{metrics}"
    );
    assert!(
        !metrics.contains(&format!("oddspot_output_failures_total{of_output} 0")),
        "{metrics}"
    );
    world.make_folder("results");
    until_told(&serving);
    assert_eq!(world.text(today("csv")).lines().count(), 3);
    // It goes with what is in it, and comes back.
    fs::rename(world.path("results"), world.path("away")).unwrap();
    serving.send("?part_id=3", &image(3));
    until(|| outputs(&serving)[0]["trouble"].as_str().map(drop));
    fs::rename(world.path("away"), world.path("results")).unwrap();
    until_told(&serving);
    let run = serving.stop();
    assert_eq!(world.text(today("csv")).lines().count(), 4);
    assert!(
        run.stderr.contains("the output csv fails") && run.stderr.contains("works again"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_folder_that_is_not_there_is_told_of_before_anything_is_to_be_written() {
    let world = world_with("kind = \"csv\"\nfolder = \"results\"");
    let serving = serve(&world);
    let trouble = || outputs(&serving)[0]["trouble"].as_str().map(str::to_owned);
    let said = until(trouble);
    assert!(said.contains("is not there"), "{said}");
    assert_eq!(outputs(&serving)[0]["waiting"], 0);
    world.make_folder("results");
    until(|| trouble().is_none().then_some(()));
    // It goes while nothing is judged.
    fs::remove_dir(world.path("results")).unwrap();
    until(trouble);
    serving.stop();
}

#[test]
fn what_waits_for_an_output_that_was_taken_out_is_told_of_and_removed_if_asked() {
    let world = world_with("kind = \"csv\"\nfolder = \"away\"");
    let serving = serve(&world);
    serving.send("", &image(1));
    serving.stop();
    configure(&world, "");
    let run = serve(&world).stop();
    assert!(
        run.stderr
            .contains("something waits for the output model/csv"),
        "{}",
        run.stderr
    );
    let forget =
        |options: &str| Serving::started(&world, &format!("--config serve.toml {options}"));
    let run = forget("--forget-output model/csv").stop();
    assert!(
        run.stderr
            .contains("what waited for the output model/csv was removed: 1"),
        "{}",
        run.stderr
    );
    let run = serve(&world).stop();
    assert!(
        !run.stderr.contains("waits for the output"),
        "{}",
        run.stderr
    );
    let run = forget("--forget-output model/csv").stop();
    assert!(
        run.stderr.contains("nothing waits for an output model/csv"),
        "{}",
        run.stderr
    );
    // What is told is not forgotten.
    configure(&world, "kind = \"csv\"\nfolder = \"away\"");
    let serving = serve(&world);
    serving.send("", &image(1));
    serving.stop();
    let options = "serve --data data --config serve.toml --listen 127.0.0.1:0";
    let refused = format!("{options} --forget-output model/csv");
    world.fails_leaving(&mut world.oddspot(&refused), &["model/csv is configured"]);
}
