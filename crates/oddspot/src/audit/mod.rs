//! What should not be among the good images: those that look odd among the others, the same part twice,
//! and pictures of another kind.

mod looks;
mod oddness;
mod texture;
mod twins;
mod unlike;
mod varying;

use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::images::{ImageSize, Reading, Source, batches};
use crate::maps::ScoreMap;
use crate::model::Header;
use crate::train::{GoodImages, LeftOut};
use crate::verdict::Point;
use looks::Looks;
use oddness::oddness;
pub use twins::{Likeness, Twins};
pub use unlike::Unlike;
pub use varying::Varying;

/// Images that are decoded between two reports of how far it is.
const AT_A_TIME: usize = 16;

/// What was found among good images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// How the images' files are read.
    #[serde(skip)]
    pub reading: Reading,
    /// Above this score the model calls an image anomalous.
    pub threshold: f64,
    /// The images, the most suspicious first.
    pub images: Vec<Audited>,
    /// Images that are the same: of the same pixels, then of the same part.
    pub twins: Vec<Twins>,
    /// Where good images differ most, the most worth first.
    pub varying: Vec<Varying>,
}

/// What is known of a good image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audited {
    /// As the model's records name it.
    pub name: String,
    /// Where it comes from.
    #[serde(skip)]
    pub source: Source,
    /// Its own size.
    pub size: ImageSize,
    /// Bits of each of its samples.
    pub bits: u8,
    /// Whether it was held out of what is trained.
    pub held_out: bool,
    /// How odd it is among the others: 0 is usual, 1 what a tenth of them lies above. None where nothing
    /// judges an image as if it had been left out.
    pub oddness: Option<f32>,
    /// Whether it lies far above all others.
    pub suspicious: bool,
    /// Whether it is odd for its place: images are often louder elsewhere.
    pub for_its_place: bool,
    /// Where it is oddest, in its own pixels.
    pub peak: Option<Point>,
    /// The model's score of it, as if it had been left out; None where the model learned from it.
    pub score: Option<f32>,
    /// How its score stands to the threshold.
    pub standing: Standing,
    /// In what it is unlike the others.
    pub unlike: Vec<Unlike>,
    /// What is said of it as if it had been left out, and the image most like it too where that can be
    /// said: a coarse map.
    #[serde(skip)]
    pub map: Option<ScoreMap>,
}

/// How a good image's score stands to the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It lies below, or has no score.
    Below,
    /// The threshold is its score, or hangs on it most: it is the highest of few.
    Sets,
    /// It lies above.
    Above,
}

