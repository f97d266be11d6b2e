//! The page of a run of `detect`: every image, the worst first, in the words of a line.

use std::cmp::Reverse;

use askama::Template;
use image::RgbImage;
use oddspot::Result;
use oddspot::maps::Region;
use oddspot::verdict::{Finding, Verdict};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::picture::jpeg_bytes;
use super::render;
use crate::figure::Panels;
use crate::heatmap::{Scale, contour, overlay, veil};
use crate::panel::{self, Size};

/// What is kept in the address of a file beside letters and digits.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// Folder of the page's pictures.
const PICTURES: &str = "page/";
/// How the picture of an image with its map over it ends.
const MARKED: &str = ".odd.jpg";
/// How the picture of an image with what is odd outlined ends.
const OUTLINED: &str = ".outline.jpg";

/// What a run says of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultLine {
    /// The image's name.
    pub image: String,
    /// What was found in it, or why it was not judged.
    pub found: std::result::Result<Finding, String>,
    /// In what its file differs from those of good images, in words.
    pub differs: Vec<String>,
    /// What was drawn of it, as paths below the page's folder with `/`.
    pub files: Vec<String>,
}

/// The longer side of the page's pictures.
const SIDE: usize = 640;
/// How much of the image the map covers where it is brightest.
const OPACITY: f32 = 0.6;

/// The page's pictures of an image as JPEG: the image alone and, of one that is odd, with its map over it and what is
/// odd outlined.
///
/// # Errors
/// A picture that cannot be encoded, which no input is known to cause.
pub fn result_pictures(shown: &Panels, scale: Scale) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let plain = plain(shown);
    let marked = match is_odd(&shown.inspection.finding) {
        false => None,
        true => {
            let total = &shown.inspection.maps.total;
            let glowing = overlay(&plain, total, scale, OPACITY);
            Some(jpeg_bytes(&outlined(&glowing, shown))?)
        }
    };
    Ok((jpeg_bytes(&plain)?, marked))
}

/// The same with what is odd outlined and nothing over it, so that a small part is seen; None of one that is not odd.
///
/// # Errors
/// As [`result_pictures`].
pub fn outlined_picture(shown: &Panels) -> Result<Option<Vec<u8>>> {
    let is_odd = is_odd(&shown.inspection.finding);
    is_odd
        .then(|| jpeg_bytes(&outlined(&plain(shown), shown)))
        .transpose()
}

/// The image at the page's size, what is not inspected veiled.
fn plain(shown: &Panels) -> RgbImage {
    let Panels {
        image, inspection, ..
    } = shown;
    let size = Size::of(image, SIDE);
    let mut plain = panel::image(image, size);
    let inspected =
        (inspection.inspected.as_ref()).map(|of_image| panel::mask(image, of_image, size));
    veil(&mut plain, inspected.as_deref());
    plain
}

/// A picture of the page's size with what is odd outlined.
fn outlined(picture: &RgbImage, shown: &Panels) -> RgbImage {
    let size = Size::of(shown.image, SIDE);
    let mask = panel::mask(shown.image, &shown.inspection.mask, size);
    contour(picture, &mask)
}

/// Whether there is something to mark.
fn is_odd(finding: &Finding) -> bool {
    match finding.verdict {
        Verdict::Good => false,
        Verdict::Untrusted => finding.is_odd_too(),
        Verdict::Check | Verdict::Anomalous => true,
    }
}

