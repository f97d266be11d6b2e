//! Layouts of data sets, and what cannot be learned from.

use image::RgbImage;
use oddspot::images::{ImageSize, Mask};
use oddspot::model::ImageRecord;
use oddspot_demo::Defect;

use crate::world::{World, board, png};

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
    let said = world.fails(
        &mut world.train("set -o m.oddspot"),
        &["set", "no images (.png", "put some there"],
    );
    assert!(!said.contains("train"), "{said}");
    world.boards("part/train/bad", 2);
    world.fails(
        &mut world.train("part -o m.oddspot"),
        &[
            "part",
            "part/train has no images",
            "put the good training images there",
        ],
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
    let model = oddspot::Model::load(&world.path("m.oddspot")).unwrap();
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

/// A mask as a PNG file, of the columns from `first` to before `end` alone.
fn mask_file(mask: &Mask, columns: std::ops::Range<usize>) -> Vec<u8> {
    let level = |x: u32, y: u32| {
        let marked = mask.anomalous[y as usize * mask.width + x as usize];
        image::Rgb([255 * u8::from(marked && columns.contains(&(x as usize))); 3])
    };
    png(&RgbImage::from_fn(
        mask.width as u32,
        mask.height as u32,
        level,
    ))
}

#[test]
fn one_test_set_in_every_layout_gives_the_same_measures() {
    let world = World::with_model();
    let mut manifest = "path,split,label,mask\n".to_owned();
    let mut split = "object,split,label,image,mask\n".to_owned();
    let mut put = |good: bool, number: u64, picture: &RgbImage, mask: Option<&Mask>| {
        let bytes = png(picture);
        let folder = if good { "good" } else { "missing" };
        for set in ["mvtec", "loco"] {
            world.write(format!("{set}/test/{folder}/{number}.png"), &bytes);
        }
        let kind = if good { "Normal" } else { "Anomaly" };
        let path = format!("board/Data/Images/{kind}/{number}.png");
        world.write(format!("visa/{path}"), &bytes);
        world.write(format!("listed/{number}.png"), &bytes);
        let mut masks = [String::new(), String::new()];
        if let Some(mask) = mask {
            let (all, half) = (0..mask.width, mask.width / 2);
            let whole = mask_file(mask, all.clone());
            let halves = [mask_file(mask, 0..half), mask_file(mask, half..all.end)];
            world.write(
                format!("mvtec/ground_truth/missing/{number}_mask.png"),
                &whole,
            );
            for (i, half) in halves.iter().enumerate() {
                world.write(format!("loco/ground_truth/missing/{number}/{i}.png"), half);
                world.write(format!("listed/{number}.{i}.png"), half);
            }
            let path = format!("board/Data/Masks/Anomaly/{number}.png");
            world.write(format!("visa/{path}"), &whole);
            masks = [format!("{number}.0.png;{number}.1.png"), path];
        }
        let [of_manifest, of_split] = masks;
        manifest += &format!("{number}.png,test,{folder},{of_manifest}\n");
        let label = if good { "normal" } else { "anomaly" };
        split += &format!("board,test,{label},{path},{of_split}\n");
    };
    for number in 30..33 {
        put(true, number, &board(number), None);
        let size = ImageSize::square(96);
        let (picture, mask) = oddspot_demo::defective(size, number, Defect::Missing);
        put(false, 10 + number, &picture, Some(&mask));
    }
    // A category needs something to learn from.
    world.picture("visa/board/Data/Images/Normal/0.png", &board(50));
    split += "board,train,normal,board/Data/Images/Normal/0.png,\n";
    world.write("listed/list.csv", &manifest);
    world.write("visa/split_csv/1cls.csv", &split);

    let measured = |data: &str| {
        let command =
            format!("evaluate model.oddspot {data} --json report.json --replace --threads 1");
        world.succeeds(&mut world.oddspot(&command));
        let report: serde_json::Value = serde_json::from_slice(&world.read("report.json")).unwrap();
        assert_eq!(report["data"]["good"], 3);
        assert_eq!(report["data"]["masks"], 3);
        report["protocols"]["paper"]["maps"]["total"]["overall"].clone()
    };
    let expected = measured("mvtec");
    assert!(expected["au_pro"].is_number());
    for data in ["loco", "listed/list.csv", "visa/board"] {
        assert_eq!(measured(data), expected, "{data}");
    }
}

#[test]
fn a_manifest_says_what_is_learned_from_and_what_sets_the_threshold() {
    let world = World::new();
    world.boards("boards", 4);
    let manifest = r#"{"path": "boards/3.png", "split": "train", "label": "good"}
                      {"path": "boards/0.png", "split": "validation", "label": "good"}
                      {"path": "boards/1.png", "split": "train", "label": "good"}"#;
    world.write("list.jsonl", manifest);
    world.succeeds(&mut world.train("list.jsonl -o m.oddspot --iterations 2"));
    let header = oddspot::Model::load(&world.path("m.oddspot"))
        .unwrap()
        .header;
    let names = |images: &[ImageRecord]| -> Vec<_> {
        images.iter().map(|image| image.name.clone()).collect()
    };
    assert_eq!(
        names(&header.training_images),
        ["boards/1.png", "boards/3.png"]
    );
    assert_eq!(names(&header.held_out_images), ["boards/0.png"]);

    world.write(
        "bad.jsonl",
        manifest.replace("boards/1.png", "boards/9.png"),
    );
    world.fails(
        &mut world.train("bad.jsonl -o n.oddspot"),
        &["bad.jsonl", "line 3", "boards/9.png"],
    );
    world.write("bad.csv", "path,split\nboards/0.png,train\n");
    world.fails(
        &mut world.train("bad.csv -o n.oddspot"),
        &["bad.csv", "line 2", "missing field `label`"],
    );
}

#[test]
fn a_folder_of_data_sets_is_not_taken_for_good_images() {
    let world = World::new();
    for set in ["cable", "screw"] {
        world.boards(&format!("all/{set}/train/good"), 2);
        world.boards(&format!("all/{set}/test/bent"), 1);
    }
    world.fails(
        &mut world.train("all -o m.oddspot"),
        &["all", "several data sets (cable, screw)", "give one"],
    );
}
