use ::image::{Rgb, RgbImage};

use super::*;
use crate::settings::Settings;
use crate::view::{Move, Sight, View};

const SIZE: ImageSize = ImageSize::square(128);

/// A bright hammer on grey, turned about (64, 64) and then moved.
pub(in crate::view) fn hammer(degrees: f32, dx: f32, dy: f32) -> RgbImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    RgbImage::from_fn(128, 128, |x, y| {
        let [right, down] = [x as f32 - 63.5 - dx, y as f32 - 63.5 - dy];
        let [u, v] = [cos * right + sin * down, cos * down - sin * right];
        let handle = u.abs() < 5.0 && v.abs() < 34.0;
        let head = (-22.0..16.0).contains(&u) && (-34.0..-18.0).contains(&v);
        let grain = ((x * 7 + y * 13) % 5) as u8;
        match handle || head {
            true => Rgb([200, 190, 150]),
            false => Rgb([60 + grain; 3]),
        }
    })
}

fn view(how: Alignment, good: impl Iterator<Item = RgbImage>) -> View {
    let settings = Settings {
        alignment: how,
        image_size: SIZE,
        ..Settings::default()
    };
    let good: Vec<crate::images::Source> = good.map(Into::into).collect();
    let go_on = |_, _| std::ops::ControlFlow::Continue(());
    let view = View::learn(&settings, good.iter(), "".as_ref(), go_on);
    view.unwrap().unwrap()
}

/// All of an image.
fn seen(view: &View, image: &RgbImage) -> Sight {
    view.look(image).next().unwrap()
}

#[test]
fn parts_at_any_angle_come_to_lie_alike() {
    let pose = |i: u8| {
        [
            47.0 * f32::from(i),
            f32::from(i % 5) - 2.0,
            f32::from(i % 3),
        ]
    };
    let good = (0..12).map(|i| hammer(pose(i)[0], pose(i)[1], pose(i)[2]));
    let view = view(Alignment::Rigid, good);
    let known = view.good().unwrap();
    assert_eq!(known.reach, 180.0);
    assert!(known.correlation > 0.8 && known.bound < known.correlation - 0.1);
    let looked =
        [hammer(10.0, 0.0, 0.0), hammer(170.0, 6.0, -4.0)].map(|image| seen(&view, &image));
    let [one, other] = looked.map(|sight| (sight.aligned.unwrap(), sight));
    assert!(one.0.trusted && other.0.trusted);
    let turn = wrapped((other.0.degrees - one.0.degrees - 160.0).to_radians());
    assert!(turn.abs() < 0.03, "{turn}");
    // Where the head is, both lead to it.
    let apart = one.1.image.pixels().zip(other.1.image.pixels());
    let differing = apart.filter(|(a, b)| a.0[0].abs_diff(b.0[0]) > 60).count();
    assert!(differing < 350, "{differing}");
}

#[test]
fn parts_at_any_angle_may_be_turned_farther_than_the_good_ones_happen_to_be() {
    // None of the good ones is turned by more than 150° from the others' middle.
    let turns = (0..13).map(|i| 25.0 * (i as f32 - 6.0));
    let view = view(Alignment::Rigid, turns.map(|turn| hammer(turn, 0.0, 0.0)));
    assert_eq!(view.good().unwrap().reach, 180.0);
    let aligned = [0.0, 178.0].map(|turn| seen(&view, &hammer(turn, 0.0, 0.0)).aligned.unwrap());
    let turn = wrapped((aligned[1].degrees - aligned[0].degrees - 178.0).to_radians());
    assert!(aligned[1].trusted && turn.abs() < 0.03, "{aligned:?}");
}

#[test]
fn a_shift_is_found_to_the_pixel_and_told_in_pixels_of_the_image() {
    let view = view(
        Alignment::Shift,
        (0..6u8).map(|i| hammer(0.0, f32::from(i % 2), 0.0)),
    );
    let aligned = |dx, dy| seen(&view, &hammer(0.0, dx, dy)).aligned.unwrap();
    let [there, here] = [aligned(12.0, -7.0), aligned(0.0, 0.0)];
    assert!(
        (there.dx - here.dx - 12.0).abs() <= 1.0,
        "{there:?} {here:?}"
    );
    assert!((there.dy - here.dy + 7.0).abs() <= 1.0);
    assert_eq!(there.degrees, 0.0);
}

#[test]
fn what_shows_something_else_is_not_trusted_and_seen_as_it_is() {
    let view = view(
        Alignment::Rigid,
        (0..6u8).map(|i| hammer(f32::from(i), 0.0, 0.0)),
    );
    let noise = RgbImage::from_fn(128, 128, |x, y| Rgb([((x * 31) ^ (y * 17)) as u8; 3]));
    let sight = seen(&view, &noise);
    assert!(!sight.aligned.unwrap().trusted);
    assert_eq!((sight.frame.to_image, sight.image), (Move::NONE, noise));
}

/// Grain that no other image has.
pub(in crate::view) fn noise(i: u32) -> RgbImage {
    RgbImage::from_fn(128, 128, |x, y| {
        let mut word = x / 4 * 7919 + y / 4 * 104_729 + i * 1_299_709;
        for _ in 0..3 {
            word = (word ^ word >> 15).wrapping_mul(2_654_435_761);
        }
        Rgb([(word >> 24) as u8; 3])
    })
}

#[test]
fn images_without_anything_in_common_are_seen_as_they_are() {
    assert!(view(Alignment::Shift, (0..8).map(noise)).good().is_none());
}

#[test]
fn the_same_images_give_the_same_reference() {
    let learned = || {
        let view = view(
            Alignment::Rigid,
            (0..6u8).map(|i| hammer(60.0 * f32::from(i), 0.0, 1.0)),
        );
        (view.good().cloned(), view.tensors())
    };
    assert_eq!(learned(), learned());
}
