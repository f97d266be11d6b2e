//! The service over HTTP: a function from a service to a router.

mod account;
mod address;
mod assets;
mod audit;
mod body;
mod comparison;
mod drained;
mod events;
mod export;
mod gate;
mod good;
mod group;
mod health;
mod images;
mod inference;
mod inspection_page;
mod inspections;
mod jobs;
mod language;
mod letters;
mod listing;
mod login;
mod mask;
mod models;
mod models_page;
mod need;
mod openapi;
mod over_time;
mod overview;
mod pages;
mod parameters;
mod people_page;
mod problem;
mod rate;
mod refusals;
mod safety;
mod server;
mod setup_page;
mod stations;
mod submit;
mod tls;
mod tokens;
mod users;
mod verdict;
mod verdict_page;
mod who;
mod wrong_page;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use tokio::sync::Semaphore;

pub use openapi::document;
pub use server::serve;
pub use tls::acceptor;

use crate::access::Access;
use crate::error::{Error, Result};
use crate::history::{Deed, Note};
use crate::service::Service;
use crate::words::{Language, Languages};
use group::Group;
use need::Need;
use problem::Problem;
use rate::Rate;
use refusals::Refusals;
use who::Who;

/// What requests share.
#[derive(Clone)]
pub struct Shared {
    /// The service.
    pub service: Arc<Service>,
    /// Who may see and do what.
    access: Arc<Access>,
    /// Where the pages are.
    site: Site,
    /// What they say.
    languages: Languages,
    /// How fast images may be sent.
    rate: Arc<Rate>,
    /// What of refused images stands in the log.
    refusals: Arc<Refusals>,
    /// Room for good images that are sent: inspections never wait for it.
    learning: Arc<Semaphore>,
}

/// Where the pages are, as browsers know them.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The port.
    pub port: u16,
    /// Whether by TLS.
    pub is_secure: bool,
    /// The language of who chose none.
    pub language: Option<Language>,
}

impl Site {
    /// What the cookie of a session is called. Browsers send cookies to all ports of a machine: two services must not
    /// sign each other's people out.
    fn cookie(self) -> String {
        format!("oddspot_{}", self.port)
    }

    /// How addresses begin.
    fn scheme(self) -> &'static str {
        match self.is_secure {
            true => "https",
            false => "http",
        }
    }
}

impl Shared {
    /// Writes what somebody tried in vain: if that fails, it is told at the terminal.
    async fn note(&self, who: &Who, deed: Deed, subject: &str) {
        let note = Note::new(who.actor(), deed, subject);
        if let Err(error) = self.service.history.note(&note).await {
            let deed = deed.word();
            tracing::error!("{deed} of {subject} is not in the audit log: {error}");
        }
    }
}

/// Bytes of a small request, such as a label, at most.
const SMALL: usize = 16 << 10;
/// Good images that are read at a time.
const LEARNING: usize = 4;

/// All routes of a service.
///
/// # Errors
/// Words of a language that cannot be read.
pub fn router(service: Arc<Service>, site: Site) -> Result<Router> {
    let body = service.limits.body;
    let shared = Shared {
        rate: Arc::new(Rate::new(service.limits.requests)),
        refusals: Arc::default(),
        learning: Arc::new(Semaphore::new(LEARNING)),
        access: Arc::new(Access::new(Arc::clone(&service.history))),
        languages: Languages::of_the_program().map_err(Error::internal)?,
        site,
        service,
    };
    let all = groups().into_iter();
    let routes = all.fold(Router::new(), |routes, group| {
        routes.merge(group.guarded(&shared))
    });
    let routes = routes
        .fallback(|| async { Problem::no_address() })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(DefaultBodyLimit::max(body))
        .layer(from_fn_with_state(shared.clone(), wrong_page::as_page))
        .layer(from_fn_with_state(shared.clone(), language::choice))
        .with_state(shared.clone());
    Ok(safety::guarded(routes, shared))
}

