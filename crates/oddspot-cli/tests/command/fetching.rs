//! Fetching a teacher from a server of the test's own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::world::World;

/// A file of weights as people's frameworks write it.
const FILE: &[u8] = include_bytes!("../fixtures/teachers/squeezenet_torchvision_old.pth");
const PART: &str = "cache/teachers/squeezenet1_0-b66bff10.pth.part";
const KEPT: &str = "cache/teachers/squeezenet1_0.safetensors";

/// A server that answers each connection in turn, with at most so many bytes of the file.
struct Server {
    url: String,
    /// The ranges that were asked for.
    asked: Arc<Mutex<Vec<Option<u64>>>>,
}

impl Server {
    fn new(status: &'static str, most: &'static [usize]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/weights.pth", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let most = most.get(number).copied().unwrap_or(usize::MAX);
                answer(stream.unwrap(), status, most, &seen);
            }
        });
        Self { url, asked }
    }
}

fn answer(mut stream: TcpStream, status: &str, most: usize, seen: &Mutex<Vec<Option<u64>>>) {
    let mut start = None;
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            start = Some(range.trim_end_matches('-').parse().unwrap());
        }
        if line.is_empty() {
            break;
        }
    }
    seen.lock().unwrap().push(start);
    let from = start.unwrap_or(0) as usize;
    let status = match (status, start) {
        ("200 OK", Some(_)) if from >= FILE.len() => "416 Range Not Satisfiable",
        ("200 OK", Some(_)) => "206 Partial Content",
        _ => status,
    };
    let body = FILE.get(from..).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A client that has gone is no fault of the server.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body[..most.min(body.len())]);
}

fn sha256() -> String {
    let digest = Sha256::digest(FILE);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fetch(world: &World, url: &str, sha256: &str) -> Command {
    world.oddspot(&format!(
        "teacher fetch squeezenet1_0 --url {url} --sha256 {sha256}"
    ))
}

#[test]
fn a_teacher_is_fetched_checked_and_known_by_its_name() {
    let world = World::new();
    let server = Server::new("200 OK", &[]);
    let run = world.succeeds(&mut fetch(&world, &server.url, &sha256()));
    assert!(
        run.stdout.contains("--teacher squeezenet1_0"),
        "{}",
        run.stdout
    );
    assert!(world.path(KEPT).exists() && !world.path(PART).exists());
    world.boards("boards", 2);
    world.succeeds(&mut world.train("boards -o m.oddspot --teacher squeezenet1_0 --iterations 2"));
}

#[test]
fn a_cut_connection_goes_on_where_it_was_cut() {
    let world = World::new();
    let server = Server::new("200 OK", &[1000, 0, 500]);
    world.succeeds(&mut fetch(&world, &server.url, &sha256()));
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked, [None, Some(1000), Some(1000), Some(1500)]);
    assert!(world.path(KEPT).exists());
}

#[test]
fn a_connection_that_brings_nothing_is_given_up_and_what_is_there_is_kept() {
    let world = World::new();
    let server = Server::new("200 OK", &[700, 0, 0, 0, 0, 0]);
    let message = world.fails_leaving(
        &mut fetch(&world, &server.url, &sha256()),
        &["cannot fetch", "700 bytes are in", "goes on from there"],
    );
    assert!(message.contains(&server.url), "{message}");
    assert_eq!(world.read(PART), FILE[..700]);
    let server = Server::new("200 OK", &[]);
    world.succeeds(&mut fetch(&world, &server.url, &sha256()));
    assert_eq!(*server.asked.lock().unwrap(), [Some(700)]);
}

#[test]
fn a_file_that_is_whole_already_is_only_checked() {
    let world = World::new();
    world.write(PART, FILE);
    let server = Server::new("200 OK", &[]);
    world.succeeds(&mut fetch(&world, &server.url, &sha256()));
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked, [Some(FILE.len() as u64)]);
    assert!(world.path(KEPT).exists() && !world.path(PART).exists());
}

#[test]
fn another_network_under_a_teachers_name_is_refused() {
    let world = World::new();
    let server = Server::new("200 OK", &[]);
    let arguments = format!(
        "teacher fetch vgg16 --url {} --sha256 {}",
        server.url,
        sha256()
    );
    world.fails_leaving(
        &mut world.oddspot(&arguments),
        &["is a squeezenet, not a vgg16"],
    );
}

#[test]
fn another_file_is_refused_and_deleted() {
    let world = World::new();
    let server = Server::new("200 OK", &[]);
    world.fails_leaving(
        &mut fetch(&world, &server.url, "0123456789abcdef"),
        &[
            "is not the file that was meant",
            &sha256(),
            "0123456789abcdef",
            "deleted",
        ],
    );
    assert!(!world.path(PART).exists() && !world.path(KEPT).exists());
}

#[test]
fn a_server_without_the_file_and_no_server_at_all_are_told() {
    let world = World::new();
    let server = Server::new("404 Not Found", &[]);
    world.fails_leaving(&mut fetch(&world, &server.url, &sha256()), &["404"]);
    // A port that the system gives to no other test, as it may give one that has just been left.
    let nobody = "http://127.0.0.1:9/weights.pth";
    world.fails_leaving(
        &mut fetch(&world, nobody, &sha256()),
        &["cannot fetch", nobody],
    );
    world.fails_leaving(&mut fetch(&world, "nonsense", &sha256()), &["nonsense"]);
    let run = world.ends_with(&mut world.oddspot("teacher fetch resnet"), 2);
    assert!(
        run.stderr
            .contains("vgg16, squeezenet1_0, resnet18, wide_resnet50_2"),
        "{}",
        run.stderr
    );
}
