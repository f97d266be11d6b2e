//! What `watch` hands on to programs and servers.

#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::watcher::{Watching, with_folder};
use crate::world::{board, png};

#[test]
fn a_program_is_run_for_each_result_that_it_is_for() {
    let world = with_folder();
    let script = "#!/bin/sh\nread line\necho \"$1 $2 $line\" >>seen.txt\n[ \"$1\" != skipped ]\n";
    world.write("hook.sh", script);
    fs::set_permissions(world.path("hook.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let options = "--exec ./hook.sh --hook-on anomalous,skipped --check-threshold -1e6 --json";
    let watching = Watching::start(&world, &format!("{options} --threshold -1e6"));
    world.write("in/a.png", png(&board(0)));
    watching.results(1);
    world.write("in/b.png", "no image");
    watching.results(2);
    let run = watching.stop();
    // No result is anomalous now.
    let watching = Watching::start(&world, &format!("{options} --threshold 1e6"));
    world.write("in/c.png", png(&board(1)));
    watching.results(3);
    watching.stop();
    let seen = world.text("seen.txt");
    let seen: Vec<&str> = seen.lines().collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    let line = run.stdout.lines().next().unwrap();
    let image = world.path("in/a.png");
    assert_eq!(seen[0], format!("anomalous {} {line}", image.display()));
    assert!(seen[1].starts_with("skipped ") && seen[1].contains("\"error\":"));
    assert!(
        run.stderr.contains("./hook.sh did not take"),
        "{}",
        run.stderr
    );
    world.fails(
        &mut world.oddspot("watch in -m model.oddspot -o other --exec ./none.sh"),
        &["./none.sh: there is no such program"],
    );
}

/// The body of a request, which is answered by a status.
fn serve(listener: &TcpListener, status: &str) -> String {
    let (stream, _) = listener.accept().unwrap();
    answer(stream, status)
}

fn answer(mut stream: TcpStream, status: &str) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("POST /results HTTP/1.1"), "{head}");
            let head = head.to_lowercase();
            assert!(head.contains("content-type: application/json"), "{head}");
            let length = head.split_once("content-length: ").unwrap().1;
            let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
            if body.len() >= length {
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
                return body.to_owned();
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{text}");
        request.extend_from_slice(&buffer[..read]);
    }
}

#[test]
fn a_server_gets_each_result_once_it_takes_it() {
    let world = with_folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let options = format!("--no-pictures --post http://{address}/results");
    let watching = Watching::start(&world, &options);
    world.write("in/a.png", png(&board(0)));
    let refused = serve(&listener, "503 Service Unavailable");
    // Who is sent elsewhere has not handed anything on.
    let elsewhere = serve(&listener, "302 Found");
    let taken = serve(&listener, "200 OK");
    assert!(refused == taken && elsewhere == taken);
    world.write("in/b.png", png(&board(1)));
    let given_up = serve(&listener, "400 Bad Request");
    assert!(given_up.contains("b.png"));
    watching.results(2);
    // Nobody listens: what comes is judged all the same, and sent after the next start.
    drop(listener);
    world.write("in/c.png", png(&board(2)));
    let found = watching.results(3);
    let run = watching.stop();
    let said = |text: &str| assert!(run.stderr.contains(text), "{}", run.stderr);
    said("(it answers 503 Service Unavailable): it is tried again until it works");
    said("/results takes results again");
    said("b.png: it answers 400 Bad Request");
    let listener = TcpListener::bind(address).unwrap();
    let watching = Watching::start(&world, &options);
    let late = serve(&listener, "204 No Content");
    watching.stop();
    let sent: Vec<Value> = [taken, given_up, late]
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(sent, found);
    for (url, said) in [
        ("https://h/x", "speaks no https"),
        ("h/x", "give an address such as"),
    ] {
        if cfg!(feature = "fetch") && url.starts_with("https") {
            continue;
        }
        let run = world.ends_with(
            &mut world.oddspot(&format!("watch in -m model.oddspot -o out --post {url}")),
            2,
        );
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn a_hook_that_is_stopped_in_the_middle_is_run_again() {
    let world = with_folder();
    let script =
        "#!/bin/sh\necho \"$2\" >>begun.txt\n[ -e fast ] || sleep 60\necho done >>done.txt\n";
    world.write("hook.sh", script);
    fs::set_permissions(world.path("hook.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let options = "--no-pictures --exec ./hook.sh --hook-timeout 100";
    let watching = Watching::start(&world, options);
    world.write("in/a.png", png(&board(0)));
    watching.until(|| world.path("begun.txt").exists().then_some(()));
    let start = Instant::now();
    watching.stop();
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(!world.path("done.txt").exists());
    world.write("fast", "");
    let watching = Watching::start(&world, options);
    watching.until(|| world.path("done.txt").exists().then_some(()));
    let run = watching.stop();
    let said = "1 result of before: handed on to ./hook.sh now";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert_eq!(world.text("begun.txt").lines().count(), 2);
}
