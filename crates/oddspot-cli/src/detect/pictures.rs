//! Pictures of what was found: a sheet, the outlined image and the maps of each image.

use std::borrow::Cow;
use std::panic::resume_unwind;
use std::path::{Component, Path, PathBuf};
use std::thread;

use anyhow::{Context, Result};
use image::RgbImage;
use oddspot::datasets::PICTURES;
use oddspot::files::atomic;
use oddspot::images::{ImageSize, at_most};
use oddspot::judge::Examined;
use oddspot::maps::ScoreMap;
use oddspot::terms::Side;
use oddspot::verdict::AnomalyMaps;
use oddspot_draw::figure::{Panels, figure};
use oddspot_draw::heatmap::{Scale, contour, render, veil, write_png, write_tiff_f32};
use oddspot_draw::page::{outlined_picture, result_pictures};

/// What is written of each image beside its results.
#[derive(Clone, Copy)]
pub struct Written {
    /// Sheet, contour and maps as pictures.
    pub pictures: bool,
    /// Raw maps as TIFF, of the image's own size.
    pub maps: bool,
    /// Pixels along the longer side of contours and maps, at most: larger images are shrunk.
    pub side: usize,
}

impl Written {
    /// What the names of its files of a kind end in.
    pub fn endings(self, kind: &str) -> Vec<&'static str> {
        let of_pictures: &[_] = match (self.pictures, kind) {
            (false, _) => &[],
            (true, "page") => &[".odd.jpg", ".outline.jpg", ".jpg"],
            (true, _) => &[".png"],
        };
        let of_maps: &[_] = if self.maps { &[".tiff"] } else { &[] };
        [of_pictures, of_maps].concat()
    }
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

    /// Writes the pictures of an image that is called `shown` under a name, each kind in a folder of its own, and
    /// gives their paths below the output folder, with `/`.
    ///
    /// # Errors
    /// A picture that cannot be written.
    pub fn write(
        &self,
        names: (&str, &str),
        image: RgbImage,
        examined: &Examined,
    ) -> Result<Vec<String>> {
        if image.width().max(image.height()) as usize <= self.written.side {
            return self.write_here(names, image, examined);
        }
        // The system's allocator keeps for each thread what it drew in, and hands what one that has ended had to
        // the next: so few large pictures' worth is kept, however many threads there are.
        thread::scope(|scope| {
            let drawing = scope.spawn(|| self.write_here(names, image, examined));
            drawing.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    fn write_here(
        &self,
        (name, shown): (&str, &str),
        image: RgbImage,
        examined: &Examined,
    ) -> Result<Vec<String>> {
        let mut files = Files {
            folder: &self.folder,
            name,
            written: Vec::new(),
        };
        let size = ImageSize::of(&image);
        if self.written.pictures {
            let shrunk = match at_most(&image, self.written.side) {
                Cow::Owned(shrunk) => Some(shrunk),
                Cow::Borrowed(_) => None,
            };
            // A large image goes before anything is drawn.
            let picture = shrunk.unwrap_or(image);
            let inspection = examined.at(ImageSize::of(&picture));
            let panels = Panels {
                image: &picture,
                inspection: &inspection,
                name: shown,
            };
            self.draw(&mut files, &panels)?;
        } else {
            drop(image);
        }
        if self.written.maps {
            for (kind, map) in parts(&examined.maps) {
                write_tiff_f32(files.next(kind, "tiff")?, &map, size)?;
            }
        }
        Ok(files.written)
    }

    fn draw(&self, files: &mut Files, shown: &Panels) -> Result<()> {
        let Panels {
            image, inspection, ..
        } = shown;
        let inspected = inspection.inspected.as_deref();
        write_png(files.next("figure", "png")?, &figure(shown, self.scale))?;
        let mut veiled = (*image).clone();
        veil(&mut veiled, inspected);
        let outlined = contour(&veiled, &inspection.mask);
        write_png(files.next("contour", "png")?, &outlined)?;
        let (plain, marked) = result_pictures(shown, self.scale)?;
        atomic::write_bytes(files.next("page", "jpg")?, &plain)?;
        if let Some(outlined) = outlined_picture(shown)? {
            atomic::write_bytes(files.next("page", "outline.jpg")?, &outlined)?;
        }
        if let Some(marked) = marked {
            atomic::write_bytes(files.next("page", "odd.jpg")?, &marked)?;
        }
        for (kind, map) in parts(&inspection.maps) {
            let mut picture = render(&map, self.scale);
            veil(&mut picture, inspected);
            write_png(files.next(kind, "png")?, &picture)?;
        }
        Ok(())
    }
}

/// The maps that are written, by the folders that they go to.
fn parts(maps: &AnomalyMaps) -> impl Iterator<Item = (&'static str, Cow<'_, ScoreMap>)> {
    let parts = [
        ("total", Some(Cow::Borrowed(&maps.total))),
        ("looks_wrong", maps.side(Side::LooksWrong)),
        ("wrong_place", maps.side(Side::WrongPlace)),
    ];
    parts
        .into_iter()
        .filter_map(|(kind, map)| Some((kind, map?)))
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

/// The name that a picture was given, by its path below the output folder.
pub fn name_of(file: &str) -> Option<&str> {
    let (_kind, name) = file.split_once('/')?;
    name.strip_suffix(".png")
        .or_else(|| name.strip_suffix(".tiff"))
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
    let of_a_kind = PICTURES.iter().any(|kind| path.starts_with(kind));
    if !of_a_kind || !is_picture(path) || !path.components().all(inside) {
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

/// Removes what runs that were killed left of the pictures in the output folder.
pub fn remove_leftovers(folder: &Path) {
    for kind in PICTURES {
        remove_leftovers_under(&folder.join(kind));
    }
}

fn remove_leftovers_under(folder: &Path) {
    atomic::remove_leftovers_in(folder, |name| is_picture(Path::new(name)));
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        // A link is not followed.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_leftovers_under(&entry.path());
        }
    }
}

/// Whether a file is called like a picture or a raw map.
fn is_picture(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "png" || extension == "tiff" || extension == "jpg")
}
