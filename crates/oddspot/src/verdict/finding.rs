//! What is said of one image: the one type that results, sheets, pages and other programs share.

use serde::{Deserialize, Serialize};

use super::shares::{KNOWN_ELSEWHERE, Shares, TermShare, Why};
use super::thresholds::Verdict;
use crate::health::Health;
use crate::maps::Region;
use crate::terms::position::{NAMES, Neighbour, Placement};
use crate::view::Aligned;

/// What is said of one image. All places are in pixels of the image itself.
///
/// ```
/// use oddspot::{Detector, Finding, Training, settings::Settings, train::GoodImages};
/// # use image::{Rgb, RgbImage};
/// # let plate = |i: u32| RgbImage::from_fn(40, 40, |x, y| {
/// #     Rgb([(x * 5) as u8, (y * 5 + i) as u8, 90])
/// # });
/// # let mut settings = Settings::default();
/// # settings.set("training.iterations", "2")?;
/// # settings.set("student.widths", "8,8,8,8")?;
/// # settings.set("image_size", "104")?;
/// let good: GoodImages = (0..6).map(plate).collect();
/// let model = Training::new(settings, good).run()?;
/// let finding = Detector::new(model, Default::default())?.inspect(&plate(9))?;
///
/// assert_eq!((finding.width, finding.height), (40, 40));
/// // Beside its score, its health and how it lies may make it one that somebody must look at.
/// assert!(!finding.verdict.is_anomalous() || f64::from(finding.score) > finding.threshold);
/// assert!(!finding.verdict.is_good() || f64::from(finding.score) <= finding.check_threshold);
/// for region in &finding.regions {
///     println!("{region:?}");
/// }
/// // As a line of results.jsonl, and back.
/// let line = serde_json::to_string(&finding).expect("numbers and words");
/// let read: Finding = serde_json::from_str(&line).expect("what was just written");
/// assert_eq!(read, finding);
/// # Ok::<(), oddspot::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it is good, to be checked or anomalous.
    pub verdict: Verdict,
    /// The maximum of the anomaly map, in the model's units ([`Units`](crate::settings::Units)).
    pub score: f32,
    /// An image is anomalous above it.
    pub threshold: f64,
    /// An image is to be checked above it.
    pub check_threshold: f64,
    /// Why; of an image whose score is not that of a good one, unless nothing in it lies above the mean.
    pub why: Option<Why>,
    /// Share of what stands out around the peak that is owed to how it looks, in [0, 1].
    pub looks_wrong_share: f64,
    /// Share of the same that is owed to where it is, in [0, 1].
    pub wrong_place_share: f64,
    /// The same term by term.
    pub terms: Vec<TermShare>,
    /// Where the map has its maximum.
    pub peak: Point,
    /// What the position classifier says of what is odd at the peak, from the neighbour that sees it best.
    pub place: Option<Place>,
    /// How the image lies; none of a model that looks at images as they are.
    pub alignment: Option<Aligned>,
    /// Its light, focus and colours, and what of them lies beyond those of good images.
    pub health: Health,
    /// Columns of the image.
    pub width: u32,
    /// Rows of the image.
    pub height: u32,
    /// What lies above the pixel threshold, the highest peak first; nothing of a good image.
    pub regions: Vec<Region>,
}

/// A pixel of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Column.
    pub x: usize,
    /// Row.
    pub y: usize,
}

/// What the position classifier says of a patch and its neighbours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Column of the patch's centre.
    pub x: usize,
    /// Row of the patch's centre.
    pub y: usize,
    /// The neighbours whose patch lies inside the image.
    pub neighbours: Vec<NeighbourPatch>,
    /// The misplaced neighbours in words, the surest first.
    pub words: Vec<String>,
}

/// A neighbouring patch, and where it looks as if it belonged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighbourPatch {
    /// Where it lies, as "upper left".
    pub lies: String,
    /// Where it looks as if it belonged.
    pub belongs: String,
    /// Probability of that, in [0, 1].
    pub probability: f32,
    /// Probability of where it lies.
    pub probability_here: f32,
}

impl Place {
    /// From what the classifier says at the model's size; `scale` is the image's pixels in one of the
    /// model's, columns and rows.
    pub fn new(placement: &Placement, scale: [f32; 2]) -> Self {
        let (x, y) = placement.centre;
        let original = |at: usize, scale: f32| ((at as f32 + 0.5) * scale) as usize;
        let name = |class: usize| NAMES[class].to_owned();
        let patch = |neighbour: &Neighbour| NeighbourPatch {
            lies: name(neighbour.lies),
            belongs: name(neighbour.belongs),
            probability: neighbour.probability,
            probability_here: neighbour.probability_here,
        };
        Self {
            x: original(x, scale[0]),
            y: original(y, scale[1]),
            neighbours: placement.neighbours.iter().map(patch).collect(),
            words: placement.misplaced().iter().map(Neighbour::words).collect(),
        }
    }
}

