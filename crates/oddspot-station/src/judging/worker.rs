//! Who judges for a station: decode, examine, keep, tell.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use oddspot::files::digest::hex;
use oddspot::judge::Examined;
use oddspot::verdict::Verdict;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::model::{Model, Models};
use super::post::Post;
use super::recent::Recent;
use super::repeats::Repeats;
use super::silence::Silence;
use super::task::{Judgement, Queue, Task, Tasks, Waiting};
use crate::data::{Data, HeldImage};
use crate::error::{Error, Kind, Result};
use crate::history::{History, Inspection, Judged, Source};
use crate::metrics::Metrics;
use crate::outputs::{Misses, NotJudged};
use crate::storing::Storing;

/// What an image of no file is called in errors.
const SENT: &str = "that was sent";

/// Who judges for a station, on a thread of its own.
pub struct Worker {
    /// The station, and what judges there.
    pub post: Arc<Post>,
    /// Who lets images be decoded.
    pub models: Arc<Models>,
    /// Where images are kept.
    pub data: Arc<Data>,
    /// Where inspections are kept.
    pub history: Arc<History>,
    /// Whether both can be written.
    pub storing: Arc<Storing>,
    /// Where it is kept what was found.
    pub recent: Arc<Recent>,
    /// Whether the same picture comes again and again.
    pub repeats: Arc<Repeats>,
    /// Whether anything comes.
    pub silence: Arc<Silence>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where it is told that an image was not judged.
    pub misses: Arc<Misses>,
    /// What the history works on.
    pub runtime: Handle,
}

impl Worker {
    /// Judges one image after the other until it is told to end.
    pub fn work(&self, queue: &Queue, mut tasks: Tasks) {
        while let Some(Some(Waiting { task, reply, place })) = tasks.blocking_recv() {
            queue.set_judging(true);
            self.metrics.waiting(&self.post.name, queue.waiting());
            let (source, part_id) = (task.source, task.part_id.clone());
            // What a person sends tells nothing of the camera. Outputs that hear of the image look at once how it is.
            let is_of_camera = task.sender.is_none();
            self.silence.ends_if(is_of_camera);
            let judged = self.judge(task);
            self.silence.ends_if(is_of_camera);
            queue.set_judging(false);
            drop(place);
            // A file of a folder is tried again, and counts once it is given up.
            if let (Err(error), Source::Http) = (&judged, source) {
                let image = NotJudged {
                    reason: name_of(error.kind()),
                    detail: error.to_string(),
                    sentence: error.sentence().cloned(),
                    part_id,
                    file: None,
                };
                self.misses.missed(&self.post.name, image);
                // That the history is away is told once.
                if error.kind() != Kind::Away {
                    tracing::warn!("{}: an image was not judged: {error}", self.post.name);
                }
            }
            // Who sent it may have gone.
            reply.send(judged).ok();
        }
    }

    fn judge(&self, task: Task) -> Result<Judgement> {
        // What cannot be kept is not judged.
        self.history.check_there()?;
        if let Some(known) = self.known(&task)? {
            return Ok(Judgement {
                inspection: Arc::new(known),
                is_new: false,
            });
        }
        // The whole image by this one, whatever becomes active meanwhile.
        let model = self.post.ready()?;
        let (mut examined, image, pixels) = self.examine(&model, &task)?;
        // What a person sends tells nothing of the camera.
        let row = (task.sender.is_none()).then(|| self.repeats.row(pixels));
        let too_long = row.filter(|row| self.repeats.is_too_long(*row));
        let repeats = too_long.map(|row| row.images);
        if repeats.is_some() {
            // It says nothing of the part that lies there now.
            examined.finding.verdict = Verdict::Untrusted;
        }
        // Outputs that hear of the image look at once how the camera is.
        let before = row.map(|row| self.repeats.note(row));
        // The image lies on the disk: now the row that names it.
        let recorded = self.history.record(Judged {
            station: self.post.name.clone(),
            part_id: task.part_id,
            model: model.version.sha256.clone(),
            source: task.source,
            token: task.token,
            sender: task.sender,
            file: task.file,
            idempotency_key: task.idempotency_key,
            image: image.image.clone(),
            finding: examined.finding.clone(),
            repeats,
            since: task.since,
        });
        let recorded = self.runtime.block_on(recorded);
        if let (Err(_), Some(before)) = (&recorded, before) {
            // It comes again, and counts then.
            self.repeats.note(before);
        }
        let inspection = recorded.inspect_err(|error| self.storing.note(error))?;
        drop(image);
        self.recent.put(&inspection.id, examined);
        self.metrics.judged(&inspection);
        if let (Some(before), Some(row)) = (before, row) {
            self.repeats.tell(before, row);
            self.metrics.repeats(&self.post.name, row.images);
        }
        Ok(Judgement {
            inspection,
            is_new: true,
        })
    }

