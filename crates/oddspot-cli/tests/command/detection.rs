//! Everything that `oddspot detect` promises to write.

use std::collections::BTreeSet;
use std::fs::File;

use image::GenericImageView;
use oddspot::Model;
use oddspot::images::ImageSize;
use oddspot_demo::Defect;
use serde_json::Value;
use tiff::decoder::{Decoder, DecodingResult};

use crate::world::{World, board, png};

/// Names as people give them, and sizes that are not the network's.
const IMAGES: [(&str, u32, u32); 4] = [
    ("low.png", 150, 90),
    ("tall ünd spaced.png", 72, 130),
    ("with, \"quotes\".png", 96, 96),
    ("sub/folder/small.png", 33, 21),
];

/// A world with `images` judged into `out`.
pub fn judged() -> (World, Vec<Value>) {
    let world = World::with_model();
    for (seed, (name, width, height)) in IMAGES.into_iter().enumerate() {
        let size = ImageSize {
            width: width as usize,
            height: height as usize,
        };
        let (image, _) = oddspot_demo::defective(size, seed as u64, Defect::Missing);
        world.picture(format!("images/{name}"), &image);
    }
    world.succeeds(&mut world.oddspot("detect model.oddspot images -o out --maps --threads 1"));
    let results = lines(&world.text("out/results.jsonl"));
    (world, results)
}

pub fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".png").unwrap()
}

pub struct FloatMap {
    pub width: usize,
    pub values: Vec<f32>,
}

/// What a result's image is called below `images`.
pub fn name_of(result: &Value) -> &str {
    let image = result["image"].as_str().unwrap();
    image.strip_prefix("images/").unwrap()
}

/// A map of one 32-bit float a pixel.
pub fn tiff_map(world: &World, kind: &str, image: &str) -> FloatMap {
    let path = world.path(format!("out/{kind}/{}.tiff", stem(image)));
    let mut decoder = Decoder::new(File::open(path).unwrap()).unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    let DecodingResult::F32(values) = decoder.read_image().unwrap() else {
        panic!("{kind} of {image} is not of 32-bit floats");
    };
    assert_eq!(values.len(), (width * height) as usize);
    FloatMap {
        width: width as usize,
        values,
    }
}

#[test]
fn every_picture_is_there_in_the_size_of_its_image() {
    let (world, _) = judged();
    let mut promised =
        BTreeSet::from(["index.html", "results.csv", "results.jsonl"].map(str::to_owned));
    for (name, width, height) in IMAGES {
        for kind in ["contour", "total", "looks_wrong", "wrong_place"] {
            let file = format!("{kind}/{}.png", stem(name));
            let picture = image::open(world.path("out").join(&file)).unwrap();
            assert_eq!(picture.dimensions(), (width, height), "{file}");
            promised.insert(file);
        }
        for kind in ["total", "looks_wrong", "wrong_place"] {
            let map = tiff_map(&world, kind, name);
            assert_eq!(map.width, width as usize);
            assert_eq!(map.values.len(), (width * height) as usize);
            promised.insert(format!("{kind}/{}.tiff", stem(name)));
        }
        for end in ["jpg", "outline.jpg", "odd.jpg"] {
            // Of a good image there is nothing to mark.
            let file = format!("page/{}.{end}", stem(name));
            if end == "jpg" || world.path("out").join(&file).exists() {
                let picture = image::open(world.path("out").join(&file)).unwrap();
                assert!(picture.width().max(picture.height()) == 640, "{file}");
                promised.insert(file);
            }
        }
        let file = format!("figure/{}.png", stem(name));
        let figure = image::open(world.path("out").join(&file)).unwrap();
        assert!(figure.width() > width && figure.height() > height);
        promised.insert(file);
    }
    let written: BTreeSet<String> = world
        .files()
        .into_keys()
        .filter_map(|file| file.strip_prefix("out/").map(str::to_owned))
        .collect();
    assert_eq!(written, promised);
}

#[test]
fn the_total_map_is_the_sum_of_its_parts_and_stands_out_where_the_results_say() {
    let (world, results) = judged();
    for line in results {
        let name = name_of(&line);
        let [total, looks, place] =
            ["total", "looks_wrong", "wrong_place"].map(|kind| tiff_map(&world, kind, name));
        for i in 0..total.values.len() {
            let sum = looks.values[i] + place.values[i];
            let difference = (total.values[i] - sum).abs();
            assert!(
                difference <= 1e-4 * sum.abs().max(1.0),
                "{name}: {difference}"
            );
        }
        let coordinate = |axis: &str| line["peak"][axis].as_u64().unwrap() as usize;
        let peak = total.values[coordinate("y") * total.width + coordinate("x")];
        // The middle of a pixel of the model's, which an image may be smaller than.
        let highest = total.values.iter().copied().fold(0.0, f32::max);
        assert!(peak >= 0.5 * highest, "{name}: {peak} of {highest}");
    }
}