impl Finding {
    /// The finding in one line for people, of an image by its name.
    pub fn line(&self, image: &str) -> String {
        self.line_after(image, None)
    }

    /// The same, where something is to be said before the reason: in what its file differs from good ones.
    pub fn line_after(&self, image: &str, first: Option<&str>) -> String {
        let head = format!("{:9} {:8.2}  {image}", self.shown_verdict(), self.score);
        let said = match self.distrust() {
            Some(words) => words,
            None if self.verdict.is_good() => self.unaligned().unwrap_or_default(),
            None => self.why_and_where(),
        };
        let parts = [first.unwrap_or_default(), &said];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        match parts.is_empty() {
            true => head,
            false => format!("{head}  {}", parts.join("; ")),
        }
    }

    /// Why it is not good, and where.
    fn why_and_where(&self) -> String {
        let mut parts: Vec<String> = self.unaligned().into_iter().chain(self.reason()).collect();
        if let Some((first, others)) = self.regions.split_first() {
            let Region { width, height, .. } = first;
            let mut region = format!("{width}x{height} at ({}, {})", first.left, first.top);
            if !others.is_empty() {
                region += &format!(" and {} fainter", others.len());
            }
            parts.push(region);
        }
        let mut text = parts.join(", ");
        // "In the wrong place" may peak in another region than the one told of.
        if let Some(place) = &self.place
            && let Some(words) = place.words.first()
            && self.reason().is_some()
            && self.shares().is_of_place()
        {
            text += &format!("; seen from ({}, {}), {words}", place.x, place.y);
        }
        text
    }

    /// The verdict, what it follows from, and the reason, for the head of a sheet.
    pub fn heading(&self) -> String {
        let verdict = self.shown_verdict();
        let thresholds = [self.threshold, self.check_threshold];
        let two_digits = |score| format!("{score:.2}");
        let relation = self.verdict.relation(self.score, thresholds, two_digits);
        let score = format!("{verdict}: score {:.2}", self.score);
        if let Some(words) = self.distrust() {
            return match self.is_odd_too() {
                true => format!("{score}; {words}"),
                false => format!("{score}, {relation}; {words}"),
            };
        }
        let mut text = format!("{score}, {relation}");
        if let Some(reason) = self.reason() {
            text += &format!("; {reason}");
            if self.shares().is_known_elsewhere(&self.terms) {
                // The map of places is dark there: the reason comes from the other one.
                text += &format!(": {KNOWN_ELSEWHERE}");
            }
        }
        if let Some(unaligned) = self.unaligned() {
            text += &format!("; {unaligned}");
        }
        text
    }

    /// The verdict where it must catch the eye if something is wrong.
    fn shown_verdict(&self) -> String {
        match self.verdict {
            Verdict::Anomalous | Verdict::Check | Verdict::Untrusted => {
                self.verdict.word().to_uppercase()
            }
            Verdict::Good => self.verdict.word().to_owned(),
        }
    }

    /// What stands out around the peak is owed to.
    pub fn shares(&self) -> Shares {
        Shares {
            looks_wrong: self.looks_wrong_share,
            wrong_place: self.wrong_place_share,
        }
    }

    /// What makes it untrusted, in words, if anything does.
    pub fn ill(&self) -> Option<String> {
        let beyond = self.health.beyond.first()?;
        let [least, most] = beyond.usual.map(short);
        let name = beyond.measure.name().replace('_', " ");
        Some(format!(
            "{} ({name} {}, good images {least} to {most})",
            beyond.words,
            short(beyond.value)
        ))
    }

    /// Whether it is untrusted, and its score is that of an anomalous image besides.
    pub fn is_odd_too(&self) -> bool {
        self.verdict == Verdict::Untrusted && f64::from(self.score) > self.threshold
    }

    /// That, in words, if so.
    pub fn odd_too(&self) -> Option<String> {
        let threshold = self.threshold;
        self.is_odd_too().then(|| {
            format!("its score is above {threshold:.2} too: a part may be missing or wrong")
        })
    }

    /// What makes it untrusted, and that it is odd too, in words.
    fn distrust(&self) -> Option<String> {
        let ill = self.ill()?;
        Some(match self.odd_too() {
            Some(odd) => format!("{ill}; {odd}"),
            None => ill,
        })
    }

    /// That the image could not be aligned, in words, if so.
    pub fn unaligned(&self) -> Option<String> {
        let untrusted = self.alignment.filter(|aligned| !aligned.trusted)?;
        Some(format!(
            "could not be aligned (its edges agree with good images' by {:.2} alone): look at it yourself",
            untrusted.correlation
        ))
    }

    /// Why its score is not that of a good one, in words; None of an image that cannot be trusted.
    pub fn reason(&self) -> Option<String> {
        self.why.and_then(|_| self.shares().reason())
    }
}

/// A measure in three digits.
fn short(value: f32) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests;
