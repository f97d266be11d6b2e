//! Which part of images is inspected: masks and polygons that a user has drawn.

mod fill;
mod json;
mod svg;

use std::path::{Path, PathBuf};

use ::image::{DynamicImage, ImageBuffer, Luma};

use super::ImageSize;
use super::file::read_file;
use super::flatten::black_is_zero;
use super::limits::Limits;
use super::mask::Mask;
use super::reading::samples;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::text::text_of;
use fill::{Shape, fill};

/// Levels that are neither black nor white.
const GREY: std::ops::RangeInclusive<u16> = u16::MAX / 4..=u16::MAX / 4 * 3;
/// Share of a mask that may be of these: soft edges, and what lossy files make of hard ones.
const MOST_GREY: f64 = 0.2;
/// How far the proportions of an image and of what was drawn may differ, as a share.
const OTHER_SHAPE: f64 = 0.02;
/// How far a point may lie outside of the image, as a share of its side.
const OUTSIDE: f64 = 0.02;

/// Which part of an image is inspected, as it was drawn: for images of any size. What several drawings say
/// holds together: a pixel is inspected if all of them inspect it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegionOfInterest {
    drawings: Vec<Drawing>,
}

/// What one file says.
#[derive(Clone, Debug, PartialEq)]
struct Drawing {
    path: PathBuf,
    what: Drawn,
}

#[derive(Clone, Debug, PartialEq)]
enum Drawn {
    /// What it marks is inspected.
    Mask(Mask),
    Polygons(Polygons),
}

/// Shapes in shares of the image's sides.
#[derive(Clone, Debug, PartialEq)]
struct Polygons {
    /// The union of these is inspected; all if there are none.
    inspect: Vec<Shape>,
    /// Less the union of these.
    ignore: Vec<Shape>,
    /// Columns and rows of the image that they were drawn on, if that is known.
    drawn_on: Option<[f64; 2]>,
}

/// Shapes as a file has them, in its own units.
#[derive(Default)]
struct Read {
    inspect: Vec<Shape>,
    ignore: Vec<Shape>,
    /// Where the image begins, and its sides.
    image: Option<([f64; 2], [f64; 2])>,
}

impl RegionOfInterest {
    /// Of an image file: what is at least half as bright as white is inspected. Alpha does not count, but for that of a
    /// picture which is white all over: then what is opaque is inspected.
    ///
    /// # Errors
    /// A file that cannot be decoded, or that is larger than images may be.
    pub fn mask(path: &Path, limits: Limits) -> Result<Self> {
        let samples = black_is_zero(samples((&read_file(path)?).into(), path, limits)?);
        let image = drawn_in_alpha(&samples.image).unwrap_or_else(|| samples.image.into_luma16());
        let pixels = image.pixels().map(|pixel| pixel.0[0]);
        let grey = pixels.filter(|level| GREY.contains(level)).count();
        let share = grey as f64 / image.len().max(1) as f64;
        if share > MOST_GREY {
            let reason = format!(
                "{:.0} % of it is neither black nor white: it looks like a photograph, and not like a mask; paint white \
                 what is to be inspected, and black what is not",
                100.0 * share
            );
            return Err(unusable(path, reason));
        }
        let white = image.pixels().map(|pixel| pixel.0[0] > u16::MAX / 2);
        let mask = Mask {
            height: image.height() as usize,
            width: image.width() as usize,
            anomalous: white.collect(),
        };
        match mask.any() {
            true => Ok(Self::of(path, Drawn::Mask(mask))),
            false => Err(unusable(
                path,
                "it inspects nothing: paint white what is to be inspected, and black what is not",
            )),
        }
    }

    /// Of a JSON or SVG file of polygons.
    ///
    /// # Errors
    /// A file that cannot be read, or that is of another kind; polygons outside of the image.
    pub fn polygons(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let text = text_of(&bytes).map_err(|_| {
            let reason = "it is no text: polygons come as JSON or SVG (an image is a mask)";
            unusable(path, reason)
        })?;
        Self::of_text(&text, path)
    }

