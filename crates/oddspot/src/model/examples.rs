//! A few good images that lie in the model as it sees them, and their scores: by these a file on a machine shows
//! that it judges as it did when it was made.

use image::RgbImage;

use crate::files::{PackedTensor, PackedTensors};
use crate::images::ImageSize;
use crate::net::tensors::TensorSpec;

/// Good images that lie in a model.
pub const EXAMPLES: usize = 2;
/// Their tensor, `[images, height, width, 3]`: levels less 128.
const NAME: &str = "good.examples";

/// What a model with so many of them must have.
pub(super) fn specs(images: usize, size: ImageSize) -> Option<TensorSpec> {
    let shape = vec![images, size.height, size.width, 3];
    (images > 0).then(|| TensorSpec::kept(NAME, shape))
}

/// As they lie in the model, all of one size.
pub fn packed(pictures: &[&RgbImage]) -> PackedTensors {
    let Some(first) = pictures.first() else {
        return PackedTensors::new();
    };
    let (width, height) = first.dimensions();
    let levels = pictures.iter().flat_map(|picture| picture.as_raw());
    let tensor = PackedTensor {
        shape: vec![pictures.len(), height as usize, width as usize, 3],
        values: levels
            .map(|&level| (i16::from(level) - 128) as i8)
            .collect(),
    };
    PackedTensors::from([(NAME.to_owned(), tensor)])
}

/// The pictures again.
pub fn pictures(packed: &PackedTensors) -> Vec<RgbImage> {
    let Some(tensor) = packed.get(NAME) else {
        return Vec::new();
    };
    let [_, height, width, channels] = tensor.shape[..] else {
        return Vec::new();
    };
    let levels = |values: &[i8]| {
        values
            .iter()
            .map(|&value| (i16::from(value) + 128) as u8)
            .collect()
    };
    let of_each = tensor
        .values
        .chunks_exact((height * width * channels).max(1));
    of_each
        .filter_map(|values| RgbImage::from_raw(width as u32, height as u32, levels(values)))
        .collect()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn pictures_go_into_the_model_and_come_back() {
        let picture =
            |plus: u8| RgbImage::from_fn(5, 3, |x, y| Rgb([plus + x as u8, 250 + y as u8, 0]));
        let both = [picture(0), picture(127)];
        let tensors = packed(&both.each_ref());
        assert_eq!(tensors[NAME].shape, [2, 3, 5, 3]);
        assert_eq!(pictures(&tensors), both);
        assert_eq!(packed(&[]), PackedTensors::new());
    }
}
