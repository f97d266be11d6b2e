//! An image that was sent, on its way to be judged: let in at once, or refused at once.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use super::Shared;
use super::problem::Problem;
use crate::error::{Error, Kind, Result};
use crate::judging::{Judgement, Refused, Task, ended, name_of};
use crate::service::Station;

/// How long the body of a request may take.
const BODY: Duration = Duration::from_secs(30);

/// Refuses a request before its body is read, if that is sure already, and reads it then.
pub async fn body_for(
    shared: &Shared,
    station: &str,
    request: Request,
) -> Result<(Bytes, Instant), Problem> {
    let refused = |kind: Kind, reason: String| {
        shared.service.metrics.missed(name_of(kind));
        Problem::from(Error::new(kind, reason))
    };
    if !shared.rate.admits(Instant::now()) {
        let most = shared.service.limits.requests;
        let reason = format!("more than {most} images came in a second");
        return Err(refused(Kind::TooFast, reason));
    }
    let at = shared.service.station(station)?;
    if let Err(error) = at.post.ready() {
        return Err(refused(error.kind(), error.reason().to_owned()));
    }
    let room = shared.reading.try_acquire();
    let (true, Ok(_room)) = (at.queue.has_room(), room) else {
        return Err(full(shared, &at));
    };
    match in_time(Bytes::from_request(request, &())).await? {
        Ok(bytes) => Ok((bytes, Instant::now())),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let most = shared.service.limits.body;
            Err(refused(
                Kind::TooLarge,
                format!("it has more than {most} bytes"),
            ))
        }
        Err(rejection) => {
            let detail = rejection.body_text();
            Err(Problem::new(StatusCode::BAD_REQUEST, "broken", detail))
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
    if task.bytes.is_empty() {
        return Err(Problem::invalid("the body is empty: send the image's file"));
    }
    let told = match at.queue.enter(task) {
        Ok(told) => told,
        Err(Refused::Full) => return Err(full(shared, &at)),
        Err(Refused::Ended) => return Err(ended().into()),
    };
    shared.service.metrics.waiting(station, at.queue.waiting());
    Ok(told.await.unwrap_or_else(|_| Err(ended()))?)
}

fn full(shared: &Shared, station: &Station) -> Problem {
    shared.service.metrics.missed(name_of(Kind::Full));
    let reason = format!(
        "{} images wait for station {} already: this one was not judged",
        station.queue.waiting(),
        station.name
    );
    Error::new(Kind::Full, reason).into()
}
