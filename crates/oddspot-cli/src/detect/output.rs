//! What `oddspot detect` writes: JSON lines, CSV and pictures.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use image::RgbImage;
use oddspot::Detection;
use oddspot::arrow::Arrow;
use oddspot::dataset::images_under;
use oddspot::figure::{Panels, figure};
use oddspot::heatmap::{Scale, contour, render, write_png, write_tiff_f32};
use oddspot::model_file::Header;
use oddspot::placement::{NAMES, Neighbour, Placement};
use oddspot::region::{Region, mask_above, regions};
use oddspot::scoring::AnomalyMaps;
use serde::Serialize;

/// An image to judge and the name of its pictures.
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// Its path below the folder that was named, without its extension where that is unique.
    name: PathBuf,
}

/// Folders of pictures, one a kind.
const KINDS: [&str; 5] = ["figure", "contour", "total", "looks_wrong", "wrong_place"];

/// All images under the given files and folders, each once, earlier output left out.
///
/// # Errors
/// A path that does not exist, or a folder without images.
pub fn collect(paths: &[PathBuf], output: &Path) -> Result<Vec<Input>> {
    let output = output.canonicalize().ok();
    let mut seen = HashSet::new();
    let mut names = BTreeSet::new();
    let mut inputs = Vec::new();
    for root in paths {
        for path in images_under(root)? {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let ours = output
                .as_ref()
                .is_some_and(|output| KINDS.iter().any(|kind| real.starts_with(output.join(kind))));
            if ours || !seen.insert(real) {
                continue;
            }
            let relative = match path.strip_prefix(root) {
                Ok(below) if below.components().next().is_none() => own_name(&path),
                // Of several folders each keeps its name, so that equal file names stay apart.
                Ok(below) if paths.len() > 1 => own_name(root).join(below),
                Ok(below) => below.to_owned(),
                Err(_) => own_name(&path),
            };
            let name = unique(&relative, &mut names);
            inputs.push(Input { path, name });
        }
    }
    Ok(inputs)
}

fn own_name(path: &Path) -> PathBuf {
    PathBuf::from(path.file_name().unwrap_or_default())
}

/// `part.png` → `part`; a second `part.jpg` → `part.jpg`; a third → `part.jpg-2`, …
fn unique(relative: &Path, names: &mut BTreeSet<PathBuf>) -> PathBuf {
    let whole = relative.to_string_lossy();
    let numbered = (2..).map(|n| PathBuf::from(format!("{whole}-{n}")));
    let mut candidates = [relative.with_extension(""), relative.to_owned()]
        .into_iter()
        .chain(numbered);
    loop {
        // The numbers never end, so a free name is always found.
        let name = candidates.next().unwrap_or_default();
        if names.insert(name.clone()) {
            return name;
        }
    }
}

/// A detection brought to the original size of its image.
pub struct Pictured {
    image: RgbImage,
    detection: Detection,
    maps: AnomalyMaps,
    regions: Vec<Region>,
    mask: Vec<bool>,
    /// Original pixels per pixel of the model's image, columns and rows.
    scale: [f32; 2],
}

impl Pictured {
    /// Resizes the maps and finds the regions above the pixel threshold.
    pub fn new(image: RgbImage, detection: Detection, header: &Header) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let size = header.config.image_size;
        let scale = [
            width as f32 / size.width as f32,
            height as f32 / size.height as f32,
        ];
        let maps = detection.maps.resized(height, width);
        let mut threshold = header.thresholds.pixel as f32;
        if detection.anomalous {
            // Resizing can shave the peak: an anomaly must still show where it is.
            threshold = threshold.min(maps.total.peak().0.next_down());
        }
        Self {
            regions: regions(&maps.total, threshold),
            mask: mask_above(&maps.total, threshold),
            image,
            detection,
            maps,
            scale,
        }
    }

    /// Whether it is anomalous for being in the wrong place, more than for how it looks.
    fn in_the_wrong_place(&self) -> bool {
        self.detection.anomalous && self.detection.shares.in_the_wrong_place()
    }
}

const IN_THE_WRONG_PLACE: &str = "in the wrong place";

/// What the results say of one image.
#[derive(Serialize)]
pub struct Finding {
    image: String,
    /// Whether the score lies above the threshold.
    pub anomalous: bool,
    score: f32,
    threshold: f64,
    why: Option<&'static str>,
    looks_wrong_share: f64,
    wrong_place_share: f64,
    peak: Point,
    place: Option<Place>,
    width: u32,
    height: u32,
    regions: Vec<Box>,
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

#[derive(Serialize)]
struct Point {
    x: usize,
    y: usize,
}

#[derive(Serialize)]
struct Box {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    area: usize,
    peak: f32,
}

impl Finding {
    /// Sums up a detection.
    pub fn new(input: &Input, pictured: &Pictured, header: &Header) -> Self {
        let detection = &pictured.detection;
        let shares = detection.shares;
        let (_, (y, x)) = pictured.maps.total.peak();
        let why = match shares.in_the_wrong_place() {
            true => IN_THE_WRONG_PLACE,
            false => "looks wrong",
        };
        Self {
            image: input.path.display().to_string(),
            anomalous: detection.anomalous,
            score: detection.score,
            threshold: header.thresholds.image,
            why: detection.anomalous.then_some(why),
            looks_wrong_share: shares.rec,
            wrong_place_share: shares.pos,
            peak: Point { x, y },
            place: (detection.placement.as_ref()).map(|place| Place::new(place, pictured.scale)),
            width: pictured.image.width(),
            height: pictured.image.height(),
            regions: pictured
                .regions
                .iter()
                .map(|r| Box {
                    left: r.left,
                    top: r.top,
                    width: r.width,
                    height: r.height,
                    area: r.area,
                    peak: r.peak,
                })
                .collect(),
        }
    }

