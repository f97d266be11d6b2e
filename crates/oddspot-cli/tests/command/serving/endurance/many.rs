//! A station at work for long: memory, and how long the pages of the history take.

use std::fs;
use std::time::Instant;

use crate::serving::keeping::{another, world_with_model};
use crate::serving::{Serving, agent, answer};

/// Inspections, unless `ODDSPOT_INSPECTIONS` says another number.
const USUAL: usize = 100_000;
/// Between two looks at the memory.
const LOOK: usize = 10_000;
/// How often each page is asked for.
const ASKED: usize = 50;
/// Bytes that the memory may grow from the first look on.
const GROWTH: u64 = 64 << 20;

/// Bytes of a service's memory that are resident, and of those the ones that are no file's.
fn memory(serving: &Serving) -> [u64; 2] {
    let id = serving.child.as_ref().unwrap().id();
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    ["VmRSS:", "RssAnon:"].map(|name| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes << 10
    })
}

/// Asks for a page some times, and prints how long it took.
fn measure(serving: &Serving, what: &str, path: &str) {
    let mut times: Vec<f64> = (0..ASKED)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(serving.get(path).status, 200, "{path}");
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what:40} p50 {:7.1} ms, p99 {:7.1} ms", at(0.5), at(0.99));
}

#[test]
#[ignore = "runs for an hour"]
fn memory_stays_and_pages_are_quick_over_a_hundred_thousand_inspections() {
    let count = std::env::var("ODDSPOT_INSPECTIONS").ok();
    let count = count.map_or(USUAL, |count| count.parse().unwrap());
    let world = world_with_model();
    let keep =
        "[[station]]\nname = \"part\"\n[station.keep]\ngood = 5000\n[limits]\nrequests = 1000000\n";
    world.write("keep.toml", keep);
    let serving = Serving::started(&world, "--config keep.toml");
    let url = serving.url("/api/v1/stations/part/inspections");
    let agent = agent();
    let (start, mut first, mut largest, mut taken) = (Instant::now(), 0, 0, Vec::new());
    for number in 1..=count {
        // Each another file of the same eight boards, and of each hundred one that lacks a part.
        let image = another(number as u64 % 8, number);
        let image = match number % 100 {
            0 => [
                crate::serving::setting_up::bad(number as u64 % 8),
                image[image.len() - 8..].to_vec(),
            ]
            .concat(),
            _ => image,
        };
        let to = format!("{url}?part_id=p{number}");
        let began = Instant::now();
        let sent = answer(agent.post(to).send(&image[..])).unwrap();
        taken.push(began.elapsed().as_secs_f64() * 1e3);
        assert_eq!(sent.status, 201, "{}", sent.text());
        if number % LOOK == 0 || number == count {
            taken.sort_by(f64::total_cmp);
            let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
            let [resident, own] = memory(&serving);
            let database = fs::metadata(world.path("data/history.sqlite"))
                .unwrap()
                .len();
            println!(
                "{number:7} inspections, {:5.0} s: resident {:6.1} MB, own {:6.1} MB, history {:7.1} MB, verdict p50 {:6.1} \
                 ms, p99 {:6.1} ms",
                start.elapsed().as_secs_f64(),
                resident as f64 / 1e6,
                own as f64 / 1e6,
                database as f64 / 1e6,
                at(0.5),
                at(0.99)
            );
            taken.clear();
            first = if first == 0 { own } else { first };
            largest = largest.max(own);
        }
    }
    let all = |query: &str| serving.get(&format!("/api/v1/inspections?{query}")).json();
    // Deep in it: far behind the first page.
    let deep = all("order=oldest&limit=200");
    let deep = deep["inspections"][199]["id"].as_str().unwrap();
    measure(&serving, "line", "/stations/part");
    measure(&serving, "history, newest", "/history");
    measure(
        &serving,
        "history, deep",
        &format!("/history?cursor={deep}"),
    );
    measure(
        &serving,
        "history, anomalous",
        "/history?station=part&verdict=anomalous",
    );
    measure(
        &serving,
        "history, labelled bad (none)",
        "/history?station=part&label=bad",
    );
    measure(&serving, "history, not labelled", "/history?label=none");
    measure(&serving, "history, one part", "/history?part_id=p777");
    measure(
        &serving,
        "history, highest scores",
        "/history?station=part&order=score",
    );
    measure(
        &serving,
        "history, score, deep",
        &format!("/history?order=score&cursor={deep}"),
    );
    measure(
        &serving,
        "history, one day",
        "/history?since=2020-01-01&until=2021-01-01",
    );
    measure(
        &serving,
        "list, newest 200",
        "/api/v1/inspections?limit=200",
    );
    measure(&serving, "verdict", "/stations/part/verdict");
    measure(&serving, "set-up", "/stations/part/setup");
    measure(&serving, "metrics", "/metrics");
    let [resident, own] = memory(&serving);
    println!(
        "at the end: resident {:.1} MB, own {:.1} MB",
        resident as f64 / 1e6,
        own as f64 / 1e6
    );
    assert!(largest < first + GROWTH, "{first} {largest}");
    serving.stop();
}
