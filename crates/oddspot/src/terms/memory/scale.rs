//! Features free of their image's contrast: a picture that is fainter or stronger as a whole is no odder for it.

use crate::error::Result;
use crate::settings::MemoryScale;
use crate::terms::places::{GoodFeatures, PlaceGrid, single};

/// A piece of the good images' features, scaled.
pub(super) fn of_good(
    (scale, grid): (MemoryScale, &PlaceGrid),
    good: &mut dyn GoodFeatures,
    piece: usize,
    to: &mut Vec<f32>,
) -> Result<()> {
    single(good.piece(piece)?, to);
    scaled(scale, grid, to);
    Ok(())
}

/// Divides each level's part of an image's features `[places, channels]` by their middle length.
pub(super) fn scaled(scale: MemoryScale, grid: &PlaceGrid, features: &mut [f32]) {
    if scale == MemoryScale::None {
        return;
    }
    let channels = grid.channels().max(1);
    let mut lengths = Vec::with_capacity(grid.places());
    for part in grid.parts() {
        let of_places = features.chunks_exact_mut(channels);
        let mut of_level: Vec<&mut [f32]> =
            (of_places.map(|feature| &mut feature[part.clone()])).collect();
        lengths.clear();
        lengths.extend(of_level.iter().map(|feature| length(feature)));
        let middle = middle(&mut lengths);
        // Where most of an image is nothing at all it stays as it is.
        if middle > 0.0 {
            let features = of_level.iter_mut().flat_map(|feature| feature.iter_mut());
            features.for_each(|value| *value = (f64::from(*value) / middle) as f32);
        }
    }
}

fn length(feature: &[f32]) -> f64 {
    let squares = feature.iter().map(|&value| f64::from(value).powi(2));
    squares.sum::<f64>().sqrt()
}

/// The middle one, of two the greater; 0 of none.
fn middle(values: &mut [f64]) -> f64 {
    let at = values.len() / 2;
    match at < values.len() {
        true => *values.select_nth_unstable_by(at, f64::total_cmp).1,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::ImageSize;
    use crate::net::network::Level;
    use crate::settings::Settings;

    /// Four places of two levels, of two channels and one.
    fn grid() -> PlaceGrid {
        let settings = Settings {
            image_size: ImageSize::square(16),
            ..Settings::default()
        };
        let level = |(stride, channels)| Level { stride, channels };
        PlaceGrid::of(&settings, &[(4, 2), (8, 1)].map(level))
    }

    #[test]
    fn each_level_is_divided_by_its_middle_length() {
        // Lengths 5, 10, 0 and 1; 2, 4, 6 and 8.
        let features = [3.0, 4.0, 2.0, 6.0, 8.0, 4.0, 0.0, 0.0, 6.0, 1.0, 0.0, -8.0];
        let mut found = features;
        scaled(MemoryScale::Image, &grid(), &mut found);
        for (at, (found, before)) in found.iter().zip(&features).enumerate() {
            let middle = if at % 3 == 2 { 6.0 } else { 5.0 };
            assert_eq!(*found, before / middle);
        }
        let mut as_it_is = features;
        scaled(MemoryScale::None, &grid(), &mut as_it_is);
        assert_eq!(as_it_is, features);
    }

    #[test]
    fn an_image_of_twice_the_contrast_becomes_the_same() {
        let features: Vec<f32> = (1..=12).map(|value| value as f32 / 7.0).collect();
        let doubled: Vec<f32> = features.iter().map(|value| 2.0 * value).collect();
        let [one, other] = [features, doubled].map(|mut features| {
            scaled(MemoryScale::Image, &grid(), &mut features);
            features
        });
        assert_eq!(one, other);
    }

    #[test]
    fn where_most_places_show_nothing_nothing_is_divided() {
        let mut features = [0.0; 12];
        (features[0], features[11]) = (3.0, 2.0);
        let before = features;
        scaled(MemoryScale::Image, &grid(), &mut features);
        assert_eq!(features, before);
    }
}