/// The page as HTML, which shows pictures that lie beside it: `page/NAME.jpg` and `page/NAME.odd.jpg` of
/// [`result_pictures`], `page/NAME.outline.jpg` of [`outlined_picture`], as far as a
/// line has them among its files. `model` is the name of the
/// model's file, and so many results are `earlier` than these lines.
///
/// # Errors
/// A page that cannot be put together, which no input is known to cause.
pub fn results_page(model: &str, lines: &[ResultLine], earlier: usize) -> Result<String> {
    let mut cards: Vec<Card> = lines.iter().map(Card::of).collect();
    cards.sort_by_key(|card| Reverse((card.rank, card.order)));
    let verdicts: Vec<(&str, usize)> = RANKS
        .iter()
        .map(|&word| {
            (
                word,
                cards.iter().filter(|card| card.verdict == word).count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let thresholds = lines.iter().find_map(|line| line.found.as_ref().ok());
    render(&Page {
        heading: match earlier {
            0 if lines.len() == 1 => "1 image judged".to_owned(),
            0 => format!("{} images judged", lines.len()),
            _ => format!(
                "The newest {} of {} images",
                lines.len(),
                lines.len() + earlier
            ),
        },
        model,
        lede: lede(
            &verdicts,
            cards.iter().filter(|card| card.is_odd_too).count(),
        ),
        threshold: thresholds.map(|finding| {
            let [image, check] = [finding.threshold, finding.check_threshold];
            format!("anomalous above {image:.2}, to be checked above {check:.2}")
        }),
        pictures: cards.iter().any(|card| card.plain.is_some()),
        verdicts,
        cards,
    })
}

/// The words of verdicts, the worst first.
const RANKS: [&str; 5] = ["anomalous", "untrusted", "check", "skipped", "good"];

fn lede(verdicts: &[(&str, usize)], odd_too: usize) -> String {
    let words = |(word, count): &(&str, usize)| match *word {
        "untrusted" if odd_too > 0 => {
            format!("{count} untrusted ({odd_too} of them anomalous by the score too)")
        }
        "check" => format!("{count} to be checked"),
        "skipped" => format!("{count} that could not be judged"),
        word => format!("{count} {word}"),
    };
    let parts: Vec<String> = verdicts.iter().map(words).collect();
    match parts.is_empty() {
        true => "No image was judged.".to_owned(),
        false => format!("{}.", parts.join(", ")),
    }
}

#[derive(Template)]
#[template(path = "results.html")]
struct Page<'a> {
    heading: String,
    model: &'a str,
    lede: String,
    threshold: Option<String>,
    pictures: bool,
    verdicts: Vec<(&'a str, usize)>,
    cards: Vec<Card<'a>>,
}

/// An image on the page.
struct Card<'a> {
    image: &'a str,
    verdict: &'static str,
    /// The higher, the earlier it stands.
    rank: usize,
    /// Whether it is untrusted, and anomalous by its score: it stands among the anomalous ones.
    is_odd_too: bool,
    /// Among its like, in the order of scores.
    order: i64,
    score: Option<String>,
    words: Vec<String>,
    plain: Option<String>,
    outlined: Option<String>,
    marked: Option<String>,
    sheet: Option<String>,
}

impl<'a> Card<'a> {
    fn of(line: &'a ResultLine) -> Self {
        let address = |end: &dyn Fn(&str) -> bool| {
            let file = line.files.iter().find(|file| end(file))?;
            Some(utf8_percent_encode(file, KEPT).to_string())
        };
        let of_page = |file: &str| file.starts_with(PICTURES);
        let verdict = match &line.found {
            Ok(finding) => finding.verdict.word(),
            Err(_) => "skipped",
        };
        let finding = line.found.as_ref().ok();
        let is_odd_too = finding.is_some_and(Finding::is_odd_too);
        let rank = if is_odd_too {
            Verdict::Anomalous.word()
        } else {
            verdict
        };
        let place = RANKS.iter().position(|&word| word == rank);
        Self {
            image: &line.image,
            verdict,
            rank: RANKS.len() - place.unwrap_or(0),
            is_odd_too,
            order: finding.map_or(0, |finding| {
                // In thousandths: an order that is whole.
                (f64::from(finding.score) * 1e3) as i64
            }),
            score: finding.map(|finding| format!("{:.2}", finding.score)),
            words: match &line.found {
                Ok(finding) => {
                    let differs = line.differs.iter().map(|text| capital(text));
                    differs.chain(words(finding)).collect()
                }
                Err(reason) => vec![reason.clone()],
            },
            plain: address(&|file| {
                let is_marked = file.ends_with(MARKED) || file.ends_with(OUTLINED);
                of_page(file) && !is_marked
            }),
            outlined: address(&|file| of_page(file) && file.ends_with(OUTLINED)),
            marked: address(&|file| of_page(file) && file.ends_with(MARKED)),
            sheet: address(&|file| file.starts_with("figure")),
        }
    }
}

/// What is said of an image, for people at a line.
fn words(finding: &Finding) -> Vec<String> {
    if finding.verdict == Verdict::Untrusted {
        let beyond = finding.health.beyond.iter();
        let beyond = beyond.map(|beyond| capital(&beyond.words));
        let odd = finding.odd_too().map(|text| at_first_place(&text, finding));
        return beyond.chain(odd).collect();
    }
    let mut words = Vec::new();
    words.extend(finding.unaligned().map(|text| capital(&text)));
    if finding.verdict.is_good() {
        return words;
    }
    if let Some(reason) = finding.reason() {
        words.push(at_first_place(&reason, finding));
    }
    let other = finding.regions.len().saturating_sub(1);
    match other {
        0 => {}
        1 => words.push("One more place is fainter".to_owned()),
        more => words.push(format!("{more} more places are fainter")),
    }
    words
}

/// What is said of an image, and where its first region lies.
fn at_first_place(text: &str, finding: &Finding) -> String {
    let at = finding.regions.first().map(|region| place(region, finding));
    match at {
        Some(at) => format!("{}, {at}", capital(text)),
        None => capital(text),
    }
}

/// Where in the image a region lies, in words, and how large it is.
fn place(region: &Region, finding: &Finding) -> String {
    let third = |at: usize, size: usize, side: u32| {
        let middle = 2 * at + size;
        3 * middle / (2 * side as usize).max(1)
    };
    let down = ["at the top", "half way down", "at the bottom"];
    let across = ["on the left", "in the middle", "on the right"];
    let [row, column] = [
        third(region.top, region.height, finding.height),
        third(region.left, region.width, finding.width),
    ];
    format!(
        "{}, {} ({}×{} pixels)",
        down[row.min(2)],
        across[column.min(2)],
        region.width,
        region.height
    )
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests;
