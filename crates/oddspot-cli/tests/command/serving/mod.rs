//! The inspection station, by its real clients: requests, folders, and a browser.

#![cfg(unix)]

mod access;
mod browser;
mod chromium;
mod earlier;
mod ends;
mod endurance;
mod folder;
mod keeping;
mod labels;
mod outputs;
mod over_time;
mod overview;
mod pages;
mod postgres;
mod receiving;
mod refusals;
mod regions;
mod repeating;
mod requests;
mod setting_up;
mod texts;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use ureq::Agent;

use crate::world::{Run, World, board, png};

/// How long something may take before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service that runs.
pub struct Serving {
    child: Option<Child>,
    address: String,
    agent: Agent,
    // A reader that is gone would end it.
    _stdout: BufReader<ChildStdout>,
}

/// What came of a request.
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub location: String,
    pub retry_after: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A problem document of this status, and its sentence.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.kind, "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0);
    Agent::new_with_config(config.build())
}

impl Serving {
    /// Starts `serve` with the world's model as station `model`.
    pub fn start(world: &World, options: &str) -> Self {
        Self::started(world, &format!("--model model.oddspot {options}"))
    }

    pub fn started(world: &World, options: &str) -> Self {
        Self::among(world, "data", options)
    }

    /// With a data folder of another name.
    pub fn among(world: &World, data: &str, options: &str) -> Self {
        let options = format!("--data {data} --listen 127.0.0.1:0 --threads 1 {options}");
        Self::plain(world, &format!("serve {options}"))
    }

    /// By all its arguments.
    pub fn plain(world: &World, arguments: &str) -> Self {
        Self::begun(world.oddspot(arguments))
    }

    /// By a command.
    pub fn begun(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut address = String::new();
        stdout.read_line(&mut address).unwrap();
        if address.is_empty() {
            let run = Run::from(child.wait_with_output().unwrap());
            panic!("it did not start: {}", run.stderr);
        }
        Self {
            child: Some(child),
            address: address.trim().trim_end_matches('/').to_owned(),
            agent: agent(),
            _stdout: stdout,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(self.url(path)).call()).unwrap()
    }

    /// A page as who reads German sees it.
    pub fn german(&self, path: &str) -> String {
        let request = self.agent.get(self.url(path));
        answer(request.header("accept-language", "de").call())
            .unwrap()
            .text()
    }

    /// Sends JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_bytes(path, body.to_string().as_bytes())
    }

    pub fn post_bytes(&self, path: &str, body: &[u8]) -> Answer {
        answer(self.agent.post(self.url(path)).send(body)).unwrap()
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.agent.put(self.url(path)).send(body.to_string())).unwrap()
    }

    pub fn delete(&self, path: &str) -> Answer {
        answer(self.agent.delete(self.url(path)).call()).unwrap()
    }

    /// Sends an image to the station `model`.
    pub fn send(&self, query: &str, image: &[u8]) -> Answer {
        self.send_with(query, &[], image)
    }

    pub fn send_with(&self, query: &str, headers: &[(&str, &str)], image: &[u8]) -> Answer {
        let url = self.url(&format!("/api/v1/stations/model/inspections{query}"));
        let mut request = self.agent.post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(image)).unwrap()
    }

    /// All inspections, the oldest first.
    pub fn all(&self) -> Vec<Value> {
        let lines = self.get("/api/v1/inspections.jsonl?order=oldest").text();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }

    /// Waits until there are so many inspections.
    pub fn until(&self, count: usize) -> Vec<Value> {
        until(|| Some(self.all()).filter(|found| found.len() >= count))
    }

    /// Stops it as a service manager does.
    pub fn stop(mut self) -> Run {
        let child = self.child.take().unwrap();
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }

    /// Ends it with no time for anything.
    pub fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

pub fn answer(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = sent.ok()?;
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    Some(Answer {
        status: response.status().as_u16(),
        kind: header("content-type"),
        location: header("location"),
        retry_after: header("retry-after"),
        bytes: response.body_mut().read_to_vec().ok()?,
    })
}

pub fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "nothing came of it");
        sleep(Duration::from_millis(20));
    }
}

/// The file of a board.
pub fn image(seed: u64) -> Vec<u8> {
    png(&board(seed))
}
