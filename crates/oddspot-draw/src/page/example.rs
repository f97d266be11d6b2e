//! A line of the paper's Figure 3: an image with its ground truth, the maps, and why.

use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};

use super::picture;
use crate::arrow::{self, Arrow};
use crate::heatmap::{Scale, contour_in, veil};
use crate::panel::{self, Size};
use oddspot::Result;
use oddspot::datasets::Label;
use oddspot::images::ImageSize;
use oddspot::maps::ScoreMap;
use oddspot::settings::Settings;
use oddspot::terms::position::{NAMES, Neighbour};
use oddspot::terms::{Kind, Side};
use oddspot::verdict::{AnomalyMaps, KNOWN_ELSEWHERE, Shares, Verdict};
use oddspot_measure::report::words::three_digits;
use oddspot_measure::report::{Judged, MapKind, label_text};

/// The longer side of each panel: sharp at the width that five of them have on a desk's screen.
const PANEL: usize = 352;
/// Arrows in the company of the contour, which has a colour of its own.
const ARROW: Rgb<u8> = Rgb([255, 214, 10]);
/// Not the colour in which sheets outline what was found.
const GROUND_TRUTH: Rgb<u8> = Rgb([255, 64, 200]);
/// What is said of an input on which the ground truth is outlined.
const OUTLINED: &str = "ground truth outlined";
/// What is said of an input with arrows.
const ARROWS: &str = "arrows to where neighbours would belong";

/// What is known of an image that is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The image, of any size.
    pub image: &'a RgbImage,
    /// As the model judged it.
    pub judged: &'a Judged,
    /// As the baseline judged it, and its settings, where there is one beside the model.
    pub baseline: Option<(&'a Judged, &'a Settings)>,
    /// The model's settings.
    pub settings: &'a Settings,
    /// The image is anomalous above the first, to be checked above the second.
    pub thresholds: [f64; 2],
    /// Which pixels of a picture of [`Example::picture_size`] are inspected, row by row; None where all are.
    pub inspected: Option<&'a [bool]>,
}

/// An image, its maps and its verdict, ready for a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Path below the data set's folder, with `/`.
    pub name: String,
    /// What it shows.
    #[serde(with = "label_text")]
    pub label: Label,
    /// The image's score.
    pub score: f32,
    /// An image is anomalous above the first, to be checked above the second.
    pub thresholds: [f64; 2],
    /// The verdict.
    pub verdict: Verdict,
    /// What its peak and what stands out with it are owed to; none in a baseline.
    pub shares: Option<Shares>,
    /// Whether "in the wrong place" comes from the maps of what is unusual, as known from elsewhere.
    #[serde(default)]
    pub known_elsewhere: bool,
    /// Input and maps, the maps on one scale.
    pub panels: Vec<Panel>,
    /// The ends of that scale.
    pub ends: [String; 2],
    /// Where `e_pos` peaks, the neighbours that look as if they belonged elsewhere, in words, the
    /// surest first.
    pub misplaced: Vec<String>,
    /// Each neighbour of that place that the classifier is sure of: where it lies, where it looks as if it belonged, how likely
    /// that is, and how likely it is to belong where it lies.
    pub directions: Vec<[String; 4]>,
}

/// A picture of an [`Example`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panel {
    /// What stands above it, as "e_rec".
    pub caption: String,
    /// What stands below it, as "peak 4.2".
    pub note: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
    /// The picture as a `data:` URI.
    pub uri: String,
    /// Its width in pixels.
    pub width: usize,
    /// Its height in pixels.
    pub height: usize,
}

impl Example {
    /// Of the panels of an image.
    pub fn picture_size(image: &RgbImage) -> ImageSize {
        let Size { width, height } = Size::of(image, PANEL);
        ImageSize { width, height }
    }

