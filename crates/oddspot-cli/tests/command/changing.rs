//! Models that learn more good images, and thresholds set anew.

use oddspot::Model;

use crate::world::{World, board};

fn header(world: &World, name: &str) -> oddspot::model::Header {
    Model::load(&world.path(name)).unwrap().header
}

#[test]
fn more_good_images_are_learned_in_the_models_place_and_the_old_one_is_kept() {
    let world = World::with_model();
    let before = world.read("model.oddspot");
    world.boards("more", 11);
    let run = world.succeeds(&mut world.oddspot("extend model.oddspot more"));
    assert!(run.stdout.contains("3 good images added"), "{}", run.stdout);
    assert!(run.stderr.contains("8 images left out"), "{}", run.stderr);
    assert_eq!(world.read("model.oddspot.bak"), before);
    let header = header(&world, "model.oddspot");
    assert_eq!(header.added_images.len(), 3);
    assert_eq!(header.thresholds.scores.good.len(), 11);
    world.succeeds(&mut world.oddspot("detect model.oddspot more -o out --no-pictures"));
    let text = world
        .succeeds(&mut world.oddspot("inspect model.oddspot"))
        .stdout;
    assert!(text.contains("Good images added later: 3"), "{text}");
    // The same pixels in files of two kinds are one image.
    world.picture("twice/a.png", &crate::world::board(90));
    let picture = image::open(world.path("twice/a.png")).unwrap();
    picture.save(world.path("twice/b.bmp")).unwrap();
    let command = "extend model.oddspot twice -o twice.oddspot --force";
    let run = world.succeeds(&mut world.oddspot(command));
    assert!(run.stdout.contains("1 good image added"), "{}", run.stdout);
    assert!(
        run.stderr
            .contains("1 of 2 good images show the same pixels")
    );
    // Nothing is left to learn.
    world.fails(
        &mut world.oddspot("extend model.oddspot more"),
        &["does not know already"],
    );
}

#[test]
fn thresholds_are_set_anew_and_told_with_their_price() {
    let world = World::with_model();
    for seed in 20..50 {
        world.picture(format!("line/{seed}.png"), &crate::world::board(seed));
    }
    world.data_set("set", 60);
    let own = header(&world, "model.oddspot").thresholds;
    let run = world.succeeds(&mut world.oddspot(
        "calibrate model.oddspot line --bad set -o new.oddspot --false-alarm-rate 0.1 --check-rate 0.2",
    ));
    assert!(run.stdout.contains("of 2 missed") && run.stdout.contains("of 30 false alarms"));
    assert!(run.stdout.contains("anomalous above") && run.stdout.contains(" 20 %"));
    let changed = header(&world, "new.oddspot");
    let calibration = changed.calibration.as_ref().unwrap();
    assert_eq!(
        (calibration.good_images.len(), calibration.bad_images.len()),
        (30, 2)
    );
    assert_eq!(calibration.before, [own.image, own.check]);
    let thresholds = &changed.thresholds;
    // ⌈31 · 0.9⌉ = 28 and ⌈31 · 0.8⌉ = 25: two and five of the thirty lie above.
    assert_eq!(thresholds.scores.above(thresholds.image), 2);
    assert_eq!(thresholds.scores.above(thresholds.check), 5);
    assert_eq!(header(&world, "model.oddspot").thresholds, own);
    let text = world
        .succeeds(&mut world.oddspot("inspect new.oddspot"))
        .stdout;
    assert!(
        text.contains("set by 30 good images after the training"),
        "{text}"
    );

    let before = world.files();
    let dry = world
        .succeeds(&mut world.oddspot("calibrate model.oddspot line --threshold 1e9 --dry-run"));
    assert!(dry.stdout.contains("0 of 30 false alarms") && dry.stdout.contains("was given"));
    assert!(dry.stderr.contains("nothing was changed"));
    assert_eq!(before.len(), world.files().len());
    world.succeeds(
        &mut world.oddspot("calibrate model.oddspot line --threshold 1e9 -o own.oddspot"),
    );
    world.boards("more", 9);
    let run = world.succeeds(&mut world.oddspot("extend own.oddspot more"));
    let stays = "the threshold was given to calibrate and stays";
    assert!(run.stdout.contains(stays), "{}", run.stdout);

    // What was aimed at stays aimed at.
    world.succeeds(&mut world.oddspot("calibrate new.oddspot line"));
    let again = header(&world, "new.oddspot").thresholds.rates();
    assert_eq!((again.anomalous, again.check), (0.1, 0.2));
    let text = world
        .succeeds(&mut world.oddspot("inspect own.oddspot"))
        .stdout;
    assert!(
        text.contains("no rate is promised") && !text.contains("95 % confidence"),
        "{text}"
    );
}