/// All routes, by what they need of who asks. Where there are no users, this machine's own people may all of it.
fn groups() -> Vec<Group> {
    vec![
        // What tells nothing of what was judged.
        Group::of(Need::NOTHING)
            .get("/v2/health/live", health::live)
            .get("/v2/health/ready", health::ready)
            .get("/assets/{file}", assets::asset),
        Group::of_pages(Need::NOTHING)
            .get("/login", login::page)
            .post("/login", login::sign_in),
        // Of each person for that person alone.
        Group::of_pages(Need::SIGNED_IN)
            .post("/logout", login::sign_out)
            .get("/account", account::page)
            .post("/account", account::change),
        // What the line's people see and say.
        Group::of_pages(Need::OPERATOR)
            .get("/", overview::first)
            .get("/overview", overview::tiles)
            .get("/stations/{station}", pages::line)
            .get("/stations/{station}/now", pages::now)
            .get("/history", pages::history)
            .get("/inspections/{id}", inspection_page::page),
        Group::of(Need::OPERATOR)
            .put("/api/v1/inspections/{id}/label", inspections::set_label)
            .delete("/api/v1/inspections/{id}/label", inspections::remove_label),
        // What programs read too.
        Group::of(Need::READ)
            .get("/api/v1/stations", stations::list)
            .get("/api/v1/inspections", inspections::list)
            .get("/api/v1/inspections.csv", export::csv)
            .get("/api/v1/inspections.jsonl", export::json_lines)
            .get("/api/v1/events", events::events)
            .get("/openapi.json", openapi::openapi)
            .get("/metrics", health::metrics),
        Group::of(Need::READ_OWN)
            .get("/api/v1/inspections/{id}", inspections::one)
            .get("/api/v1/inspections/{id}/images/{kind}", images::image)
            .get("/v2", inference::server)
            .get("/v2/models/{model}", inference::model)
            .get("/v2/models/{model}/ready", inference::ready),
        // Images to be judged.
        Group::of(Need::SEND).post("/api/v1/stations/{station}/inspections", inspections::judge),
        Group::of(Need::INFER).post("/v2/models/{model}/infer", inference::infer),
        for_setting_up(),
        Group::of(Need::READ_SET_UP)
            .get("/api/v1/jobs", jobs::list)
            .get("/api/v1/jobs/{id}", jobs::one)
            .get("/api/v1/stations/{station}/models", models::list)
            .get(
                "/api/v1/stations/{station}/models/comparison",
                comparison::comparison,
            ),
        Group::of_pages(Need::ENGINEER)
            .get("/new", pages::new)
            .get("/stations/{station}/setup", setup_page::page)
            .get("/stations/{station}/setup/good", setup_page::good)
            .get("/stations/{station}/setup/jobs", setup_page::jobs)
            .get("/stations/{station}/setup/found", setup_page::found)
            .get("/stations/{station}/models", models_page::page)
            .get("/stations/{station}/models/comparison", comparison::part)
            .get("/stations/{station}/verdict", verdict_page::page)
            .get("/stations/{station}/verdict/meant", verdict_page::meant),
        // Who may what.
        Group::of_pages(Need::ADMIN).get("/people", people_page::page),
        Group::of(Need::ADMIN)
            .get("/api/v1/users", users::list)
            .post("/api/v1/users", users::add)
            .put("/api/v1/users/{user}/role", users::set_role)
            .put("/api/v1/users/{user}/password", users::set_password)
            .delete("/api/v1/users/{user}", users::remove)
            .put("/api/v1/stations/{station}", stations::rename)
            .delete("/api/v1/stations/{station}", stations::remove)
            .get("/api/v1/tokens", tokens::list)
            .post("/api/v1/tokens", tokens::add)
            .delete("/api/v1/tokens/{token}", tokens::remove)
            .get("/api/v1/audit", audit::list),
    ]
}

/// What stations and models are made with.
fn for_setting_up() -> Group {
    Group::of(Need::ENGINEER)
        .post("/api/v1/stations", stations::create)
        .post("/api/v1/stations/{station}/pause", stations::pause)
        .post("/api/v1/stations/{station}/resume", stations::resume)
        .post("/api/v1/jobs", jobs::start)
        .post("/api/v1/jobs/{id}/cancel", jobs::cancel)
        .get("/api/v1/stations/{station}/good", good::list)
        .post("/api/v1/stations/{station}/good", good::send)
        .post("/api/v1/stations/{station}/good/judged", good::take_judged)
        .put("/api/v1/stations/{station}/good/{image}", good::change)
        .delete("/api/v1/stations/{station}/good/{image}", good::remove)
        .get(
            "/api/v1/stations/{station}/good/{image}/{kind}",
            good::picture,
        )
        .get("/api/v1/stations/{station}/mask", mask::get)
        .put("/api/v1/stations/{station}/mask", mask::put)
        .post("/api/v1/stations/{station}/models", models::send)
        .post(
            "/api/v1/stations/{station}/models/activate",
            models::activate,
        )
        .post(
            "/api/v1/stations/{station}/models/rollback",
            models::roll_back,
        )
        .get("/api/v1/stations/{station}/verdict", verdict::meant)
        .post("/api/v1/stations/{station}/verdict", verdict::save)
        .get("/api/v1/stations/{station}/dataset.jsonl", verdict::dataset)
}
