//! Folders that cannot be learned from.

use crate::world::World;

#[test]
fn an_empty_folder_is_named() {
    let world = World::new();
    world.make_folder("empty");
    world.fails(
        &mut world.train("empty -o m.oddspot"),
        &["empty", "no images (.png", "another folder"],
    );
}

#[test]
fn a_missing_folder_and_a_file_are_named() {
    let world = World::new();
    world.fails(
        &mut world.train("nowhere -o m.oddspot"),
        &["nowhere", "No such file"],
    );
    world.boards("boards", 1);
    world.fails(
        &mut world.train("boards/0.png -o m.oddspot"),
        &["boards/0.png", "give the folder"],
    );
}

#[test]
fn a_data_set_without_good_training_images_says_where_they_belong() {
    let world = World::new();
    world.make_folder("set/train/bad");
    world.fails(
        &mut world.train("set -o m.oddspot"),
        &["set", "train/good", "put the good training images there"],
    );
    world.boards("tests/test/good", 2);
    world.fails(
        &mut world.train("tests -o m.oddspot"),
        &["tests", "train/good"],
    );
}

#[test]
fn one_good_image_is_too_few_and_two_are_enough() {
    let world = World::new();
    world.boards("boards", 1);
    world.fails(
        &mut world.train("boards -o m.oddspot"),
        &["boards/0.png", "at least two"],
    );
    world.boards("boards", 2);
    world.succeeds(&mut world.train("boards -o m.oddspot --iterations 2"));
}

#[test]
fn of_a_labelled_data_set_only_train_good_is_learned_from() {
    let world = World::new();
    world.boards("set/train/good", 3);
    world.write("set/test/scratch/0.png", "not looked at");
    world.succeeds(&mut world.train("set -o m.oddspot --iterations 2"));
    let model = oddspot::model_file::Model::load(&world.path("m.oddspot")).unwrap();
    let images = model.header.training_images.iter();
    let mut names: Vec<_> = images
        .chain(&model.header.held_out_images)
        .map(|image| image.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["train/good/0.png", "train/good/1.png", "train/good/2.png"]
    );
}