    /// Decodes and judges an image, and keeps it meanwhile; by what its pixels are known.
    fn examine(&self, model: &Model, task: &Task) -> Result<(Examined, HeldImage, Option<u64>)> {
        let bytes = &task.bytes;
        let sent = task.part_id.as_deref().unwrap_or(SENT);
        let name = task.file.as_ref().map_or(sent, |file| &file.name);
        let detector = &model.detector;
        let reading = detector.reading();
        let _decoded = self.models.decoding().admit(bytes);
        let picture = caught(|| reading.decode_bytes(bytes, Path::new(name)))?;
        std::thread::scope(|scope| {
            let kept = scope.spawn(|| {
                let pixels = self.repeats.pixels(&picture.image);
                Ok::<_, Error>((self.data.keep_image(bytes)?, pixels))
            });
            let examined = caught(|| detector.examine(&picture.image));
            let kept = kept
                .join()
                .unwrap_or_else(|panic| Err(Error::internal(words_of(&*panic))));
            let kept = kept.inspect_err(|error| self.storing.note(error));
            let examined = examined?;
            let (image, pixels) = kept?;
            Ok((examined, image, pixels))
        })
    }

    /// The inspection that an image has already: it was sent again, or its file lay there before.
    fn known(&self, task: &Task) -> Result<Option<Inspection>> {
        let (key, file) = (&task.idempotency_key, &task.file);
        if key.is_none() && file.is_none() {
            return Ok(None);
        }
        let sha256 = hex(&Sha256::digest(&task.bytes));
        if let Some(key) = key {
            let of_key = self.history.of_key(&self.post.name, key);
            let found = self.runtime.block_on(of_key)?;
            let is_another = |one: &Inspection| one.image != sha256 || one.part_id != task.part_id;
            if found.as_ref().is_some_and(is_another) {
                let reason = "another image or part was sent with this Idempotency-Key before";
                return Err(Error::new(Kind::Invalid, reason));
            }
            return Ok(found);
        }
        match file {
            Some(file) => {
                let of_file = self.history.of_file(&self.post.name, file, &sha256);
                self.runtime.block_on(of_file)
            }
            None => Ok(None),
        }
    }
}

/// Whatever an image does to the code that reads it, it costs this image alone.
fn caught<T>(work: impl FnOnce() -> oddspot::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Ok(done?),
        Err(panic) => Err(Error::internal(words_of(&*panic))),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a fault of this program: {}", text.unwrap_or_default())
}

/// Why images were not judged, as it is counted.
pub fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound => "not_found",
        Kind::Invalid | Kind::Mismatch => "invalid",
        Kind::TooLarge => "too_large",
        Kind::NoModel => "no_model",
        Kind::Paused => "paused",
        Kind::Full => "queue_full",
        Kind::Receiving => "receiving_full",
        Kind::TooFast => "too_fast",
        Kind::Away => "history_away",
        Kind::Ending => "ending",
        Kind::NoRoom => "no_room",
        Kind::System => "system",
        Kind::Internal => "fault",
    }
}
