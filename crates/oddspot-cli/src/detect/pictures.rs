//! Pictures of what was found: a sheet, the outlined image and the maps of each image.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use image::RgbImage;
use oddspot::Detection;
use oddspot::arrow::Arrow;
use oddspot::figure::{Panels, figure};
use oddspot::heatmap::{Scale, contour, render, write_png, write_tiff_f32};
use oddspot::model_file::Header;
use oddspot::region::{Region, mask_above, regions};
use oddspot::scoring::AnomalyMaps;

use super::finding::Finding;

/// Folders of pictures, one a kind.
pub const KINDS: [&str; 5] = ["figure", "contour", "total", "looks_wrong", "wrong_place"];

/// A detection brought to the original size of its image.
pub struct Pictured {
    /// The image.
    pub image: RgbImage,
    /// What was found in it, at the model's size.
    pub detection: Detection,
    /// The maps at the image's size.
    pub maps: AnomalyMaps,
    /// What lies above the pixel threshold.
    pub regions: Vec<Region>,
    mask: Vec<bool>,
    /// Original pixels per pixel of the model's image, columns and rows.
    pub scale: [f32; 2],
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

    /// Where neighbours would belong, if it is anomalous for its place.
    fn arrows(&self) -> Vec<Arrow> {
        let detection = &self.detection;
        match &detection.placement {
            Some(placement) if detection.anomalous && detection.shares.is_of_place() => {
                Arrow::of(placement, self.scale)
            }
            _ => Vec::new(),
        }
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

/// How the pictures of an image are drawn, and where they go.
#[derive(Clone)]
pub struct Pictures {
    folder: PathBuf,
    scale: Scale,
    written: Written,
}

impl Pictures {
    /// Into a folder; the threshold is the middle of the scale.
    pub fn new(folder: &Path, threshold: f64, written: Written) -> Self {
        Self {
            folder: folder.to_owned(),
            scale: Scale::around(threshold),
            written,
        }
    }

    /// Writes an image's pictures, each kind in a folder of its own, and gives their paths below the
    /// output folder, with `/`.
    ///
    /// # Errors
    /// A picture that cannot be written.
    pub fn write(&self, name: &str, pictured: &Pictured, finding: &Finding) -> Result<Vec<String>> {
        let mut files = Files {
            folder: &self.folder,
            name,
            written: Vec::new(),
        };
        let maps = &pictured.maps;
        if self.written.pictures {
            let sheet = self.sheet(pictured, finding);
            write_png(files.next("figure", "png")?, &sheet)?;
            let outlined = contour(&pictured.image, &pictured.mask);
            write_png(files.next("contour", "png")?, &outlined)?;
        }
        let parts = [
            ("total", Some(&maps.total)),
            ("looks_wrong", Some(&maps.rec)),
            ("wrong_place", maps.pos.as_ref()),
        ];
        for (kind, map) in parts {
            let Some(map) = map else { continue };
            if self.written.pictures {
                write_png(files.next(kind, "png")?, &render(map, self.scale))?;
            }
            if self.written.maps {
                write_tiff_f32(files.next(kind, "tiff")?, map)?;
            }
        }
        Ok(files.written)
    }

    fn sheet(&self, pictured: &Pictured, finding: &Finding) -> RgbImage {
        let maps = &pictured.maps;
        let panels = Panels {
            image: &pictured.image,
            mask: &pictured.mask,
            arrows: &pictured.arrows(),
            threshold: finding.threshold,
            verdict: &finding.heading(),
            name: &finding.image,
            total: &maps.total,
            looks_wrong: &maps.rec,
            wrong_place: maps.pos.as_ref(),
        };
        figure(&panels, self.scale)
    }
}

/// The files of an image.
struct Files<'a> {
    folder: &'a Path,
    name: &'a str,
    written: Vec<String>,
}

impl Files<'_> {
    /// `<folder>/<kind>/<name>.<extension>`, its folder made.
    fn next(&mut self, kind: &str, extension: &str) -> Result<PathBuf> {
        let below = format!("{kind}/{}.{extension}", self.name);
        let path = self.folder.join(&below);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        self.written.push(below);
        Ok(path)
    }
}

/// Removes a picture or raw map by its path below the output folder, and the folders that are empty
/// without it; false if there is no such file.
///
/// # Errors
/// A file that cannot be removed.
pub fn remove(folder: &Path, file: &str) -> Result<bool> {
    let path = Path::new(file);
    // The path comes from a file that anyone may have changed: only what can be ours is removed.
    let inside = |part| matches!(part, Component::Normal(_));
    let of_a_kind = KINDS.iter().any(|kind| path.starts_with(kind));
    let extension = path.extension().unwrap_or_default();
    let ours = of_a_kind && (extension == "png" || extension == "tiff");
    if !ours || !path.components().all(inside) {
        return Ok(false);
    }
    let path = folder.join(path);
    if !path.is_file() {
        return Ok(false);
    }
    std::fs::remove_file(&path).with_context(|| {
        format!(
            "cannot remove {}, which an earlier run wrote; remove it, or choose another -o",
            path.display()
        )
    })?;
    for emptied in path.ancestors().skip(1).take_while(|f| *f != folder) {
        // One that holds other files stays.
        if std::fs::remove_dir(emptied).is_err() {
            break;
        }
    }
    Ok(true)
}
