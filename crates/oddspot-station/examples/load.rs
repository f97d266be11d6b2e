//! How a running service answers at rising rates: images are sent when they are due, whether or not those before were
//! answered, and a verdict's time counts from when its image was due.
//!
//! `cargo run --release -p oddspot-station --example load -- ADDRESS STATION FOLDER [SECONDS [IMAGES_A_SECOND]]`

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ureq::Agent;

/// Requests that may be under way at a time.
const CONNECTIONS: usize = 48;
/// Rates, as shares of what is answered in a second when four clients send one after the other.
const SHARES: [f64; 8] = [0.25, 0.5, 0.7, 0.8, 0.9, 1.0, 1.5, 4.0];
/// Clients that find what can be answered.
const CLIENTS: usize = 4;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// An answer: its status, whether it says when to come again, and what it took in milliseconds.
type Answer = (u16, bool, f64);

struct To<'a> {
    url: String,
    images: &'a [Vec<u8>],
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, station, folder, rest @ ..] = &arguments[..] else {
        return Err(
            "give an address (http://127.0.0.1:8480), a station and a folder of images".into(),
        );
    };
    let seconds: f64 = rest.first().map_or(Ok(10.0), |text| text.parse())?;
    let mut images = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        images.push(std::fs::read(entry?.path())?);
    }
    let to = To {
        url: format!("{address}/api/v1/stations/{station}/inspections"),
        images: &images,
    };
    let alone = in_turn(&to, 1, seconds)?;
    tell("one client, one after the other", seconds, &alone);
    let able = in_turn(&to, CLIENTS, seconds)?;
    tell("four clients likewise", seconds, &able);
    let able = match rest.get(1) {
        Some(rate) => rate.parse()?,
        None => kept(&able).len() as f64 / seconds,
    };
    for share in SHARES {
        let answers = when_due(&to, share * able, seconds)?;
        tell(&format!("{:.1} a second", share * able), seconds, &answers);
    }
    Ok(())
}

/// So many clients, each of which sends the next image when the one before is answered.
fn in_turn(to: &To, clients: usize, seconds: f64) -> Result<Vec<Answer>> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    together(clients, |client| {
        let (agent, mut answers) = (agent(), Vec::new());
        for image in to.images.iter().cycle().skip(client) {
            let start = Instant::now();
            if start >= end {
                break;
            }
            let (status, again) = send(&agent, to, image)?;
            answers.push((status, again, milliseconds(start)));
        }
        Ok(answers)
    })
}

/// Images at regular times, for some seconds.
fn when_due(to: &To, rate: f64, seconds: f64) -> Result<Vec<Answer>> {
    let (start, next) = (Instant::now(), AtomicUsize::new(0));
    together(CONNECTIONS, |_| {
        let (agent, mut answers) = (agent(), Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let after = at as f64 / rate;
            if after > seconds {
                return Ok(answers);
            }
            let due = start + Duration::from_secs_f64(after);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let image = &to.images[at % to.images.len()];
            let (status, again) = send(&agent, to, image)?;
            answers.push((status, again, milliseconds(due)));
        }
    })
}

fn together(
    count: usize,
    client: impl Fn(usize) -> Result<Vec<Answer>> + Sync,
) -> Result<Vec<Answer>> {
    let client = &client;
    let all: Result<Vec<_>> = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..count)
            .map(|at| scope.spawn(move || client(at)))
            .collect();
        let ended = begun.into_iter().map(|thread| thread.join());
        ended
            .map(|ended| ended.map_err(|_| "a client broke")?)
            .collect()
    });
    Ok(all?.concat())
}

fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false);
    Agent::new_with_config(config.build())
}

fn send(agent: &Agent, to: &To, image: &[u8]) -> Result<(u16, bool)> {
    let mut answer = agent.post(&to.url).send(image)?;
    // A connection is used again once its answer is read.
    answer.body_mut().read_to_vec()?;
    let again = answer.headers().contains_key("retry-after");
    Ok((answer.status().as_u16(), again))
}

fn milliseconds(from: Instant) -> f64 {
    from.elapsed().as_secs_f64() * 1e3
}

/// The times of those that were judged, sorted.
fn kept(answers: &[Answer]) -> Vec<f64> {
    times(answers, |status| status == 201)
}

fn times(answers: &[Answer], which: impl Fn(u16) -> bool) -> Vec<f64> {
    let chosen = answers.iter().filter(|(status, ..)| which(*status));
    let mut times: Vec<f64> = chosen.map(|(.., time)| *time).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn tell(what: &str, seconds: f64, answers: &[Answer]) {
    let at = |times: &[f64], share: f64| {
        let place = (times.len().saturating_sub(1) as f64 * share).round() as usize;
        times.get(place).copied().unwrap_or(f64::NAN)
    };
    let (judged, refused) = (kept(answers), times(answers, |status| status == 503));
    let unsaid = answers
        .iter()
        .filter(|(status, again, _)| *status == 503 && !again);
    let other = answers.len() - judged.len() - refused.len();
    println!(
        "{what:32} {:5} judged, {:5.1} a second, p50 {:7.1} ms, p99 {:7.1} ms; {:5} refused, p99 {:6.1} ms, {} of them \
         without Retry-After; {other} other",
        judged.len(),
        judged.len() as f64 / seconds,
        at(&judged, 0.5),
        at(&judged, 0.99),
        refused.len(),
        at(&refused, 0.99),
        unsaid.count(),
    );
}
