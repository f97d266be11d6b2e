//! How images are judged and what is kept of them, as `detect` and `watch` are asked.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use oddspot::Detector;
use oddspot::images::Limits;

use super::pictures::Written;
use super::reporting::ReportArgs;
use crate::region::RegionArgs;
use crate::runtime::{Runtime, RuntimeArgs};
use crate::verdict::VerdictArgs;
use crate::voice::Voice;

/// Pixels along the longer side of pictures, at most, unless it is said otherwise.
const PICTURE_SIDE: u32 = 1600;

/// How images are judged, and what is kept of them.
#[derive(Args, Clone)]
pub struct JudgeArgs {
    /// Also write the raw maps as 32-bit TIFF, of each image's own size
    #[arg(long, requires = "output")]
    pub maps: bool,
    /// Write no pictures, only the results (and the raw maps, if asked for)
    #[arg(long)]
    pub no_pictures: bool,
    /// Most pixels of a contour or a map along its longer side: larger images are drawn smaller
    #[arg(long, value_name = "N", default_value_t = PICTURE_SIDE, value_parser = clap::value_parser!(u32).range(64..=30_000))]
    pub picture_side: u32,
    /// How verdicts are told
    #[command(flatten)]
    pub report: ReportArgs,
    /// Most megapixels that an image may have [default: the model's, mostly 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=2_000))]
    pub max_megapixels: Option<u64>,
    /// Most pixels that an image may have along a side [default: the model's, mostly 30000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_side: Option<u32>,
    /// Another threshold than the model's
    #[command(flatten)]
    pub verdict: VerdictArgs,
    /// Which part of images is inspected
    #[command(flatten)]
    pub region: RegionArgs,
    /// Device and threads
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

impl JudgeArgs {
    /// As judging is where nothing was asked for.
    pub fn plain(runtime: &RuntimeArgs) -> Self {
        Self {
            maps: false,
            no_pictures: false,
            picture_side: PICTURE_SIDE,
            report: ReportArgs::default(),
            max_megapixels: None,
            max_side: None,
            verdict: VerdictArgs::default(),
            region: RegionArgs::default(),
            runtime: runtime.clone(),
        }
    }

    /// A model that judges with these thresholds and limits.
    ///
    /// # Errors
    /// An unusable model, or a threshold or rate out of range.
    pub fn detector(&self, model: &Path, runtime: &Runtime) -> Result<Detector> {
        let detector = self.verdict.load(model, runtime, self.voice())?;
        let of_model = detector.reading().limits;
        Ok(detector.with_limits(Limits {
            pixels: (self.max_megapixels).map_or(of_model.pixels, |mega| mega * 1_000_000),
            side: self.max_side.unwrap_or(of_model.side),
        }))
    }

    /// How much is told.
    pub fn voice(&self) -> Voice {
        self.runtime.voice
    }

    /// What is written of each image beside its results.
    pub fn written(&self) -> Written {
        Written {
            pictures: !self.no_pictures,
            maps: self.maps,
            side: self.picture_side as usize,
        }
    }
}
