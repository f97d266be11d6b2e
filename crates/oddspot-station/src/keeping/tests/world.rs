//! A station that keeps by rules, and what it judged.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use oddspot::verdict::Verdict;

use super::super::Keeping;
use crate::configuration::{Configuration, KeepConfiguration};
use crate::data::{Data, KeptImage};
use crate::history::tests::{judged, opened};
use crate::history::{
    Filter, GoodSource, History, Inspection, Judged, Label, NewGood, Order, Place, Truth,
};

/// Bytes of each image.
pub const BYTES: usize = 1_000;

/// A station that keeps by rules.
pub struct World {
    _folder: tempfile::TempDir,
    pub history: Arc<History>,
    pub data: Arc<Data>,
    pub keeping: Arc<Keeping>,
}

/// The bytes of an image of a content.
fn padded(content: &str) -> Vec<u8> {
    let mut bytes = content.as_bytes().to_vec();
    bytes.resize(BYTES, b' ');
    bytes
}

impl World {
    pub async fn new(place: &Place, keep: KeepConfiguration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let history = Arc::new(opened(place).await);
        history.add_station("side", false, None).await.unwrap();
        let data = Arc::new(Data::open(folder.path()).unwrap());
        let keeping = keeping(&history, &data, keep);
        Self {
            _folder: folder,
            history,
            data,
            keeping,
        }
    }

    /// Judges an image of a content.
    pub async fn judge(&self, station: &str, content: &str, verdict: Verdict) -> Inspection {
        let held = self.data.keep_image(&padded(content)).unwrap();
        let mut new = Judged {
            station: station.to_owned(),
            image: held.image.clone(),
            ..judged(1.0)
        };
        new.finding.verdict = verdict;
        self.history.record(new).await.unwrap().as_ref().clone()
    }

    /// Judges an image of a content with the very same pixels as those before it.
    pub async fn judge_repeated(&self, content: &str) -> Inspection {
        let held = self.data.keep_image(&padded(content)).unwrap();
        let mut new = Judged {
            image: held.image.clone(),
            repeats: Some(3),
            ..judged(1.0)
        };
        new.finding.verdict = Verdict::Untrusted;
        self.history.record(new).await.unwrap().as_ref().clone()
    }

    /// Judges so many good ones, each another image.
    pub async fn judge_good(&self, count: usize) -> Vec<Inspection> {
        let mut all = Vec::new();
        for at in 0..count {
            let content = format!("good {at} {}", all.len());
            all.push(self.judge("top", &content, Verdict::Good).await);
        }
        all
    }

    pub async fn run(&self, days_later: i64) {
        let now = Timestamp::now() + SignedDuration::from_hours(24 * days_later);
        self.keeping.run(now, true).await.unwrap();
        self.check().await;
    }

    /// No row names a file that is missing without saying so, and no file is there that no row needs.
    pub async fn check(&self) {
        let all = self.all().await;
        for one in &all {
            let is_there = self.file(&one.kept).is_file();
            assert!(one.image_removed.is_some() || is_there, "{one:?}");
        }
        let needed = |file: &str| {
            let rows = all.iter().filter(|one| one.image_removed.is_none());
            rows.clone().any(|one| file.starts_with(&one.image))
        };
        for file in self.files() {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let is_good = fs::read(&file).unwrap().starts_with(b"learned");
            assert!(is_good || needed(&name), "{name}");
        }
    }

    pub async fn all(&self) -> Vec<Inspection> {
        let all = Filter::default();
        let found = self.history.find(&all, Order::Oldest, None, 10_000).await;
        found.unwrap()
    }

    pub async fn is_removed(&self, one: &Inspection) -> bool {
        let found = self.history.inspection(&one.id).await.unwrap().unwrap();
        found.image_removed.is_some()
    }

    pub async fn removed(&self, of: &[Inspection]) -> Vec<usize> {
        let mut removed = Vec::new();
        for (at, one) in of.iter().enumerate() {
            if self.is_removed(one).await {
                removed.push(at);
            }
        }
        removed
    }

    pub fn file(&self, image: &KeptImage) -> PathBuf {
        self.data.image(image)
    }

    pub fn files(&self) -> Vec<PathBuf> {
        let folders = self.data.image_folders();
        let files = folders.iter().flat_map(Data::image_files);
        files.map(|file| file.path).collect()
    }

    pub async fn label(&self, one: &Inspection, truth: Truth) {
        let label = Label {
            truth,
            defect: None,
            note: None,
            who: None,
        };
        self.history
            .label(&one.id, Some(&label), None)
            .await
            .unwrap();
    }

    pub async fn make_good(&self, station: &str, kept: &KeptImage) {
        let good = NewGood {
            kept: kept.clone(),
            file: "a.png".to_owned(),
            size: [1, 1],
            source: GoodSource::History,
        };
        self.history.add_good(station, &good, None).await.unwrap();
    }
}

pub fn keeping(history: &Arc<History>, data: &Arc<Data>, keep: KeepConfiguration) -> Arc<Keeping> {
    let configuration = Configuration {
        keep: Some(keep),
        ..Configuration::default()
    };
    let both = (Arc::clone(history), Arc::clone(data));
    Arc::new(Keeping::new(&configuration, both, Arc::default()))
}
