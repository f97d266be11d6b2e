//! The pages, by what the service knows.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use jiff::ZonedDateTime;
use oddspot::verdict::Verdict;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Shared;
use super::listing::Listing;
use super::over_time::rates;
use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::who::Who;
use crate::error::{Error, Result};
use crate::history::{Filter, Inspection, Order, Role};
use crate::pages::{
    Asked, AwayPage, Card, Count, HistoryPage, LinePage, MissedRows, Navigation, NewPage, Now,
    OutputRow, Place, Reader, chart, natural, render, role_key, verdict_key,
};
use crate::service::Station;
use crate::words::{Marked, Words};

/// Parts of the stream.
const STREAM: u32 = 24;
/// Parts of a chart.
const OF_CHART: u32 = 500;
/// Cards of the history.
const CARDS: u32 = 24;
/// Labels, and the keys of their words.
const LABELS: [(&str, &str); 3] = [
    ("good", "label-good"),
    ("bad", "label-bad"),
    ("none", "label-none"),
];

/// In the place of a page that cannot be made while the history is away: one that says so to people.
pub async fn unless_away(
    State(shared): State<Shared>,
    t: Words,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let accepts = request.headers().get(header::ACCEPT);
    let accepts = accepts.and_then(|accepts| accepts.to_str().ok());
    // What scripts of a page ask for is answered as to programs.
    let is_page = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    let answer = next.run(request).await;
    let trouble = shared.service.history.away();
    let (true, StatusCode::SERVICE_UNAVAILABLE, Some(trouble)) =
        (is_page, answer.status(), trouble)
    else {
        return Ok(answer);
    };
    // Nobody knows who asks as long as it is away.
    let nav = Navigation::of_nobody(Place::Line);
    let trouble = trouble.marked(&t);
    let page = Html(render(&AwayPage { t, nav, trouble })?);
    Ok((answer.status(), [(header::RETRY_AFTER, "5")], page).into_response())
}

/// The page where a station is made.
pub async fn new(
    State(shared): State<Shared>,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let nav = navigation(&shared, &who, None, Place::New);
    Ok(Html(render(&NewPage { t, nav })?))
}

/// A station's page.
pub async fn line(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    headers: HeaderMap,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let at = shared.service.station(&station)?;
    let now = now_at(&shared, &t, &at, &who, &headers).await?;
    let nav = navigation(&shared, &who, Some(station), Place::Line);
    Ok(Html(render(&LinePage { t, nav, now })?))
}

/// What of it is brought anew.
pub async fn now(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    headers: HeaderMap,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let at = shared.service.station(&station)?;
    let now = now_at(&shared, &t, &at, &who, &headers).await?;
    Ok(Html(render(&now)?))
}

