//! How verdicts reach other programs: JSON, a table for spreadsheets, the exit status.

use oddspot::files::digest::{hex, sha256_of_file};
use serde_json::Value;

use crate::detection::lines;
use crate::world::World;

/// A world with two boards and a file that is no image.
fn with_images() -> World {
    let world = World::with_model();
    world.boards("boards", 2);
    world.write("boards/broken.png", "no image");
    world
}

#[test]
fn without_an_output_folder_nothing_is_written() {
    let world = with_images();
    let before = world.files();
    let run = world.ends_with(&mut world.oddspot("detect model.oddspot boards"), 3);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(
        run.stderr.contains("nothing is kept without -o FOLDER"),
        "{}",
        run.stderr
    );
    assert!(world.files() == before);
    for option in ["--maps", "--replace", "--append"] {
        let command = format!("detect model.oddspot boards {option}");
        let run = world.ends_with(&mut world.oddspot(&command), 2);
        assert!(run.stderr.contains("--output"), "{}", run.stderr);
    }
}

#[test]
fn json_is_the_lines_of_the_results_and_nothing_else() {
    let world = with_images();
    let mut command = world.oddspot("detect model.oddspot boards -o out --json --quiet");
    let run = world.ends_with(&mut command, 3);
    assert_eq!(run.stdout, world.text("out/results.jsonl"));
    let said: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("skipped: ") && said[0].contains("broken.png"),
        "{said:?}"
    );

    let results = lines(&run.stdout);
    assert_eq!(results.len(), 3);
    let model = hex(&sha256_of_file(&world.path("model.oddspot")).unwrap());
    for line in &results {
        assert_eq!(line["model_sha256"], *model);
        let time = line["time"].as_str().unwrap();
        let shape = time
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c });
        let shape: String = shape.collect();
        assert!(
            shape.starts_with("0000-00-00T00:00:00.000") && shape.ends_with("00:00"),
            "{time}"
        );
        assert!(line.get("part").is_none());
    }
    assert!(results[2]["error"].is_string() && results[2].get("verdict").is_none());
}

#[test]
fn quiet_says_what_went_wrong_alone() {
    let world = World::with_model();
    world.boards("boards", 2);
    world.write("boards/notes.txt", "passed over");
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot boards -o out -q"));
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    assert_eq!(lines(&world.text("out/results.jsonl")).len(), 2);
}

#[test]
fn the_exit_status_says_whether_a_verdict_was_met() {
    let world = with_images();
    let ends = |options: &str, code| {
        let command = format!("detect model.oddspot boards {options}");
        world.ends_with(&mut world.oddspot(&command), code)
    };
    // All lie above a threshold of -1e6, none above one of 1e6.
    let low = "--threshold -1e6 --check-threshold -1e6";
    let high = "--threshold 1e6 --check-threshold 1e6";
    let between = "--threshold 1e6 --check-threshold -1e6";
    ends(&format!("{low} --fail-on anomalous"), 4);
    ends(&format!("{low} --fail-on check"), 4);
    ends(&format!("{low} --fail-on untrusted"), 3);
    ends(&format!("{high} --fail-on anomalous,check"), 3);
    ends(&format!("{between} --fail-on anomalous"), 3);
    ends(&format!("{between} --fail-on untrusted,check"), 4);
    std::fs::remove_file(world.path("boards/broken.png")).unwrap();
    ends(&format!("{high} --fail-on anomalous,check,untrusted"), 0);
    let run = ends("--fail-on bad", 2);
    assert!(
        run.stderr.contains("give anomalous, check or untrusted"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_name_says_which_part_an_image_shows() {
    let world = World::with_model();
    world.boards("boards", 1);
    let bytes = world.read("boards/0.png");
    world.write("boards/SN0042_top.png", &bytes);
    let mut command = world.oddspot("detect model.oddspot boards -o out --part-id");
    let run = world.succeeds(command.arg(r"(SN\d+)_"));
    let warning = "warning: the names of 1 of 2 images say no part by --part-id";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    let results = lines(&world.text("out/results.jsonl"));
    assert_eq!(results[1]["part"], "SN0042");
    assert_eq!(results[0].get("part"), None);
    let table = world.text("out/results.csv");
    let cells: Vec<&str> = table.lines().nth(2).unwrap().split(',').take(2).collect();
    assert_eq!(cells, ["boards/SN0042_top.png", "SN0042"]);
    let mut command = world.oddspot("detect model.oddspot boards -o other --part-id (");
    let run = world.ends_with(&mut command, 2);
    assert!(
        run.stderr
            .contains("it is no regular expression: unclosed group"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_table_with_decimal_commas_is_read_where_a_comma_is_no_separator() {
    let world = World::with_model();
    world.picture("boards/a;b.png", &crate::world::board(1));
    let detect = |options: &str| {
        let command = format!("detect model.oddspot boards -o out --no-pictures {options}");
        world.oddspot(&command)
    };
    world.succeeds(&mut detect("--decimal-comma"));
    world.succeeds(&mut detect("--decimal-comma --append"));
    let table = world.text("out/results.csv");
    assert!(table.starts_with("image;part;time;verdict;score;"));
    let results: Vec<Value> = lines(&world.text("out/results.jsonl"));
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.delimiter(b';').from_reader(table.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), results.len()), (2, 2));
    for (row, line) in rows.iter().zip(&results) {
        assert_eq!(&row[0], "boards/a;b.png");
        assert!(row[4].contains(',') && !row[4].contains('.'), "{}", &row[4]);
        let score: f64 = row[4].replace(',', ".").parse().unwrap();
        assert!((score - line["score"].as_f64().unwrap()).abs() < 1e-4 * score.abs());
    }
    let run = world.ends_with(&mut detect("--append"), 1);
    assert!(
        run.stderr.contains("not the same --decimal-comma"),
        "{}",
        run.stderr
    );
    assert_eq!(world.text("out/results.csv"), table);
}

#[test]
fn a_table_with_a_byte_order_mark_is_added_to() {
    let world = World::with_model();
    world.picture("tëile/ä.png", &crate::world::board(1));
    let detect = |options: &str| {
        let command = format!("detect model.oddspot tëile -o out {options}");
        world.succeeds(&mut world.oddspot(&command))
    };
    detect("--bom");
    let first = world.text("out/results.csv");
    assert!(first.starts_with("\u{feff}image,part,time,verdict,score,"));
    detect("--append");
    let table = world.text("out/results.csv");
    assert!(table.starts_with(&first));
    assert_eq!(table.matches('\u{feff}').count(), 1);
    assert_eq!(table.lines().count(), 3);
    let results: Vec<Value> = lines(&world.text("out/results.jsonl"));
    let mut reader = csv::Reader::from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    for (row, line) in reader.records().map(Result::unwrap).zip(&results) {
        let score = &row[at("score")];
        let digits = score.trim_start_matches(['-', '0', '.']).replace('.', "");
        assert!(digits.len() <= 6, "{score}");
        let exact = line["score"].as_f64().unwrap();
        assert!((score.parse::<f64>().unwrap() - exact).abs() <= 1e-5 * exact.abs());
        let time = line["time"].as_str().unwrap();
        assert_eq!(row[at("time")], time[..19].replace('T', " "));
        assert_eq!(
            &row[at("model_sha256")],
            line["model_sha256"].as_str().unwrap()
        );
    }
}
