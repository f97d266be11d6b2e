//! Folders of results among images: what this program wrote is left out, and what the user has there is not.

use crate::detection::lines;
use crate::world::{World, board};

#[test]
fn of_an_output_folder_only_pictures_that_its_results_name_are_left_out() {
    let world = World::with_model();
    world.boards("in", 2);
    world.picture("in/page/0.png", &board(7));
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot in -o in"));
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    let told =
        "warning: in is the folder of the images: results and pictures come to lie among them";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let results = lines(&world.text("in/results.jsonl"));
    let pictures: usize = results
        .iter()
        .map(|line| line["files"].as_array().unwrap().len())
        .sum();
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot in -o in --replace"));
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    let told = format!(
        "left out, as pictures of earlier findings: {pictures}, by the results beside them: in/"
    );
    assert!(run.stderr.contains(&told), "{told}: {}", run.stderr);
    let run = world.succeeds(&mut world.train("in -o m.oddspot --iterations 2 --no-audit"));
    assert!(
        run.stderr
            .contains("2 good images to learn from, 1 held out"),
        "{}",
        run.stderr
    );
    // A picture that is given by its name is one of the findings all the same.
    world.fails(
        &mut world.oddspot("detect model.oddspot in/figure/0.png -o in --append"),
        &["left out, as pictures of earlier findings: 1"],
    );
}

#[test]
fn no_picture_is_written_over_a_file_that_no_results_name() {
    let world = World::with_model();
    world.boards("in", 2);
    world.picture("out/figure/0.png", &board(7));
    let said = [
        "out/figure/0.png",
        "no results name",
        "--no-pictures",
        "another -o",
    ];
    let detect = "detect model.oddspot in -o out";
    world.fails(&mut world.oddspot(detect), &said);
    world.fails(&mut world.oddspot(&format!("{detect} --replace")), &said);
    world.succeeds(&mut world.oddspot(&format!("{detect} --no-pictures")));
    world.fails(&mut world.oddspot(&format!("{detect} --append")), &said);
    // Of a page of any number too.
    let two = [crate::world::png(&board(1)), crate::world::png(&board(2))].concat();
    world.write("pages/x.png", two);
    world.write("pages_out/contour/x.png#2.png", "mine");
    let detect = "detect model.oddspot pages -o pages_out";
    world.fails(
        &mut world.oddspot(detect),
        &["contour/x.png#2.png", "no results name"],
    );
    // Those of a run that was killed before their line are nobody's.
    world.boards("killed/in", 1);
    for kind in ["figure", "contour"] {
        world.picture(format!("killed/in/out/{kind}/0.png"), &board(7));
    }
    world.write("killed/in/out/results.jsonl", "");
    world.succeeds(&mut world.oddspot("detect model.oddspot killed/in -o killed/in/out --replace"));
    // Others are left alone.
    world.write("other/figure/1234.png", "mine");
    world.succeeds(&mut world.oddspot("detect model.oddspot in -o other"));
    assert_eq!(world.text("other/figure/1234.png"), "mine");
}

#[cfg(unix)]
#[test]
fn a_link_to_an_image_beside_it_is_told_and_counts_once() {
    let world = World::with_model();
    world.boards("in", 3);
    std::os::unix::fs::symlink("0.png", world.path("in/latest.png")).unwrap();
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot in"));
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    let told =
        "1 image is there twice, by a link or by another path, and judged once: in/latest.png";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let run = world.succeeds(&mut world.train("in -o m.oddspot --iterations 2 --no-audit"));
    assert!(
        run.stderr
            .contains("1 of 4 good images show the same pixels"),
        "{}",
        run.stderr
    );
}