    /// The finding in one line for people.
    pub fn line(&self) -> String {
        let verdict = if self.anomalous { "ANOMALOUS" } else { "good" };
        let mut line = format!("{verdict:9} {:8.2}  {}", self.score, self.image);
        if let Some(why) = self.why {
            let share = self.looks_wrong_share.max(self.wrong_place_share);
            line += &format!("  {why} ({:.0} %)", 100.0 * share);
            if let Some(r) = self.regions.first() {
                line += &format!(", {}x{} at ({}, {})", r.width, r.height, r.left, r.top);
            }
            if self.regions.len() > 1 {
                line += &format!(" and {} more", self.regions.len() - 1);
            }
            let words = self.place.as_ref().and_then(|place| place.words.first());
            if let (Some(words), IN_THE_WRONG_PLACE) = (words, why) {
                line += &format!(": {words}");
            }
        }
        line
    }
}

/// What is written of each image beside its results.
#[derive(Clone, Copy)]
pub struct Written {
    /// Sheet, contour and maps as pictures.
    pub pictures: bool,
    /// Raw maps as TIFF.
    pub maps: bool,
}

/// The output folder, its results flushed image by image.
pub struct Output {
    pictures: Pictures,
    threshold: f64,
    jsonl: File,
    csv: csv::Writer<File>,
}

/// How the pictures of an image are drawn, and where they go.
#[derive(Clone)]
pub struct Pictures {
    folder: PathBuf,
    scale: Scale,
    written: Written,
}

/// Columns of results.csv; regions are told by their number and the first one's box.
const COLUMNS: [&str; 15] = [
    "image",
    "verdict",
    "score",
    "threshold",
    "why",
    "looks_wrong_share",
    "wrong_place_share",
    "peak_x",
    "peak_y",
    "regions",
    "left",
    "top",
    "region_width",
    "region_height",
    "error",
];

impl Output {
    /// Makes the folder and begins the results.
    ///
    /// # Errors
    /// A folder that cannot be made or written.
    pub fn create(folder: &Path, header: &Header, written: Written) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| {
            format!(
                "cannot make the folder {}; choose an -o that you may write to",
                folder.display()
            )
        })?;
        let open = |name: &str| {
            let path = folder.join(name);
            File::create(&path).with_context(|| {
                format!(
                    "cannot write {}; choose an -o that you may write to",
                    path.display()
                )
            })
        };
        let jsonl = open("results.jsonl")?;
        let mut csv = csv::Writer::from_writer(open("results.csv")?);
        csv.write_record(COLUMNS)?;
        csv.flush()?;
        let threshold = header.thresholds.image;
        Ok(Self {
            pictures: Pictures {
                folder: folder.to_owned(),
                scale: Scale::around(threshold),
                written,
            },
            threshold,
            jsonl,
            csv,
        })
    }

    /// How to write pictures, for any thread.
    pub fn pictures(&self) -> Pictures {
        self.pictures.clone()
    }

    /// Appends a finding to both result files.
    ///
    /// # Errors
    /// A full disk.
    pub fn result(&mut self, finding: &Finding, latency: Duration) -> Result<()> {
        let mut line = serde_json::to_value(finding)?;
        line["milliseconds"] = (1e3 * latency.as_secs_f64()).into();
        writeln!(self.jsonl, "{line}").context("cannot write results.jsonl")?;
        let verdict = if finding.anomalous {
            "anomalous"
        } else {
            "good"
        };
        let first = finding.regions.first();
        let of_first = |value: fn(&Box) -> usize| {
            first.map_or(String::new(), |region| value(region).to_string())
        };
        self.row([
            finding.image.clone(),
            verdict.to_owned(),
            finding.score.to_string(),
            finding.threshold.to_string(),
            finding.why.unwrap_or_default().to_owned(),
            format!("{:.4}", finding.looks_wrong_share),
            format!("{:.4}", finding.wrong_place_share),
            finding.peak.x.to_string(),
            finding.peak.y.to_string(),
            finding.regions.len().to_string(),
            of_first(|r| r.left),
            of_first(|r| r.top),
            of_first(|r| r.width),
            of_first(|r| r.height),
            String::new(),
        ])
    }

    /// Appends an image that could not be judged to both result files.
    ///
    /// # Errors
    /// A full disk.
    pub fn skipped(&mut self, input: &Input, error: &str) -> Result<()> {
        let image = input.path.display().to_string();
        let line = serde_json::json!({ "image": image, "error": error });
        writeln!(self.jsonl, "{line}").context("cannot write results.jsonl")?;
        let mut row: [String; COLUMNS.len()] = Default::default();
        row[0] = image;
        row[1] = "skipped".to_owned();
        row[3] = self.threshold.to_string();
        row[COLUMNS.len() - 1] = error.to_owned();
        self.row(row)
    }

    fn row(&mut self, row: [String; COLUMNS.len()]) -> Result<()> {
        self.csv
            .write_record(row)
            .context("cannot write results.csv")?;
        self.csv.flush().context("cannot write results.csv")
    }
}

