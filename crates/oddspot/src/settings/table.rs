//! The table of settings: one line for each, from which all else follows. Its fields, their defaults
//! and their values in the paper, their ranges, their names in files and as options, what is shown of
//! them and how two settings differ.

use std::ops::Bound::{Excluded, Included};

use serde::{Deserialize, Serialize};

use super::allowed::{Allowed, MOST};
use super::choices::{
    Alignment, FeatureNorm, ImageLevel, MemoryScale, Method, Moments, Optimizer, PairWeights,
    PosFloor, Schedule, Units,
};
use super::reading::{
    MEGAPIXELS, SIDE, is_usual_megapixels, is_usual_side, usual_megapixels, usual_side,
};
use super::row::{Row, Shown, allowed, dashed, first, setting, shown, table};
use super::spelling::Spelling;
use super::tile::{OVERLAP, Tile, is_usual_overlap, usual_overlap};
use crate::images::{BitDepth, ImageSize};

table! {
    /// Everything that decides what is learned and how images are judged.
    pub struct Settings {
        /// Look for what looks wrong and what is in the wrong place (full), or the first (baseline).
        common method: Method = Method::Full;

        /// Network that says what things look like: a name, or the path of a weights file.
        common teacher: String = "builtin".to_owned(), paper "vgg16".to_owned(),
            as "NAME|PATH", not decisive;

        /// Size in pixels that images are resized to; each side a multiple of 8, of 16 with a ResNet.
        common image_size: ImageSize = ImageSize::square(256), in 8..=4096;

        /// Bring images to where good ones lie: if these lie anyhow (auto), or always (shift, rigid).
        ///
        /// For parts that lie a little off, or at any angle: auto finds such by their edges. An image that shows nothing of what good ones
        /// have in common could not be aligned, and the finding says so.
        common alignment: Alignment = Alignment::Auto, paper Alignment::None;

        /// Cut images into pieces of so many of their own pixels, each resized to the image size.
        ///
        /// So that what is small in a large image is seen: 256, with the default image size, looks at the
        /// image's own scale. Judging takes as many times as long as an image gives pieces.
        #[serde(default, skip_serializing_if = "Tile::is_none")]
        common tile: Tile = Tile::None, in 8..=30_000;

        /// Pixels of the image that neighbouring pieces share; less than half of a piece's sides.
        #[serde(default = "usual_overlap", skip_serializing_if = "is_usual_overlap")]
        advanced tile_overlap: usize = OVERLAP, in 0..=15_000;

        /// Bits in use of 16-bit samples, as 12 of a camera; auto as the good images show.
        ///
        /// By what their files say (PNG's sBIT, TIFF's MaxSampleValue) and by their brightest sample; the
        /// model keeps it. White is all of these bits, and what lies above is cut off.
        #[serde(default, skip_serializing_if = "BitDepth::is_auto")]
        common bit_depth: BitDepth = BitDepth::Auto, in 8..=16;

        /// Most megapixels that an image may have; a larger one is refused before memory is taken.
        ///
        /// Decoding takes 3 MB a megapixel, and up to 9 of some files (guide, "Limits").
        #[serde(default = "usual_megapixels", skip_serializing_if = "is_usual_megapixels")]
        advanced max_megapixels: usize = MEGAPIXELS, in 1..=2_000, not decisive;

        /// Most pixels that an image may have along a side.
        #[serde(default = "usual_side", skip_serializing_if = "is_usual_side")]
        advanced max_side: usize = SIDE, in 1..=1_000_000, not decisive;
    }

    /// The student network.
    pub struct StudentSettings in student {
        /// Output channels of the student's convolutions.
        advanced widths: [usize; 4] = [32, 64, 128, 256], paper [64, 128, 256, 256],
            in 1..=4096, as "C1,C2,C3,C4";

        /// Pixels between the places that are looked at; the fewer, the finer and the slower.
        common output_stride: usize = 8, paper 1, in [1, 2, 4, 8];
    }

    /// The position classifier and its pairs of patches.
    pub struct PositionSettings in position {
        /// Pixels between the patches of a pair; a multiple of the output stride.
        ///
        /// Between their centres, along each axis in which they are apart. A patch has 65 pixels
        /// a side, and an image must hold a pair.
        common offset: usize = 32, paper 64, in 1..=4096;

        /// Pairs of patches drawn per image and step.
        advanced pairs: usize = 64, in 1..=65_536;

        /// Units in each of the classifier's two hidden layers.
        advanced hidden: usize = 128, in 1..=4096;

        /// Slope of the classifier's activation (LeakyReLU) below zero.
        advanced negative_slope: f64 = 0.1, in 0.0..1.0;
    }

    /// The closed-form terms: what is usual at each place of the teacher's features.
    pub struct ClosedFormSettings in closed_form {
        /// What the distance from good images' Gaussian (e_G) weighs; 0 for none.
        advanced gaussian_weight: f64 = 2.0, paper 0.0, in 0.0..=100.0;

        /// What the distance from the nearest good image (e_K) weighs; 0 for none.
        advanced memory_weight: f64 = 0.75, paper 0.0, in 0.0..=100.0;

        /// What features are divided by before they are remembered.
        #[serde(default = "MemoryScale::before", skip_serializing_if = "MemoryScale::is_before")]
        advanced memory_scale: MemoryScale = MemoryScale::Image;

        /// Teacher's levels that are looked at, the coarsest of those at 1/8 of the image or finer.
        #[serde(
            default = "ClosedFormSettings::levels_before",
            skip_serializing_if = "ClosedFormSettings::are_levels_before"
        )]
        advanced place_levels: usize = 3, in 1..=16;

        /// Channels of each of the teacher's levels that are looked at, drawn by the seed.
        ///
        /// All, where a level has no more.
        advanced channels: usize = 192, in 1..=1024;

        /// Places along a side of the blocks that share a covariance.
        advanced block: usize = 2, in 1..=64;

        /// Places along a side over which the coarsest level is averaged once more; 1 for none.
        ///
        /// For what is odd over a large area.
        advanced window: usize = 5, in [1, 3, 5, 7, 9];

        /// How far covariances are drawn to that of channels without correlation.
        advanced shrinkage: f64 = 0.01, in 1e-5..=1.0;

        /// Parts of the good images that are left out in turn to see what is usual of an unseen one.
        advanced parts: usize = 10, in 2..=100;

        /// Components of a feature that are remembered.
        advanced components: usize = 64, in 1..=1024;

        /// Good images that are remembered, at most.
        advanced remembered: usize = 240, in 2..=100_000;

        /// Pieces that are remembered, at most, of images that are cut; 0 for as many as of images.
        #[serde(default, skip_serializing_if = "ClosedFormSettings::as_many_as_images")]
        advanced remembered_pieces: usize = 400, in 0..=100_000;
    }

    /// The training loop.
    pub struct TrainingSettings in training {
        /// Steps of the training; its time goes with them.
        common iterations: usize = 2_500, paper 30_000, in 1..=100_000_000;

        /// Images per step.
        advanced batch: usize = 1, in 1..=1024;

        /// What turns gradients into steps.
        advanced optimizer: Optimizer = Optimizer::Muon, paper Optimizer::Adam;

        /// Learning rate at the start.
        advanced learning_rate: f64 = 1e-3, paper 5e-4, in (Excluded(0.0), Excluded(f64::INFINITY));

        /// How the learning rate goes on.
        advanced schedule: Schedule = Schedule::Cosine, paper Schedule::Constant;

        /// L2 penalty in the gradient of what Adam updates; Muon knows none.
        advanced weight_decay: f64 = 1e-5, in 0.0..f64::INFINITY;

        /// How features are scaled before teacher and student are compared.
        advanced feature_norm: FeatureNorm = FeatureNorm::Whiten, paper FeatureNorm::L2;

        /// Weights of the teacher's levels in L_rec and in e_rec, the finest level first.
        ///
        /// A level of weight 0 is left out; not all may be.
        advanced level_weights: [f64; 3] = [0.25, 0.5, 1.0], paper [1.0; 3],
            in 0.0..=1e6, as "W1,W2,W3";

        /// Share of each level's places that count in an image's L_rec, the worst ones.
        ///
        /// So that what is learned already does not drown the rest; 1 for all.
        advanced hardest: f64 = 0.5, paper 1.0, in (Excluded(0.0), Included(1.0));

        /// What L_rec weighs beside L_pos at the start, against equal shares of the loss.
        ///
        /// The student serves both, and the classifier learns faster than the student can follow
        /// the teacher.
        advanced rec_weight: f64 = 150.0, paper 1.0, in 1e-6..=1e6;

        /// Parts of the good images, each left out of a training of its own; 1 for none.
        ///
        /// So that thresholds come from what trained terms say of images that they have not seen. Each part
        /// takes as long as the training itself.
        advanced folds: usize = 1, in 1..=20;

        /// Seed of the first weights, the held-out images, the order of images and the pairs.
        common seed: u64 = 0, in 0..=MOST;

        /// Memory in MiB for the teacher's maps, 1/16 of it for images; more goes to a temporary file.
        advanced cache_mib: usize = 2_048, in 0..=MOST as usize, not decisive;

        /// Steps between two checkpoints.
        advanced checkpoint_every: usize = 500, in 1..=MOST as usize, not decisive;
    }

    /// From maps to verdicts.
    pub struct DetectionSettings in detection {
        /// Blur of the map of what looks wrong, in pixels of a 256-pixel image; 0 for none.
        ///
        /// The standard deviation of a Gaussian over the map of e_rec, scaled with the size of the
        /// image.
        advanced smoothing: f64 = 4.0, paper 0.0, in 0.0..=64.0;

        /// The same of the map of what is in the wrong place.
        ///
        /// Over the map of e_pos.
        advanced pos_smoothing: f64 = 8.0, paper 0.0, in 0.0..=64.0;

        /// Measure errors against what is usual everywhere (global), or at each place (local).
        advanced moments: Moments = Moments::Local, paper Moments::Global;

        /// What looking otherwise than the student expects (e_rec) weighs.
        advanced reconstruction_weight: f64 = 0.5, paper 1.0, in (Excluded(0.0), Included(100.0));

        /// What being in the wrong place (e_pos) weighs.
        advanced pos_weight: f64 = 0.75, paper 1.0, in (Excluded(0.0), Included(100.0));

        /// What terms are measured in before they are added.
        advanced units: Units = Units::Reached, paper Units::Deviations;

        /// How much each pair of a place counts in its e_pos.
        advanced pair_weights: PairWeights = PairWeights::Trusted, paper PairWeights::Equal;

        /// Least that e_pos counts.
        advanced pos_floor: PosFloor = PosFloor::Mean, paper PosFloor::None;

        /// What becomes of the level in which good images differ as wholes.
        advanced image_level: ImageLevel = ImageLevel::Levelled, paper ImageLevel::Kept;

        /// Share of good images that the verdict may call anomalous.
        common false_alarm_rate: f64 = 0.03, paper 0.01, in (Excluded(0.0), Included(0.5));

        /// Share of good images that may be called anomalous or to be checked.
        ///
        /// Those between the two thresholds are to be checked; with the same share as for anomalous ones
        /// there are none.
        common check_rate: f64 = 0.05, paper 0.01, in (Excluded(0.0), Included(0.5));

        /// Share of the pixels of good images that may lie in a region that is shown.
        advanced pixel_false_alarm_rate: f64 = 0.001, in (Excluded(0.0), Included(0.5));
    }
}

/// All settings, in the order of their explanation.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter()
}