impl Audit {
    /// Looks through the good images that a model comes from. `left_out` is what its training said of each
    /// of them ([`Training::left_out`]), in their order; where it is empty no image has an oddness. Tells
    /// after each few images how many of how many are seen.
    ///
    /// # Errors
    /// An unreadable image; images that are not the model's;
    /// [`Cancelled`](crate::ErrorKind::Cancelled) if `progress` breaks.
    ///
    /// [`Training::left_out`]: crate::train::Training::left_out
    pub fn of(
        images: GoodImages,
        header: &Header,
        left_out: Vec<LeftOut>,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self> {
        let images = images.split(header.settings.training.seed)?;
        let of_training = images.train.len();
        let sources: Vec<Source> = images.train.into_iter().chain(images.held_out).collect();
        let judged = [0, sources.len()].contains(&left_out.len());
        if header.good_images() != sources.len() || !judged {
            return Err(Error::internal("an audit of other images than the model's"));
        }
        let reading = header.settings.reading();
        let looks = look(&sources, reading, progress)?;
        let standings = standings(header);
        let odd = oddness(&left_out);
        let varying = varying::varying(&left_out, &header.settings);
        let mut unlike = unlike::unlike(&looks);
        let records = header.training_images.iter().chain(&header.held_out_images);
        // Compared where good images lie, and shown where they lie themselves.
        let peaks: Vec<[f32; 2]> = (odd.iter().zip(&left_out))
            .map(|(odd, image)| image.in_image(odd.at))
            .collect();
        let mut maps = (left_out.into_iter()).map(LeftOut::shown);
        let audited = sources.into_iter().zip(records).enumerate();
        let audited = audited.map(|(at, (source, record))| {
            let size = looks[at].size;
            let odd = odd.get(at);
            Audited {
                name: record.name.clone(),
                source,
                size,
                bits: looks[at].bits,
                held_out: at >= of_training,
                oddness: odd.map(|odd| odd.value),
                suspicious: odd.is_some_and(|odd| odd.far),
                for_its_place: odd.is_some_and(|odd| odd.for_its_place),
                peak: peaks.get(at).map(|&peak| pixel_at(peak, size)),
                score: standings[at].0,
                standing: standings[at].1,
                unlike: std::mem::take(&mut unlike[at]),
                map: maps.next(),
            }
        });
        let mut audited: Vec<Option<Audited>> = audited.map(Some).collect();
        let order = ranked(&audited);
        let mut place = vec![0; order.len()];
        for (rank, &at) in order.iter().enumerate() {
            place[at] = rank;
        }
        let mut audit = Self {
            reading,
            threshold: header.thresholds.image,
            images: order.iter().filter_map(|&at| audited[at].take()).collect(),
            twins: twins::twins(&looks),
            varying,
        };
        audit.place_twins(&place);
        Ok(audit)
    }

    /// Gives the images of the groups by their places in the ranked list, with their names.
    fn place_twins(&mut self, place: &[usize]) {
        let images = &self.images;
        for twins in &mut self.twins {
            twins.images = twins.images.iter().map(|&at| place[at]).collect();
            // As the files lie, which is how they are looked for.
            twins.images.sort_by_key(|&at| &images[at].name);
            twins.names = (twins.images.iter().map(|&at| images[at].name.clone())).collect();
            let held_out = (twins.images.iter().filter(|&&at| images[at].held_out)).count();
            twins.across_halves = held_out > 0 && held_out < twins.images.len();
        }
    }

    /// Images that lie far above all others, the most suspicious first.
    pub fn suspicious(&self) -> impl Iterator<Item = &Audited> {
        self.images.iter().filter(|image| image.suspicious)
    }

    /// Places of the images at the threshold or above it, the highest score first.
    pub fn at_the_threshold(&self) -> Vec<usize> {
        let mut found = self.places(|image| image.standing != Standing::Below);
        let score = |at: usize| self.images[at].score.unwrap_or(f32::NEG_INFINITY);
        found.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        found
    }

    /// Places of the images that are unlike the others, by their names.
    pub fn unlike(&self) -> Vec<usize> {
        let mut found = self.places(|image| !image.unlike.is_empty());
        found.sort_by_key(|&at| &self.images[at].name);
        found
    }

    fn places(&self, wanted: impl Fn(&Audited) -> bool) -> Vec<usize> {
        let images = self.images.iter().enumerate();
        let wanted = images.filter(|(_, image)| wanted(image));
        wanted.map(|(at, _)| at).collect()
    }

    /// Groups of images that are the same in some way.
    pub fn twins_of(&self, likeness: Likeness) -> impl Iterator<Item = &Twins> {
        self.twins
            .iter()
            .filter(move |twins| twins.likeness == likeness)
    }
}

/// The places of the images, the oddest first; of equals the one with the higher score.
fn ranked(images: &[Option<Audited>]) -> Vec<usize> {
    let of = |at: usize, value: fn(&Audited) -> Option<f32>| {
        let value = images[at].as_ref().and_then(value);
        value.unwrap_or(f32::NEG_INFINITY)
    };
    let mut order: Vec<usize> = (0..images.len()).collect();
    order.sort_by(|&a, &b| {
        let by_score = || of(b, |one| one.score).total_cmp(&of(a, |one| one.score));
        of(b, |one| one.oddness)
            .total_cmp(&of(a, |one| one.oddness))
            .then_with(by_score)
    });
    order
}

/// Decodes every image and looks at it.
fn look(
    sources: &[Source],
    reading: Reading,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Looks>> {
    let mut looks = Vec::with_capacity(sources.len());
    for some in batches(sources, AT_A_TIME) {
        let seen = some.par_iter().map(|source| Looks::of(source, reading));
        looks.extend(seen.collect::<Result<Vec<_>>>()?);
        if progress(looks.len(), sources.len()).is_break() {
            return Err(Error::cancelled("while looking through the good images"));
        }
    }
    Ok(looks)
}

/// Each image's score in the model and how it stands to the threshold, in the order of the records.
fn standings(header: &Header) -> Vec<(Option<f32>, Standing)> {
    let thresholds = &header.thresholds;
    let scores = &thresholds.scores.good;
    let threshold = thresholds.image;
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let stands = |score: f32| match f64::from(score) {
        above if above > threshold => Standing::Above,
        // The threshold may have been rounded to a score's precision.
        at if at >= threshold - 1e-6 * threshold.abs() => Standing::Sets,
        // Extrapolated: no score reaches it, and the highest pulls most.
        _ if score == highest && f64::from(highest) < threshold => Standing::Sets,
        _ => Standing::Below,
    };
    let of = |at: usize| {
        let score = header.score_of(at);
        (score, score.map_or(Standing::Below, stands))
    };
    (0..header.good_images()).map(of).collect()
}

/// The pixel at a row and column that are given as shares of the image.
fn pixel_at([row, column]: [f32; 2], size: ImageSize) -> Point {
    let pixel = |share: f32, side: usize| ((share * side as f32) as usize).min(side.max(1) - 1);
    Point {
        x: pixel(column, size.width),
        y: pixel(row, size.height),
    }
}

#[cfg(test)]
mod tests;
