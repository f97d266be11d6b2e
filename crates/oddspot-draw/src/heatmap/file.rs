//! The two file formats that pictures and maps are saved in.

use std::io::{self, Seek, Write};
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};
use oddspot::Result;
use oddspot::files::atomic;
use oddspot::images::ImageSize;
use oddspot::maps::ScoreMap;
use tempfile::spooled_tempfile;
use tiff::encoder::{TiffEncoder, colortype::Gray32Float};
use tiff::{TiffError, TiffResult};

use super::pixels;

/// Bytes of a file that is encoded in memory; a larger one in a temporary file.
const IN_MEMORY: usize = 16 << 20;

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

/// Writes a map's scores as a grey TIFF of 32-bit floats, one page, uncompressed, at a size: its own leaves them
/// unchanged, another resizes them bilinearly. Of a large one no more than some rows are in memory. The file appears
/// whole or not at all ([`atomic::write()`]).
///
/// # Errors
/// A file that cannot be written; a size of no pixels.
pub fn write_tiff_f32(path: impl AsRef<Path>, map: &ScoreMap, size: ImageSize) -> Result<()> {
    atomic::write(path, |file| {
        // The encoder must seek, a pipe cannot.
        let mut encoded = spooled_tempfile(IN_MEMORY);
        encode_tiff(&mut encoded, map, size).map_err(|error| match error {
            TiffError::IoError(error) => error,
            other => io::Error::other(other),
        })?;
        encoded.rewind()?;
        io::copy(&mut encoded, file)?;
        Ok(())
    })
}

fn encode_tiff(to: impl Write + Seek, map: &ScoreMap, size: ImageSize) -> TiffResult<()> {
    let mut tiff = TiffEncoder::new(to)?;
    let (width, height) = (pixels(size.width), pixels(size.height));
    let mut page = tiff.new_image::<Gray32Float>(width, height)?;
    let mut strip = Vec::new();
    let mut written = Ok(());
    map.resize_rows(size.height, size.width, &mut |row| {
        if written.is_err() {
            return;
        }
        strip.extend_from_slice(row);
        if strip.len() as u64 >= page.next_strip_sample_count() {
            written = page.write_strip(&strip);
            strip.clear();
        }
    });
    written?;
    page.finish()
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
        let own = ImageSize {
            width: 3,
            height: 2,
        };
        write_tiff_f32(&path, &map, own).unwrap();
        let mut decoder = Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(decoder.dimensions().unwrap(), (3, 2));
        let DecodingResult::F32(values) = decoder.read_image().unwrap() else {
            panic!("not 32-bit floats");
        };
        assert_eq!(values, map.values);
        // Large, so that it has several strips and does not stay in memory.
        let large = ImageSize {
            width: 2_100,
            height: 2_050,
        };
        let map = ScoreMap {
            values: vec![-1.5, 0.1, 3.0, 1e-3, 7.0, -0.0],
            ..map
        };
        write_tiff_f32(&path, &map, large).unwrap();
        let mut decoder = Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert!(decoder.strip_count().unwrap() > 1);
        let DecodingResult::F32(values) = decoder.read_image().unwrap() else {
            panic!("not 32-bit floats");
        };
        assert!(values == map.resize_bilinear(large.height, large.width).values);
    }

    #[test]
    fn a_picture_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.png");
        assert!(write_png(&path, &RgbImage::new(0, 0)).is_err());
        let none = ImageSize {
            width: 3,
            height: 0,
        };
        assert!(write_tiff_f32(&path, &ScoreMap::filled(0, 3, 0.0), none).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
