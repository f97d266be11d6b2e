//! The two file formats that pictures and maps are saved in.

use std::io::{self, Cursor};
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};
use oddspot::Result;
use oddspot::files::atomic;
use oddspot::maps::ScoreMap;
use tiff::TiffError;
use tiff::encoder::{TiffEncoder, colortype::Gray32Float};

use super::pixels;

/// Writes a picture as PNG; the file appears whole or not at all ([`atomic::write()`]).
pub fn write_png(path: impl AsRef<Path>, picture: &RgbImage) -> Result<()> {
    atomic::write(path, |file| {
        PngEncoder::new(file)
            .write_image(
                picture.as_raw(),
                picture.width(),
                picture.height(),
                ExtendedColorType::Rgb8,
            )
            .map_err(|error| match error {
                ImageError::IoError(error) => error,
                other => io::Error::other(other),
            })
    })
}

/// Writes a map's scores unchanged as a grey TIFF of 32-bit floats, one page, uncompressed;
/// the file appears whole or not at all ([`atomic::write()`]).
pub fn write_tiff_f32(path: impl AsRef<Path>, map: &ScoreMap) -> Result<()> {
    atomic::write(path, |file| {
        let mut encoded = Cursor::new(Vec::new()); // the encoder must seek, a pipe cannot
        TiffEncoder::new(&mut encoded)
            .and_then(|mut tiff| {
                let (width, height) = (pixels(map.width), pixels(map.height));
                tiff.write_image::<Gray32Float>(width, height, &map.values)
            })
            .map_err(|error| match error {
                TiffError::IoError(error) => error,
                other => io::Error::other(other),
            })?;
        file.write_all(encoded.get_ref())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_png_reads_back_as_the_same_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.png");
        let picture = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8, y as u8, 200]));
        write_png(&path, &picture).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture);
    }

    #[test]
    fn a_tiff_reads_back_as_the_same_scores_bit_for_bit() {
        use tiff::decoder::{Decoder, DecodingResult};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.tiff");
        let map = ScoreMap {
            height: 2,
            width: 3,
            values: vec![-1.5, 0.1, f32::INFINITY, 1e-30, 7.0, -0.0],
        };
        write_tiff_f32(&path, &map).unwrap();
        let mut decoder = Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(decoder.dimensions().unwrap(), (3, 2));
        let DecodingResult::F32(values) = decoder.read_image().unwrap() else {
            panic!("not 32-bit floats");
        };
        assert_eq!(values, map.values);
    }

    #[test]
    fn a_picture_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.png");
        assert!(write_png(&path, &RgbImage::new(0, 0)).is_err());
        assert!(write_tiff_f32(&path, &ScoreMap::filled(0, 3, 0.0)).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
