//! `oddspot audit`, and what `train` says of its good images at the end.

use image::Rgb;
use oddspot::images::ImageSize;
use oddspot::model::Model;
use oddspot_demo::Defect;
use serde_json::Value;

use crate::world::{World, board};

const TINY: &str = "--teacher teacher.safetensors --image-size 96 --threads 1";

/// Boards, one of them with a blot, one twice, one darker again, one smaller.
pub fn mixed() -> World {
    let world = World::new();
    world.boards("boards", 20);
    let mut blotted = board(50);
    for y in 40..60 {
        for x in 20..40 {
            blotted.put_pixel(x, y, Rgb([255, 0, 255]));
        }
    }
    world.picture("boards/blotted.png", &blotted);
    world.picture("boards/copy.png", &board(3));
    let mut darker = board(7);
    for pixel in darker.pixels_mut() {
        pixel.0 = pixel.0.map(|level| (f32::from(level) * 0.8) as u8);
    }
    world.picture("boards/darker.png", &darker);
    let small = image::imageops::thumbnail(&board(60), 96, 64);
    world.picture("boards/small.png", &small);
    world
}

fn names(json: &Value) -> Vec<String> {
    let images = json["images"].as_array().unwrap().iter();
    let names = images.map(|image| image["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn what_should_not_be_among_the_good_ones_is_named() {
    let world = mixed();
    let command = format!("audit boards -o page.html --json a.json --list odd.txt {TINY}");
    let run = world.succeeds(&mut world.oddspot(&command));
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    assert_eq!(names(&json).len(), 24);
    assert!(
        names(&json)[..3].contains(&"blotted.png".to_owned()),
        "{}",
        run.stdout
    );
    assert!(json["threshold"].is_f64());
    let groups = json["twins"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "{groups:?}");
    assert_eq!(groups[0]["likeness"], "exact");
    assert_eq!(
        groups[0]["images"],
        serde_json::json!(["3.png", "copy.png"])
    );
    for words in [
        "24 images:",
        "(oddness is 0 of a usual image here, and 1 of one that a tenth lies above; score is that of `detect`)",
        "blotted.png",
        "3.png = copy.png",
        "look alike, perhaps of the same part",
        "of 1: 7.png = darker.png",
        "small.png (96x64): of another size: most are 96x96",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    let page = world.text("page.html");
    assert_eq!(page.matches("<tr data-name=").count(), 24);
    assert!(
        world
            .text("odd.txt")
            .starts_with("# They stand out from all other good images")
    );

    // What is there is not written over, a good image least of all.
    world.fails_leaving(
        &mut world.oddspot(&format!("audit boards -o boards/3.png {TINY}")),
        &["boards/3.png", "--replace"],
    );
    // The same again says the same.
    let again = command.replace("page.html", "again.html") + " --replace";
    world.succeeds(&mut world.oddspot(&again));
    assert!(world.read("again.html") == world.read("page.html"));
}

#[test]
fn a_list_without_a_name_is_told_in_plain_words() {
    let world = World::new();
    world.boards("boards", 8);
    let run = world.succeeds(&mut world.oddspot(&format!("audit boards --list odd.txt {TINY}")));
    let said = "no image stands out: odd.txt names none";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert_eq!(
        world.text("odd.txt"),
        "# No image stands out from the other good ones of boards.\n"
    );
}

/// The places in the list of six boards with a fault each that lie among 114 good ones.
fn places_of_planted(draw: u64) -> Vec<usize> {
    const SIZE: ImageSize = ImageSize::square(128);
    let world = World::new();
    for seed in 0..114 {
        let board = oddspot_demo::good(SIZE, 10_000 * draw + seed);
        world.picture(format!("boards/{seed:03}.png"), &board);
    }
    for (at, defect) in Defect::ALL.into_iter().enumerate() {
        let (board, _) = oddspot_demo::defective(SIZE, 10_000 * draw + 500 + at as u64, defect);
        world.picture(format!("boards/{:03}_.png", 17 * at), &board);
    }
    world.succeeds(
        &mut world
            .oddspot("audit boards --json a.json --preset instant --image-size 128 --threads 1"),
    );
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    let names = names(&json);
    assert_eq!(names.len(), 120);
    let planted = (names.iter().enumerate()).filter(|(_, name)| name.ends_with("_.png"));
    planted.map(|(place, _)| place).collect()
}

#[test]
fn of_planted_faults_most_are_in_the_first_tenth_of_the_list() {
    let draws: Vec<Vec<usize>> = (0..3).map(places_of_planted).collect();
    let of_first_tenth = |places: &Vec<usize>| places.iter().filter(|&&place| place < 12).count();
    let found: usize = draws.iter().map(of_first_tenth).sum();
    assert!(found * 5 >= 4 * 18, "{found} of 18: {draws:?}");
}

#[test]
fn good_images_that_were_saved_with_losses_in_part_are_told() {
    let world = World::new();
    world.boards("boards", 6);
    let said = "good images were saved with losses, as JPEG does, and";
    let audit = format!("audit boards {TINY}");
    let run = world.succeeds(&mut world.oddspot(&audit));
    assert!(!run.stdout.contains(said), "{}", run.stdout);
    for number in 6..8 {
        let file = world.path(format!("boards/{number}.jpg"));
        board(number).save(file).unwrap();
    }
    let told = format!("2 of 8 {said} 6 without");
    let run = world.succeeds(&mut world.oddspot(&audit));
    assert!(run.stdout.contains(&told), "{}", run.stdout);
    let train = format!("train boards -o m.oddspot --preset instant --no-audit {TINY}");
    let run = world.succeeds(&mut world.oddspot(&train));
    assert!(run.stderr.contains(&told), "{} {}", run.stdout, run.stderr);
}

#[test]
fn what_cannot_be_used_is_named_and_left_out() {
    let world = World::new();
    world.boards("boards", 8);
    world.write("boards/sub/half.png", &world.read("boards/1.png")[..200]);
    world.write("boards/note.png", "no image");
    let run = world.succeeds(&mut world.oddspot(&format!(
        "audit boards -o a.html --json a.json --list odd.txt {TINY}"
    )));
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    assert_eq!(names(&json).len(), 8);
    let unusable: Vec<&str> = (json["unusable"].as_array().unwrap().iter())
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(unusable, ["note.png", "sub/half.png"]);
    for said in [
        "warning: sub/half.png cannot be used: ",
        "2 images are left out, which `oddspot train` refuses",
        "2 images that cannot be used listed in odd.txt",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    assert!(
        world
            .text("a.html")
            .contains("<li><strong>note.png</strong>: ")
    );
    // The list is what makes a training possible.
    let train = format!("train boards -o m.oddspot --preset instant {TINY}");
    let run = world.ends_with(&mut world.oddspot(&train), 1);
    for said in ["half.png", "note.png", "audit --list"] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    world.succeeds(&mut world.oddspot(&format!("{train} --exclude @odd.txt")));

    // A list may have been edited, and names those in folders called like bad ones too.
    let again = format!("audit boards --list odd.txt {TINY}");
    world.fails(
        &mut world.oddspot(&again),
        &["odd.txt is there already", "--replace"],
    );
    world.picture("boards/NOK/1.png", &board(70));
    world.succeeds(&mut world.oddspot(&format!("{again} --replace")));
    assert!(
        world
            .text("odd.txt")
            .ends_with("called like bad images.\nNOK/1.png\n")
    );
    world.succeeds(&mut world.oddspot(&format!("{train} --exclude @odd.txt --replace")));

    world.write("none/a.png", "no image");
    // What is known is kept where nothing can be said of the rest.
    let run = world.ends_with(
        &mut world.oddspot(&format!("audit none --list none.txt {TINY}")),
        1,
    );
    assert!(
        run.stderr.contains("0 of 1 good image can be used"),
        "{}",
        run.stderr
    );
    assert!(
        world
            .text("none.txt")
            .ends_with("# They cannot be used.\na.png\n")
    );
}

#[test]
fn several_folders_are_looked_through_together() {
    let world = World::new();
    world.boards("first", 6);
    world.boards("second", 6);
    let command = format!("audit first second --json a.json {TINY}");
    let run = world.succeeds(&mut world.oddspot(&command));
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    assert!(names(&json).contains(&"second/5.png".to_owned()));
    assert!(
        run.stdout.contains("first/0.png = second/0.png"),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("-o PAGE.html"), "{}", run.stderr);
}

#[test]
fn images_are_left_out_by_name_pattern_and_list() {
    let world = mixed();
    world.write(
        "list.txt",
        "# what was found\nblotted.png\n\nboards/copy.png\n",
    );
    let audit = format!("audit boards {TINY} --exclude @list.txt --exclude 1?.png --json a.json");
    let run = world.succeeds(&mut world.oddspot(&audit));
    assert!(
        run.stderr.contains("12 good images left out, 12 left"),
        "{}",
        run.stderr
    );
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    assert_eq!(
        (names(&json).len(), &json["excluded"]),
        (12, &Value::from(12))
    );
    assert!(!names(&json).contains(&"blotted.png".to_owned()));

    let train = "boards -o m.oddspot --exclude @list.txt --exclude small.png";
    world.succeeds(&mut world.train(train));
    let header = Model::load(&world.path("m.oddspot")).unwrap().header;
    assert_eq!(header.good_images(), 21);
    let mut records = header.training_images.iter().chain(&header.held_out_images);
    assert!(records.all(|record| !["blotted.png", "copy.png", "small.png"].contains(&record.name.as_str())));
}

#[test]
fn a_list_leaves_out_what_it_names_and_no_more() {
    let world = mixed();
    let blot = world.read("boards/blotted.png");
    world.write("boards/#[b]*.png", blot);
    std::fs::remove_file(world.path("boards/blotted.png")).unwrap();
    world.boards("boards/b", 1);
    world
        .succeeds(&mut world.oddspot(&format!("audit boards --list odd.txt --json a.json {TINY}")));
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    let odd = json["images"].as_array().unwrap().iter();
    let odd = odd.filter(|image| image["suspicious"] == true).count();
    assert!(world.text("odd.txt").contains("./#[b]*.png\n"));
    let again = format!("audit boards --exclude @odd.txt --json b.json {TINY}");
    world.succeeds(&mut world.oddspot(&again));
    let left: Value = serde_json::from_slice(&world.read("b.json")).unwrap();
    assert_eq!(left["excluded"], odd);
    assert!(!names(&left).contains(&"#[b]*.png".to_owned()));
}

#[test]
fn a_name_that_leaves_nothing_out_or_all_is_refused() {
    let world = World::new();
    world.boards("boards", 3);
    world.fails(
        &mut world.train("boards -o m.oddspot --exclude 7.png"),
        &["'7.png'", "boards", "near it are"],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --exclude *.png"),
        &["nothing is left", "--exclude"],
    );
    world.fails(
        &mut world.oddspot(&format!("audit boards --exclude @none.txt {TINY}")),
        &["none.txt"],
    );
}

#[test]
fn a_training_ends_with_what_is_odd_among_its_good_images() {
    let world = mixed();
    let run = world.succeeds(&mut world.train("boards -o m.oddspot"));
    let copies = "1 of 24 good images show the same pixels as others and count once: ";
    assert!(run.stderr.contains(copies), "{}", run.stderr);
    for words in [
        "of another size, shape or colour than the other good images:",
        "small.png",
        "m.oddspot.audit.html",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert!(world.text("m.oddspot.audit.html").contains("blotted.png"));
    let run = world.succeeds(&mut world.train("boards -o n.oddspot --no-audit"));
    assert!(!run.stdout.contains("small.png"), "{}", run.stdout);
    assert!(!world.path("n.oddspot.audit.html").exists());
    // It says nothing of a training without terms in closed form but what can be seen of the files.
    let bare = "boards -o b.oddspot --gaussian-weight 0 --memory-weight 0";
    let run = world.succeeds(&mut world.train(bare));
    assert!(run.stdout.contains("small.png"), "{}", run.stdout);
    assert!(
        world
            .text("b.oddspot.audit.html")
            .contains("no term that judges")
    );
}

#[test]
fn a_region_in_which_good_images_differ_is_named_and_can_be_ignored() {
    let world = World::new();
    for number in 0..40_u32 {
        let mut image = board(u64::from(number));
        // A lamp that is mirrored on every fifth board, each time a little elsewhere.
        for (y, x) in (0..14).flat_map(|y| (0..24).map(move |x| (y, x))) {
            if number % 5 == 0 {
                image.put_pixel(50 + number / 2 + x, 8 + number % 3 + y, Rgb([250; 3]));
            }
        }
        world.picture(format!("glossy/{number}.png"), &image);
    }
    let command = format!("audit glossy -o page.html --json a.json --ignore region.json {TINY}");
    let run = world.succeeds(&mut world.oddspot(&command));
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    let regions = json["varying"].as_array().unwrap();
    assert_eq!(regions.len(), 1, "{regions:?}");
    let side = |name: &str| 96.0 * regions[0][name].as_f64().unwrap();
    assert!(side("left") < 60.0 && side("right") > 80.0, "{regions:?}");
    assert!(side("top") < 14.0 && side("bottom") > 18.0, "{regions:?}");
    assert!(
        run.stdout.contains("good images differ most here"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("what may be ignored is in region.json"),
        "{}",
        run.stderr
    );
    assert!(
        world
            .text("page.html")
            .contains("Where good images differ most")
    );
    let train = "glossy --preset instant --region region.json -o m.oddspot --replace";
    let run = world.succeeds(&mut world.train(train));
    assert!(
        run.stdout.contains("of each image is inspected"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("next:\n  look at m.oddspot.audit.html"),
        "{}",
        run.stdout
    );

    world.boards("boards", 24);
    let command = format!("audit boards --ignore none.json {TINY}");
    let run = world.succeeds(&mut world.oddspot(&command));
    assert!(
        run.stderr.contains("none.json is not written"),
        "{}",
        run.stderr
    );
    assert!(!world.path("none.json").exists());
}
