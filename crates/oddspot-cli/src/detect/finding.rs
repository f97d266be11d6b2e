//! What is said of one image.

use oddspot::model_file::Header;
use oddspot::placement::{NAMES, Neighbour, Placement};
use oddspot::region::Region;
use oddspot::shares::{Shares, Why};
use oddspot::threshold::verdict_word;
use serde::Serialize;

use super::input::Input;
use super::pictures::Pictured;

/// What the results say of one image.
#[derive(Serialize)]
pub struct Finding {
    /// The file, as it was named.
    pub image: String,
    /// Whether the score lies above the threshold.
    pub anomalous: bool,
    /// The maximum of the map.
    pub score: f32,
    /// An image is anomalous above it.
    pub threshold: f64,
    /// Of an anomalous image, unless nothing in it lies above the mean.
    pub why: Option<Why>,
    /// Share of what stands out around the peak that is owed to `e_rec`.
    pub looks_wrong_share: f64,
    /// Share of the same that is owed to `e_pos`.
    pub wrong_place_share: f64,
    /// Where the map has its maximum, in pixels of the image.
    pub peak: Point,
    place: Option<Place>,
    width: u32,
    height: u32,
    /// What lies above the pixel threshold, the highest peak first.
    pub regions: Vec<Region>,
}

/// What the position classifier says where "in the wrong place" peaks.
#[derive(Serialize)]
struct Place {
    /// Centre of the patch.
    x: usize,
    y: usize,
    neighbours: Vec<NeighbourPatch>,
    /// The misplaced neighbours in words, the surest first.
    words: Vec<String>,
}

#[derive(Serialize)]
struct NeighbourPatch {
    lies: &'static str,
    belongs: &'static str,
    probability: f32,
    probability_here: f32,
}

impl Place {
    fn new(placement: &Placement, scale: [f32; 2]) -> Self {
        let (x, y) = placement.centre;
        let original = |at: usize, scale: f32| ((at as f32 + 0.5) * scale) as usize;
        let patch = |neighbour: &Neighbour| NeighbourPatch {
            lies: NAMES[neighbour.lies],
            belongs: NAMES[neighbour.belongs],
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

/// A pixel of the image.
#[derive(Serialize)]
pub struct Point {
    /// Column.
    pub x: usize,
    /// Row.
    pub y: usize,
}

impl Finding {
    /// Sums up a detection.
    pub fn new(input: &Input, pictured: &Pictured, header: &Header) -> Self {
        let detection = &pictured.detection;
        let shares = detection.shares;
        let (_, (y, x)) = pictured.maps.total.peak();
        Self {
            image: input.path.display().to_string(),
            anomalous: detection.anomalous,
            score: detection.score,
            threshold: header.thresholds.image,
            why: detection.anomalous.then(|| shares.why()).flatten(),
            looks_wrong_share: shares.rec,
            wrong_place_share: shares.pos,
            peak: Point { x, y },
            place: (detection.placement.as_ref()).map(|place| Place::new(place, pictured.scale)),
            width: pictured.image.width(),
            height: pictured.image.height(),
            regions: pictured.regions.clone(),
        }
    }

    /// The finding in one line for people.
    pub fn line(&self) -> String {
        let (verdict, score, image) = (self.shown_verdict(), self.score, &self.image);
        if !self.anomalous {
            return format!("{verdict:9} {score:8.2}  {image}");
        }
        let mut parts: Vec<String> = self.reason().into_iter().collect();
        if let Some((first, others)) = self.regions.split_first() {
            let Region { width, height, .. } = first;
            let mut region = format!("{width}x{height} at ({}, {})", first.left, first.top);
            if !others.is_empty() {
                region += &format!(" and {} fainter", others.len());
            }
            parts.push(region);
        }
        let mut line = format!("{verdict:9} {score:8.2}  {image}  {}", parts.join(", "));
        // "In the wrong place" may peak in another region than the one told of.
        if let Some(place) = &self.place
            && let Some(words) = place.words.first()
            && self.shares().is_of_place()
        {
            line += &format!("; seen from ({}, {}), {words}", place.x, place.y);
        }
        line
    }

    /// The verdict, what it follows from, and the reason, for the head of a sheet.
    pub fn heading(&self) -> String {
        let relation = if self.anomalous { "above" } else { "not above" };
        let verdict = self.shown_verdict();
        let [score, threshold] = [f64::from(self.score), self.threshold];
        let mut text = format!("{verdict}: score {score:.2}, {relation} {threshold:.2}");
        if let Some(reason) = self.reason() {
            text += &format!("; {reason}");
        }
        text
    }

    /// The verdict in a word.
    pub fn verdict(&self) -> &'static str {
        verdict_word(self.anomalous)
    }

    /// The same where it must catch the eye if something is wrong.
    fn shown_verdict(&self) -> String {
        match self.anomalous {
            true => self.verdict().to_uppercase(),
            false => self.verdict().to_owned(),
        }
    }

    fn shares(&self) -> Shares {
        Shares {
            rec: self.looks_wrong_share,
            pos: self.wrong_place_share,
        }
    }

    /// Why it is anomalous, in words.
    fn reason(&self) -> Option<String> {
        self.anomalous.then(|| self.shares().reason())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_in_words_what_is_in_the_wrong_place() {
        let finding = |rec, pos| Finding {
            image: "part.png".to_owned(),
            anomalous: true,
            score: 9.0,
            threshold: 5.0,
            why: Shares { rec, pos }.why(),
            looks_wrong_share: rec,
            wrong_place_share: pos,
            peak: Point { x: 1, y: 2 },
            place: Some(Place {
                x: 1,
                y: 2,
                neighbours: Vec::new(),
                words: vec!["left neighbour looks odd".to_owned(), "another".to_owned()],
            }),
            width: 8,
            height: 8,
            regions: Vec::new(),
        };
        let line = finding(0.25, 0.75).line();
        let said = "in the wrong place (75 %); seen from (1, 2), left neighbour looks odd";
        assert!(line.ends_with(said), "{line}");
        let both = finding(0.45, 0.55).line();
        assert!(
            both.contains("(45 %) and in the wrong place (55 %); seen"),
            "{both}"
        );
        let mut looks = finding(0.75, 0.25);
        let region = |left| Region {
            left,
            top: 1,
            width: 3,
            height: 2,
            area: 5,
            peak: 8.0,
        };
        looks.regions = vec![region(4), region(0), region(9)];
        let line = looks.line();
        let said = "looks wrong (75 %), 3x2 at (4, 1) and 2 fainter";
        assert!(line.ends_with(said), "{line}");
        assert!(!looks.line().contains("neighbour"));
        let verdict = "ANOMALOUS: score 9.00, above 5.00; looks wrong (75 %)";
        assert_eq!(looks.heading(), verdict);
    }
}
