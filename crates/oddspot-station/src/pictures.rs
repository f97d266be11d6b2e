//! Pictures of an inspection, drawn when somebody asks for them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oddspot::images::{ImageSize, Reading, at_most, read_file};
use oddspot::judge;
use oddspot::judge::Examined;
use oddspot_draw::figure::{Labels, Panels, figure_with};
use oddspot_draw::heatmap::{Scale, render, veil, write_png};
use oddspot_draw::page::{jpeg_bytes, result_pictures};
use tokio::sync::Semaphore;

use crate::data::{Data, KeptImage, sheet_in, write};
use crate::error::{Error, Result};
use crate::history::{Inspection, repeated};
use crate::judging::{Models, Recent};

/// Pixels along the longer side of a picture, at most.
const SIDE: usize = 1_600;
/// Bytes of pictures that are kept, at most: what was drawn long ago is drawn anew where somebody asks for it.
const KEPT: u64 = 1 << 30;
/// Pictures that are drawn between two looks at how many bytes are kept.
const LOOK: usize = 500;
/// Pictures that are drawn at a time: judging goes first.
const AT_ONCE: usize = 1;

/// What stands on a sheet, by what was found.
type Of<'a> = &'a (dyn Fn(&judge::Inspection, Option<u32>) -> Labels + Send);

/// A picture of an inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// The image alone, as a browser shows it.
    View,
    /// With what is odd outlined, and its map over it.
    Overlay,
    /// The image, the maps and the reason on a sheet.
    Sheet,
    /// The whole map.
    Map,
}

impl Picture {
    /// By its name in addresses.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "view" => Some(Self::View),
            "overlay" => Some(Self::Overlay),
            "sheet" => Some(Self::Sheet),
            "map" => Some(Self::Map),
            _ => None,
        }
    }

    /// The end of its file's name.
    fn file(self) -> &'static str {
        match self {
            Self::View => "view.jpg",
            Self::Overlay => "overlay.jpg",
            Self::Sheet => "sheet.png",
            Self::Map => "map.png",
        }
    }

    /// As it is sent.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::View | Self::Overlay => "image/jpeg",
            Self::Sheet | Self::Map => "image/png",
        }
    }
}

/// What stands beside an image on its sheet: by what was found, and by how many in a row had its pixels, if too many.
type LabelsOf = dyn Fn(&judge::Inspection, Option<u32>) -> Labels + Send;

/// What stands on a sheet in another language than English.
pub struct Wording {
    /// The language's code.
    pub code: String,
    /// What stands on it, by what was found and how often the picture came in a row, if too often.
    pub labels: Box<LabelsOf>,
}

/// A picture of a good image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoodPicture {
    /// Small, for a list.
    Thumbnail,
    /// Large, to be drawn on.
    View,
}

impl GoodPicture {
    fn file(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail.jpg",
            Self::View => "view.jpg",
        }
    }

    fn side(self) -> usize {
        match self {
            Self::Thumbnail => 240,
            Self::View => SIDE,
        }
    }
}

/// Draws pictures, and keeps what was drawn.
pub struct Pictures {
    data: Arc<Data>,
    models: Arc<Models>,
    recent: Arc<Recent>,
    room: Arc<Semaphore>,
    /// How many were drawn.
    drawn: AtomicUsize,
}

impl Pictures {
    /// Of what is kept in the data folder.
    pub fn new(data: Arc<Data>, models: Arc<Models>, recent: Arc<Recent>) -> Self {
        Self {
            data,
            models,
            recent,
            room: Arc::new(Semaphore::new(AT_ONCE)),
            drawn: AtomicUsize::new(0),
        }
    }

