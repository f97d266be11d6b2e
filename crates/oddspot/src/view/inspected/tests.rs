use super::*;
use crate::images::Source;
use crate::settings::Settings;
use crate::view::View;

const SIZE: ImageSize = ImageSize::square(8);

/// Of which the left half, or the upper one, is inspected.
fn half(text: &str) -> RegionOfInterest {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("region.json");
    std::fs::write(&path, format!("{{\"inspect\": [{text}]}}")).unwrap();
    RegionOfInterest::polygons(&path).unwrap()
}

fn left() -> RegionOfInterest {
    half("[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]")
}

fn upper() -> RegionOfInterest {
    half("[[0, 0], [1, 0], [1, 0.5], [0, 0.5]]")
}

#[test]
fn a_restricted_region_goes_through_a_model_and_leaves_images_as_they_are() {
    let how = (Footprint::Resized { moved: false }, 0);
    let learned = Inspected::new(&left(), SIZE, &[SIZE].into(), how).unwrap();
    let tensors: PackedTensors = [learned.tensor()].into();
    let now = Inspected::restricted(&tensors, &upper(), (SIZE, false)).unwrap();
    let mut kept = tensors.clone();
    kept.extend([now.tensor()]);
    assert_eq!(inspected_share(&kept), Some(0.25));
    let read = Inspected::read(&kept).unwrap().unwrap();
    assert_eq!(read.parts, now.parts);
    let mut image = RgbImage::from_pixel(8, 8, Rgb([9; 3]));
    read.blank(&mut image, &Frame::WHOLE);
    assert_eq!(image.get_pixel(3, 3), &Rgb([9; 3]));
    assert_eq!(image.get_pixel(3, 4), &Rgb([9; 3]));
    assert_eq!(image.get_pixel(4, 3), &Rgb([124, 116, 104]));
    let learned = read.learned(&Frame::WHOLE, SIZE).unwrap();
    assert_eq!(learned.iter().filter(|inspected| **inspected).count(), 32);
    assert!(Inspected::restricted(&kept, &right(), (SIZE, false)).is_err());
}

fn right() -> RegionOfInterest {
    half("[[0.5, 0], [1, 0], [1, 1], [0.5, 1]]")
}

#[test]
fn pieces_take_their_part_and_those_without_any_are_not_looked_at() {
    let mut settings = Settings::instant();
    settings.set("image_size", "64").unwrap();
    settings.set("tile", "64").unwrap();
    settings.set("tile_overlap", "0").unwrap();
    let good = [Source::from(RgbImage::from_pixel(256, 64, Rgb([9; 3])))];
    let go_on = |_, _| std::ops::ControlFlow::Continue(());
    let view = View::learn(&settings, good.iter(), "".as_ref(), go_on);
    let narrow = half("[[0, 0], [0.375, 0], [0.375, 1], [0, 1]]");
    let image = good[0].decode(Default::default()).unwrap();
    let sizes = [ImageSize::of(&image)].into();
    let view = view.unwrap().unwrap().inspecting(&narrow, &sizes).unwrap();
    let sights: Vec<_> = view.look(&image).collect();
    assert_eq!(sights.len(), 2);
    assert!(sights[0].image.pixels().all(|pixel| pixel.0 == [9; 3]));
    let second = &sights[1];
    let inspected = view.evidence(&second.frame);
    for (x, _, pixel) in second.image.enumerate_pixels() {
        assert_eq!(pixel.0 == [9; 3], x < 32, "{x}");
    }
    let inspected = inspected.inspected().unwrap();
    assert!((0..64 * 64).all(|at| inspected[at] == (at % 64 < 32)));
}
