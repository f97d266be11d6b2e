//! What the service adds to what judging an image takes: in turn, each image is judged alone and by a request; with a
//! database also by a second service whose history is there.
//!
//! `cargo run --release -p oddspot-station --example overhead -- MODEL FOLDER [postgres://…]`

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::Instant;

use oddspot::{Detector, Options};
use oddspot_station::configuration::{DatabaseAddress, StationConfiguration};
use oddspot_station::{Configuration, Held, run};

/// Images that are judged before it is measured.
const WARM: usize = 10;
/// How often each image is judged.
const ROUNDS: usize = 5;

/// A service that runs beside the measurement.
struct Service {
    name: &'static str,
    connection: TcpStream,
    data: PathBuf,
    end: Sender<()>,
    thread: JoinHandle<oddspot_station::Result<()>>,
    /// What each image took more than alone, and all it took, in milliseconds.
    times: [Vec<f64>; 2],
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (model, folder, database) = match &arguments[..] {
        [model, folder] => (model, folder, None),
        [model, folder, database] => (model, folder, Some(database.parse()?)),
        _ => return Err("give a model, a folder of images, and perhaps a database".into()),
    };
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    let detector = Detector::load(Path::new(model), options.clone())?;
    let mut services = vec![Service::start("file", model, None, &options)?];
    if database.is_some() {
        services.push(Service::start("postgres", model, database, &options)?);
    }
    let mut images = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        images.push(std::fs::read(entry?.path())?);
    }
    let mut alone = Vec::new();
    let all = images.iter().cycle().take(WARM + ROUNDS * images.len());
    for (at, bytes) in all.enumerate() {
        let start = Instant::now();
        let image = detector.reading().decode_bytes(bytes, Path::new("image"))?;
        detector.examine(&image.image)?;
        let itself = start.elapsed().as_secs_f64() * 1e3;
        for service in &mut services {
            let start = Instant::now();
            send(&mut service.connection, bytes)?;
            let served = start.elapsed().as_secs_f64() * 1e3;
            if at >= WARM {
                service.times[0].push(served - itself);
                service.times[1].push(served);
            }
        }
        if at >= WARM {
            alone.push(itself);
        }
    }
    tell("alone", "", &mut alone);
    for service in &mut services {
        let [more, served] = &mut service.times;
        tell("served", service.name, served);
        tell("more", service.name, more);
    }
    for service in services {
        service.end.send(())?;
        service.thread.join().map_err(|_| "the service broke")??;
        std::fs::remove_dir_all(&service.data)?;
    }
    Ok(())
}

fn tell(what: &str, of: &str, times: &mut [f64]) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{what:7} {of:9} p50 {:6.2} ms, p90 {:6.2} ms",
        at(0.5),
        at(0.9)
    );
}

impl Service {
    fn start(
        name: &'static str,
        model: &str,
        database: Option<DatabaseAddress>,
        options: &Options,
    ) -> Result<Self, Box<dyn Error>> {
        let of_process = format!("oddspot-overhead-{}-{name}", std::process::id());
        let data = std::env::temp_dir().join(of_process);
        let configuration = Configuration {
            listen: "127.0.0.1:0".parse()?,
            database,
            stations: vec![StationConfiguration {
                model: Some(model.into()),
                ..StationConfiguration::named("part")
            }],
            ..Configuration::default()
        };
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let (place, options) = (data.clone(), options.clone());
        let thread = std::thread::spawn(move || {
            let ready = |_: &oddspot_station::Service, address| tell.send(address).unwrap_or(());
            let is_ended = || ended.try_recv() != Err(TryRecvError::Empty);
            let held = Held::take(&configuration, &place)?;
            run(&configuration, held, options, ready, is_ended)
        });
        let Ok(address) = told.recv() else {
            let error = thread.join().map_err(|_| "the service broke")?.err();
            return Err(error.map_or("the service ended".into(), Into::into));
        };
        let connection = TcpStream::connect::<SocketAddr>(address)?;
        connection.set_nodelay(true)?;
        Ok(Self {
            name,
            connection,
            data,
            end,
            thread,
            times: Default::default(),
        })
    }
}

/// Sends an image and reads the whole answer.
fn send(connection: &mut TcpStream, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let head = format!(
        "POST /api/v1/stations/part/inspections HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    connection.write_all(&[head.as_bytes(), bytes].concat())?;
    let mut answer = Vec::new();
    let mut part = [0; 1 << 16];
    loop {
        let read = connection.read(&mut part)?;
        answer.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            if !head.starts_with("HTTP/1.1 201") {
                return Err(text.into());
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap_or_default().parse()?;
            if body.len() >= length {
                return Ok(());
            }
        }
    }
}