    /// Draws the panels of an image that a model judged.
    ///
    /// # Errors
    /// A picture that cannot be encoded.
    pub fn new(shown: Shown) -> Result<Self> {
        let Shown {
            image,
            judged,
            baseline,
            settings,
            thresholds,
            inspected,
        } = shown;
        let scale = Scale::around(thresholds[0]);
        let drawing = Drawing {
            name: &judged.name,
            size: Size::of(image, PANEL),
            scale,
            inspected,
        };
        let mut panels = vec![drawing.input(&shown)?];
        let below = baseline.and_then(|(judged, of)| Some((judged.map(MapKind::Total)?, of)));
        if let Some((map, settings)) = below {
            panels.push(drawing.map(&MapKind::Total.title(settings), &map)?);
        }
        for kind in MapKind::of(settings) {
            let title = match kind {
                MapKind::Total => kind.title(settings),
                MapKind::Term(term) => format!("{}: {}", term.symbol, term.words()),
            };
            if let Some(map) = judged.map(kind) {
                panels.push(drawing.map(&title, &map)?);
            }
        }
        let placement = judged.placement.as_ref();
        let words = |n: &Neighbour| format!("{} ({})", n.words(), whole_percent(n.probability));
        let direction = |n: &Neighbour| {
            [
                NAMES[n.lies].to_owned(),
                NAMES[n.belongs].to_owned(),
                whole_percent(n.probability),
                whole_percent(n.probability_here),
            ]
        };
        Ok(Self {
            name: judged.name.clone(),
            label: judged.label.clone(),
            score: judged.score,
            thresholds,
            verdict: judged.verdict,
            shares: judged.has_parts().then_some(judged.shares),
            known_elsewhere: known_elsewhere(judged),
            panels,
            ends: scale.ends(),
            misplaced: placement.map_or_else(Vec::new, |placement| {
                placement.misplaced().iter().map(words).collect()
            }),
            directions: placement.map_or_else(Vec::new, |placement| {
                placement.told().map(direction).collect()
            }),
        })
    }

    /// Whether the ground truth is outlined.
    pub(super) fn has_outline(&self) -> bool {
        self.shows(OUTLINED)
    }

    /// Whether it has an arrow.
    pub(super) fn has_arrows(&self) -> bool {
        self.shows(ARROWS)
    }

    fn shows(&self, what: &str) -> bool {
        let input = self.panels.first();
        input.is_some_and(|input| input.note.contains(what))
    }

    /// Whether it has the map of a term.
    pub(super) fn has_map_of(&self, kind: &Kind) -> bool {
        let of_term = |panel: &Panel| {
            let rest = panel.caption.strip_prefix(kind.symbol);
            rest.is_some_and(|rest| rest.starts_with(':'))
        };
        self.panels.iter().any(of_term)
    }

    /// "good", or the defect's name.
    pub(super) fn label(&self) -> &str {
        label_text::text(&self.label)
    }

    pub(super) fn outcome(&self) -> Outcome {
        Outcome::of(&self.label, self.verdict)
    }

    /// The verdict and the score that it comes from.
    pub(super) fn verdict_line(&self) -> String {
        let verdict = self.verdict.word();
        let score = three_digits(f64::from(self.score));
        let relation = (self.verdict).relation(self.score, self.thresholds, three_digits);
        format!("called {verdict}: score {score}, {relation}")
    }

    /// Whether the place has to do with the score.
    pub(super) fn is_of_place(&self) -> bool {
        self.shares.is_some_and(Shares::is_of_place)
    }

    /// Where "in the wrong place" comes from, if no map of places shows it.
    pub(super) fn known(&self) -> Option<String> {
        let told = || format!("{KNOWN_ELSEWHERE}: the maps of what is unusual show it");
        self.known_elsewhere.then(told)
    }

    /// The sides and their shares in whole percent, which add up to 100.
    pub(super) fn sides(&self) -> Option<[(&'static str, u32); 2]> {
        let shares = self.shares?;
        let wrong_place = (100.0 * shares.wrong_place).round() as u32;
        let looks_wrong = 100_u32.saturating_sub(wrong_place);
        Some([
            (Side::LooksWrong.words(), looks_wrong),
            (Side::WrongPlace.words(), wrong_place),
        ])
    }
}

/// Whether a verdict was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Right,
    FalseAlarm,
    Missed,
    /// Neither: somebody is to look.
    ToCheck,
}

