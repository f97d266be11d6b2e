//! The page of what a station's models are made of: good images, regions, jobs, and what was found among the images.

use std::borrow::Borrow;

use askama::Template;

use super::around::AroundPart;
use super::losses::losses;
use super::{Card, Navigation, keys, told};
use crate::history::{GoodImage, Job, JobKind, JobState, Version};
use crate::jobs::{FoundAmong, Outcome};
use crate::words::{Marked, Words};

/// The page.
#[derive(Template)]
#[template(path = "setup.html")]
pub struct SetupPage {
    /// The words of the page.
    pub t: Words,
    /// Where one is.
    pub nav: Navigation,
    /// The station.
    pub station: String,
    /// The good images.
    pub good: GoodPart,
    /// Parts that may be taken for good.
    pub judged: Vec<Card>,
    /// What of it is drawn on, and the regions that are drawn.
    pub drawn_on: Vec<GoodCard>,
    /// The regions, as JSON.
    pub regions: String,
    /// The key of what is to be said of the regions and the active model.
    pub told_of_regions: Option<&'static str>,
    /// The jobs.
    pub jobs: JobsPart,
    /// What was found.
    pub found: FoundPart,
    /// Where images come from and results go.
    pub around: AroundPart,
}

/// The good images, some of them.
#[derive(Template)]
#[template(path = "good.html")]
pub struct GoodPart {
    /// The words of the page.
    pub t: Words,
    /// The station.
    pub station: String,
    /// How many there are.
    pub total: usize,
    /// Of these are left out.
    pub left_out: usize,
    /// Those that are shown.
    pub cards: Vec<GoodCard>,
    /// The page of those before, and of those after, counted from 0.
    pub before: Option<usize>,
    /// The same of those after.
    pub after: Option<usize>,
    /// Which are shown: the first and the last, counted from 1.
    pub shown: [usize; 2],
}

/// A good image as pages show it.
#[derive(Clone)]
pub struct GoodCard {
    /// SHA-256 of its file.
    pub image: String,
    /// Its name.
    pub name: String,
    /// Where it comes from and when, in words.
    pub note: String,
    /// Columns and rows.
    pub size: [u32; 2],
    /// Whether it is left out.
    pub left_out: bool,
    /// What is to be said of it.
    pub why: Option<String>,
    /// Its address.
    pub address: String,
}

/// The jobs of a station.
#[derive(Template)]
#[template(path = "jobs.html")]
pub struct JobsPart {
    /// The words of the page.
    pub t: Words,
    /// The station.
    pub station: String,
    /// The jobs, the newest first.
    pub jobs: Vec<JobCard>,
    /// Whether there are good images enough.
    pub is_ready: bool,
    /// Whether a model judges.
    pub has_model: bool,
    /// Kinds of which one waits or is at work.
    pub open: Vec<JobKind>,
}

impl JobsPart {
    /// Whether a job of a kind cannot be asked for now.
    fn is_off(&self, kind: impl Borrow<JobKind>) -> bool {
        let kind = kind.borrow();
        let is_possible = match kind {
            JobKind::Audit | JobKind::Instant | JobKind::Default => self.is_ready,
            JobKind::Extend | JobKind::Calibrate | JobKind::Labels => self.has_model,
            JobKind::Compare | JobKind::Verify => true,
        };
        !is_possible || self.open.contains(kind)
    }
}

/// A job as pages show it.
pub struct JobCard {
    /// Its number.
    pub id: i64,
    /// What it does.
    pub kind: JobKind,
    /// The key of what it is called.
    pub title: &'static str,
    /// How it is, as styles have it.
    pub state: &'static str,
    /// The key of the same for people.
    pub said: &'static str,
    /// How far it is, in percent.
    pub percent: u8,
    /// What it does now.
    pub stage: Option<String>,
    /// When it was asked for.
    pub at: String,
    /// What came of it, in sentences.
    pub outcome: Vec<Marked>,
    /// Its losses, drawn.
    pub losses: Option<String>,
    /// Whether it can be broken off.
    pub is_open: bool,
    /// What starts it again, if it was broken off and is the last of its kind.
    pub again: Option<String>,
    /// What does it though something speaks against it, if it was refused and is the last of its kind.
    pub insist: Option<String>,
}

