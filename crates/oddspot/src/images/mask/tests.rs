//! What mask files mark, and what is none.

use super::*;
use ::image::{ImageBuffer, LumaA, Rgb};

fn mask(height: usize, width: usize, odd: impl Fn(usize, usize) -> bool) -> Mask {
    let at = |i: usize| odd(i / width, i % width);
    Mask {
        height,
        width,
        anomalous: (0..height * width).map(at).collect(),
    }
}

/// The obvious way: repeat every pixel target times on each axis, then count in whole boxes.
fn shrink_by_counting(mask: &Mask, size: ImageSize) -> Vec<bool> {
    let mut anomalous = Vec::new();
    for row in 0..size.height {
        for column in 0..size.width {
            let mut odd = 0;
            for y in row * mask.height..(row + 1) * mask.height {
                for x in column * mask.width..(column + 1) * mask.width {
                    let at = y / size.height * mask.width + x / size.width;
                    odd += usize::from(mask.anomalous[at]);
                }
            }
            anomalous.push(odd * 2 >= mask.height * mask.width);
        }
    }
    anomalous
}

#[test]
fn half_of_the_area_is_anomalous_and_less_is_not() {
    let half = mask(2, 4, |row, column| column < 2 && row == 0);
    let shrunk = half.shrink(ImageSize {
        width: 2,
        height: 1,
    });
    assert_eq!(shrunk.anomalous, [true, false]);
    let quarter = mask(2, 2, |row, column| row + column == 0);
    assert!(!quarter.shrink(ImageSize::square(1)).any());
}

#[test]
fn every_ratio_equals_counting_on_a_finer_grid() {
    let odd = mask(7, 10, |row, column| (row * row + 3 * column) % 5 < 2);
    for height in 1..16 {
        for width in 1..16 {
            let size = ImageSize { width, height };
            assert_eq!(
                odd.shrink(size).anomalous,
                shrink_by_counting(&odd, size),
                "{size}"
            );
        }
    }
    let same = odd.shrink(ImageSize {
        width: 10,
        height: 7,
    });
    assert_eq!(same, odd);
}

#[test]
fn the_faintest_colour_counts_and_alpha_does_not() {
    let faint = ImageBuffer::from_fn(2, 1, |x, _| Rgb([0, 0, x as u16]));
    let faint = Mask::of(&DynamicImage::ImageRgb16(faint), false).mask;
    assert_eq!(faint.anomalous, [false, true]);
    let opaque = ImageBuffer::from_fn(2, 1, |x, _| LumaA([x as u8, 255]));
    let opaque = Mask::of(&DynamicImage::ImageLumaA8(opaque), false).mask;
    assert_eq!(opaque.anomalous, [false, true]);
}

#[test]
fn a_lossy_mask_is_cut_at_half_and_labels_are_not() {
    let ramp = |most: u32| {
        let levels = ImageBuffer::from_fn(40, 1, |x, _| ::image::Luma([(x * most / 39) as u8]));
        DynamicImage::ImageLuma8(levels)
    };
    let marked = |image: &DynamicImage, lossy: bool| {
        let MaskFile { mask, cut, .. } = Mask::of(image, lossy);
        (mask.anomalous.iter().filter(|&&odd| odd).count(), cut)
    };
    assert_eq!(marked(&ramp(255), false), (20, true));
    assert_eq!(marked(&ramp(255), true), (20, true));
    // Numbers of instances, and two labels.
    assert_eq!(marked(&ramp(39), false), (39, false));
    assert_eq!(marked(&ramp(39), true), (20, true));
    let labels = ImageBuffer::from_fn(3, 1, |x, _| ::image::Luma([(x * 127) as u8]));
    assert_eq!(marked(&DynamicImage::ImageLuma8(labels), false), (2, false));
    let white = ImageBuffer::from_pixel(3, 1, ::image::Luma([255_u8]));
    assert_eq!(marked(&DynamicImage::ImageLuma8(white), true), (3, false));
}

#[test]
fn a_photograph_with_the_defect_drawn_into_it_is_no_mask_and_a_lossy_mask_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let is_inside = |x: u32, y: u32| (20..40).contains(&x) && (16..32).contains(&y);
    let drawn = ::image::RgbImage::from_fn(64, 48, |x, y| match is_inside(x, y) {
        true => Rgb([255, 0, 0]),
        false => Rgb([60 + x as u8, 70 + y as u8, 60 + (x + y) as u8]),
    });
    let path = folder.path().join("drawn.png");
    drawn.save(&path).unwrap();
    assert!(
        read_mask(&path, Limits::default())
            .unwrap()
            .looks_like_a_photograph()
    );
    let refused = decode_mask(&path).unwrap_err().to_string();
    assert!(refused.contains("looks like a photograph"), "{refused}");
    let marked =
        ::image::RgbImage::from_fn(64, 48, |x, y| Rgb([255 * u8::from(is_inside(x, y)); 3]));
    let path = folder.path().join("lossy.jpg");
    marked.save(&path).unwrap();
    let lossy = read_mask(&path, Limits::default()).unwrap();
    assert!(
        lossy.cut && !lossy.looks_like_a_photograph(),
        "{}",
        lossy.grey
    );
    let count = lossy.mask.anomalous.iter().filter(|&&odd| odd).count();
    assert!(count.abs_diff(320) < 32, "{count}");
}

#[test]
fn a_mask_that_marks_what_is_good_is_told_from_a_large_one() {
    let inside = |row: usize, column: usize| (2..5).contains(&row) && (3..6).contains(&column);
    let odd = mask(8, 10, inside);
    let mut turned = odd.clone();
    turned.invert();
    assert!(turned.looks_inverted() && !odd.looks_inverted());
    assert!(!mask(8, 10, |_, _| true).looks_inverted());
    assert!(!mask(8, 10, |row, _| row > 2).looks_inverted());
    assert!(odd.is_like(20, 16) && odd.is_like(5, 4) && odd.is_like(21, 17));
    assert!(!odd.is_like(8, 10) && !odd.is_like(20, 20));
}

#[test]
fn masks_of_an_image_are_brought_to_its_size_and_added() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, image: ::image::GrayImage| {
        let path = folder.path().join(name);
        image.save(&path).unwrap();
        path
    };
    let left = ::image::GrayImage::from_fn(2, 1, |x, _| ::image::Luma([255 * u8::from(x == 0)]));
    let top = ::image::GrayImage::from_fn(4, 2, |_, y| ::image::Luma([255 * u8::from(y == 0)]));
    let paths = [save("left.png", left), save("top.png", top)];
    let size = ImageSize {
        width: 4,
        height: 2,
    };
    let both = decode_masks((&paths, Limits::default()), size, false)
        .unwrap()
        .unwrap();
    assert_eq!(
        both.anomalous,
        [true, true, true, true, true, true, false, false]
    );
    let turned = decode_masks((&paths[..1], Limits::default()), size, true)
        .unwrap()
        .unwrap();
    assert_eq!(
        turned.anomalous,
        [false, false, true, true, false, false, true, true]
    );
    assert_eq!(
        decode_masks((&[], Limits::default()), size, false).unwrap(),
        None
    );
}