impl Outcome {
    pub(super) fn of(label: &Label, verdict: Verdict) -> Self {
        match (label, verdict) {
            (Label::Good, Verdict::Anomalous) => Self::FalseAlarm,
            (_, Verdict::Check) | (Label::Good, Verdict::Untrusted) => Self::ToCheck,
            (Label::Defect(_), Verdict::Good) => Self::Missed,
            _ => Self::Right,
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::FalseAlarm => "false alarm",
            Self::Missed => "missed",
            Self::ToCheck => "to check",
        }
    }

    /// A mark beside the word, so that the colour is not alone.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Right => "✓",
            Self::FalseAlarm => "!",
            Self::Missed => "✗",
            Self::ToCheck => "?",
        }
    }

    /// The name of its class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::FalseAlarm => "alarm",
            Self::Missed => "missed",
            Self::ToCheck => "check",
        }
    }
}

/// Whether an image is in the wrong place for what the maps of the closed form show.
fn known_elsewhere(judged: &Judged) -> bool {
    let maps = AnomalyMaps::of(judged.terms.clone());
    let is_known = (judged.shares).is_known_elsewhere(&maps.term_shares());
    judged.has_parts() && is_known
}

fn whole_percent(share: f32) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// What the panels of one example share.
struct Drawing<'a> {
    name: &'a str,
    size: Size,
    scale: Scale,
    inspected: Option<&'a [bool]>,
}

impl Drawing<'_> {
    fn input(&self, shown: &Shown) -> Result<Panel> {
        let Shown { image, judged, .. } = shown;
        let mut picture = panel::image(image, self.size);
        veil(&mut picture, self.inspected);
        let mut seen = Vec::new();
        if self.inspected.is_some() {
            seen.push("what is ignored is greyed");
        }
        if let Some(mask) = judged.mask.as_ref().filter(|mask| mask.any()) {
            let matches =
                (mask.width, mask.height) == (image.width() as usize, image.height() as usize);
            let mask = match matches {
                true => mask.anomalous.clone(),
                false => mask.shrink(judged.size).anomalous,
            };
            picture = contour_in(
                &picture,
                &panel::mask(image, &mask, self.size),
                GROUND_TRUTH,
            );
            seen.push(OUTLINED);
        }
        if let Some(placement) = &judged.placement
            && !judged.verdict.is_good()
            && judged.shares.is_of_place()
        {
            let size = shown.settings.image_size;
            let scale = [
                self.size.width as f32 / size.width as f32,
                self.size.height as f32 / size.height as f32,
            ];
            let arrows = Arrow::of(placement, scale);
            if !arrows.is_empty() {
                arrow::draw_in(&mut picture, &arrows, ARROW);
                seen.push(ARROWS);
            }
        }
        let note = seen.join(", ");
        let alt = match note.as_str() {
            "" => format!("Test image {}", self.name),
            note => format!("Test image {}, {note}", self.name),
        };
        self.panel("input".to_owned(), note, alt, &picture)
    }

    fn map(&self, title: &str, map: &ScoreMap) -> Result<Panel> {
        let (peak, (row, column)) = map.peak();
        let peak = three_digits(f64::from(peak));
        let across = 100 * (2 * column + 1) / (2 * map.width.max(1));
        let down = 100 * (2 * row + 1) / (2 * map.height.max(1));
        let alt = format!(
            "Map of {}, {title}: its peak of {peak} lies {across} % from the left and {down} % \
             from the top",
            self.name
        );
        let mut picture = panel::map(map, self.scale, self.size);
        veil(&mut picture, self.inspected);
        self.panel(title.to_owned(), format!("peak {peak}"), alt, &picture)
    }

    fn panel(
        &self,
        caption: String,
        note: String,
        alt: String,
        picture: &RgbImage,
    ) -> Result<Panel> {
        Ok(Panel {
            caption,
            note,
            alt,
            uri: picture::jpeg(picture)?,
            width: self.size.width,
            height: self.size.height,
        })
    }
}
