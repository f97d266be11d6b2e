//! The pictures of an audit's page, and which there are.

use image::{Rgb, RgbImage};
use oddspot::Result;
use oddspot::audit::{Audit, Audited, Likeness};

use crate::heatmap::{Scale, contour_in, overlay};
use crate::page::picture;
use crate::panel::{self, Size};

/// The longer side of a picture of a suspicious image.
const LARGE: usize = 320;
/// The same of one among its like.
pub(super) const SMALL: usize = 200;
/// How much of the image the map covers where it is brightest.
const OPACITY: f32 = 0.75;
/// The radius of the ring around the oddest place, as a share of the longer side.
const RING: f32 = 0.08;
/// The ring's colour.
const RING_COLOUR: Rgb<u8> = Rgb([255, 64, 200]);
/// Suspicious images that are shown at least, if there are as many.
const LEAST: usize = 12;
/// The same at most.
const MOST: usize = 48;
/// Groups of the same images, and images that are unlike the others, that are shown at most.
pub(super) const MOST_GROUPS: usize = 24;
/// Images of such a group that are shown at most.
pub(super) const MOST_OF_GROUP: usize = 6;

/// The pictures of one image that the page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPicture {
    /// The image's place in the audit's list.
    pub at: usize,
    /// The image alone.
    pub(super) plain: Drawn,
    /// With a ring where it is oddest, and under its map.
    pub(super) odd: Option<[Drawn; 2]>,
}

/// A picture as the page holds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) uri: String,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Images that the page shows first: a tenth of all, 12 to 48.
pub fn most_suspicious(audit: &Audit) -> usize {
    let count = audit.images.len();
    (count / 10).clamp(LEAST, MOST).min(count)
}

/// The places of the images that the page shows.
pub fn audit_shown(audit: &Audit) -> Vec<usize> {
    let groups = [Likeness::Exact, Likeness::Near].map(|likeness| {
        let shown = audit.twins_of(likeness).take(MOST_GROUPS);
        shown.flat_map(|twins| twins.images.iter().take(MOST_OF_GROUP).copied())
    });
    let mut shown: Vec<usize> = (0..most_suspicious(audit))
        .chain(groups.into_iter().flatten())
        .chain(audit.unlike().into_iter().take(MOST_GROUPS))
        .collect();
    shown.sort_unstable();
    shown.dedup();
    shown
}

impl AuditPicture {
    /// Draws an image by its place in the audit's list.
    ///
    /// # Errors
    /// An image that cannot be read any more.
    pub fn new(audit: &Audit, at: usize) -> Result<Self> {
        let audited = &audit.images[at];
        let image = audited.source.decode(audit.reading)?;
        let small = panel::image(&image, Size::of(&image, SMALL));
        let odd = match at < most_suspicious(audit) {
            true => Some(odd(audit, audited, &image)?),
            false => None,
        };
        Ok(Self {
            at,
            plain: Drawn::new(&small)?,
            odd,
        })
    }
}

impl Drawn {
    pub(super) fn new(picture: &RgbImage) -> Result<Self> {
        Ok(Self {
            uri: picture::jpeg(picture)?,
            width: picture.width() as usize,
            height: picture.height() as usize,
        })
    }
}

/// An image with a ring where it is oddest, and under its map.
fn odd(audit: &Audit, audited: &Audited, image: &RgbImage) -> Result<[Drawn; 2]> {
    let large = panel::image(image, Size::of(image, LARGE));
    let ringed = match audited.peak {
        None => large.clone(),
        Some(peak) => {
            let scale = large.width() as f32 / audited.size.width.max(1) as f32;
            let centre = [peak.x, peak.y].map(|at| (at as f32 + 0.5) * scale);
            let radius = (RING * large.width().max(large.height()) as f32).max(3.0);
            let inside = |x: u32, y: u32| {
                let away = [x as f32 + 0.5 - centre[0], y as f32 + 0.5 - centre[1]];
                away[0].hypot(away[1]) < radius
            };
            let rows = 0..large.height();
            let mask = rows.flat_map(|y| (0..large.width()).map(move |x| (x, y)));
            let mask: Vec<bool> = mask.map(|(x, y)| inside(x, y)).collect();
            contour_in(&large, &mask, RING_COLOUR)
        }
    };
    let glowing = match &audited.map {
        None => large,
        Some(map) => overlay(&large, map, Scale::around(usual_peak(audit)), OPACITY),
    };
    Ok([Drawn::new(&ringed)?, Drawn::new(&glowing)?])
}

/// What the map of a tenth of all images reaches: the middle of the colours.
fn usual_peak(audit: &Audit) -> f64 {
    let maps = audit.images.iter().filter_map(|image| image.map.as_ref());
    let mut peaks: Vec<f32> = maps.map(|map| map.peak().0).collect();
    peaks.sort_by(f32::total_cmp);
    let at = (9 * peaks.len()) / 10;
    peaks.get(at).map_or(1.0, |&peak| f64::from(peak))
}
