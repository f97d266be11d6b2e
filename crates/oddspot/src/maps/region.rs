//! Where an image is odd: the connected regions of a map above a threshold.

use serde::{Deserialize, Serialize};

use crate::maps::ScoreMap;
use crate::maps::components;

/// One connected region of pixels above the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// First column of the bounding box, pixels of the map.
    pub left: usize,
    /// First row of the bounding box, pixels of the map.
    pub top: usize,
    /// Columns of the bounding box, at least 1.
    pub width: usize,
    /// Rows of the bounding box, at least 1.
    pub height: usize,
    /// Pixels in the region itself, at most `width · height`.
    pub area: usize,
    /// The largest score in the region, always above the threshold.
    pub peak: f32,
}

impl Region {
    /// A region of a map that covers an image of another size, both as columns and rows, in the image's pixels: its
    /// box has every pixel that it touches, its area is in proportion.
    #[must_use]
    pub fn scaled(self, map: [usize; 2], image: [usize; 2]) -> Self {
        let side = |first: usize, length: usize, axis: usize| {
            let [from, to] = [map[axis].max(1), image[axis].max(1)];
            let start = (first * to / from).min(to - 1);
            let end = ((first + length) * to).div_ceil(from).min(to);
            (start, end.saturating_sub(start).max(1))
        };
        let (left, width) = side(self.left, self.width, 0);
        let (top, height) = side(self.top, self.height, 1);
        let pixels = |of: [usize; 2]| (of[0] * of[1]).max(1) as f64;
        let area = (self.area as f64 * pixels(image) / pixels(map)).round() as usize;
        Self {
            left,
            top,
            width,
            height,
            area: area.clamp(1, width * height),
            peak: self.peak,
        }
    }
}

/// The pixels strictly above the threshold, `[height, width]`, row-major: a score equal to the
/// threshold is still good, and NaN is never above it.
pub fn mask_above(map: &ScoreMap, threshold: f32) -> Vec<bool> {
    map.values.iter().map(|&value| value > threshold).collect()
}

/// What counts as the skirt of a region: below this share of its peak. A map is blurred, and the skirts of a
/// high peak reach far beyond what is odd; a blurred edge is at half of its height where the edge was.
const SKIRT: f32 = 0.5;

/// The pixels that outline what is odd, `[height, width]`, row-major: of those above the threshold all that
/// are no skirt of the peak that they are connected to.
pub fn outlined(map: &ScoreMap, threshold: f32) -> Vec<bool> {
    let mut mask = mask_above(map, threshold);
    let found = components::label(&mask, map.height, map.width);
    // An infinite peak has no skirts.
    let skirts: Vec<f32> = (peaks(&found, map).into_iter())
        .map(|peak| {
            if peak.is_finite() {
                // Half of what lies below 0 is higher than it.
                peak.min(SKIRT * peak)
            } else {
                peak.min(0.0)
            }
        })
        .collect();
    for ((inside, &value), &label) in mask.iter_mut().zip(&map.values).zip(&found.labels) {
        *inside = *inside && value >= skirts[label as usize];
    }
    mask
}

/// The highest value of each component; label 0 is the background.
fn peaks(found: &components::Components, map: &ScoreMap) -> Vec<f32> {
    let mut peaks = vec![f32::NEG_INFINITY; found.regions.len() + 1];
    for (&label, &value) in found.labels.iter().zip(&map.values) {
        if let Some(peak) = peaks.get_mut(label as usize) {
            *peak = peak.max(value);
        }
    }
    peaks
}

/// The 8-connected regions of [`outlined`], the highest peak first, equal peaks in reading
/// order of their boxes' top-left corners.
pub fn regions(map: &ScoreMap, threshold: f32) -> Vec<Region> {
    let found = components::label(&outlined(map, threshold), map.height, map.width);
    let peaks = peaks(&found, map);
    let mut regions: Vec<Region> = found
        .regions
        .iter()
        .zip(peaks.iter().skip(1))
        .map(|(component, &peak)| Region {
            left: component.left,
            top: component.top,
            width: component.right - component.left + 1,
            height: component.bottom - component.top + 1,
            area: component.area,
            peak,
        })
        .collect();
    regions.sort_by(|a, b| {
        (b.peak.total_cmp(&a.peak)).then_with(|| (a.top, a.left).cmp(&(b.top, b.left)))
    });
    regions
}

