//! `serve --demo`: a station of made-up boards, of which one comes a second.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use image::{ImageFormat, RgbImage};
use oddspot::Training;
use oddspot::images::ImageSize;
use oddspot::settings::Settings;
use oddspot::train::GoodImages;
use oddspot_demo::{Defect, defective, good};
use oddspot_station::Service;
use oddspot_station::configuration::StationConfiguration;
use oddspot_station::history::Source;
use oddspot_station::judging::Task;

use crate::interrupt::Interrupt;

/// What the station is called.
const NAME: &str = "board";
/// Boards that are learned.
const LEARNED: u64 = 60;
/// One in so many that come has a defect.
const ODD: u64 = 4;
/// Between two boards.
const BETWEEN: Duration = Duration::from_secs(1);

fn size() -> ImageSize {
    ImageSize::square(256)
}

/// Learns some boards, and gives the station that judges others by them.
///
/// # Errors
/// A folder that cannot be written.
pub fn station(folder: &Path, threads: usize) -> Result<StationConfiguration> {
    tell!("{LEARNED} made-up boards are learned: that takes some seconds");
    let boards: GoodImages = (0..LEARNED).map(|seed| good(size(), seed)).collect();
    let model = folder.join("board.oddspot");
    Training::new(Settings::instant(), boards)
        .threads(threads)
        .run()?
        .save(&model)?;
    Ok(StationConfiguration {
        model: Some(model),
        ..StationConfiguration::named(NAME)
    })
}

/// Sends a board a second to the station until it is stopped.
///
/// # Errors
/// A thread that cannot be started.
pub fn feed(service: &Service, interrupt: &Interrupt) -> Result<()> {
    let interrupt = interrupt.clone();
    // Not by a request: where there are users, it would need a token.
    let station = service.station(NAME)?;
    let (queue, history) = (station.queue.clone(), Arc::clone(&service.history));
    let work = move || {
        // In a data folder that stays, the numbers go on.
        let last = station.last_number(&history).unwrap_or_default();
        for number in last + 1.. {
            if interrupt.flow().is_break() {
                return;
            }
            let judged = file_of(&board(number)).and_then(|bytes| {
                let task = Task {
                    bytes: bytes.into(),
                    part_id: Some(number.to_string()),
                    source: Source::Http,
                    token: None,
                    sender: None,
                    file: None,
                    idempotency_key: None,
                    since: Instant::now(),
                };
                Ok(queue.judge_blocking(task)?)
            });
            // A board of a demonstration that is not judged is missed by nobody, and at the end none is.
            if let (Err(error), false) = (judged, interrupt.flow().is_break()) {
                tell!("a board was not judged: {error}");
            }
            std::thread::sleep(BETWEEN);
        }
    };
    std::thread::Builder::new()
        .name("feed".to_owned())
        .spawn(work)
        .context("cannot start a thread")?;
    Ok(())
}

fn board(number: u64) -> RgbImage {
    let seed = LEARNED + number;
    let kinds = Defect::ALL.len() as u64;
    let kind = Defect::ALL[(number / ODD % kinds) as usize];
    match number % ODD {
        0 => defective(size(), seed, kind).0,
        _ => good(size(), seed),
    }
}

fn file_of(board: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    board.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}
