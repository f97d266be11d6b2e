//! All stations at a glance.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::{Timestamp, ZonedDateTime};

use super::Shared;
use super::pages::{navigation, new, trouble_of};
use super::problem::Problem;
use super::who::Who;
use crate::error::{Error, Result};
use crate::history::{Backlog, Filter, Order, Role};
use crate::pages::{
    Card, Count, EmptyPage, OutputRow, OverviewPage, Place, Tile, Tiles, ago, natural, render,
    verdict_key,
};
use crate::service::Station;
use crate::words::{Marked, Words};

/// The page of all stations, or of the only one.
pub async fn first(State(shared): State<Shared>, who: Who, t: Words) -> Result<Response, Problem> {
    match &shared.service.stations()[..] {
        [only] => {
            let place = format!("/stations/{}", only.name);
            Ok(Redirect::temporary(&place).into_response())
        }
        [_, ..] => Ok(page(&shared, &who, t).await?.into_response()),
        [] if who.is(Role::Engineer) => Ok(new(State(shared), who, t).await?.into_response()),
        [] => {
            let nav = navigation(&shared, &who, None, Place::New);
            Ok(Html(render(&EmptyPage { t, nav })?).into_response())
        }
    }
}

async fn page(shared: &Shared, who: &Who, t: Words) -> Result<Html<String>> {
    let nav = navigation(shared, who, None, Place::Overview);
    let tiles = tiles_of(shared, t.clone()).await?;
    Ok(Html(render(&OverviewPage { t, nav, tiles })?))
}

/// What of it is brought anew.
pub async fn tiles(State(shared): State<Shared>, t: Words) -> Result<Html<String>, Problem> {
    Ok(Html(render(&tiles_of(&shared, t).await?)?))
}

async fn tiles_of(shared: &Shared, t: Words) -> Result<Tiles> {
    let history = &shared.service.history;
    let mut stations = shared.service.stations();
    stations.sort_by(|one, other| natural(&one.name, &other.name));
    let midnight = ZonedDateTime::now().start_of_day();
    let midnight = midnight.map_err(|error| Error::internal(error.to_string()))?;
    let backlog = match stations.iter().all(|one| one.outputs.is_empty()) {
        true => Vec::new(),
        false => history.backlog().await?,
    };
    let now = Timestamp::now();
    let mut tiles = Vec::new();
    for station in stations {
        let of_station = Filter {
            station: Some(station.name.clone()),
            ..Filter::default()
        };
        let last = history.find(&of_station, Order::Newest, None, 1).await?;
        let last = last.first().map(|one| Card::of(&t, one));
        let counts = history.counts(&station.name, midnight.timestamp()).await?;
        let counts = counts.into_iter().map(|(verdict, images)| Count {
            word: verdict.word(),
            said: verdict_key(verdict),
            images,
        });
        tiles.push(Tile {
            ago: (last.as_ref()).map_or_else(String::new, |last| ago(&t, &last.time, now)),
            last,
            counts: counts.collect(),
            is_paused: station.post.is_paused(),
            has_model: station.model().is_some(),
            troubles: troubles_of(shared, &t, &station, &backlog),
            station: station.name.clone(),
        });
    }
    Ok(Tiles { t, tiles })
}

/// All that is wrong with a station.
fn troubles_of(shared: &Shared, t: &Words, station: &Station, backlog: &[Backlog]) -> Vec<Marked> {
    let of_camera = station.camera_trouble().map(|trouble| trouble.marked(t));
    let mut all: Vec<Marked> = trouble_of(t, shared, station)
        .into_iter()
        .chain(of_camera)
        .collect();
    let missed = shared.service.misses.today(&station.name).images;
    if missed > 0 {
        all.push(t.say("overview-missed").with("images", missed).marked());
    }
    let outputs = station.outputs.iter();
    let outputs = outputs.map(|output| OutputRow::of(t, &output.now(backlog)));
    all.extend(outputs.filter(|one| one.is_failing).map(|one| {
        let said = t.say("overview-output").with("name", one.name);
        said.with("detail", one.said).marked()
    }));
    all.extend(
        (shared.service.keeping.trouble(&station.name)).map(|trouble| {
            let said = t.say("trouble-keeping").with("detail", trouble.marked(t));
            said.marked()
        }),
    );
    all
}