#[test]
fn pictures_have_the_size_that_is_asked_for_and_change_nothing_that_is_said() {
    let (world, results) = judged();
    for (arguments, sizes) in [
        (
            "--picture-side 96",
            [(96, 58), (53, 96), (96, 96), (33, 21)].map(Some),
        ),
        ("--no-pictures", [None; 4]),
    ] {
        let run = format!("detect model.oddspot images -o other --replace {arguments}");
        world.succeeds(&mut world.oddspot(&run));
        let others = lines(&world.text("other/results.jsonl"));
        assert_eq!(others.len(), results.len());
        for (line, other) in results.iter().zip(&others) {
            for field in ["score", "verdict", "peak", "regions", "terms"] {
                assert_eq!(line[field], other[field], "{field}");
            }
        }
        for ((name, ..), size) in IMAGES.iter().zip(sizes) {
            for kind in ["contour", "total"] {
                let path = world.path(format!("other/{kind}/{name}"));
                let found = size.map(|_| image::open(&path).unwrap().dimensions());
                assert_eq!(found, size, "{kind} of {name}");
                assert_eq!(path.exists(), size.is_some());
            }
        }
    }
}

#[test]
fn verdicts_follow_from_scores_and_shares_sum_to_one() {
    let (world, results) = judged();
    let model = Model::load(&world.path("model.oddspot")).unwrap();
    assert_eq!(results.len(), IMAGES.len());
    for line in &results {
        assert_eq!(line["threshold"], model.header.thresholds.image);
        let score = line["score"].as_f64().unwrap();
        let anomalous = score > model.header.thresholds.image;
        assert_eq!(line["verdict"] == "anomalous", anomalous);
        assert_eq!(line["why"].is_string(), anomalous);
        let share = |part: &str| line[format!("{part}_share")].as_f64().unwrap();
        let (looks, place) = (share("looks_wrong"), share("wrong_place"));
        assert!(looks >= 0.0 && place >= 0.0);
        // Neither part is to blame for a peak below the mean of good images.
        let neither = looks == 0.0 && place == 0.0;
        assert!((looks + place - 1.0).abs() < 1e-6 || (neither && score <= 0.0));
        if anomalous {
            let expected = if looks.min(place) >= 0.4 {
                "looks wrong and in the wrong place"
            } else if looks >= place {
                "looks wrong"
            } else {
                "in the wrong place"
            };
            assert_eq!(line["why"], expected);
        }
        assert!(line["milliseconds"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn the_place_is_told_neighbour_by_neighbour_and_guesses_are_no_words() {
    let (_world, results) = judged();
    for line in &results {
        let place = &line["place"];
        let number = |of: &Value, field: &str| of[field].as_f64().unwrap();
        assert!(number(place, "x") < number(line, "width"));
        assert!(number(place, "y") < number(line, "height"));
        let neighbours = place["neighbours"].as_array().unwrap();
        assert!((1..=8).contains(&neighbours.len()));
        for neighbour in neighbours {
            let (sure, here) = (
                number(neighbour, "probability"),
                number(neighbour, "probability_here"),
            );
            assert!((0.125..=1.0).contains(&sure) && (0.0..=sure).contains(&here));
            let stays = neighbour["lies"] == neighbour["belongs"];
            assert_eq!(stays, sure == here);
        }
        // Twelve steps teach nothing of places, and guesses are no words.
        assert_eq!(place["words"], serde_json::json!([]));
    }
}

#[test]
fn both_result_files_and_the_printed_lines_agree() {
    let (world, results) = judged();
    let mut csv = csv::Reader::from_path(world.path("out/results.csv")).unwrap();
    let headers = csv.headers().unwrap().clone();
    let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), results.len());
    for (row, line) in rows.iter().zip(&results) {
        let cell = |name: &str| {
            let column = headers.iter().position(|header| header == name).unwrap();
            row[column].to_owned()
        };
        let number = |name: &str| cell(name).parse::<f64>().unwrap();
        assert_eq!(cell("image"), line["image"]);
        assert_eq!(cell("verdict"), line["verdict"]);
        for column in ["score", "threshold", "check_threshold"] {
            let exact = line[column].as_f64().unwrap();
            // In six digits.
            assert!(
                (number(column) - exact).abs() <= 1e-5 * exact.abs(),
                "{column}"
            );
        }
        assert_eq!(cell("why"), line["why"].as_str().unwrap_or_default());
        for part in ["looks_wrong_share", "wrong_place_share"] {
            assert!((number(part) - line[part].as_f64().unwrap()).abs() <= 5e-5);
        }
        assert_eq!(number("peak_x"), line["peak"]["x"].as_f64().unwrap());
        assert_eq!(number("peak_y"), line["peak"]["y"].as_f64().unwrap());
        let regions = line["regions"].as_array().unwrap();
        assert_eq!(number("regions") as usize, regions.len());
        for (column, key) in [
            ("left", "left"),
            ("top", "top"),
            ("region_width", "width"),
            ("region_height", "height"),
        ] {
            match regions.first() {
                Some(region) => assert_eq!(number(column), region[key].as_f64().unwrap()),
                None => assert_eq!(cell(column), ""),
            }
        }
        let files = line["files"].as_array().unwrap();
        assert!(files.contains(&Value::from(cell("figure"))));
        for file in files {
            assert!(world.path("out").join(file.as_str().unwrap()).is_file());
        }
        assert_eq!(cell("error"), "");
    }
}

#[test]
fn the_same_images_give_the_same_results_one_by_one_and_together() {
    let (world, results) = judged();
    let alike = |mut line: Value| {
        // One run writes raw maps too.
        for differing in ["milliseconds", "files", "time"] {
            line[differing].take();
        }
        line
    };
    let run = world.succeeds(
        world
            .oddspot("detect model.oddspot -o one --threads 1")
            .arg("images/with, \"quotes\".png"),
    );
    let one = lines(&world.text("one/results.jsonl")).remove(0);
    let among = results
        .into_iter()
        .find(|line| line["image"] == one["image"]);
    assert_eq!(alike(one), alike(among.unwrap()));
    assert!(run.stdout.contains("images/with, \"quotes\".png"));
    assert!(!world.path("one/total/with, \"quotes\".tiff").exists());
}

#[test]
fn the_time_and_memory_that_it_took_are_told() {
    let world = World::with_model();
    world.boards("boards", 1);
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot boards -o out"));
    let memory = cfg!(unix).then_some("peak memory ");
    for cost in ["p50 ", "p95 ", "p99 "].into_iter().chain(memory) {
        assert!(run.stderr.contains(cost), "{cost}: {}", run.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_image_whose_name_is_no_text_has_pictures_that_its_results_name() {
    use std::os::unix::ffi::OsStrExt;

    let world = World::with_model();
    let name = std::ffi::OsStr::from_bytes(b"bad\xff.png");
    world.write(std::path::Path::new("boards").join(name), png(&board(1)));
    world.succeeds(&mut world.oddspot("detect model.oddspot boards -o out"));
    let results = lines(&world.text("out/results.jsonl"));
    assert_eq!(results[0]["files"][0], "figure/bad\\xff.png");
    assert!(world.path("out/figure/bad\\xff.png").is_file());
}

#[test]
fn the_verdict_follows_another_threshold_or_rate_if_asked() {
    let (world, results) = judged();
    let scores: Vec<f64> = (results.iter().map(|line| line["score"].as_f64().unwrap())).collect();
    let highest = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    for (threshold, anomalous) in [(highest + 0.01, 0), (-100.0, IMAGES.len())] {
        let options =
            format!("detect model.oddspot images -o other --replace --threshold {threshold}");
        let run = world.succeeds(&mut world.oddspot(&options));
        assert!(run.stderr.contains("instead of its own"), "{}", run.stderr);
        assert!(run.stderr.contains("good images lie above it"));
        let found = lines(&world.text("other/results.jsonl"));
        let called = found.iter().filter(|line| line["verdict"] == "anomalous");
        assert_eq!(called.count(), anomalous);
        for (line, score) in found.iter().zip(&scores) {
            assert_eq!(line["threshold"].as_f64(), Some(threshold));
            assert_eq!(line["score"].as_f64(), Some(*score));
        }
    }
    let far = "detect model.oddspot images -o other --replace --threshold 1e6";
    let run = world.succeeds(&mut world.oddspot(far));
    let tiny = "a false-alarm rate of less than 0.1 %";
    assert!(run.stderr.contains(tiny), "{}", run.stderr);
    let stricter = "images -o other --replace --false-alarm-rate 0.001";
    let run = world.succeeds(&mut world.oddspot(&format!("detect model.oddspot {stricter}")));
    let too_few = "the threshold is extrapolated from the scores of 8 good images: 999 would do";
    assert!(run.stderr.contains(too_few), "{}", run.stderr);
    let model = Model::load(&world.path("model.oddspot")).unwrap();
    let expected = model
        .header
        .thresholds
        .at_rates(Some(0.001), None)
        .unwrap()
        .image;
    assert!(expected > model.header.thresholds.image);
    let found = lines(&world.text("other/results.jsonl"));
    assert_eq!(found[0]["threshold"], expected);

    let detect = "detect model.oddspot images -o new";
    world.fails(
        &mut world.oddspot(&format!("{detect} --threshold nan")),
        &["give a score"],
    );
    for (options, mention) in [
        ("--false-alarm-rate 3", "3 % is 0.03"),
        ("--check-rate=-1", "above 0"),
        (
            "--threshold 1 --false-alarm-rate 0.1",
            "cannot be used with",
        ),
    ] {
        let run = world.ends_with(&mut world.oddspot(&format!("{detect} {options}")), 2);
        assert!(run.stderr.contains(mention), "{}", run.stderr);
    }
}

#[test]
fn an_image_named_twice_is_judged_once_and_equal_names_stay_apart() {
    let world = World::with_model();
    world.boards("a", 1);
    world.picture("b/0.png", &board(5));
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot a b a/0.png -o out"));
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(world.path("out/total/a/0.png").exists());
    assert!(world.path("out/total/b/0.png").exists());
}

#[test]
fn where_there_is_nothing_to_judge_the_folders_are_named() {
    let world = World::with_model();
    world.make_folder("empty");
    world.fails(
        &mut world.oddspot("detect model.oddspot empty -o out"),
        &["empty", "give images"],
    );
}
