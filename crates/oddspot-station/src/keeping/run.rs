//! One look at what may go: the rows say so first, then files go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oddspot::Model;

use super::rules::stays;
use super::{Keeping, KeptNow, words};
use crate::configuration::KeepConfiguration;
use crate::error::{Error, Result};
use crate::history::{Marked, StationRow, WithImage, first_id_at};

/// Good parts that are read at a time.
const READ: u32 = 500;
/// Images that are marked at a time: each step takes some milliseconds of who writes.
const STEP: usize = 50;
/// Between two steps: judging goes first.
const PAUSE: Duration = Duration::from_millis(20);
/// The newest good parts, which stay whatever is configured: they are on the page of the line.
const NEWEST: u32 = 24;

impl Keeping {
    /// Removes what may go at a moment, and with `sweeps` also what ends and kills left behind.
    ///
    /// # Errors
    /// A history that cannot be read or written, a file that cannot be removed: what was begun is whole.
    pub(super) async fn run(&self, now: Timestamp, sweeps: bool) -> Result<()> {
        self.note_models(now).await?;
        let stations = self.history.stations().await?;
        for station in stations.iter().map(|row| &*row.name) {
            self.thin(station, now).await?;
        }
        let bytes = self.history.kept_bytes().await?;
        for row in &stations {
            let station = &*row.name;
            let bytes = bytes.get(station).copied().unwrap_or(0);
            let bytes = self.bound(station, bytes, now).await?;
            if !row.is_removed {
                self.note_kept(station, bytes);
            }
            self.remove_rows(station, now).await?;
        }
        self.forget_gone(&stations).await?;
        if sweeps {
            self.sweep(now).await?;
        }
        Ok(())
    }

    /// Tells nothing of stations that are taken away, nor of those that got another name while it looked.
    async fn forget_gone(&self, looked_at: &[StationRow]) -> Result<()> {
        let rows = self.history.stations().await?;
        let there = rows.iter().filter(|row| !row.is_removed);
        let there: BTreeSet<&str> = there.map(|row| &*row.name).collect();
        let looked_at = looked_at.iter().map(|row| row.name.clone());
        let known: Vec<String> = looked_at
            .chain(self.lock().stations.keys().cloned())
            .collect();
        for station in known.iter().filter(|one| !there.contains(&***one)) {
            self.forget(station);
            self.metrics.forget(station);
        }
        Ok(())
    }

    /// Notes of each model that is new which images it learned from.
    async fn note_models(&self, now: Timestamp) -> Result<()> {
        for (station, model) in self.history.unnoted_models().await? {
            let path = self.data.model(&model);
            let learned = tokio::task::spawn_blocking(move || {
                let header = Model::load(&path)?.header;
                let calibration = header.calibration.iter();
                let calibrated =
                    calibration.flat_map(|by| by.good_images.iter().chain(&by.bad_images));
                let learned = header.learned_images().chain(calibrated);
                Ok::<_, Error>(
                    learned
                        .map(|image| image.sha256.clone())
                        .collect::<Vec<_>>(),
                )
            });
            let learned = learned
                .await
                .map_err(|error| Error::internal(error.to_string()))?;
            match learned {
                Ok(images) => {
                    let version = (&*station, &*model);
                    self.history.note_learned(version, &images, now).await?;
                }
                // Its page says so. Good images of the station stay in any case.
                Err(error) => tracing::warn!(
                    "station {station}: it cannot be read which images a model learned from: {error}"
                ),
            }
        }
        Ok(())
    }

    /// Removes what is too old, and thins what is not among the newest good ones.
    async fn thin(&self, station: &str, now: Timestamp) -> Result<()> {
        let keep = self.rules.at(station);
        let all = u64::MAX;
        if let Some(moment) = keep.days.and_then(|days| days_before(now, days)) {
            let before = self.at_most(station, first_id_at(moment)).await?;
            self.remove(station, (&before, all), now, |_| true).await?;
        }
        let KeepConfiguration {
            good: Some(newest), ..
        } = keep
        else {
            return Ok(());
        };
        let newest = newest.max(NEWEST);
        if let Some(before) = self.history.good_after(station, newest).await? {
            let goes = |part: &WithImage| !stays(&part.image, keep.one_of());
            self.remove(station, (&before, all), now, goes).await?;
        }
        Ok(())
    }

    /// An id, but none of the newest parts.
    async fn at_most(&self, station: &str, id: String) -> Result<String> {
        let newest = self.history.good_after(station, NEWEST).await?;
        Ok(newest.unwrap_or_default().min(id))
    }

