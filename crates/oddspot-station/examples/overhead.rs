//! What the service adds to what judging an image takes: in turn, each image is judged alone and by a request.
//!
//! `cargo run --release -p oddspot-station --example overhead -- MODEL FOLDER`

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::time::Instant;

use oddspot::{Detector, Options};
use oddspot_station::configuration::StationConfiguration;
use oddspot_station::{Configuration, run};

/// Images that are judged before it is measured.
const WARM: usize = 10;
/// How often each image is judged.
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder] = &arguments[..] else {
        return Err("give a model and a folder of images".into());
    };
    let data = std::env::temp_dir().join(format!("oddspot-overhead-{}", std::process::id()));
    let options = Options {
        threads: 1,
        ..Options::default()
    };
    let configuration = Configuration {
        listen: "127.0.0.1:0".parse()?,
        stations: vec![StationConfiguration {
            name: "part".to_owned(),
            model: Some(model.into()),
            folder: None,
            after: Default::default(),
            outputs: Vec::new(),
        }],
        ..Configuration::default()
    };
    let detector = Detector::load(Path::new(model), options.clone())?;
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let place = data.clone();
    let service = std::thread::spawn(move || {
        let ready = |_: &oddspot_station::Service, address| tell.send(address).unwrap_or(());
        let is_ended = || ended.try_recv() != Err(mpsc::TryRecvError::Empty);
        run(&configuration, place, options, ready, is_ended)
    });
    let mut connection = TcpStream::connect(told.recv()? as SocketAddr)?;
    connection.set_nodelay(true)?;
    let mut images = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        images.push(std::fs::read(entry?.path())?);
    }
    let mut times: [Vec<f64>; 3] = Default::default();
    for (at, bytes) in images
        .iter()
        .cycle()
        .take(WARM + ROUNDS * images.len())
        .enumerate()
    {
        let start = Instant::now();
        let image = detector.reading().decode_bytes(bytes, Path::new("image"))?;
        detector.examine(&image.image)?;
        let alone = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        send(&mut connection, bytes)?;
        let served = start.elapsed().as_secs_f64() * 1e3;
        if at >= WARM {
            for (times, time) in times.iter_mut().zip([alone, served, served - alone]) {
                times.push(time);
            }
        }
    }
    for (name, times) in ["alone", "served", "more"].iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!("{name:7} p50 {:6.2} ms, p90 {:6.2} ms", at(0.5), at(0.9));
    }
    end.send(())?;
    service.join().map_err(|_| "the service broke")??;
    std::fs::remove_dir_all(&data)?;
    Ok(())
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
