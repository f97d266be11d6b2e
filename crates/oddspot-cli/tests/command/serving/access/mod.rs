//! Who may see and do what: people who sign in, programs with tokens, and nobody else.

mod audit;
mod browser;
mod clock;
mod people;
mod routes;
mod sessions;
mod tls;
mod tokens;

use std::collections::HashMap;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};
use ureq::http::{Method, Request};

use super::{PATIENCE, Serving, agent, image, until};
use crate::world::{Run, World};

/// The password of every user of these tests.
pub const PASSWORD: &str = "four words and one";

/// What came of a request, with its head.
struct Reply {
    status: u16,
    headers: HashMap<String, String>,
    text: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// A problem document of this status, and its sentence.
    fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem["detail"].as_str().unwrap().to_owned()
    }

    /// The cookie that it sets, as a browser sends it back.
    fn cookie(&self) -> String {
        let cookie = self.header("set-cookie").split(';').next().unwrap();
        assert!(cookie.starts_with("oddspot_"), "{cookie}");
        cookie.to_owned()
    }
}

/// Whoever asks, by a header.
#[derive(Clone)]
struct Client<'a> {
    serving: &'a Serving,
    headers: Vec<(String, String)>,
}

impl<'a> Client<'a> {
    /// Nobody that is known.
    fn nobody(serving: &'a Serving) -> Self {
        Self {
            serving,
            headers: Vec::new(),
        }
    }

    /// A person who signs in.
    fn person(serving: &'a Serving, name: &str) -> Self {
        let signed_in = sign_in(serving, name, PASSWORD, "");
        assert_eq!(signed_in.status, 303, "{}", signed_in.text);
        Self::nobody(serving).with("cookie", &signed_in.cookie())
    }

    /// A program with a token.
    fn program(serving: &'a Serving, token: &str) -> Self {
        Self::nobody(serving).with("authorization", &format!("Bearer {token}"))
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A browser that goes to pages.
    fn browsing(self) -> Self {
        self.with("accept", "text/html,*/*;q=0.8")
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, b"")
    }

    fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, body.to_string().as_bytes())
    }

    fn put(&self, path: &str, body: &Value) -> Reply {
        self.ask("PUT", path, body.to_string().as_bytes())
    }

    fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path, b"")
    }

    /// Sends a form, as a browser without script does.
    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let encode = |text: &str| {
            let bytes = text.bytes().map(|byte| format!("%{byte:02x}"));
            bytes.collect::<String>()
        };
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let this = self
            .clone()
            .with("content-type", "application/x-www-form-urlencoded");
        this.ask("POST", path, body.as_bytes())
    }

    fn send(&self, station: &str) -> Reply {
        let path = format!("/api/v1/stations/{station}/inspections");
        self.ask("POST", &path, &image(1))
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        let mut response = self.begin(method, path, body);
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Reply {
            status: response.status().as_u16(),
            headers: headers.collect(),
            text: {
                let bytes = response.body_mut().read_to_vec().unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            },
        }
    }

    /// The status alone: what follows may never end.
    fn status(&self, method: &str, path: &str) -> u16 {
        self.begin(method, path, b"").status().as_u16()
    }

    fn begin(&self, method: &str, path: &str, body: &[u8]) -> ureq::http::Response<ureq::Body> {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(self.serving.url(path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = match method {
            "POST" | "PUT" => {
                let request = request.body(body.to_vec()).unwrap();
                self.serving.agent.run(request)
            }
            _ => self.serving.agent.run(request.body(()).unwrap()),
        };
        sent.unwrap()
    }
}

fn sign_in(serving: &Serving, name: &str, password: &str, next: &str) -> Reply {
    let fields = [("name", name), ("password", password), ("next", next)];
    Client::nobody(serving).form("/login", &fields)
}

/// Runs a command whose standard input is a text.
pub fn piped(world: &World, arguments: &str, input: &str) -> Run {
    let mut command = world.oddspot(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that asks for nothing may have ended.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    Run::from(child.wait_with_output().unwrap())
}

/// Adds a user as an administrator does at a terminal.
fn add_user(world: &World, name: &str, role: &str) {
    let arguments = format!("serve user add {name} --role {role} --data data");
    let run = piped(world, &arguments, &format!("{PASSWORD}\n"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// A user of each role, called as the role is.
fn add_all(world: &World) {
    for role in ["admin", "engineer", "operator"] {
        add_user(world, role, role);
    }
    // What was read a moment ago is believed no longer.
    std::thread::sleep(std::time::Duration::from_millis(600));
}

/// Makes a token, and gives it.
fn add_token(world: &World, name: &str, role: &str, more: &str) -> String {
    let arguments = format!("serve token add {name} --role {role} --data data {more}");
    let run = world.succeeds(&mut world.oddspot(&arguments));
    run.stdout.trim().to_owned()
}
