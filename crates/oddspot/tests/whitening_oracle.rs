//! Whitened features against scikit-learn's Mahalanobis distances; `oracle/whitening.py` writes the
//! case.

use burn::tensor::Device;
use oddspot::image::ImageSize;
use oddspot::teacher_cache::{EncodedMaps, TeacherCache};
use oddspot::whitening::whiten;
use serde::Deserialize;

#[derive(Deserialize)]
struct Level {
    channels: usize,
    images: Vec<Vec<f32>>,
    /// Of the places of all images.
    squared_norms: Vec<f64>,
}

#[test]
fn whitened_features_are_as_long_as_their_mahalanobis_distances() {
    let levels: Vec<Level> = serde_json::from_str(include_str!("oracle/whitening.json")).unwrap();
    let channels = [0, 1, 2].map(|level| levels[level].channels);
    let size = ImageSize {
        width: 32,
        height: 16,
    };
    for budget in [1, 0] {
        let folder = std::env::temp_dir();
        let mut cache = TeacherCache::new(size, channels, 2, budget, &folder).unwrap();
        for image in 0..2 {
            let maps = [0, 1, 2].map(|level: usize| levels[level].images[image].as_slice());
            cache.push(EncodedMaps::new(maps, channels)).unwrap();
        }
        let mut shared = cache.part(&[0, 1]);
        let before = shared.level(0, 2).unwrap().to_vec();
        let statistics = whiten(&mut cache).unwrap();
        assert!(statistics.whitening.is_some());
        assert_eq!(shared.level(0, 2).unwrap(), before);
        for image in 0..2 {
            let maps = cache.get(image, &Device::flex()).unwrap();
            for (level, map) in levels.iter().zip(maps) {
                let values: Vec<f32> = map.into_data().iter::<f32>().collect();
                let places = values.len() / level.channels;
                let expected = &level.squared_norms[image * places..][..places];
                for (row, expected) in values.chunks(level.channels).zip(expected) {
                    let found: f64 = row.iter().map(|&v| f64::from(v).powi(2)).sum();
                    // The cache keeps 11 bits.
                    let tolerance = 2e-3 * (expected + 0.01);
                    assert!(
                        (found - expected).abs() < tolerance,
                        "{found}, not {expected}"
                    );
                }
            }
        }
    }
}