#[test]
fn images_that_the_model_does_not_call_good_are_no_good_ones_in_silence() {
    let world = World::with_model();
    for seed in 30..36 {
        let mut other = board(seed);
        other
            .pixels_mut()
            .for_each(|pixel| pixel.0 = pixel.0.map(|level| 255 - level));
        world.picture(format!("other/{seed}.png"), &other);
    }
    let extend = "extend model.oddspot other";
    world.fails(
        &mut world.oddspot(extend),
        &[
            "6 of 6 new images are not good by the model as it is: 30.png (",
            "--force",
        ],
    );
    let run = world.succeeds(&mut world.oddspot(&format!("{extend} --force -o forced.oddspot")));
    let warned = "warning: 6 of 6 new images are not good by the model as it is";
    assert!(run.stderr.contains(warned), "{}", run.stderr);
    let run = world.succeeds(&mut world.oddspot("calibrate model.oddspot other --dry-run"));
    assert!(
        run.stderr.contains("times the one before"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_no_threshold_can_follow_from_is_refused() {
    let world = World::with_model();
    world.boards("boards", 8);
    world.fails(
        &mut world.oddspot("calibrate model.oddspot boards"),
        &["0 good images that the model has not learned from"],
    );
    world.data_set("set", 60);
    let in_percent = "calibrate model.oddspot set --false-alarm-rate 0.7";
    let run = world.ends_with(&mut world.oddspot(in_percent), 2);
    assert!(run.stderr.contains("0.7 % is 0.007"), "{}", run.stderr);
    world.fails(
        &mut world.oddspot("calibrate model.oddspot set --threshold 5 --check-threshold 8"),
        &["--check-threshold 8", "the threshold 5"],
    );
    world.fails(
        &mut world.oddspot("extend model.oddspot nowhere"),
        &["nowhere"],
    );
    world.fails(&mut world.oddspot("extend set boards"), &["set"]);
}

#[test]
fn the_check_rate_follows_the_other_one_and_extend_keeps_both() {
    let world = World::with_model();
    for seed in 20..50 {
        world.picture(format!("line/{seed}.png"), &crate::world::board(seed));
    }
    world.boards("more", 12);
    let calibrate = "calibrate model.oddspot line -o new.oddspot --false-alarm-rate";
    world.succeeds(&mut world.oddspot(&format!("{calibrate} 0.04 --check-rate 0.08 --force")));
    let run =
        world.succeeds(&mut world.oddspot("calibrate new.oddspot line --false-alarm-rate 0.1"));
    let told = "20 % of good images may be anomalous or to be checked, in the place of 8 %";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    let calibrated = header(&world, "new.oddspot").thresholds;
    assert!(calibrated.check < calibrated.image);
    let rates = |name: &str| {
        let rates = header(&world, name).thresholds.rates();
        [rates.anomalous, rates.check]
    };
    assert_eq!(rates("new.oddspot"), [0.1, 0.2]);
    let run = world.succeeds(&mut world.oddspot("extend new.oddspot more --force"));
    let told =
        "that calibrate set: 10 % of good images may be anomalous, 20 % anomalous or to be checked";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    assert_eq!(rates("new.oddspot"), [0.1, 0.2]);
    let text = world
        .succeeds(&mut world.oddspot("inspect new.oddspot"))
        .stdout;
    for part in [
        "aim         10 % of good images called anomalous, 20 %",
        "the training aimed at 50 % and 5 %",
        "false_alarm_rate = 0.1",
        "check_rate = 0.2",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for command in [
        format!("{calibrate} 0.1 --check-rate 0.05"),
        "detect model.oddspot line -o found --false-alarm-rate 0.1 --check-rate 0.05".to_owned(),
    ] {
        world.fails(
            &mut world.oddspot(&command),
            &["(--check-rate)", "0.05", "below their rate of 0.1"],
        );
    }
}