    /// Of the text of such a file; `path` is what it is called in errors.
    ///
    /// # Errors
    /// As [`polygons`](Self::polygons).
    pub fn of_text(text: &str, path: &Path) -> Result<Self> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let read = match text.chars().next() {
            Some('{') => json::read(text),
            Some('<') => svg::read(text),
            _ => Err("it is neither JSON nor SVG".to_owned()),
        };
        let polygons = read.and_then(Read::polygons);
        let polygons = polygons.map_err(|reason| unusable(path, reason))?;
        Ok(Self::of(path, Drawn::Polygons(polygons)))
    }

    fn of(path: &Path, what: Drawn) -> Self {
        let path = path.to_owned();
        Self {
            drawings: vec![Drawing { path, what }],
        }
    }

    /// What both inspect.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.drawings.extend(other.drawings);
        self
    }

    /// Refuses what was drawn on images of other proportions than these.
    ///
    /// # Errors
    /// The file, and both sizes.
    pub fn check_fits(&self, image: ImageSize) -> Result<()> {
        for Drawing { path, what } in &self.drawings {
            let Some([width, height]) = what.drawn_on() else {
                continue;
            };
            let proportions = image.width as f64 / image.height as f64;
            let off = (width / height / proportions).ln().abs();
            if off > OTHER_SHAPE {
                return Err(Error::at(
                    ErrorKind::Mismatch,
                    Subject::Region,
                    path,
                    format!(
                        "it is {width}x{height}, and the images are {image}: it must have their proportions"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Which pixels of an image of a size are inspected, row by row.
    ///
    /// # Errors
    /// None is.
    pub fn at(&self, size: ImageSize) -> Result<Vec<bool>> {
        let mut inspected = vec![true; size.width * size.height];
        for Drawing { path, what } in &self.drawings {
            let of_this = what.at(size);
            for (all, this) in inspected.iter_mut().zip(of_this) {
                *all &= this;
            }
            if !inspected.contains(&true) {
                let reason = format!("of an image of {size} pixels it leaves nothing to inspect");
                return Err(unusable(path, reason));
            }
        }
        Ok(inspected)
    }
}

impl Drawn {
    /// Columns and rows of the image that it was drawn on, if that is known.
    fn drawn_on(&self) -> Option<[f64; 2]> {
        match self {
            Self::Mask(mask) => Some([mask.width as f64, mask.height as f64]),
            Self::Polygons(polygons) => polygons.drawn_on,
        }
    }

    fn at(&self, size: ImageSize) -> Vec<bool> {
        match self {
            Self::Mask(mask) => mask.shrink(size).anomalous,
            Self::Polygons(Polygons {
                inspect, ignore, ..
            }) => {
                let mut inspected = vec![inspect.is_empty(); size.width * size.height];
                (inspect.iter()).for_each(|shape| fill(shape, size, &mut inspected, true));
                (ignore.iter()).for_each(|shape| fill(shape, size, &mut inspected, false));
                inspected
            }
        }
    }
}

impl Read {
    /// The same in shares of the image.
    fn polygons(self) -> Result<Polygons, String> {
        let Self {
            mut inspect,
            mut ignore,
            image,
        } = self;
        if inspect.is_empty() && ignore.is_empty() {
            return Err("it has no polygon to inspect or to ignore".to_owned());
        }
        let shares = |shapes: &[Shape]| {
            let mut points = shapes.iter().flatten().flatten().flatten();
            points.all(|at| (-OUTSIDE..=1.0 + OUTSIDE).contains(at))
        };
        let ([left, top], [width, height]) = match image {
            Some(image) => image,
            None if shares(&inspect) && shares(&ignore) => ([0.0; 2], [1.0; 2]),
            None => {
                let reason = "its points are in pixels, and it does not say of how many: it lacks \
                              the width and the height of the image";
                return Err(reason.to_owned());
            }
        };
        if !(width > 0.0 && height > 0.0 && width.is_finite() && height.is_finite()) {
            return Err(format!("it says that the image is {width}x{height}"));
        }
        for ring in inspect.iter_mut().chain(&mut ignore).flatten() {
            if ring.len() < 3 {
                return Err("it has a polygon of fewer than three points".to_owned());
            }
            for point in ring {
                let [x, y] = *point;
                *point = [(x - left) / width, (y - top) / height];
                let inside = |at: &f64| (-OUTSIDE..=1.0 + OUTSIDE).contains(at);
                if !point.iter().all(inside) {
                    return Err(format!(
                        "its point ({x}, {y}) lies outside of the image of {width}x{height}"
                    ));
                }
            }
        }
        Ok(Polygons {
            inspect,
            ignore,
            drawn_on: image.map(|(_, sides)| sides),
        })
    }
}

/// The alpha of a picture that is white all over, where it tells some pixels from others: the mask was drawn there.
fn drawn_in_alpha(image: &DynamicImage) -> Option<ImageBuffer<Luma<u16>, Vec<u16>>> {
    if !image.color().has_alpha() {
        return None;
    }
    let both = image.to_luma_alpha16();
    let alphas: Vec<u16> = both.pixels().map(|pixel| pixel.0[1]).collect();
    let is_white = both.pixels().all(|pixel| pixel.0[0] > *GREY.end());
    let opaque = alphas.iter().filter(|alpha| **alpha > u16::MAX / 2).count();
    let tells = (1..alphas.len()).contains(&opaque);
    let alphas = ImageBuffer::from_raw(both.width(), both.height(), alphas)?;
    (is_white && tells).then_some(alphas)
}

fn unusable(path: &Path, reason: impl Into<String>) -> Error {
    Error::at(ErrorKind::Invalid, Subject::Region, path, reason)
}

#[cfg(test)]
mod tests;
