//! How a running service answers at rising rates: images are sent when they are due, whether or not those before were
//! answered, and a verdict's time counts from when its image was due.
//!
//! `cargo run --release -p oddspot-station --example load -- ADDRESS STATION FOLDER [SECONDS [IMAGES_A_SECOND]]`

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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
    address: &'a str,
    station: &'a str,
    images: &'a [Vec<u8>],
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, station, folder, rest @ ..] = &arguments[..] else {
        return Err("give an address, a station and a folder of images".into());
    };
    let seconds: f64 = rest.first().map_or(Ok(10.0), |text| text.parse())?;
    let mut images = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        images.push(std::fs::read(entry?.path())?);
    }
    let to = To {
        address,
        station,
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
        let (mut connection, mut answers) = (connect(to)?, Vec::new());
        for image in to.images.iter().cycle().skip(client) {
            let start = Instant::now();
            if start >= end {
                break;
            }
            let (status, again) = send(&mut connection, to, image)?;
            answers.push((status, again, milliseconds(start)));
        }
        Ok(answers)
    })
}

/// Images at regular times, for some seconds.
fn when_due(to: &To, rate: f64, seconds: f64) -> Result<Vec<Answer>> {
    let (start, next) = (Instant::now(), AtomicUsize::new(0));
    together(CONNECTIONS, |_| {
        let (mut connection, mut answers) = (connect(to)?, Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let after = at as f64 / rate;
            if after > seconds {
                return Ok(answers);
            }
            let due = start + Duration::from_secs_f64(after);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let image = &to.images[at % to.images.len()];
            let (status, again) = send(&mut connection, to, image)?;
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

fn connect(to: &To) -> Result<BufReader<TcpStream>> {
    let connection = TcpStream::connect(to.address)?;
    connection.set_nodelay(true)?;
    Ok(BufReader::new(connection))
}

fn send(connection: &mut BufReader<TcpStream>, to: &To, image: &[u8]) -> Result<(u16, bool)> {
    let head = format!(
        "POST /api/v1/stations/{}/inspections HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\r\n",
        to.station,
        to.address,
        image.len()
    );
    let stream = connection.get_mut();
    stream.write_all(&[head.as_bytes(), image].concat())?;
    let (mut status, mut again, mut length, mut closes) = (None, false, 0, false);
    loop {
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        }
        again |= line.starts_with("retry-after:");
        closes |= line == "connection: close";
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        status = status.or_else(|| line.split(' ').nth(1)?.parse().ok());
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    if closes {
        *connection = connect(to)?;
    }
    Ok((status.ok_or("no answer")?, again))
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