async fn now_at(
    shared: &Shared,
    t: &Words,
    station: &Station,
    who: &Who,
    headers: &HeaderMap,
) -> Result<Now> {
    let history = &shared.service.history;
    let of_station = Filter {
        station: Some(station.name.clone()),
        ..Filter::default()
    };
    let last = history
        .find(&of_station, Order::Newest, None, STREAM)
        .await?;
    let midnight = ZonedDateTime::now().start_of_day();
    let midnight = midnight.map_err(|error| Error::internal(error.to_string()))?;
    let counts = history.counts(&station.name, midnight.timestamp()).await?;
    let stream: Vec<Card> = last.iter().map(|one| Card::of(t, one)).collect();
    let count = |(verdict, images): (Verdict, u64)| Count {
        word: verdict.word(),
        said: verdict_key(verdict),
        images,
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    // Most stations of a demonstration or a trial have none.
    let backlog = match station.outputs.is_empty() {
        true => Vec::new(),
        false => history.backlog().await?,
    };
    let outputs = station.outputs.iter();
    let outputs = outputs.map(|output| OutputRow::of(t, &output.now(&backlog)));
    Ok(Now {
        t: t.clone(),
        outputs: outputs.collect(),
        station: station.name.clone(),
        is_paused: station.post.is_paused(),
        trouble: trouble_of(t, shared, station),
        camera: (station.camera_trouble()).map(|trouble| trouble.marked(t)),
        missed: MissedRows::of(t, &shared.service.misses.today(&station.name)),
        keeping: (shared.service.keeping.trouble(&station.name)).map(|trouble| {
            let said = t.say("trouble-keeping").with("detail", trouble.marked(t));
            said.marked()
        }),
        counts: counts.into_iter().map(count).collect(),
        waiting: station.queue.waiting(),
        folder: (station.folder.as_ref()).map(|(root, _)| root.display().to_string()),
        model: (station.model()).map(|model| model.version.sha256.chars().take(12).collect()),
        address: format!(
            "{}://{}",
            shared.site.scheme(),
            host.unwrap_or("127.0.0.1:8480")
        ),
        needs_token: who.person().is_some(),
        is_for_engineer: who.is(Role::Engineer),
        last: stream.first().cloned(),
        stream,
    })
}

/// What is wrong with a station, if anything is.
pub fn trouble_of(t: &Words, shared: &Shared, station: &Station) -> Option<Marked> {
    let of_model = station.post.unusable().map(|sha256| {
        let said = (t.say("trouble-model"))
            .with("station", &station.name)
            .with("model", format!("{sha256:.12}"));
        said.marked()
    });
    let folder = station.folder.as_ref();
    let of_folder = || {
        let trouble = folder.and_then(|(_, state)| state.told())?;
        Some(trouble.marked(t))
    };
    let of_storing = || Some(shared.service.storing.trouble()?.marked(t));
    of_model.or_else(of_storing).or_else(of_folder)
}

/// All that was judged.
pub async fn history(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Listing>,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    // Those of before have a history too.
    let known = shared.service.history.stations().await?.into_iter();
    let mut stations: Vec<String> = known.map(|row| row.name).collect();
    stations.sort_by(|one, other| natural(one, other));
    let found = asked.filter().and_then(|filter| {
        let (order, after) = (asked.order()?, asked.after()?);
        Ok((filter, order, after))
    });
    let (mut cards, mut chart, mut shares, mut wrong) = (Vec::new(), None, None, None);
    match found {
        Ok((filter, order, after)) => {
            let history = &shared.service.history;
            let cursor = after.as_deref();
            cards = history.find(&filter, order, cursor, CARDS + 1).await?;
            let filter = of_only(filter, &stations);
            chart = scores(&shared, &t, &filter).await?;
            // Who goes on to older parts has seen it.
            if cursor.is_none() {
                shares = rates(&shared, &t, filter).await?;
            }
        }
        Err(problem) => wrong = Some(problem.marked(&t)),
    }
    let of_station = Some(&*asked.station).filter(|station| !station.is_empty());
    let defects = shared.service.history.defects(of_station).await?;
    let next = (cards.len() > CARDS as usize).then(|| &cards[CARDS as usize - 1]);
    let page = HistoryPage {
        nav: navigation(&shared, &who, of_history(&shared, &asked), Place::History),
        stations,
        verdicts: (Verdict::ALL.map(|one| (one.word(), verdict_key(one)))).to_vec(),
        labels: LABELS.to_vec(),
        defects,
        wrong,
        chart,
        rates: shares,
        query: query(&asked, None),
        next: next.map(|last| query(&asked, Some(&last.id))),
        cards: (cards.iter().take(CARDS as usize))
            .map(|one| Card::of(&t, one))
            .collect(),
        asked: shown(asked),
        t,
    };
    Ok(Html(render(&page)?))
}

/// What is looked for, of the only station if there is but one.
fn of_only(filter: Filter, stations: &[String]) -> Filter {
    let only = match stations {
        [only] => Some(only.clone()),
        _ => None,
    };
    Filter {
        station: filter.station.clone().or(only),
        ..filter
    }
}

/// The chart of one station: scores of several models of parts say nothing together.
async fn scores(shared: &Shared, t: &Words, filter: &Filter) -> Result<Option<String>> {
    if filter.station.is_none() {
        return Ok(None);
    }
    let history = &shared.service.history;
    let mut newest: Vec<Inspection> = history.find(filter, Order::Newest, None, OF_CHART).await?;
    newest.reverse();
    Ok(chart(t, &newest))
}

/// Where one is, among the stations at work and the pages that one may see.
pub fn navigation(shared: &Shared, who: &Who, station: Option<String>, place: Place) -> Navigation {
    let stations = shared.service.stations();
    let mut stations: Vec<String> = stations.iter().map(|one| one.name.clone()).collect();
    stations.sort_by(|one, other| natural(one, other));
    Navigation {
        reader: who.person().map(|person| Reader {
            name: person.name.clone(),
            role: role_key(person.role),
        }),
        is_for_engineer: who.is(Role::Engineer),
        is_for_admin: who.is(Role::Admin),
        stations,
        station,
        place,
    }
}

/// The station at work whose history is asked for; the only one, if there is but one.
fn of_history(shared: &Shared, asked: &Listing) -> Option<String> {
    match (&*asked.station, &shared.service.stations()[..]) {
        ("", [only]) => Some(only.name.clone()),
        (name, _) => shared
            .service
            .station(name)
            .ok()
            .map(|one| one.name.clone()),
    }
}

/// A question as parameters of an address.
fn query(asked: &Listing, cursor: Option<&str>) -> String {
    let cursor = cursor.unwrap_or_default().to_owned();
    let given = [
        ("station", &asked.station),
        ("verdict", &asked.verdict),
        ("label", &asked.label),
        ("defect", &asked.defect),
        ("part_id", &asked.part_id),
        ("since", &asked.since),
        ("until", &asked.until),
        ("model", &asked.model),
        ("order", &asked.order),
        ("cursor", &cursor),
    ];
    let given = given.into_iter().filter(|(_, value)| !value.is_empty());
    let pairs = given
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

fn shown(asked: Listing) -> Asked {
    let Listing {
        station,
        verdict,
        label,
        defect,
        part_id,
        since,
        until,
        order,
        model,
        ..
    } = asked;
    Asked {
        station,
        verdict,
        label,
        defect,
        part_id,
        since,
        until,
        order,
        model,
    }
}