/// What was found among the good images.
#[derive(Template)]
#[template(path = "found.html")]
pub struct FoundPart {
    /// The words of the page.
    pub t: Words,
    /// The station.
    pub station: String,
    /// When it was looked for, if it was.
    pub at: Option<String>,
    /// How many images were looked through.
    pub images: usize,
    /// Suspicious ones.
    pub suspicious: Vec<GoodCard>,
    /// Groups of the same, each with the key of what they share.
    pub twins: Vec<(&'static str, Vec<GoodCard>)>,
    /// Those that are labelled bad, and that nothing was learned from.
    pub labelled_bad: Vec<GoodCard>,
}

impl GoodCard {
    /// Of a good image.
    pub fn of(t: &Words, station: &str, one: &GoodImage) -> Self {
        let added = t.day_and_time(&one.added);
        Self {
            name: one.file.clone(),
            note: format!(
                "{}×{} · {} · {added}",
                one.width,
                one.height,
                t.say(keys::good_source(one.source))
            ),
            size: [one.width, one.height],
            left_out: one.left_out,
            why: None,
            address: format!("/api/v1/stations/{station}/good/{}", one.image),
            image: one.image.clone(),
        }
    }
}

impl JobCard {
    /// Of a job; `is_last` of the last of its kind; with the models of its station.
    pub fn of(t: &Words, job: &Job, is_last: bool, versions: &[Version]) -> Self {
        let asked = |force: bool| {
            // Labelled parts are judged by whichever model is active then.
            let models = match job.kind {
                JobKind::Compare | JobKind::Verify => job.models.as_slice(),
                _ => &[],
            };
            let asked = serde_json::json!({
                "station": job.station, "kind": job.kind, "settings": job.settings, "models": models, "force": force,
            });
            asked.to_string()
        };
        let came_to = came_to(job);
        let is_refused = matches!(came_to, Some(Outcome::Refused { .. }));
        Self {
            id: job.id,
            kind: job.kind,
            title: keys::job(job.kind),
            state: job.state.word(),
            said: keys::job_state(job.state),
            percent: (job.progress * 100.0).clamp(0.0, 100.0) as u8,
            stage: (job.doing.as_ref()).map(|stage| told::stage(t, stage)),
            at: t.day_and_time(&job.asked),
            outcome: outcome(t, job, versions),
            // Older ones only make the page long.
            losses: losses(t, &job.losses).filter(|_| is_last || job.state.is_open()),
            is_open: job.state.is_open(),
            again: (is_last && (job.is_broken_off() || job.state == JobState::Failed))
                .then(|| asked(job.force)),
            insist: (is_last && is_refused).then(|| asked(true)),
        }
    }
}

/// What came of a job, by what there is of it: the models that it made, what it found, why it failed.
fn outcome(t: &Words, job: &Job, versions: &[Version]) -> Vec<Marked> {
    let made = versions.iter().filter(|one| one.job == Some(job.id));
    let mut all: Vec<Marked> = made.map(|one| model_made(t, one)).collect();
    let found = job.audit.clone();
    let found: Option<FoundAmong> = found.and_then(|found| serde_json::from_value(found).ok());
    if let Some(found) = found {
        let said = (t.say("outcome-looked"))
            .with("images", found.images)
            .with("suspicious", found.suspicious.len())
            .with("groups", found.twins.len());
        all.push(said.marked());
    }
    let came_to = came_to(job);
    let said: Vec<Marked> = (came_to.iter())
        .flat_map(|one| told::outcome(t, one))
        .collect();
    let is_of_failure = matches!(
        came_to,
        Some(Outcome::Refused { .. } | Outcome::Failed { .. })
    );
    let is_told = is_of_failure && !said.is_empty();
    all.extend(said);
    let end = match job.state {
        JobState::Failed if is_told => None,
        JobState::Failed => {
            let why = job.outcome.as_deref().unwrap_or_default();
            let why = Marked::english(t, why);
            Some(t.say("outcome-failed").with("detail", why))
        }
        JobState::Cancelled => Some(t.say("outcome-cancelled")),
        JobState::Interrupted => Some(t.say("outcome-interrupted")),
        JobState::Waiting | JobState::Running | JobState::Done => None,
    };
    all.extend(end.map(|end| end.marked()));
    all
}

/// What came of a job by its kind, if anything did.
fn came_to(job: &Job) -> Option<Outcome> {
    let result = job.result.clone()?;
    serde_json::from_value(result).ok()
}

fn model_made(t: &Words, one: &Version) -> Marked {
    let model = format!("{:.12}", one.sha256);
    let said = match &one.activated {
        Some(at) => (t.say("outcome-judges"))
            .with("model", model)
            .with("at", t.day_and_time(at)),
        None => t.say("outcome-made").with("model", model),
    };
    said.marked()
}

impl FoundPart {
    /// Of what a job found, as far as the images are still there.
    pub fn of(
        t: &Words,
        station: &str,
        job: Option<&Job>,
        found: &FoundAmong,
        good: &[GoodImage],
    ) -> Self {
        let card = |image: &String| {
            let one = good.iter().find(|one| one.image == *image);
            one.map(|one| GoodCard::of(t, station, one))
        };
        let suspicious = found.suspicious.iter().filter_map(|one| {
            let card = card(&one.image)?;
            Some(GoodCard {
                why: Some(told::suspicious(t, one)),
                ..card
            })
        });
        let twins = found.twins.iter().filter_map(|group| {
            let cards: Vec<GoodCard> = group.images.iter().filter_map(card).collect();
            let what = match group.is_exact {
                true => "same-pixels",
                false => "same-part",
            };
            (cards.len() > 1).then_some((what, cards))
        });
        Self {
            t: t.clone(),
            station: station.to_owned(),
            at: job.map(|job| t.day_and_time(job.ended.as_deref().unwrap_or(&job.asked))),
            images: found.images,
            suspicious: suspicious.collect(),
            twins: twins.collect(),
            labelled_bad: found.labelled_bad.iter().filter_map(card).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::words::Languages;

    fn failed(why: &str) -> Job {
        Job {
            id: 1,
            station: "top".to_owned(),
            kind: JobKind::Audit,
            settings: BTreeMap::new(),
            force: false,
            models: Vec::new(),
            state: JobState::Failed,
            progress: 0.0,
            stage: String::new(),
            doing: None,
            asked: String::new(),
            began: None,
            ended: None,
            outcome: Some("as it was said then".to_owned()),
            losses: Vec::new(),
            audit: None,
            result: Some(json!({ "kind": "failed", "why": { "key": why, "gaps": [] } })),
        }
    }

    #[test]
    fn why_a_job_failed_is_said_even_if_there_are_no_words_for_it_any_more() {
        let languages = Languages::of_the_program().unwrap();
        let german = languages.words(&[Some("de")], "", "/".to_owned());
        let said =
            |why: &str| Marked::joined(&outcome(&german, &failed(why), &[]), " ").to_string();
        let known = said("refused-empty-file");
        assert!(
            known.contains("Datei") && !known.contains("as it"),
            "{known}"
        );
        let gone = said("refused-for-what-is-no-more");
        let english = "<span lang=\"en\">as it was said then</span>";
        assert!(gone.contains(english), "{gone}");
        assert!(!gone.contains("no-more"), "{gone}");
        // Programs are not told of keys.
        let job = serde_json::to_value(failed("refused-empty-file")).unwrap();
        assert!(job["result"].is_null(), "{job}");
        assert_eq!(job["outcome"], "as it was said then");
    }
}