impl Pictures {
    /// Writes an image's pictures, each kind in a folder of its own.
    ///
    /// # Errors
    /// A picture that cannot be written.
    pub fn write(&self, input: &Input, pictured: &Pictured) -> Result<()> {
        let maps = &pictured.maps;
        if self.written.pictures {
            self.write_sheet(input, pictured)?;
        }
        let parts = [
            ("total", Some(&maps.total)),
            ("looks_wrong", Some(&maps.rec)),
            ("wrong_place", maps.pos.as_ref()),
        ];
        for (kind, map) in parts {
            let Some(map) = map else { continue };
            if self.written.pictures {
                write_png(self.path(kind, input, "png")?, &render(map, self.scale))?;
            }
            if self.written.maps {
                write_tiff_f32(self.path(kind, input, "tiff")?, map)?;
            }
        }
        Ok(())
    }

    fn write_sheet(&self, input: &Input, pictured: &Pictured) -> Result<()> {
        let Pictured {
            image, maps, mask, ..
        } = pictured;
        let verdict = if pictured.detection.anomalous {
            "anomalous"
        } else {
            "good"
        };
        let arrows = match &pictured.detection.placement {
            Some(placement) if pictured.in_the_wrong_place() => {
                Arrow::of(placement, pictured.scale)
            }
            _ => Vec::new(),
        };
        let caption = format!("{verdict}: {:.2}", pictured.detection.score);
        let sheet = figure(
            &Panels {
                image,
                mask,
                arrows: &arrows,
                image_caption: &caption,
                total: &maps.total,
                looks_wrong: &maps.rec,
                wrong_place: maps.pos.as_ref(),
            },
            self.scale,
        );
        write_png(self.path("figure", input, "png")?, &sheet)?;
        write_png(self.path("contour", input, "png")?, &contour(image, mask))?;
        Ok(())
    }

    /// `<folder>/<kind>/<name>.<extension>`, its folder made.
    fn path(&self, kind: &str, input: &Input, extension: &str) -> Result<PathBuf> {
        let mut name = input.name.clone().into_os_string();
        name.push(".");
        name.push(extension);
        let path = self.folder.join(kind).join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_in_words_what_is_in_the_wrong_place() {
        let finding = |why| Finding {
            image: "part.png".to_owned(),
            anomalous: true,
            score: 9.0,
            threshold: 5.0,
            why: Some(why),
            looks_wrong_share: 0.25,
            wrong_place_share: 0.75,
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
        let line = finding(IN_THE_WRONG_PLACE).line();
        let said = "in the wrong place (75 %): left neighbour looks odd";
        assert!(line.ends_with(said), "{line}");
        assert!(!finding("looks wrong").line().contains("neighbour"));
    }

    #[test]
    fn folders_keep_their_names_only_where_there_are_several() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        for folder in [&a, &b] {
            std::fs::create_dir_all(folder.join("sub")).unwrap();
            std::fs::write(folder.join("sub/part.png"), b"").unwrap();
        }
        let names = |paths: &[PathBuf]| -> Vec<String> {
            let inputs = collect(paths, Path::new("nowhere")).unwrap();
            let name = |input: &Input| input.name.display().to_string();
            inputs.iter().map(name).collect()
        };
        assert_eq!(names(std::slice::from_ref(&a)), ["sub/part"]);
        assert_eq!(names(&[a.clone(), b]), ["a/sub/part", "b/sub/part"]);
        assert_eq!(names(&[a.join("sub/part.png")]), ["part"]);
    }

    #[test]
    fn pictures_of_different_images_never_share_a_name() {
        let mut names = BTreeSet::new();
        let mut name = |path: &str| unique(Path::new(path), &mut names).display().to_string();
        assert_eq!(name("a/part.png"), "a/part");
        assert_eq!(name("b/part.png"), "b/part");
        assert_eq!(name("a/part.jpg"), "a/part.jpg");
        assert_eq!(name("a/part.jpg"), "a/part.jpg-2");
        assert_eq!(name("a/part.jpg"), "a/part.jpg-3");
    }
}
