//! An image that was sent, on its way to be judged: let in at once, or refused at once.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use super::Shared;
use super::problem::Problem;
use crate::error::{Error, Kind, Result};
use crate::judging::{Judgement, Refused, Task, ended, name_of};
use crate::outputs::NotJudged;
use crate::service::Station;
use crate::words::Sentence;

/// How long the body of a request may take.
const BODY: Duration = Duration::from_secs(30);

/// Refuses a request before its body is read, if that is sure already, and reads it then.
pub async fn body_for(
    shared: &Shared,
    station: &str,
    request: Request,
) -> Result<(Bytes, Instant), Problem> {
    let refused = |error: Error| {
        missed(shared, station, &error, None);
        Problem::from(error)
    };
    if !shared.rate.admits(Instant::now()) {
        let most = shared.service.limits.requests;
        let reason = format!("more than {most} images came in a second");
        return Err(refused(Error::new(Kind::TooFast, reason)));
    }
    let at = shared.service.station(station)?;
    let is_ready = at.post.ready().map(drop);
    if let Err(error) = is_ready.and_then(|()| shared.service.history.check_there()) {
        let refusal = Error::new(error.kind(), error.reason().to_owned());
        return Err(refused(refusal));
    }
    if !at.queue.has_room() {
        return Err(full(shared, &at, None));
    }
    let Some(_place) = at.queue.receive() else {
        let sentence = Sentence::new("refused-receiving").with("station", station);
        return Err(refused(Error::of(Kind::Receiving, sentence)));
    };
    let read = in_time(Bytes::from_request(request, &())).await;
    let read = read.inspect_err(|problem| {
        note(shared, station, "slow", problem.detail().to_owned(), None);
    })?;
    match read {
        Ok(bytes) => Ok((bytes, Instant::now())),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let most = shared.service.limits.body;
            let reason = format!("it has more than {most} bytes");
            Err(refused(Error::new(Kind::TooLarge, reason)))
        }
        Err(rejection) => {
            tracing::debug!("{station}: {}", rejection.body_text());
            let problem = Problem::broken();
            note(shared, station, "broken", problem.detail().to_owned(), None);
            Err(problem)
        }
    }
}

/// A body that comes in time.
///
/// # Errors
/// One that does not.
pub async fn in_time<T>(body: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(BODY, body).await.map_err(|_| {
        let detail = format!("the body did not come within {} seconds", BODY.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", detail)
    })
}

/// Lets an image be judged, and waits for what comes of it.
pub async fn judge(shared: &Shared, station: &str, task: Task) -> Result<Judgement, Problem> {
    let at = shared.service.station(station)?;
    let part_id = task.part_id.clone();
    if task.bytes.is_empty() {
        let error = Error::of(Kind::Invalid, Sentence::new("refused-empty-body"));
        missed(shared, station, &error, part_id);
        return Err(error.into());
    }
    let told = match at.queue.enter(task) {
        Ok(told) => told,
        Err(Refused::Full) => return Err(full(shared, &at, part_id)),
        Err(Refused::Ended) => return Err(too_late(shared, station, part_id)),
    };
    shared.service.metrics.waiting(station, at.queue.waiting());
    match told.await {
        Ok(judged) => Ok(judged?),
        Err(_) => Err(too_late(shared, station, part_id)),
    }
}

/// Tells of an image that came and cannot be used as it was sent, and gives the problem back.
pub fn unusable(shared: &Shared, station: &str, problem: Problem) -> Problem {
    // Nobody hears of images for a station that there is none of.
    if shared.service.station(station).is_ok() {
        let reason = name_of(Kind::Invalid);
        let detail = problem.detail().to_owned();
        note_meaning(shared, station, reason, detail, problem.sentence(), None);
    }
    problem
}

/// Counts an image that is refused, and tells of it.
fn missed(shared: &Shared, station: &str, error: &Error, part_id: Option<String>) {
    let reason = name_of(error.kind());
    let detail = error.to_string();
    note_meaning(shared, station, reason, detail, error.sentence(), part_id);
}

fn note(
    shared: &Shared,
    station: &str,
    reason: &'static str,
    detail: String,
    part_id: Option<String>,
) {
    note_meaning(shared, station, reason, detail, None, part_id);
}

/// The same, which people are told by a sentence where there is one.
fn note_meaning(
    shared: &Shared,
    station: &str,
    reason: &'static str,
    detail: String,
    sentence: Option<&Sentence>,
    part_id: Option<String>,
) {
    // That the history is away is told once, and elsewhere.
    if reason != name_of(Kind::Away) {
        shared.refusals.tell(station, reason, &detail);
    }
    // Who names a station that there is none of is told so, and nobody else.
    if shared.service.station(station).is_err() {
        return;
    }
    let image = NotJudged {
        reason,
        detail,
        sentence: sentence.cloned(),
        part_id,
        file: None,
    };
    shared.service.misses.missed(station, image);
}

fn too_late(shared: &Shared, station: &str, part_id: Option<String>) -> Problem {
    let error = ended();
    missed(shared, station, &error, part_id);
    error.into()
}

fn full(shared: &Shared, station: &Station, part_id: Option<String>) -> Problem {
    let reason = format!(
        "{} images wait for station {} already: this one was not judged",
        station.queue.waiting(),
        station.name
    );
    let error = Error::new(Kind::Full, reason);
    missed(shared, &station.name, &error, part_id);
    error.into()
}
