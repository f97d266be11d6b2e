//! The page of an evaluation and of a benchmark: what is on it, and what is refused.

use std::fs;

use serde_json::Value;

use crate::world::{World, board, png};

/// With a data set, a model of the full method, and a baseline.
pub fn measured() -> World {
    let world = World::new();
    world.data_set("boards", 0);
    world.succeeds(&mut world.train("boards -o model.oddspot"));
    world.succeeds(&mut world.train("boards -o base.oddspot --method baseline"));
    world
}

#[test]
fn a_page_has_the_measures_the_maps_and_every_image() {
    let world = measured();
    world.succeeds(&mut world.oddspot(
        "evaluate model.oddspot boards --html page.html --json m.json --baseline base.oddspot \
         --threads 1",
    ));
    let page = world.text("page.html");
    let json: Value = serde_json::from_slice(&world.read("m.json")).unwrap();
    let pro = &json["protocols"]["paper"]["maps"]["total"]["overall"]["au_pro"];
    let pro = format!("{:.1}", 100.0 * pro.as_f64().unwrap());
    assert!(
        page.contains(&format!("<p class=\"value\">{pro}</p>")),
        "{pro}"
    );
    for image in json["images"].as_array().unwrap() {
        let row = format!("<tr data-name=\"{}\"", image["name"].as_str().unwrap());
        assert_eq!(page.matches(&row).count(), 1, "{row}");
    }
    // Two good ones and both defective ones: input, baseline, full, and its four terms; three curves.
    assert_eq!(page.matches("<article").count(), 4);
    assert_eq!(page.matches("data:image/jpeg").count(), 4 * 7);
    assert_eq!(page.matches("data:image/svg").count(), 3);
    // A classifier of a few steps knows nothing of places.
    assert!(!page.contains("What the position classifier says"));
    for address in ["http:", "https:", "src=\"/", "url("] {
        assert!(!page.contains(address), "{address}");
    }
    // The page says what the terminal and the JSON say: nothing else is measured.
    let same = world.succeeds(&mut world.oddspot(
        "evaluate model.oddspot boards --html again.html --baseline base.oddspot --threads 1",
    ));
    assert!(same.stdout.contains("Verdicts"));
    assert!(world.read("again.html") == world.read("page.html"));
}

#[test]
fn chosen_images_are_shown_in_their_order() {
    let world = measured();
    world.succeeds(&mut world.oddspot(
        "evaluate model.oddspot boards --html page.html --show test/missing/101.png \
         --show boards/test/good/100.png",
    ));
    let page = world.text("page.html");
    assert_eq!(page.matches("<article").count(), 2);
    let at = |name: &str| page.find(&format!("<h3>{name}</h3>")).unwrap();
    assert!(at("test/missing/101.png") < at("test/good/100.png"));
    assert!(page.contains("<a href=\"#example-1\">test/good/100.png</a>"));
}

#[test]
fn what_cannot_be_shown_or_compared_is_said_before_any_work() {
    let world = measured();
    world.fails(
        &mut world.oddspot("evaluate model.oddspot boards --html p.html --show test/good/10.png"),
        &[
            "boards",
            "'test/good/10.png'",
            "near it are test/good/100.png",
        ],
    );
    world.ends_with(
        &mut world.oddspot("evaluate model.oddspot boards --show test/good/100.png"),
        2,
    );
    let with = |world: &World, model: &str, baseline: &str| {
        world.oddspot(&format!(
            "evaluate {model} boards --html p.html --baseline {baseline}"
        ))
    };
    world.fails(
        &mut with(&world, "model.oddspot", "model.oddspot"),
        &["model.oddspot", "no baseline", "--method baseline"],
    );
    world.fails(
        &mut with(&world, "base.oddspot", "base.oddspot"),
        &["baseline method itself"],
    );
    world.succeeds(&mut world.train("boards -o small.oddspot --method baseline --image-size 88"));
    world.fails(
        &mut with(&world, "model.oddspot", "small.oddspot"),
        &["small.oddspot", "88x88", "96x96", "--image-size 96x96"],
    );
    world.succeeds(&mut world.train("boards/test/good -o seen.oddspot --method baseline"));
    let run = world.ends_with(&mut with(&world, "model.oddspot", "seen.oddspot"), 1);
    for said in ["the baseline seen.oddspot", "boards/test/good/100.png"] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("judging"), "{}", run.stderr);
    world.fails(
        &mut world.oddspot("evaluate model.oddspot boards --html nowhere/p.html"),
        &["nowhere/p.html"],
    );
}

#[cfg(unix)]
#[test]
fn names_that_look_like_html_are_only_names() {
    let world = measured();
    let hostile = "<script>alert(1)<!-- & \"'` onload=x.png";
    world.write(format!("boards/test/good/{hostile}"), png(&board(300)));
    world.succeeds(
        world
            .oddspot("evaluate model.oddspot boards --html page.html --show")
            .arg(format!("test/good/{hostile}")),
    );
    let page = world.text("page.html");
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains("<script>alert") && !page.contains("<!--"));
    assert!(page.contains("&#60;script&#62;alert(1)"));
}

#[test]
fn a_benchmark_has_a_page_with_both_methods_maps() {
    let world = World::new();
    world.data_set("all/first", 0);
    world.data_set("all/second", 20);
    let command = |methods: &str| {
        world.oddspot(&format!(
            "benchmark all -o out --teacher teacher.safetensors --image-size 96 --offset 16 \
             --widths 4,4,8,8 --pairs 8 --iterations 8 --threads 1 --methods {methods}"
        ))
    };
    world.succeeds(&mut command("baseline"));
    let page = world.text("out/report.html");
    assert_eq!(page.matches("<details class=\"set\"").count(), 2);
    // Of each data set four images; input, the baseline's map and its three terms.
    assert_eq!(page.matches("data:image/jpeg").count(), 2 * 4 * 5);

    world.succeeds(&mut command("baseline,full"));
    let whole = world.text("out/report.html");
    assert_eq!(whole.matches("data:image/jpeg").count(), 2 * 4 * 7);
    assert_eq!(whole.matches("data:image/svg").count(), 2 * 3);
    assert!(whole.contains("Curves of second-full-0"));
    for caption in [
        "Table 1, protocol paper",
        "Table 2, protocol official",
        "What a run took",
    ] {
        assert!(whole.contains(&format!("\">{caption}")), "{caption}");
    }

    // Lost pictures are drawn again; without their models the page says so.
    fs::remove_file(world.path("out/runs/first.examples.json")).unwrap();
    let again = world.succeeds(&mut command("baseline,full"));
    assert!(again.stderr.contains("pictures"), "{}", again.stderr);
    assert!(world.text("out/report.html") == whole);
    for file in [
        "first.examples.json",
        "first-full-0.oddspot",
        "second-full-0.curves.json",
    ] {
        fs::remove_file(world.path(format!("out/runs/{file}"))).unwrap();
    }
    world.succeeds(&mut command("baseline,full"));
    let page = world.text("out/report.html");
    assert_eq!(page.matches("data:image/jpeg").count(), 4 * 7);
    assert_eq!(page.matches("data:image/svg").count(), 3);
    assert!(page.contains("There are no pictures: ") && page.contains("delete second-full-0.json"));

    // What is no JSON of ours is as if it were not there.
    world.write("out/runs/second.examples.json", "{\"of\": 3}");
    world.succeeds(&mut command("baseline,full"));
    assert!(world.text("out/report.html") == page);
}
