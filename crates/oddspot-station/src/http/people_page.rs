//! The page of who may do what, and of who did what.

use axum::extract::State;
use axum::response::Html;

use super::Shared;
use super::audit::entries;
use super::pages::navigation;
use super::parameters::Parameters;
use super::problem::Problem;
use super::who::Who;
use crate::pages::{DeedRow, PeoplePage, Place, TokenRow, UserRow, render};
use crate::words::Words;
use serde::Deserialize;

/// Entries of the audit log that are shown at a time.
const ENTRIES: u32 = 50;

/// Which part of the audit log is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    cursor: String,
}

/// The page.
pub async fn page(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<Asked>,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let history = &shared.service.history;
    let users = history.users().await?;
    let tokens = history.tokens().await?;
    let (deeds, next) = entries(&shared, &asked.cursor, ENTRIES).await?;
    let own = who.person().map(|person| person.name.clone());
    let stations = shared.service.stations();
    let page = PeoplePage {
        nav: navigation(&shared, &who, None, Place::People),
        users: users
            .iter()
            .map(|user| UserRow::of(&t, user, own.as_deref()))
            .collect(),
        tokens: (tokens.iter())
            .map(|token| TokenRow::of(&t, token))
            .collect(),
        roles: PeoplePage::roles_of_new(!users.is_empty()),
        token_roles: PeoplePage::token_roles_of_new(),
        stations: stations.iter().map(|one| one.name.clone()).collect(),
        deeds: deeds.iter().map(|deed| DeedRow::of(&t, deed)).collect(),
        is_later_part: !asked.cursor.is_empty(),
        next,
        t,
    };
    Ok(Html(render(&page)?))
}
