//! Whether good images lie anyhow, and would have much in common if they were aligned.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::learn::learn;
use super::moves::Pose;
use super::pictures::pictures;
use super::stack::Stack;
use crate::error::Result;
use crate::images::{ImageSize, Source};
use crate::maps::{ScoreMap, quantile_between};
use crate::settings::{Alignment, Settings, Tile};

/// Images that are looked at, at most.
const LOOKED_AT: usize = 16;
/// Fewer do not tell how good images lie.
const LEAST: usize = 6;
/// What the correlation must gain: good transistors of one fixture gain 0.12, whose verdicts gain nothing by it.
const GAIN: f64 = 0.25;
/// What it must reach.
const LEAST_CORRELATION: f64 = 0.8;
/// What turning must add to it, so that images are not only to be moved.
const GAIN_OF_TURNING: f64 = 0.05;

/// How images are to be aligned: as the settings say, or, where they leave that to the good ones, as some of these, spread
/// evenly, would gain much by. Not at all where there are few, where they lie alike, and where they have too little in common. None if told to stop.
///
/// # Errors
/// An unreadable image.
pub(super) fn alignment(
    settings: &Settings,
    images: &[&Source],
    mut go_on: impl FnMut() -> ControlFlow<()>,
) -> Result<Option<Alignment>> {
    if settings.alignment != Alignment::Auto {
        return Ok(Some(settings.alignment));
    }
    let count = images.len().min(LOOKED_AT);
    if count < LEAST || settings.tile != Tile::None {
        return Ok(Some(Alignment::None));
    }
    let some: Vec<&Source> = (0..count)
        .map(|at| images[at * images.len() / count])
        .collect();
    let seen = (settings.reading(), settings.image_size);
    let Some(pictures) = pictures(&some, seen, |_, _| go_on())? else {
        return Ok(None);
    };
    let enough = (as_they_lie(&pictures) + GAIN).max(LEAST_CORRELATION);
    if enough > 1.0 {
        return Ok(Some(Alignment::None));
    }
    let aligned = |how| {
        let learned = learn(&pictures, how, settings.image_size);
        learned.map_or(0.0, |(_, good)| good.correlation)
    };
    let [shift, rigid] = [Alignment::Shift, Alignment::Rigid].map(aligned);
    Ok(Some(match shift.max(rigid) >= enough {
        false => Alignment::None,
        true if rigid > shift + GAIN_OF_TURNING => Alignment::Rigid,
        true => Alignment::Shift,
    }))
}

/// Median correlation of pictures, each with what the others have in common where they lie.
fn as_they_lie(pictures: &[ScoreMap]) -> f64 {
    let Some(&ScoreMap { width, height, .. }) = pictures.first() else {
        return 0.0;
    };
    let here = Pose::default();
    let mut stack = Stack::new(ImageSize { width, height });
    for picture in pictures {
        stack.add(picture, &here, 1.0);
    }
    let correlations: Vec<f32> = (pictures.par_iter())
        .map(|picture| {
            let mut others = stack.clone();
            others.add(picture, &here, -1.0);
            others.reference().correlation(picture, &here)
        })
        .collect();
    quantile_between(&correlations, 0.5)
}

#[cfg(test)]
mod tests {
    use ::image::RgbImage;

    use super::*;
    use crate::view::learn::tests::{hammer, noise};

    fn alignment_of(images: impl Iterator<Item = RgbImage>, settings: &Settings) -> Alignment {
        let images: Vec<Source> = images.map(Into::into).collect();
        let images: Vec<&Source> = images.iter().collect();
        let found = alignment(settings, &images, || ControlFlow::Continue(()));
        found.unwrap().unwrap()
    }

    fn turned() -> impl Iterator<Item = RgbImage> {
        (0..8).map(|i| hammer(47.0 * i as f32, 0.0, i as f32))
    }

    #[test]
    fn parts_that_lie_anyhow_are_aligned_as_they_lie() {
        let settings = Settings::default();
        assert_eq!(alignment_of(turned(), &settings), Alignment::Rigid);
        let places = [[-20, 9], [18, -15], [0, 20], [12, 12], [-14, -18], [4, 0]];
        let moved = places.map(|at| hammer(0.0, at[0] as f32, at[1] as f32));
        let found = alignment_of(moved.into_iter(), &settings);
        assert_eq!(found, Alignment::Shift);
    }

    #[test]
    fn parts_that_lie_alike_few_images_and_pieces_are_left_as_they_are() {
        let mut settings = Settings::default();
        let alike = (0..8).map(|i| hammer(i as f32 * 0.5, i as f32 * 0.25, 0.0));
        assert_eq!(alignment_of(alike, &settings), Alignment::None);
        let few = turned().take(LEAST - 1);
        assert_eq!(alignment_of(few, &settings), Alignment::None);
        // Grain has nothing in common, however it is moved.
        assert_eq!(alignment_of((0..8).map(noise), &settings), Alignment::None);
        settings.set("tile", "128").unwrap();
        assert_eq!(alignment_of(turned(), &settings), Alignment::None);
    }
}