    /// Removes the oldest good ones until a station is within its bound; tells how many bytes it keeps.
    async fn bound(&self, station: &str, bytes: u64, now: Timestamp) -> Result<u64> {
        let bound = self.rules.at(station).bytes();
        if let Some(beyond) = bound.and_then(|bound| bytes.checked_sub(bound))
            && beyond > 0
            && let Some(before) = self.history.good_after(station, NEWEST).await?
        {
            let removed = self.remove(station, (&before, beyond), now, |_| true);
            return Ok(bytes.saturating_sub(removed.await?));
        }
        Ok(bytes)
    }

    /// Notes how much a station keeps, and whether that is within its bound.
    pub(super) fn note_kept(&self, station: &str, bytes: u64) {
        let bound = self.rules.at(station).bytes();
        let bound = bound.filter(|bound| bytes > *bound);
        let trouble = bound.map(|bound| words::beyond(station, bytes, bound));
        self.metrics.kept(station, bytes, trouble.is_some());
        let kept = KeptNow { bytes, trouble };
        let mut all = self.lock();
        let before = all.stations.insert(station.to_owned(), kept.clone());
        let was_told = before.is_some_and(|before| before.trouble.is_some());
        if let (Some(trouble), false) = (&kept.trouble, was_told) {
            tracing::warn!("{trouble}");
        }
    }

    /// Removes the images of a station's good parts before one of them that `goes` says of, the oldest first, until so
    /// many bytes are gone. Tells how many are.
    async fn remove(
        &self,
        station: &str,
        (before, bytes): (&str, u64),
        now: Timestamp,
        goes: impl Fn(&WithImage) -> bool,
    ) -> Result<u64> {
        let (mut after, mut gone) = (String::new(), 0);
        loop {
            let parts = self.history.good_between(station, [&after, before], READ);
            let parts = parts.await?;
            let Some(last) = parts.last() else {
                return Ok(gone);
            };
            after.clone_from(&last.id);
            let images = parts.into_iter().filter(|part| goes(part));
            let images: Vec<String> = images.map(|part| part.image).collect();
            for images in images.chunks(STEP) {
                if gone >= bytes {
                    return Ok(gone);
                }
                let most = (before, bytes - gone);
                let marked = self
                    .history
                    .mark_removed(station, images, most, now)
                    .await?;
                gone += marked.bytes;
                self.metrics.removed(station, marked.images.len());
                self.remove_files(marked).await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Removes the files of images that are marked, unless somebody else needs them, and what was drawn of them.
    async fn remove_files(&self, marked: Marked) -> Result<()> {
        let data = Arc::clone(&self.data);
        self.remove_unneeded(&marked.images).await?;
        let removed = tokio::task::spawn_blocking(move || {
            for id in &marked.inspections {
                data.remove_pictures(id);
            }
        });
        removed
            .await
            .map_err(|error| Error::internal(error.to_string()))
    }

    /// Removes the files of those images that no row needs, and that nobody is about to name; tells how many.
    pub(super) async fn remove_unneeded(&self, images: &[String]) -> Result<usize> {
        let removal = (self.data.claims).remove(images.iter().map(String::as_str));
        let needed = self.history.needed_images(removal.images()).await?;
        let data = Arc::clone(&self.data);
        // Whoever keeps one of them waits until it is done.
        let removed = tokio::task::spawn_blocking(move || {
            let unneeded = removal.images().iter().filter(|one| !needed.contains(*one));
            unneeded
                .map(|one| data.remove_image(one))
                .collect::<Result<Vec<()>>>()
        });
        let removed = removed
            .await
            .map_err(|error| Error::internal(error.to_string()))?;
        Ok(removed?.len())
    }

    /// Removes rows that are old enough, of which nothing is left that somebody may look for.
    async fn remove_rows(&self, station: &str, now: Timestamp) -> Result<()> {
        let days = self.rules.at(station).rows_days;
        let Some(moment) = days.and_then(|days| days_before(now, days)) else {
            return Ok(());
        };
        self.history.forget_unreadable(station, moment).await?;
        let (mut after, before) = (String::new(), first_id_at(moment));
        loop {
            let ids = self.history.bare_rows(station, [&after, &before], READ);
            let ids = ids.await?;
            let Some(last) = ids.last() else {
                return Ok(());
            };
            after.clone_from(last);
            for ids in ids.chunks(STEP) {
                self.history.remove_rows(ids).await?;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// So many days before a moment; None before all times.
fn days_before(now: Timestamp, days: u32) -> Option<Timestamp> {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)))
        .ok()
}
