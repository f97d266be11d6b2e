//! A quarter turn of a picture in the memory that it lies in: of a large one there is no room for both.

use ::image::RgbImage;
use ::image::imageops::{flip_horizontal_in_place, flip_vertical_in_place, rotate180_in_place};
use ::image::metadata::Orientation;

/// Rows that are turned at a time.
const STRIP: usize = 64;

/// A pixel.
type Pixel = [u8; 3];

/// The picture, turned as a file says.
pub(super) fn turn(mut image: RgbImage, orientation: Orientation) -> RgbImage {
    match orientation {
        Orientation::NoTransforms => {}
        Orientation::Rotate180 => rotate180_in_place(&mut image),
        Orientation::FlipHorizontal => flip_horizontal_in_place(&mut image),
        Orientation::FlipVertical => flip_vertical_in_place(&mut image),
        Orientation::Rotate90FlipH => image = transposed(image),
        Orientation::Rotate90 => {
            image = transposed(image);
            flip_horizontal_in_place(&mut image);
        }
        Orientation::Rotate270 => {
            image = transposed(image);
            flip_vertical_in_place(&mut image);
        }
        Orientation::Rotate270FlipH => {
            image = transposed(image);
            rotate180_in_place(&mut image);
        }
    }
    image
}

/// The picture with rows for columns.
fn transposed(image: RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    let mut bytes = image.into_raw();
    transpose(bytes.as_chunks_mut().0, width as usize, height as usize);
    // The same number of pixels.
    RgbImage::from_raw(height, width, bytes).unwrap_or_default()
}

/// `[height, width]` pixels, row by row, to `[width, height]`.
fn transpose(pixels: &mut [Pixel], width: usize, height: usize) {
    let strips = height / STRIP;
    let in_strips = strips * STRIP;
    let rest = height - in_strips;
    let (of_strips, last) = pixels.split_at_mut(in_strips * width);
    let mut strip = vec![[0; 3]; STRIP * width];
    for rows in of_strips.chunks_exact_mut(STRIP * width) {
        turn_over(rows, &mut strip, width);
        rows.copy_from_slice(&strip);
    }
    let last = last.to_vec();
    // Each strip has a run of its pixels for each column, and a column wants those of all strips side by side.
    transpose_runs(of_strips, strips, width);
    // Each column is longer by the rows that fill no strip.
    for column in (0..width).rev() {
        pixels.copy_within(
            column * in_strips..(column + 1) * in_strips,
            column * height,
        );
        let end = &mut pixels[column * height + in_strips..][..rest];
        for (row, pixel) in end.iter_mut().enumerate() {
            *pixel = last[row * width + column];
        }
    }
}

/// Rows to columns, from one memory to another.
fn turn_over(rows: &[Pixel], to: &mut [Pixel], width: usize) {
    for (row, pixels) in rows.chunks_exact(width).enumerate() {
        for (column, &pixel) in pixels.iter().enumerate() {
            to[column * STRIP + row] = pixel;
        }
    }
}

/// `[strips, columns]` runs of [`STRIP`] pixels to `[columns, strips]`, each run moved once along its cycle.
fn transpose_runs(pixels: &mut [Pixel], strips: usize, columns: usize) {
    let mut is_moved = vec![false; strips * columns];
    let mut carried = [[0; 3]; STRIP];
    for first in 0..is_moved.len() {
        if is_moved[first] {
            continue;
        }
        carried.copy_from_slice(&pixels[first * STRIP..][..STRIP]);
        let mut at = first;
        loop {
            is_moved[at] = true;
            let (strip, column) = (at / columns, at % columns);
            at = column * strips + strip;
            carried.swap_with_slice(&mut pixels[at * STRIP..][..STRIP]);
            if at == first {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ::image::{DynamicImage, Rgb};

    use super::*;

    #[test]
    fn every_turn_is_that_of_another_program() {
        let all = (1..=8).filter_map(Orientation::from_exif);
        let all: Vec<Orientation> = all.collect();
        assert_eq!(all.len(), 8);
        for (width, height) in [(1, 1), (7, 3), (3, 200), (200, 3), (130, 128), (65, 191)] {
            let image = RgbImage::from_fn(width, height, |x, y| {
                Rgb([x as u8, y as u8, (x * 31 + y * 17) as u8])
            });
            for &orientation in &all {
                let mut expected = DynamicImage::ImageRgb8(image.clone());
                expected.apply_orientation(orientation);
                let found = turn(image.clone(), orientation);
                assert!(
                    found == expected.into_rgb8(),
                    "{width}x{height} {orientation:?}"
                );
            }
        }
    }
}
