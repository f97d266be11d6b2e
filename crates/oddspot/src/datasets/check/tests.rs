use super::*;
use ::image::{GrayImage, Luma, RgbImage};

/// Draws a mask of one grey level.
fn mask(root: &Path, name: &str, width: u32, height: u32, level: u8) {
    save(root, name, |path| {
        GrayImage::from_pixel(width, height, Luma([level])).save(path)
    });
}

/// Draws an image of one shade.
fn image(root: &Path, name: &str, shade: u8) {
    save(root, name, |path| {
        RgbImage::from_pixel(6, 4, [shade; 3].into()).save(path)
    });
}

fn save(root: &Path, name: &str, write: impl Fn(&Path) -> ::image::ImageResult<()>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(&path).unwrap();
}

#[test]
fn every_problem_is_reported_by_name_and_sound_samples_are_not() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path();
    image(path, "train/good/0.png", 1);
    image(path, "train/good/1.png", 2);
    image(path, "test/good/fine.png", 3);
    image(path, "test/good/masked.png", 4);
    image(path, "test/good/trained.png", 2);
    image(path, "test/good/zero.png", 9);
    mask(path, "ground_truth/good/masked_mask.png", 6, 4, 255);
    mask(path, "ground_truth/good/zero_mask.png", 6, 4, 0);
    for (shade, name) in ["bare", "empty", "fine", "small", "text"]
        .into_iter()
        .enumerate()
    {
        image(path, &format!("test/cut/{name}.png"), 20 + shade as u8);
    }
    mask(path, "ground_truth/cut/empty_mask.png", 6, 4, 0);
    mask(path, "ground_truth/cut/fine_mask.png", 6, 4, 1);
    mask(path, "ground_truth/cut/small_mask.png", 4, 6, 1);
    mask(path, "ground_truth/cut/text_mask.png", 6, 4, 1);
    fs::write(path.join("test/cut/text.png"), "words").unwrap();

    let dataset = Dataset::open(path).unwrap();
    let look = dataset.look_at_test(Reading::default()).unwrap();
    let problems = look.problems;
    let name = |name: &str| path.join(name);
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert_eq!(look.without_mask, [name("test/cut/bare.png")]);
    let empty = name("ground_truth/cut/empty_mask.png");
    assert_eq!(problems[0], Problem::EmptyMask { mask: empty });
    let small = Problem::MaskSize {
        mask: name("ground_truth/cut/small_mask.png"),
        size: (4, 6),
        image_size: (6, 4),
    };
    assert_eq!(problems[1], small);
    assert!(problems[2].to_string().contains("text.png"));
    let masked = name("ground_truth/good/masked_mask.png");
    assert_eq!(problems[3], Problem::MaskOfGood { mask: masked });
    let trained = Problem::InTraining {
        image: name("test/good/trained.png"),
        train: name("train/good/1.png"),
    };
    assert_eq!(problems[4], trained);
    let error = dataset
        .check_test(Reading::default())
        .unwrap_err()
        .to_string();
    for problem in problems {
        assert!(error.contains(&problem.to_string()), "{error}");
    }
}

#[test]
fn past_ten_problems_the_rest_is_counted() {
    let root = tempfile::tempdir().unwrap();
    for i in 0..13 {
        let file = format!("test/cut/{i:02}.png");
        save(root.path(), &file, |path| Ok(fs::write(path, "words")?));
    }
    let error = Dataset::open(root.path())
        .unwrap()
        .check_test(Reading::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("09.png") && !error.contains("10.png"),
        "{error}"
    );
    assert!(error.ends_with("and 3 more"), "{error}");
}

/// Draws a mask of a white square on black, or of a black one on white.
fn square(root: &Path, name: &str, (width, height): (u32, u32), inverted: bool) {
    let inside = |x: u32, y: u32| x * 3 / width == 1 && y * 3 / height == 1;
    let level = |x, y| Luma([255 * u8::from(inside(x, y) != inverted)]);
    save(root, name, |path| {
        GrayImage::from_fn(width, height, level).save(path)
    });
}

#[test]
fn masks_are_told_that_are_inverted_lossy_missing_or_of_another_size() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path();
    for (shade, name) in ["cut/0", "cut/1", "cut/2", "good/0"]
        .into_iter()
        .enumerate()
    {
        image(path, &format!("test/{name}.png"), 50 + shade as u8);
    }
    square(path, "ground_truth/cut/0.png", (6, 4), true);
    square(path, "ground_truth/cut/1.png", (12, 8), true);
    mask(path, "ground_truth/good/0.png", 6, 4, 255);
    let look = || {
        Dataset::open(path)
            .unwrap()
            .look_at_test(Reading::default())
            .unwrap()
    };
    let found = look();
    assert_eq!(found.problems, []);
    assert!(found.inverted && found.doubtful.is_empty());
    assert_eq!(found.scaled, [path.join("ground_truth/cut/1.png")]);
    assert_eq!(found.without_mask, [path.join("test/cut/2.png")]);
    // One among others may be a large defect.
    square(path, "ground_truth/cut/2.jpg", (60, 40), false);
    fs::remove_file(path.join("ground_truth/good/0.png")).unwrap();
    let found = look();
    assert!(!found.inverted && found.doubtful.len() == 2, "{found:?}");
    assert_eq!(found.cut, [path.join("ground_truth/cut/2.jpg")]);
}

#[test]
fn a_photograph_in_the_place_of_a_mask_is_named_and_left_in_no_measure() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path();
    image(path, "test/cut/0.png", 50);
    image(path, "test/good/0.png", 51);
    save(path, "ground_truth/cut/0.png", |path| {
        let shade = |x: u32, y: u32| [80 + (4 * x) as u8, 80 + (6 * y) as u8, 90];
        let drawn = RgbImage::from_fn(18, 12, |x, y| match x < 6 && y < 4 {
            true => [255, 0, 0].into(),
            false => shade(x, y).into(),
        });
        drawn.save(path)
    });
    let dataset = Dataset::open(path).unwrap();
    let look = dataset.look_at_test(Reading::default()).unwrap();
    let mask = path.join("ground_truth/cut/0.png");
    let [Problem::Photograph { mask: named, grey }] = &look.problems[..] else {
        panic!("{:?}", look.problems);
    };
    assert!(*named == mask && *grey > 50);
    let said = look.problems[0].to_string();
    assert!(said.contains("looks like a photograph"), "{said}");
}

#[test]
fn a_sound_test_set_passes() {
    let root = tempfile::tempdir().unwrap();
    image(root.path(), "train/good/0.png", 1);
    image(root.path(), "test/good/0.png", 2);
    Dataset::open(root.path())
        .unwrap()
        .check_test(Reading::default())
        .unwrap();
}
