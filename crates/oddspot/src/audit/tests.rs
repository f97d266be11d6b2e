use image::{Rgb, RgbImage};

use super::*;
use crate::settings::Settings;
use crate::train::Training;

fn plate(seed: u32) -> RgbImage {
    RgbImage::from_fn(48, 48, |x, y| {
        let grain = (x * (7 + seed) + y * 13 + x * y * (seed % 5)) % 19;
        Rgb([(x * 4 + grain) as u8, (y * 4) as u8, 90])
    })
}

/// Blocks on a ground, moved; what comes in from outside is ground.
fn moved(seed: u32, [right, down]: [u32; 2]) -> RgbImage {
    RgbImage::from_fn(96, 96, |x, y| {
        let (x, y) = (x.wrapping_sub(right), y.wrapping_sub(down));
        let block = |left: u32, top: u32, side: u32| {
            (left..left + side).contains(&x) && (top..top + side).contains(&y)
        };
        let grain = (x.wrapping_mul(7 + seed) ^ y.wrapping_mul(13)) % 7;
        let level = match block(20, 24, 18) || block(52, 14, 22) || block(40, 54, 20) {
            true => 200,
            false => 60,
        };
        Rgb([level + grain as u8; 3])
    })
}

#[test]
fn in_an_image_that_was_aligned_the_place_is_where_it_lies_in_the_image() {
    let mut images: Vec<RgbImage> = (0..12).map(|seed| moved(seed, [4, 4])).collect();
    let mut odd = moved(20, [14, 10]);
    for (x, y) in (0..8).flat_map(|x| (0..8).map(move |y| (x, y))) {
        odd.put_pixel(74 + x, 56 + y, Rgb([255, 0, 255]));
    }
    images.push(odd);
    let good: GoodImages = images.into_iter().collect();
    let mut settings = Settings::instant();
    settings.set("image_size", "96").unwrap();
    settings.set("alignment", "shift").unwrap();
    let mut left_out = Vec::new();
    let training = Training::new(settings, good.clone()).left_out(&mut left_out);
    let header = training.run().unwrap().header;
    for (at, one) in left_out.iter().enumerate() {
        assert_eq!(one.score, header.score_of(at).unwrap());
    }
    let audit = Audit::of(good, &header, left_out, &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let first = &audit.images[0];
    let Point { x, y } = first.peak.unwrap();
    assert!((70..86).contains(&x) && (52..68).contains(&y), "{x} {y}");
    let map = first.map.as_ref().unwrap();
    let (row, column) = map.peak().1;
    let [x, y] = [column * 96 / map.width, row * 96 / map.height];
    assert!((70..86).contains(&x) && (52..68).contains(&y), "{x} {y}");
}

#[test]
fn images_are_ranked_named_and_grouped() {
    let mut images: Vec<RgbImage> = (0..14).map(plate).collect();
    images.push(images[3].clone());
    let spot = |x: u32, y: u32| (30..40).contains(&x) && (8..18).contains(&y);
    for (x, y, pixel) in images[6].enumerate_pixels_mut() {
        if spot(x, y) {
            *pixel = Rgb([255, 255, 255]);
        }
    }
    let good: GoodImages = images.into_iter().collect();
    let mut settings = Settings::instant();
    settings.set("image_size", "64").unwrap();
    let mut left_out = Vec::new();
    let training = Training::new(settings, good.clone()).left_out(&mut left_out);
    let header = training.run().unwrap().header;
    assert_eq!(left_out.len(), 15);
    for (one, score) in left_out.iter().zip(&header.thresholds.scores.good) {
        assert_eq!(one.score, *score);
    }
    let mut told = 0;
    let audit = Audit::of(good.clone(), &header, left_out.clone(), &mut |done, _| {
        told = done;
        ControlFlow::Continue(())
    });
    let audit = audit.unwrap();
    assert_eq!((told, audit.images.len()), (15, 15));
    let first = &audit.images[0];
    assert_eq!(first.name, "000006");
    let peak = first.peak.unwrap();
    // Eight places a side, of features that see further than one.
    assert!(peak.x >= 24 && peak.y < 24, "{peak:?}");
    let twins: Vec<_> = audit.twins_of(Likeness::Exact).collect();
    assert_eq!(twins[0].names, ["000003", "000014"]);
    assert_eq!(audit.images[twins[0].images[1]].name, "000014");
    assert!(!audit.at_the_threshold().is_empty());

    let stopped = Audit::of(good.clone(), &header, left_out, &mut |_, _| {
        ControlFlow::Break(())
    });
    assert_eq!(stopped.unwrap_err().kind(), crate::ErrorKind::Cancelled);
    // Without left-out maps there is a rank by the score.
    let audit = Audit::of(good, &header, Vec::new(), &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(audit.images[0].name, "000006");
    assert!(audit.images.iter().all(|image| image.oddness.is_none()));
}
