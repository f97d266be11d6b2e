//! Styles and code of the pages, from the program itself.

use std::borrow::Cow;

use axum::http::header;
use axum::response::IntoResponse;

use super::parameters::PathParameters;
use super::problem::Problem;
use crate::pages::style;

/// What these pages share with those of results.
const PAGE: &str = "page.css";
const CSS: &str = "text/css; charset=utf-8";

const JS: &str = "text/javascript; charset=utf-8";

const FILES: [(&str, &str, &str); 20] = [
    ("station.css", CSS, include_str!("../../assets/station.css")),
    ("api.js", JS, include_str!("../../assets/api.js")),
    ("events.js", JS, include_str!("../../assets/events.js")),
    ("history.js", JS, include_str!("../../assets/history.js")),
    (
        "inspection.js",
        JS,
        include_str!("../../assets/inspection.js"),
    ),
    ("keys.js", JS, include_str!("../../assets/keys.js")),
    ("label.js", JS, include_str!("../../assets/label.js")),
    ("line.js", JS, include_str!("../../assets/line.js")),
    ("models.js", JS, include_str!("../../assets/models.js")),
    ("new.js", JS, include_str!("../../assets/new.js")),
    ("overview.js", JS, include_str!("../../assets/overview.js")),
    ("people.js", JS, include_str!("../../assets/people.js")),
    ("refused.js", JS, include_str!("../../assets/refused.js")),
    ("regions.js", JS, include_str!("../../assets/regions.js")),
    ("send.js", JS, include_str!("../../assets/send.js")),
    ("setup.js", JS, include_str!("../../assets/setup.js")),
    ("station.js", JS, include_str!("../../assets/station.js")),
    ("verdict.js", JS, include_str!("../../assets/verdict.js")),
    ("words.js", JS, include_str!("../../assets/words.js")),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../../assets/icon.svg"),
    ),
];

/// A file of the pages.
pub async fn asset(
    PathParameters(name): PathParameters<String>,
) -> Result<impl IntoResponse, Problem> {
    if name == PAGE {
        let headers = [
            (header::CONTENT_TYPE, CSS),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        return Ok((headers, Cow::Owned(style())));
    }
    let found = FILES.iter().find(|(file, ..)| *file == name);
    let (_, media_type, text) = found.ok_or_else(|| Problem::missing("there is no such file"))?;
    let headers = [
        (header::CONTENT_TYPE, *media_type),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Cow::Borrowed(*text)))
}
