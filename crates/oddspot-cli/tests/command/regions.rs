//! The regions that `oddspot detect` finds in its maps.

use std::collections::BTreeSet;

use oddspot::Model;

use crate::detection::{FloatMap, judged, name_of, tiff_map};

#[test]
fn regions_are_what_lies_above_the_pixel_threshold_but_for_the_skirts_of_peaks() {
    let (world, results) = judged();
    let model = Model::load(&world.path("model.oddspot")).unwrap();
    let threshold = model.header.thresholds.pixel as f32;
    let mut found = 0;
    for line in results {
        let name = name_of(&line);
        let total = tiff_map(&world, "total", name);
        let regions = line["regions"].as_array().unwrap();
        if line["verdict"] == "good" {
            assert!(regions.is_empty(), "{line}");
            continue;
        }
        // Of an image of the model's size the raw map is the one that regions are made of.
        let is_resized = (&line["width"], &line["height"]) != (&96.into(), &96.into());
        let mut area = 0;
        for region in regions {
            let number = |key: &str| region[key].as_u64().unwrap() as usize;
            let (left, top) = (number("left"), number("top"));
            let (width, height) = (number("width"), number("height"));
            assert!((1..=width * height).contains(&number("area")));
            assert!(left + width <= line["width"].as_u64().unwrap() as usize);
            assert!(top + height <= line["height"].as_u64().unwrap() as usize);
            let peak = region["peak"].as_f64().unwrap() as f32;
            assert!(peak > threshold, "{peak} is not above {threshold}");
            let inside = (top..top + height)
                .flat_map(|y| (left..left + width).map(move |x| (y, x)))
                .map(|(y, x)| total.values[y * total.width + x])
                .fold(f32::MIN, f32::max);
            let inside = match is_resized {
                false => inside == peak,
                true => (0.7 * peak..=1.0001 * peak).contains(&inside),
            };
            assert!(inside, "{name}: no pixel of the region has its peak");
            area += number("area");
            found += 1;
        }
        let outlined = outlined(&total, threshold);
        match is_resized {
            false => assert_eq!(outlined, area, "{name}"),
            // Boxes and areas are of whole pixels of the map.
            true => assert!(
                outlined.abs_diff(area) <= 40 + area / 2,
                "{name}: {outlined}, {area}"
            ),
        }
    }
    assert!(found > 0, "nothing was found");
}

/// Pixels above the threshold, less those below half of the peak that they are connected to.
fn outlined(map: &FloatMap, threshold: f32) -> usize {
    let mut left: BTreeSet<(usize, usize)> = (0..map.values.len())
        .filter(|&at| map.values[at] > threshold)
        .map(|at| (at / map.width, at % map.width))
        .collect();
    let value = |&(y, x): &(usize, usize)| map.values[y * map.width + x];
    let mut area = 0;
    while let Some(first) = left.pop_first() {
        let mut together = vec![first];
        let mut next = 0;
        while let Some(&(y, x)) = together.get(next) {
            next += 1;
            for beside in (y.saturating_sub(1)..=y + 1)
                .flat_map(|row| (x.saturating_sub(1)..=x + 1).map(move |column| (row, column)))
            {
                if left.remove(&beside) {
                    together.push(beside);
                }
            }
        }
        let peak = together.iter().map(value).fold(f32::MIN, f32::max);
        area += together.iter().filter(|at| value(at) >= 0.5 * peak).count();
    }
    area
}