/// The pixels that stand out with a map's peak: those 8-connected to it that are above half of it, as
/// indices into its values; the peak alone if it is infinite or not above 0.
pub fn around_peak(map: &ScoreMap) -> Vec<usize> {
    if map.values.is_empty() {
        return Vec::new();
    }
    let (peak, (row, column)) = map.peak();
    let at = row * map.width + column;
    let labels = components::label(&mask_above(map, peak / 2.0), map.height, map.width).labels;
    match labels.get(at) {
        None | Some(0) => vec![at],
        Some(&own) => (0..labels.len()).filter(|&i| labels[i] == own).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(width: usize, values: &[f32]) -> ScoreMap {
        ScoreMap {
            height: values.len() / width,
            width,
            values: values.to_vec(),
        }
    }

    #[test]
    fn the_skirts_of_a_high_peak_are_not_outlined() {
        let map = map(7, &[0.9, 2.0, 10.0, 6.0, 4.9, 0.5, 2.0]);
        let mask = outlined(&map, 1.0);
        assert_eq!(mask, [false, false, true, true, false, false, true]);
        let found = regions(&map, 1.0);
        let boxes: Vec<_> = found
            .iter()
            .map(|region| (region.left, region.width))
            .collect();
        assert_eq!(boxes, [(2, 2), (6, 1)]);
        assert_eq!(
            outlined(&map, 5.5),
            [false, false, true, true, false, false, false]
        );
    }

    #[test]
    fn a_map_that_lies_below_0_has_its_peak_outlined() {
        let map = map(3, &[-4.0, -2.0, -3.0]);
        assert_eq!(outlined(&map, -2.5), [false, true, false]);
        assert_eq!(regions(&map, -2.5).len(), 1);
    }

    #[test]
    fn a_region_covers_the_pixels_of_the_image_that_it_touches() {
        let region = Region {
            left: 2,
            top: 1,
            width: 3,
            height: 1,
            area: 2,
            peak: 4.0,
        };
        let sides = |r: Region| (r.left, r.top, r.width, r.height, r.area);
        assert_eq!(sides(region.scaled([8, 8], [8, 8])), (2, 1, 3, 1, 2));
        assert_eq!(sides(region.scaled([8, 8], [20, 32])), (5, 4, 8, 4, 20));
        // Of an image that is smaller than the map a pixel stays.
        assert_eq!(sides(region.scaled([8, 8], [4, 2])), (1, 0, 2, 1, 1));
        assert_eq!(sides(region.scaled([8, 8], [1, 1])), (0, 0, 1, 1, 1));
    }

    #[test]
    fn a_region_knows_its_box_its_area_and_its_peak() {
        // 8-connected: the diagonal step joins the two upper cells to the lower ones.
        let map = map(
            5,
            &[
                0.0, 2.5, 0.0, 0.0, 0.0, //
                0.0, 0.0, 5.0, 3.0, 0.0, //
                0.0, 0.0, 0.0, 0.0, 0.0,
            ],
        );
        assert_eq!(
            regions(&map, 1.0),
            [Region {
                left: 1,
                top: 0,
                width: 3,
                height: 2,
                area: 3,
                peak: 5.0
            }]
        );
    }

    #[test]
    fn a_score_equal_to_the_threshold_is_good_and_nan_is_never_odd() {
        assert!(regions(&map(3, &[1.0, 1.0, f32::NAN]), 1.0).is_empty());
        assert!(regions(&map(3, &[1.0, 9.0, 1.0]), f32::NAN).is_empty());
    }

    #[test]
    fn the_highest_peak_comes_first_and_ties_come_in_reading_order() {
        let map = map(
            5,
            &[
                0.0, 0.0, 0.0, 0.0, 4.0, //
                4.0, 0.0, 0.0, 0.0, 0.0, //
                0.0, 0.0, 7.0, 0.0, 4.0,
            ],
        );
        let order: Vec<_> = regions(&map, 0.0).iter().map(|r| (r.top, r.left)).collect();
        assert_eq!(order, [(2, 2), (0, 4), (1, 0), (2, 4)]);
    }

    #[test]
    fn what_stands_out_with_the_peak_is_connected_to_it_and_above_half_of_it() {
        let map = map(
            5,
            &[
                0.0, 9.0, 5.0, 4.5, 0.0, //
                0.0, 0.0, 0.0, 6.0, 0.0, //
                8.0, 0.0, 0.0, 0.0, 0.0,
            ],
        );
        assert_eq!(around_peak(&map), [1, 2, 8]);
    }

    #[test]
    fn a_peak_that_is_not_above_zero_or_infinite_stands_alone() {
        assert_eq!(around_peak(&map(2, &[-2.0, -1.0, -3.0, -1.0])), [1]);
        assert_eq!(around_peak(&map(2, &[0.0; 4])), [0]);
        assert_eq!(around_peak(&map(2, &[1.0, f32::INFINITY])), [1]);
        assert!(around_peak(&ScoreMap::filled(0, 3, 0.0)).is_empty());
    }

    #[test]
    fn infinite_scores_and_a_map_all_above_are_one_region() {
        let everything = regions(&map(2, &[1.0, f32::INFINITY, 1.0, 1.0]), 0.0);
        assert_eq!(everything.len(), 1);
        assert_eq!((everything[0].area, everything[0].peak), (4, f32::INFINITY));
    }
}
