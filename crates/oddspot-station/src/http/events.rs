//! Inspections and jobs as they come, as server-sent events: who was away for a while gets what came in between.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use utoipa::IntoParams;
use uuid::Uuid;

use super::Shared;
use super::listing::id_of;
use super::need::Need;
use super::parameters::Parameters;
use super::problem::Problem;
use super::who::Who;
use crate::error::Kind;
use crate::history::{Condition, Filter, History, Inspection, Job, Order};
use crate::words::Sentence;

/// Inspections that are read from the history at a time.
const AT_ONCE: u32 = 1_000;
/// Between two looks at whether whoever listens still may: who is signed out hears no more.
const LOOK: Duration = Duration::from_secs(5);
/// Between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// From where on events are told.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Since {
    /// The id of the last event that is known, as in Last-Event-ID.
    #[param(required = false)]
    last_event_id: String,
}

/// Inspections as they come, with their ids; and without one `job`, how a job is, and `health`, whether the history is
/// there.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(Since, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 422, body = Problem, content_type = "application/problem+json")),
)]
pub async fn events(
    State(shared): State<Shared>,
    Parameters(since): Parameters<Since>,
    headers: HeaderMap,
    who: Who,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let asked = header.unwrap_or(&since.last_event_id);
    let asked = (!asked.is_empty()).then(|| id_of(asked)).transpose()?;
    let history = Arc::clone(&shared.service.history);
    // From now on, so that nothing is missed between what is read and what is heard.
    let news = history.listen();
    let is_behind = asked.is_some();
    let last = match asked {
        Some(last) => last,
        None => match newest(&history).await {
            // All that comes is new, once it is back.
            Err(error) if error.kind() == Kind::Away => Uuid::now_v7().to_string(),
            newest => newest?,
        },
    };
    let mut condition = history.condition();
    // Whoever comes while it is away is told so first.
    condition.mark_changed();
    let telling = Telling {
        condition,
        trouble: None,
        news,
        jobs: shared.service.jobs.listen(),
        history,
        ending: shared.service.ending(),
        is_behind,
        last,
        looks: tokio::time::interval(LOOK),
        looked: Instant::now(),
        who,
        shared: shared.clone(),
        read: VecDeque::new(),
    };
    let stream = unfold(telling, |mut telling| async move {
        let event = telling.next().await?;
        Some((Ok(event), telling))
    });
    let heartbeat = Event::default().event("heartbeat").data("");
    let alive = KeepAlive::new().interval(HEARTBEAT).event(heartbeat);
    Ok(Sse::new(stream).keep_alive(alive))
}

/// The id of the newest inspection; nothing where there is none.
async fn newest(history: &History) -> crate::error::Result<String> {
    let found = history
        .find(&Filter::default(), Order::Newest, None, 1)
        .await?;
    Ok(found.into_iter().next().map_or(String::new(), |one| one.id))
}

/// What one listener is told.
struct Telling {
    history: Arc<History>,
    /// How the history is, and what was told of that last.
    condition: watch::Receiver<Condition>,
    trouble: Option<Sentence>,
    news: broadcast::Receiver<Arc<Inspection>>,
    jobs: broadcast::Receiver<Arc<Job>>,
    ending: watch::Receiver<bool>,
    /// When it is looked whether whoever listens still may.
    looks: tokio::time::Interval,
    /// When it was looked last.
    looked: Instant,
    who: Who,
    shared: Shared,
    /// The last that was told.
    last: String,
    /// Whether there may be more in the history than was heard.
    is_behind: bool,
    read: VecDeque<Inspection>,
}

impl Telling {
    /// The next event; None at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            // Also while much is read that was missed.
            if self.looked.elapsed() >= LOOK {
                self.is_still_allowed().await.then_some(())?;
                self.looked = Instant::now();
            }
            if *self.ending.borrow() {
                return None;
            }
            if let Some(inspection) = self.read.pop_front() {
                return Some(self.tell(&inspection));
            }
            if self.is_behind {
                self.catch_up().await?;
                continue;
            }
            let heard = tokio::select! {
                heard = self.news.recv() => Some(heard),
                job = self.jobs.recv() => match job {
                    Ok(job) if self.who.may(Need::READ_SET_UP) => return Some(of_job(&job)),
                    Ok(_) => continue,
                    // What it missed the next one tells too.
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                },
                _ = self.looks.tick() => None,
                Ok(()) = self.condition.changed() => {
                    let trouble = self.condition.borrow_and_update().trouble.clone();
                    if trouble == self.trouble {
                        continue;
                    }
                    self.trouble.clone_from(&trouble);
                    let trouble = trouble.map(|trouble| trouble.to_string());
                    let now = json!({ "history": trouble });
                    return Some(Event::default().event("health").data(now.to_string()));
                },
                _ = self.ending.wait_for(|ends| *ends) => return None,
            };
            // It is only time to look.
            let Some(heard) = heard else { continue };
            match heard {
                Ok(inspection) if inspection.id > self.last => return Some(self.tell(&inspection)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.is_behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn is_still_allowed(&self) -> bool {
        let still = self.who.is_still(&self.shared, Need::READ).await;
        // What cannot be read now may be in a moment.
        still.unwrap_or(true)
    }

    fn tell(&mut self, inspection: &Inspection) -> Event {
        self.last.clone_from(&inspection.id);
        let event = Event::default().event("inspection").id(&inspection.id);
        match serde_json::to_string(inspection) {
            Ok(text) => event.data(text),
            Err(_) => event,
        }
    }

    /// Reads what came after the last that was told; None if that cannot be.
    async fn catch_up(&mut self) -> Option<()> {
        let all = Filter::default();
        let found = self
            .history
            .find(&all, Order::Oldest, Some(&self.last), AT_ONCE);
        match found.await {
            Ok(found) => {
                self.is_behind = found.len() == AT_ONCE as usize;
                self.read = found.into();
                Some(())
            }
            Err(error) if error.kind() == Kind::Away => tokio::select! {
                () = self.history.until_there() => Some(()),
                _ = self.ending.wait_for(|ends| *ends) => None,
            },
            Err(error) => {
                tracing::error!("events cannot be told: {error}");
                None
            }
        }
    }
}

/// How a job is; without an id, for only inspections are caught up with.
fn of_job(job: &Job) -> Event {
    let brief = json!({
        "id": job.id,
        "station": job.station,
        "kind": job.kind,
        "state": job.state,
        "progress": job.progress,
        "stage": job.stage,
        "outcome": job.outcome,
        "loss": job.losses.last().map(|(_, loss)| loss),
    });
    Event::default().event("job").data(brief.to_string())
}
