//! Routes that need the same of who asks: what they need is written once, and both who stands before them and the
//! description of the API go by it.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};

use super::Shared;
use super::gate::{Gate, gate};
use super::need::Need;
use super::pages::unless_away;

/// Routes that need the same.
pub struct Group {
    need: Need,
    are_pages: bool,
    router: Router<Shared>,
    routes: Vec<(Method, &'static str)>,
}

impl Group {
    /// Of what programs use.
    pub fn of(need: Need) -> Self {
        Self {
            need,
            are_pages: false,
            router: Router::new(),
            routes: Vec::new(),
        }
    }

    /// Of what people see.
    pub fn of_pages(need: Need) -> Self {
        Self {
            are_pages: true,
            ..Self::of(need)
        }
    }

    /// One that is read.
    pub fn get<H: Handler<T, Shared>, T: 'static>(
        mut self,
        path: &'static str,
        handler: H,
    ) -> Self {
        self.routes.push((Method::GET, path));
        self.router = self.router.route(path, get(handler));
        self
    }

    /// One that makes something.
    pub fn post<H: Handler<T, Shared>, T: 'static>(
        mut self,
        path: &'static str,
        handler: H,
    ) -> Self {
        self.routes.push((Method::POST, path));
        self.router = self.router.route(path, post(handler));
        self
    }

    /// One that sets something.
    pub fn put<H: Handler<T, Shared>, T: 'static>(
        mut self,
        path: &'static str,
        handler: H,
    ) -> Self {
        self.routes.push((Method::PUT, path));
        self.router = self.router.route(path, put(handler));
        self
    }

    /// One that removes something.
    pub fn delete<H: Handler<T, Shared>, T: 'static>(
        mut self,
        path: &'static str,
        handler: H,
    ) -> Self {
        self.routes.push((Method::DELETE, path));
        self.router = self.router.route(path, delete(handler));
        self
    }

    /// What its routes need, each by its method and path.
    pub fn needs(&self) -> impl Iterator<Item = (&Method, &'static str, Need)> {
        let routes = self.routes.iter();
        routes.map(|(method, path)| (method, *path, self.need))
    }

    /// The routes behind who looks at whoever asks.
    pub fn guarded(self, shared: &Shared) -> Router<Shared> {
        let gate_of = Gate {
            shared: shared.clone(),
            need: self.need,
            are_pages: self.are_pages,
        };
        let guarded = self.router.route_layer(from_fn_with_state(gate_of, gate));
        match self.are_pages {
            true => guarded.route_layer(from_fn_with_state(shared.clone(), unless_away)),
            false => guarded,
        }
    }
}
