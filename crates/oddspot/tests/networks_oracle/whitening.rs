//! Whitened features against scikit-learn's Mahalanobis distances.

use oddspot::images::ImageSize;
use oddspot::net::network::Level;
use oddspot::train::{EncodedMaps, TeacherCache, whiten};
use serde::Deserialize;

use crate::fixture::path;

#[derive(Deserialize)]
struct Expected {
    channels: usize,
    images: Vec<Vec<f32>>,
    /// Of the places of all images.
    squared_norms: Vec<f64>,
}

#[test]
fn whitened_features_are_as_long_as_their_mahalanobis_distances() {
    let text = std::fs::read_to_string(path("whitening.json")).unwrap();
    let expected: Vec<Expected> = serde_json::from_str(&text).unwrap();
    let levels: Vec<Level> = (expected.iter().zip([2, 4, 8]))
        .map(|(level, stride)| Level {
            stride,
            channels: level.channels,
        })
        .collect();
    let size = ImageSize {
        width: 32,
        height: 16,
    };
    // In memory, and in a file.
    for budget in [1, 0] {
        let folder = std::env::temp_dir();
        let mut cache = TeacherCache::new(size, &levels, 2, budget, &folder).unwrap();
        for image in 0..2 {
            let maps: Vec<&[f32]> = (expected.iter())
                .map(|level| level.images[image].as_slice())
                .collect();
            cache.push(EncodedMaps::new(&maps, &levels)).unwrap();
        }
        let mut shared = cache.part(&[0, 1]);
        let before = shared.level(0, 2).unwrap().to_vec();
        let statistics = whiten(&mut cache).unwrap();
        assert!(
            statistics
                .levels
                .iter()
                .all(|level| level.whitening.is_some())
        );
        assert_eq!(shared.level(0, 2).unwrap(), before);
        for image in 0..2 {
            let maps = cache.levels(image).unwrap();
            for (level, map) in expected.iter().zip(maps) {
                let places = map.len() / level.channels;
                let norms = &level.squared_norms[image * places..][..places];
                for (row, norm) in map.chunks(level.channels).zip(norms) {
                    let found: f64 = row.iter().map(|v| v.to_f64().powi(2)).sum();
                    // The cache keeps 11 bits.
                    let tolerance = 2e-3 * (norm + 0.01);
                    assert!((found - norm).abs() < tolerance, "{found}, not {norm}");
                }
            }
        }
    }
}
