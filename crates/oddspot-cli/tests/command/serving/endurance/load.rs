//! Four clients and a folder, whatever becomes of the service meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Scope, sleep};
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::serving::{agent, answer};

/// Between two attempts of a client.
const PAUSE: Duration = Duration::from_millis(30);

/// What is sent, and what of it was answered.
#[derive(Default)]
pub struct Load {
    /// Where the service is now.
    url: Mutex<String>,
    is_over: AtomicBool,
    number: AtomicUsize,
    /// Ids by parts that are sent again until they are answered.
    by_key: Mutex<BTreeMap<String, String>>,
    /// Ids by parts that are sent once.
    once: Mutex<BTreeMap<String, String>>,
    written: AtomicUsize,
}

/// How much came of it.
pub struct Counts {
    pub by_key: usize,
    pub once: usize,
    pub files: usize,
    pub inspections: usize,
}

impl Counts {
    /// In words.
    pub fn words(&self) -> String {
        format!(
            "{} answered by key, {} once, {} files moved, {} inspections",
            self.by_key, self.once, self.files, self.inspections
        )
    }
}

impl Load {
    /// Begins: two clients that send again, two that do not, and a folder `in`.
    pub fn begin<'s>(&'s self, scope: &'s Scope<'s, '_>, world: &'s World) {
        for _ in 0..2 {
            scope.spawn(|| self.send_by_key());
            scope.spawn(|| self.send_once());
        }
        scope.spawn(|| self.write(world));
    }

    pub fn set_url(&self, serving: &Serving) {
        let url = serving.url("/api/v1/stations/model/inspections");
        *self.url.lock().unwrap() = url;
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::SeqCst)
    }

    fn url(&self) -> String {
        self.url.lock().unwrap().clone()
    }

    fn send_by_key(&self) {
        let (agent, images) = (agent(), [1, 2, 3].map(image));
        while self.goes_on() {
            let at = self.number.fetch_add(1, Ordering::SeqCst);
            let key = format!("k{at}");
            while self.goes_on() {
                let sent = agent.post(format!("{}?part_id={key}", self.url()));
                let sent = sent.header("Idempotency-Key", &key);
                match answer(sent.send(&images[at % 3][..])) {
                    Some(sent) if [200, 201].contains(&sent.status) => {
                        let id = sent.json()["id"].as_str().unwrap().to_owned();
                        self.by_key.lock().unwrap().insert(key, id);
                        break;
                    }
                    Some(sent) => drop(sent.problem(503)),
                    None => {}
                }
                sleep(PAUSE);
            }
        }
    }

    fn send_once(&self) {
        let (agent, image) = (agent(), image(4));
        while self.goes_on() {
            let part = format!("p{}", self.number.fetch_add(1, Ordering::SeqCst));
            let sent = agent.post(format!("{}?part_id={part}", self.url()));
            match answer(sent.send(&image[..])) {
                Some(sent) if sent.status == 201 => {
                    let id = sent.json()["id"].as_str().unwrap().to_owned();
                    self.once.lock().unwrap().insert(part, id);
                }
                Some(sent) => drop(sent.problem(503)),
                None => sleep(PAUSE),
            }
        }
    }

    fn write(&self, world: &World) {
        let images = [5, 6, 7].map(image);
        while self.goes_on() {
            let file = self.written.fetch_add(1, Ordering::SeqCst);
            world.write(format!("in/.{file}"), &images[file % 3]);
            let place = world.path(format!("in/f{file}.png"));
            fs::rename(world.path(format!("in/.{file}")), place).unwrap();
            sleep(2 * PAUSE);
        }
    }

    /// Each that was answered or moved has exactly one inspection, and no other has more.
    pub fn check(&self, world: &World, serving: &Serving) -> Counts {
        let files = self.written.load(Ordering::SeqCst);
        until(|| {
            let waiting = fs::read_dir(world.path("in")).unwrap().flatten();
            let waiting =
                waiting.filter(|file| file.file_name().to_string_lossy().ends_with(".png"));
            (waiting.count() == 0).then_some(())
        });
        let all = serving.all();
        let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &all {
            let id = one["id"].as_str().unwrap();
            if let Some(part) = one["part_id"].as_str() {
                parts.entry(part).or_default().push(id);
            }
            if let Some(name) = one["file"].as_str() {
                *names.entry(name).or_default() += 1;
            }
        }
        for (part, of_part) in &parts {
            assert_eq!(of_part.len(), 1, "{part} is there more than once");
        }
        let (by_key, once) = (self.by_key.lock().unwrap(), self.once.lock().unwrap());
        for (part, id) in by_key.iter().chain(once.iter()) {
            assert_eq!(parts.get(part.as_str()), Some(&vec![id.as_str()]), "{part}");
        }
        assert_eq!(names.len(), files);
        assert!(names.values().all(|count| *count == 1), "{names:?}");
        let done = fs::read_dir(world.path("in/done")).unwrap().flatten();
        let done = done.filter(|file| file.file_name().to_string_lossy().ends_with(".png"));
        assert_eq!(done.count(), files);
        Counts {
            by_key: by_key.len(),
            once: once.len(),
            files,
            inspections: all.len(),
        }
    }
}

/// The ids of inspections that stand in the files of a folder, in their order.
pub fn told_in(world: &World, folder: &str) -> Vec<String> {
    let files = world.files().into_keys();
    let mut files: Vec<String> = files.filter(|name| name.starts_with(folder)).collect();
    files.sort();
    let mut ids = Vec::new();
    for name in files {
        let text = world.text(&name);
        assert!(text.is_empty() || text.ends_with('\n'), "{name} ends half");
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["verdict"] != "missed" {
                ids.push(line["id"].as_str().unwrap().to_owned());
            }
        }
    }
    ids
}
