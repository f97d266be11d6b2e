//! Regions in which good images differ most: each on the images that are oddest in it.

use oddspot::Result;
use oddspot::audit::{Audit, Audited, Varying};

use super::pictures::{Drawn, SMALL};
use crate::heatmap::contour;
use crate::panel::{self, Size};

/// Images that a region is shown on.
const IMAGES: usize = 3;

/// A region on images of which it makes the most.
#[derive(Clone, Debug, PartialEq)]
pub struct VaryingPictures {
    /// Names and pictures.
    pub(super) images: Vec<(String, Drawn)>,
}

impl VaryingPictures {
    /// Draws a region of an audit.
    ///
    /// # Errors
    /// An image that cannot be read any more.
    pub fn new(audit: &Audit, varying: &Varying) -> Result<Self> {
        let mut order: Vec<&Audited> = audit.images.iter().collect();
        order.sort_by(|a, b| within(b, varying).total_cmp(&within(a, varying)));
        let drawn = order.into_iter().take(IMAGES).map(|audited| {
            let image = audited.source.decode(audit.reading)?;
            let small = panel::image(&image, Size::of(&image, SMALL));
            let (width, height) = small.dimensions();
            let share = |at: u32, side: u32| (f64::from(at) + 0.5) / f64::from(side);
            let inside = |(y, x): (u32, u32)| {
                let (x, y) = (share(x, width), share(y, height));
                (varying.left..varying.right).contains(&x)
                    && (varying.top..varying.bottom).contains(&y)
            };
            let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
            let mask: Vec<bool> = pixels.map(inside).collect();
            Ok((audited.name.clone(), Drawn::new(&contour(&small, &mask))?))
        });
        Ok(Self {
            images: drawn.collect::<Result<_>>()?,
        })
    }
}

/// The highest of an image's map within a region.
fn within(image: &Audited, varying: &Varying) -> f32 {
    let Some(map) = &image.map else {
        return f32::NEG_INFINITY;
    };
    let cells = |from: f64, to: f64, side: usize| {
        let [from, to] = [from, to].map(|share| (share * side as f64).round() as usize);
        from..to.min(side)
    };
    let rows = cells(varying.top, varying.bottom, map.height);
    let columns = cells(varying.left, varying.right, map.width);
    rows.flat_map(|row| columns.clone().map(move |column| map.at(row, column)))
        .fold(f32::NEG_INFINITY, f32::max)
}
