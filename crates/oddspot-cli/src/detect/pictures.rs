//! Pictures of what was found: a sheet, the outlined image and the maps of each image.

use std::io::ErrorKind;
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
use super::input::Input;

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
            Some(placement) if detection.anomalous && detection.shares.why().is_of_place() => {
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

    /// What is written.
    pub fn written(&self) -> Written {
        self.written
    }

    /// Writes an image's pictures, each kind in a folder of its own.
    ///
    /// # Errors
    /// A picture that cannot be written.
    pub fn write(&self, input: &Input, pictured: &Pictured, finding: &Finding) -> Result<()> {
        let maps = &pictured.maps;
        if self.written.pictures {
            self.write_sheet(input, pictured, finding)?;
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

    fn write_sheet(&self, input: &Input, pictured: &Pictured, finding: &Finding) -> Result<()> {
        let Pictured {
            image, maps, mask, ..
        } = pictured;
        let sheet = figure(
            &Panels {
                image,
                mask,
                arrows: &pictured.arrows(),
                verdict: &finding.verdict(),
                name: &finding.image,
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

/// Removes the pictures and raw maps that an earlier run wrote by a name, and the folders that are
/// empty without them.
///
/// # Errors
/// A file that cannot be removed.
pub fn remove(folder: &Path, name: &Path) -> Result<()> {
    // The name comes from a file that anyone may have changed: nothing outside is touched.
    let inside = |part| matches!(part, Component::Normal(_));
    if name.as_os_str().is_empty() || !name.components().all(inside) {
        return Ok(());
    }
    for kind in KINDS {
        let kind = folder.join(kind);
        for extension in ["png", "tiff"] {
            let mut file = kind.join(name).into_os_string();
            file.push(format!(".{extension}"));
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    let file = Path::new(&file).display();
                    let context = format!("cannot remove {file}, which an earlier run wrote");
                    return Err(error).context(context);
                }
                _ => {}
            }
        }
        let below = kind.join(name);
        for emptied in below.ancestors().skip(1).take_while(|f| *f != folder) {
            // One that holds other pictures stays.
            if std::fs::remove_dir(emptied).is_err() {
                break;
            }
        }
    }
    Ok(())
}
