//! What is said of an export beside its graph: in the file's metadata, and in JSON.

use std::collections::BTreeMap;

use oddspot::Model;
use oddspot::images::{BitDepth, ImageSize};
use oddspot::terms::{self, Kind};
use oddspot::verdict::Verdict;
use serde::{Deserialize, Serialize};

use crate::fuse::Says;
use crate::input::{Batch, INPUT, Layout};

/// Key of the card in a file's metadata.
pub const KEY: &str = "oddspot";
/// Version of the card.
pub const FORMAT: u32 = 2;

/// What there is to know of an export to run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of this card.
    pub format: u32,
    /// Version of oddspot that wrote it.
    pub oddspot: String,
    /// SHA-256 of the model file, as hexadecimal digits.
    pub model_sha256: String,
    /// What comes in.
    pub input: Input,
    /// How an image is brought to the input's size.
    pub resize: Resize,
    /// What comes out, by its name.
    pub outputs: BTreeMap<String, String>,
    /// Verdicts, the best first.
    pub labels: Vec<String>,
    /// Where they begin.
    pub thresholds: Thresholds,
    /// Share of the pixels that is inspected; absent where that is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspected_share: Option<f64>,
    /// What the graph does not know.
    pub not_in_the_graph: Vec<String>,
}

/// What comes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The name of the input.
    pub name: String,
    /// `u8-nhwc` or `f32-nchw`.
    pub layout: String,
    /// A number, or `dynamic`.
    pub batch: String,
    /// The axes behind that of the batch.
    pub shape: Vec<usize>,
    /// The least and the greatest value.
    pub range: [f32; 2],
    /// The order of the channels.
    pub channels: String,
}

/// How an image is brought to the input's size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resize {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Which axis is resized first; each is rounded to 8 bits.
    pub first: String,
    /// The filter.
    pub filter: String,
    /// Bits in use of 16-bit samples, or `auto`.
    pub bit_depth: String,
    /// The same in words.
    pub words: String,
}

/// Scores that verdicts begin above, and pixels of regions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// An image is anomalous above.
    pub image: f64,
    /// An image is to be checked above.
    pub check: f64,
    /// A pixel belongs to a region above.
    pub pixel: f64,
}

impl Card {
    pub(crate) fn new(
        model: &Model,
        sha256: &str,
        (layout, batch): (Layout, Batch),
        maps: &[&str],
    ) -> Self {
        let header = &model.header;
        let thresholds = &header.thresholds;
        let size = header.settings.image_size;
        let score = ("score".to_owned(), "[batch], the maximum of map".to_owned());
        let maps = maps.iter().map(|&name| (name.to_owned(), about(name)));
        let labels = [Verdict::Good, Verdict::Check, Verdict::Anomalous];
        Self {
            format: FORMAT,
            oddspot: env!("CARGO_PKG_VERSION").to_owned(),
            model_sha256: sha256.to_owned(),
            input: Input::new(layout, batch, size),
            resize: Resize::new(size, header.settings.bit_depth),
            outputs: std::iter::once(score).chain(maps).collect(),
            labels: labels.map(|label| label.word().to_owned()).to_vec(),
            thresholds: Thresholds {
                image: thresholds.image,
                check: thresholds.check,
                pixel: thresholds.pixel,
            },
            inspected_share: model.inspected_share(),
            not_in_the_graph: [
                "the health of an image (verdict untrusted)",
                "regions",
                "of unusual_here, whether that looks wrong or is in the wrong place",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

impl Input {
    fn new(layout: Layout, batch: Batch, size: ImageSize) -> Self {
        Self {
            name: INPUT.to_owned(),
            layout: layout.to_string(),
            batch: batch.to_string(),
            shape: layout.axes(size).to_vec(),
            range: match layout {
                Layout::U8Nhwc => [0.0, 255.0],
                Layout::F32Nchw => [0.0, 1.0],
            },
            channels: "RGB".to_owned(),
        }
    }
}

impl Resize {
    fn new(ImageSize { width, height }: ImageSize, bit_depth: BitDepth) -> Self {
        Self {
            width,
            height,
            first: "rows".to_owned(),
            filter: "triangle, as wide as the shrinking".to_owned(),
            bit_depth: bit_depth.to_string(),
            words: format!(
                "bilinear with antialiasing, as Pillow's BILINEAR: first every column to {height} rows, then every row to \
                 {width} columns, each rounded to 8 bits; upright, RGB, grey replicated, alpha on black"
            ),
        }
    }
}

/// What a map shows.
fn about(name: &str) -> String {
    const SHAPE: &str = "[batch, height, width]";
    let of_term = |kind: &Kind| {
        format!(
            "{SHAPE}, {}, part of {}: {}",
            kind.symbol,
            Says::of(kind).name(),
            kind.words()
        )
    };
    match (name, terms::kind(name)) {
        (_, Some(kind)) => of_term(kind),
        ("map", _) => format!("{SHAPE}, the sum of all terms"),
        _ => format!("{SHAPE}, the sum of the terms that say so"),
    }
}
