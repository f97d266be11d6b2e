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
    /// box has every pixel that it touches. Of so many pixels the middle lies in it.
    fn over(self, map: [usize; 2], image: [usize; 2], area: usize) -> Self {
        let side = |first: usize, length: usize, axis: usize| {
            let [from, to] = [map[axis].max(1), image[axis].max(1)];
            let start = (first * to / from).min(to - 1);
            let end = ((first + length) * to).div_ceil(from).min(to);
            (start, end.saturating_sub(start).max(1))
        };
        let (left, width) = side(self.left, self.width, 0);
        let (top, height) = side(self.top, self.height, 1);
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

/// The same of the pixels of an image of other columns and rows that the map covers: those whose middle lies in a pixel
/// that is outlined, row by row.
pub fn outlined_over(map: &ScoreMap, threshold: f32, [columns, rows]: [usize; 2]) -> Vec<bool> {
    let mask = outlined(map, threshold);
    let across: Vec<usize> = middles(columns, map.width).collect();
    let of_row = |row: usize| across.iter().map(move |column| (row, *column));
    let places = middles(rows, map.height).flat_map(of_row);
    places
        .map(|(row, column)| mask.get(row * map.width + column) == Some(&true))
        .collect()
}

/// In which of so many pixels of a map the middle of each of an image's lies, along one axis.
fn middles(of_image: usize, of_map: usize) -> impl Iterator<Item = usize> {
    (0..of_image).map(move |at| (2 * at + 1) * of_map / (2 * of_image))
}

/// How many of an image's pixels have their middle in each component; label 0 is the background.
fn areas(found: &components::Components, map: &ScoreMap, image: [usize; 2]) -> Vec<usize> {
    let count = |of_image: usize, of_map: usize| {
        let mut counts = vec![0; of_map];
        for at in middles(of_image, of_map) {
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        counts
    };
    let (columns, rows) = (count(image[0], map.width), count(image[1], map.height));
    let mut areas = vec![0; found.regions.len() + 1];
    let of_rows = found.labels.chunks(map.width.max(1)).zip(&rows);
    for (labels, rows) in of_rows {
        for (&label, columns) in labels.iter().zip(&columns) {
            areas[label as usize] += rows * columns;
        }
    }
    areas
}

/// The 8-connected regions of [`outlined`], the highest peak first, equal peaks in reading
/// order of their boxes' top-left corners.
pub fn regions(map: &ScoreMap, threshold: f32) -> Vec<Region> {
    regions_over(map, threshold, [map.width, map.height])
}

/// The same in pixels of an image of other columns and rows that the map covers. Boxes have every pixel that a region
/// touches; areas are those of [`outlined_over`], and one pixel at least.
pub fn regions_over(map: &ScoreMap, threshold: f32, image: [usize; 2]) -> Vec<Region> {
    let found = components::label(&outlined(map, threshold), map.height, map.width);
    let peaks = peaks(&found, map);
    let areas = areas(&found, map, image);
    let of_each = found.regions.iter().zip(peaks.iter().zip(&areas).skip(1));
    let mut regions: Vec<(Region, usize)> = of_each
        .map(|(component, (&peak, &area))| {
            let region = Region {
                left: component.left,
                top: component.top,
                width: component.right - component.left + 1,
                height: component.bottom - component.top + 1,
                area: component.area,
                peak,
            };
            (region, area)
        })
        .collect();
    regions.sort_by(|(a, _), (b, _)| {
        (b.peak.total_cmp(&a.peak)).then_with(|| (a.top, a.left).cmp(&(b.top, b.left)))
    });
    let over = |(region, area): (Region, usize)| region.over([map.width, map.height], image, area);
    regions.into_iter().map(over).collect()
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
        let sides = |image: [usize; 2], area: usize| {
            let r = region.over([8, 8], image, area);
            (r.left, r.top, r.width, r.height, r.area)
        };
        assert_eq!(sides([8, 8], 2), (2, 1, 3, 1, 2));
        assert_eq!(sides([20, 32], 20), (5, 4, 8, 4, 20));
        // Of an image that is smaller than the map a pixel stays.
        assert_eq!(sides([4, 2], 0), (1, 0, 2, 1, 1));
        assert_eq!(sides([1, 1], 0), (0, 0, 1, 1, 1));
    }

    #[test]
    fn the_areas_of_regions_are_the_pixels_that_are_outlined() {
        let values = |at: usize| ((at * 37 % 101) as f32 / 10.0).max(1.0);
        let map = ScoreMap {
            height: 9,
            width: 13,
            values: (0..9 * 13).map(values).collect(),
        };
        for image in [[13, 9], [26, 27], [31, 20], [200, 9], [14, 100]] {
            let mask = outlined_over(&map, 6.0, image);
            assert_eq!(mask.len(), image[0] * image[1]);
            let found = regions_over(&map, 6.0, image);
            assert!(found.len() > 3);
            let areas: usize = found.iter().map(|region| region.area).sum();
            let outlined = mask.iter().filter(|inside| **inside).count();
            assert_eq!(areas, outlined, "{image:?}");
            for region in &found {
                let (right, bottom) = (region.left + region.width, region.top + region.height);
                let inside = |at: usize| {
                    let [x, y] = [at % image[0], at / image[0]];
                    (region.left..right).contains(&x) && (region.top..bottom).contains(&y)
                };
                let in_box = (0..mask.len()).filter(|&at| mask[at] && inside(at)).count();
                assert!(in_box >= region.area);
            }
        }
        assert_eq!(outlined_over(&map, 6.0, [13, 9]), outlined(&map, 6.0));
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
