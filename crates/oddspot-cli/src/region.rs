//! Which part of images is inspected, as arguments.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use oddspot::Detector;
use oddspot::images::{Limits, RegionOfInterest, Source};

use crate::voice::Voice;

/// Which part of images is inspected.
#[derive(Args, Clone, Default)]
pub struct RegionArgs {
    /// Inspect only what is white in this image, of the shape of those to judge
    #[arg(long, value_name = "IMAGE")]
    pub mask: Option<PathBuf>,
    /// Inspect or ignore the polygons of this file: JSON, or SVG with shapes of the class inspect or ignore
    #[arg(long, value_name = "FILE")]
    pub region: Option<PathBuf>,
}

impl RegionArgs {
    /// What was drawn, if anything was; a mask may be as large as images.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn drawn(&self, limits: Limits) -> Result<Option<RegionOfInterest>> {
        let mask = (self.mask.as_deref()).map(|mask| RegionOfInterest::mask(mask, limits));
        let polygons = (self.region.as_deref()).map(RegionOfInterest::polygons);
        Ok(match (mask.transpose()?, polygons.transpose()?) {
            (Some(mask), Some(polygons)) => Some(mask.and(polygons)),
            (one, other) => one.or(other),
        })
    }

    /// The same for images of which this is the first.
    ///
    /// # Errors
    /// A file that cannot be used, or that was drawn on images of another shape.
    pub fn drawn_for(
        &self,
        first: Option<Source>,
        limits: Limits,
    ) -> Result<Option<RegionOfInterest>> {
        let drawn = self.drawn(limits)?;
        // An image that cannot be read is told of where it is judged.
        if let (Some(drawn), Some(first)) = (&drawn, first)
            && let Ok(size) = first.size()
        {
            drawn.check_fits(size)?;
        }
        Ok(drawn)
    }

    /// A model that inspects only that, of images of which this is the first; how much it is may be told.
    ///
    /// # Errors
    /// As [`drawn_for`](Self::drawn_for); nothing is left to inspect.
    pub fn restrict(
        &self,
        detector: Detector,
        first: Option<Source>,
        voice: Voice,
    ) -> Result<Detector> {
        Ok(match self.drawn_for(first, detector.reading().limits)? {
            Some(region) => {
                let detector = detector.inspecting(&region)?;
                if let Some(words) = describe_share(detector.inspected_share()) {
                    note!(voice, "{words}");
                }
                detector
            }
            None => detector,
        })
    }
}

/// How much of the images is inspected, in words; None where nothing was drawn.
pub fn describe_share(share: Option<f64>) -> Option<String> {
    let share = share?;
    let percent = 100.0 * share;
    Some(match percent.round() {
        _ if share >= 1.0 => {
            "warning: all of each image is inspected: what was drawn leaves nothing out".to_owned()
        }
        100.0.. => "more than 99 % of each image is inspected, the rest ignored".to_owned(),
        _ => format!("{percent:.0} % of each image is inspected, the rest ignored"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_leaves_nothing_out_is_warned_of() {
        let said = |share| describe_share(Some(share)).unwrap();
        assert!(said(1.0).starts_with("warning: all of each image"));
        assert!(said(0.999).starts_with("more than 99 % of each image is inspected"));
        assert!(said(0.17).starts_with("17 % of each image is inspected"));
        assert_eq!(describe_share(None), None);
    }
}
