//! Images taken among the good ones of a station: looked at first, and kept by their content.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use oddspot::images::Reading;

use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::history::{Actor, Deed, GoodSource, History, Inspection, NewGood, Note, Truth};
use crate::judging::Models;
use crate::words::Sentence;

/// Letters of a file's name that are kept.
const NAME: usize = 300;
/// Good images that a model can be made of, or thresholds be set by, at least.
pub const LEAST: usize = 2;
/// Good images of a station, at most.
const MOST: usize = 10_000;

/// Takes images among the good ones.
pub struct GoodImages {
    /// Where they are kept.
    pub data: Arc<Data>,
    /// Where it is kept which they are.
    pub history: Arc<History>,
    /// How large they may be, and who lets them be decoded.
    pub models: Arc<Models>,
}

/// What came of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// SHA-256 of its file.
    pub image: String,
    /// Whether it is among the good ones now and was not before.
    pub is_new: bool,
}

impl GoodImages {
    /// Takes a file that a person gives; the same content counts once.
    ///
    /// # Errors
    /// What is no usable image, or was labelled bad at this station; too many images.
    pub async fn take(&self, station: &str, bytes: Bytes, name: &str, by: Actor) -> Result<Taken> {
        if self.history.good_images(station).await?.len() >= MOST {
            let sentence = Sentence::new("refused-most-good").with("station", station);
            return Err(Error::of(Kind::Mismatch, sentence.with("most", MOST)));
        }
        let name: String = match name.trim() {
            "" => "image".to_owned(),
            name => name.chars().take(NAME).collect(),
        };
        let reading = Reading {
            limits: self.models.limits(),
            ..Reading::default()
        };
        let (data, models) = (Arc::clone(&self.data), Arc::clone(&self.models));
        let shown = name.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let decoded = models.decoding().admit(&bytes);
            // Whatever it does to the code that reads it, it costs this request alone.
            let picture = catch_unwind(AssertUnwindSafe(|| {
                reading.decode_bytes(&bytes, Path::new(&shown))
            }));
            drop(decoded);
            let picture = picture.map_err(|panic: Box<dyn Any + Send>| {
                drop(panic);
                Error::internal("a fault of this program while it was read")
            })??;
            let size = [picture.image.width(), picture.image.height()];
            Ok::<_, Error>((data.keep_image(&bytes)?, size))
        });
        let (kept, size) = kept
            .await
            .map_err(|error| Error::internal(error.to_string()))??;
        let image = kept.image.sha256.clone();
        let note = Note::new(by, Deed::GoodAdded, station).with(format!("{name} ({image:.12})"));
        let new = NewGood {
            kept: kept.image.clone(),
            file: name,
            size,
            source: GoodSource::Upload,
        };
        let is_new = self.add(station, &new, &note).await?;
        // Until then it was not to go.
        drop(kept);
        Ok(Taken { image, is_new })
    }

    /// Adds an image that no inspection of the station with the same content is labelled bad for.
    async fn add(&self, station: &str, new: &NewGood, note: &Note) -> Result<bool> {
        let bad = self.history.bad_images(station).await?;
        if bad.contains(&new.kept.sha256) {
            let sentence = Sentence::new("refused-labelled-bad").with("name", &new.file);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        self.history.add_good(station, new, Some(note)).await
    }

    /// Takes the image of an inspection.
    ///
    /// # Errors
    /// One of another station, that a person labelled bad, or whose image was removed.
    pub async fn take_judged(
        &self,
        station: &str,
        inspection: &Inspection,
        by: Actor,
    ) -> Result<Taken> {
        let id = &inspection.id;
        if inspection.station != station {
            let reason = format!("inspection {id} is of station {}", inspection.station);
            return Err(Error::new(Kind::Mismatch, reason));
        }
        if (inspection.label.as_ref()).is_some_and(|label| label.truth == Truth::Bad) {
            let name = inspection.part_id.as_ref().unwrap_or(id);
            let sentence = Sentence::new("refused-labelled-bad").with("name", name);
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        let (claims, image) = (Arc::clone(&self.data.claims), inspection.image.clone());
        let hold = tokio::task::spawn_blocking(move || claims.hold(&image));
        let hold = hold
            .await
            .map_err(|error| Error::internal(error.to_string()))?;
        // It may have gone before it was held.
        let now = self.history.inspection(id).await?;
        if let Some(removed) = now.and_then(|now| now.image_removed) {
            let sentence = Sentence::new("refused-image-removed").with("id", id);
            let sentence = sentence.with("day", format!("{removed:.10}"));
            return Err(Error::of(Kind::Mismatch, sentence));
        }
        let name = inspection.part_id.as_ref().or(inspection.file.as_ref());
        let new = NewGood {
            kept: inspection.kept.clone(),
            file: name.unwrap_or(id).clone(),
            size: [inspection.finding.width, inspection.finding.height],
            source: GoodSource::History,
        };
        let note = Note::new(by, Deed::GoodAdded, station).with(format!("of inspection {id}"));
        let is_new = self.add(station, &new, &note).await?;
        drop(hold);
        Ok(Taken {
            image: new.kept.sha256.clone(),
            is_new,
        })
    }
}
