//! Connected components of a mask: pixels that touch by an edge or a corner belong together.

/// The connected components of a mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// `[height, width]`, row-major: 0 for background, `k + 1` for a pixel of `regions[k]`.
    pub labels: Vec<u32>,
    /// The components, in reading order of their first pixel.
    pub regions: Vec<Component>,
}

/// One component's size and bounding box, in pixels; all four bounds are inclusive (a single
/// pixel has `top == bottom` and `left == right`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Number of pixels.
    pub area: usize,
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Last row, inclusive.
    pub bottom: usize,
    /// Last column, inclusive.
    pub right: usize,
}

/// Labels the 8-connected components of a mask of `[height, width]`, row-major.
///
/// Time and memory are linear in the pixels. Pixels that a short mask lacks are background, ones
/// past `height · width` are left out.
pub fn label(mask: &[bool], height: usize, width: usize) -> Components {
    let mask = mask.get(..height.saturating_mul(width)).unwrap_or(mask);
    // A row longer than the whole mask says nothing more, and could overflow an index.
    let width = width.min(mask.len());
    let mut labels = vec![0; mask.len()];
    let mut regions = Vec::new();
    let mut pending = Vec::new();
    for (seed, &inside) in mask.iter().enumerate() {
        if inside && labels[seed] == 0 {
            let label = regions.len() as u32 + 1;
            labels[seed] = label;
            pending.push(seed);
            regions.push(fill(mask, width, label, &mut labels, &mut pending));
        }
    }
    Components { labels, regions }
}

/// Spreads a label from the pending (already labelled) pixel over its whole component.
fn fill(
    mask: &[bool],
    width: usize,
    label: u32,
    labels: &mut [u32],
    pending: &mut Vec<usize>,
) -> Component {
    let mut region = Component {
        area: 0,
        top: usize::MAX,
        left: usize::MAX,
        bottom: 0,
        right: 0,
    };
    while let Some(pixel) = pending.pop() {
        let (row, column) = (pixel / width, pixel % width);
        region.area += 1;
        region.top = region.top.min(row);
        region.left = region.left.min(column);
        region.bottom = region.bottom.max(row);
        region.right = region.right.max(column);
        for near_row in row.saturating_sub(1)..=row + 1 {
            for near_column in column.saturating_sub(1)..=(column + 1).min(width - 1) {
                let near = near_row * width + near_column;
                if mask.get(near) == Some(&true) && labels[near] == 0 {
                    labels[near] = label;
                    pending.push(near);
                }
            }
        }
    }
    region
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `#` is foreground; rows are separated by blanks.
    fn parse(picture: &str) -> (Vec<bool>, usize, usize) {
        let rows: Vec<&str> = picture.split_whitespace().collect();
        let mask = rows.concat().bytes().map(|b| b == b'#').collect();
        (mask, rows.len(), rows[0].len())
    }

    fn label_picture(picture: &str) -> Components {
        let (mask, height, width) = parse(picture);
        label(&mask, height, width)
    }

    #[test]
    fn pixels_that_touch_by_a_corner_are_one_component() {
        let found = label_picture("#... .#.. ..#. .#..");
        assert_eq!(
            found.regions,
            [Component {
                area: 4,
                top: 0,
                left: 0,
                bottom: 3,
                right: 2
            }]
        );
    }

    #[test]
    fn components_are_numbered_in_reading_order_of_their_first_pixel() {
        let found = label_picture("..#.# #.#.. #...#");
        assert_eq!(found.labels, [0, 0, 1, 0, 2, 3, 0, 1, 0, 0, 3, 0, 0, 0, 4]);
        let areas: Vec<usize> = found.regions.iter().map(|r| r.area).collect();
        assert_eq!(areas, [2, 1, 2, 1]);
    }

    #[test]
    fn branches_that_meet_further_down_are_one_component() {
        let found = label_picture("#.#.# #.#.# #####");
        assert_eq!(found.regions.len(), 1);
        assert_eq!(found.regions[0].area, 11);
    }

    #[test]
    fn the_end_of_a_row_does_not_touch_the_start_of_the_next() {
        assert_eq!(label_picture("...# #... ....").regions.len(), 2);
        assert_eq!(label_picture("...# .... #...").regions.len(), 2);
    }

    #[test]
    fn empty_full_and_sizeless_masks() {
        assert!(label_picture("... ...").regions.is_empty());
        let full = label_picture("### ###");
        assert_eq!(full.labels, [1; 6]);
        assert_eq!(full.regions[0].area, 6);
        assert_eq!((full.regions[0].bottom, full.regions[0].right), (1, 2));
        assert!(label(&[], 0, 0).labels.is_empty());
        assert!(label(&[true], 1, 0).labels.is_empty());
    }

    #[test]
    fn a_mask_of_another_length_is_cut_or_filled_with_background() {
        assert_eq!(label(&[true; 5], 2, 2).regions[0].area, 4);
        assert_eq!(label(&[true; 3], 2, 2).regions[0].area, 3);
        assert_eq!(label(&[true; 3], 2, usize::MAX).regions[0].area, 3);
    }
}