    /// A picture's content: as it was drawn before, else drawn now.
    ///
    /// # Errors
    /// An image or a model that is not there any more.
    pub async fn get(
        self: Arc<Self>,
        inspection: Inspection,
        picture: Picture,
        wording: Option<Wording>,
    ) -> Result<Vec<u8>> {
        let wording = wording.filter(|_| picture == Picture::Sheet);
        let name = match &wording {
            Some(wording) => sheet_in(&wording.code),
            None => picture.file().to_owned(),
        };
        let path = self.data.picture(&inspection.id, &name);
        let kept = |path: PathBuf| async move {
            tokio::task::spawn_blocking(move || std::fs::read(path)).await
        };
        if let Ok(Ok(bytes)) = kept(path.clone()).await {
            return Ok(bytes);
        }
        let drawer = Arc::clone(&self);
        // Held by who draws: whoever asked may have gone.
        let permit = Arc::clone(&self.room).acquire_owned().await;
        let drawn = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            // Another may have asked for it meanwhile.
            if !path.is_file() {
                let labels = wording.map(|wording| wording.labels);
                drawer.draw(&inspection, (picture, labels.as_deref()), &path)?;
                if drawer
                    .drawn
                    .fetch_add(1, Ordering::Relaxed)
                    .is_multiple_of(LOOK)
                {
                    drawer.data.forget_pictures(KEPT);
                }
            }
            std::fs::read(&path).map_err(Error::io(&path))
        });
        drawn
            .await
            .map_err(|error| Error::internal(format!("a picture cannot be drawn: {error}")))?
    }

    /// A good image as a browser shows it, along its longer side so large at most.
    ///
    /// # Errors
    /// An image that is not there any more.
    pub async fn of_good(self: Arc<Self>, kept: KeptImage, shown: GoodPicture) -> Result<Vec<u8>> {
        let path = self.data.picture(&kept.sha256, shown.file());
        let drawer = Arc::clone(&self);
        // Held by who draws: whoever asked may have gone.
        let permit = Arc::clone(&self.room).acquire_owned().await;
        let drawn = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            if let Ok(bytes) = std::fs::read(&path) {
                return Ok(bytes);
            }
            let file = drawer.data.image(&kept);
            let reading = Reading {
                limits: drawer.models.limits(),
                ..Reading::default()
            };
            let content = read_file(&file)?;
            let _decoded = drawer.models.decoding().admit(&content);
            let image = reading.decode_bytes(&content, &file)?.image;
            let bytes = jpeg_bytes(&at_most(&image, shown.side()))?;
            write(&path, &bytes)?;
            Ok(bytes)
        });
        drawn
            .await
            .map_err(|error| Error::internal(format!("a picture cannot be drawn: {error}")))?
    }

    /// What was found in an image that was judged: as it is still kept, else judged again.
    ///
    /// # Errors
    /// An image or a model that is not there any more.
    pub async fn examined(self: Arc<Self>, inspection: Arc<Inspection>) -> Result<Arc<Examined>> {
        if let Some(examined) = self.recent.get(&inspection.id) {
            return Ok(examined);
        }
        let permit = Arc::clone(&self.room).acquire_owned().await;
        let judged = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let model = self.models.get(&inspection.model)?;
            let file = self.data.image(&inspection.kept);
            let bytes = read_file(&file)?;
            let _decoded = self.models.decoding().admit(&bytes);
            let picture = model.detector.reading().decode_bytes(&bytes, &file)?;
            Ok::<_, Error>(Arc::new(model.detector.examine(&picture.image)?))
        });
        judged
            .await
            .map_err(|error| Error::internal(format!("an image cannot be judged again: {error}")))?
    }

    fn draw(
        &self,
        inspection: &Inspection,
        (picture, labels): (Picture, Option<Of<'_>>),
        path: &Path,
    ) -> Result<()> {
        let model = self.models.get(&inspection.model)?;
        let file = self.data.image(&inspection.kept);
        let bytes = read_file(&file)?;
        let _decoded = self.models.decoding().admit(&bytes);
        let image = model.detector.reading().decode_bytes(&bytes, &file)?.image;
        let examined = match self.recent.get(&inspection.id) {
            Some(examined) => examined,
            None => Arc::new(model.detector.examine(&image)?),
        };
        let shown = match at_most(&image, SIDE) {
            Cow::Owned(shrunk) => shrunk,
            Cow::Borrowed(_) => image,
        };
        let mut drawn = examined.at(ImageSize::of(&shown));
        // Judged anew it knows nothing of the images before it.
        drawn.finding.verdict = inspection.verdict;
        let name = inspection.part_id.as_ref().or(inspection.file.as_ref());
        let panels = Panels {
            image: &shown,
            inspection: &drawn,
            name: name.unwrap_or(&inspection.id),
        };
        let scale = Scale::around(inspection.threshold);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        match picture {
            Picture::View | Picture::Overlay => {
                let (plain, marked) = result_pictures(&panels, scale)?;
                let named = |picture: Picture| self.data.picture(&inspection.id, picture.file());
                write(&named(Picture::Overlay), marked.as_ref().unwrap_or(&plain))?;
                write(&named(Picture::View), &plain)
            }
            Picture::Sheet => {
                let labels = match labels {
                    Some(of) => of(&drawn, inspection.repeats),
                    None => english(&drawn, inspection.repeats),
                };
                let sheet = figure_with(&panels, scale, &labels);
                Ok(write_png(path, &sheet)?)
            }
            Picture::Map => {
                let mut map = render(&drawn.maps.total, scale);
                veil(&mut map, drawn.inspected.as_deref());
                Ok(write_png(path, &map)?)
            }
        }
    }
}

/// What stands on a sheet in English.
fn english(found: &judge::Inspection, repeats: Option<u32>) -> Labels {
    let mut labels = Labels::english(found);
    if let Some(images) = repeats {
        labels.heading = format!("{}; {}", labels.heading, repeated(images));
    }
    labels
}
