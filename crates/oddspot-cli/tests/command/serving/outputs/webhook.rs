//! A server that results are sent to.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::mqtt::{certificates, free_port};
use super::receiver::{Mood, Receiver};
use super::*;

fn to(receiver: &Receiver) -> String {
    format!(
        "kind = \"webhook\"\nurl = \"{}\"\ntimeout = 1\n",
        receiver.url()
    )
}

#[test]
fn a_receiver_that_fails_hangs_and_comes_back_gets_all_in_order() {
    let receiver = Receiver::new(Mood::Answers("500 Internal Server Error"));
    let world = world_with(&to(&receiver));
    let serving = serve(&world);
    let trouble = || outputs(&serving)[0]["trouble"].as_str().map(str::to_owned);
    for part in 0..3 {
        serving.send(&format!("?part_id=p{part}"), &image(part));
    }
    let said = until(trouble);
    assert!(said.contains("it answers 500"), "{said}");
    receiver.set(Mood::Answers("410 Gone"));
    let said = until(|| trouble().filter(|said| said.contains("410")));
    assert!(said.contains("look whether the address"), "{said}");
    receiver.set(Mood::Hangs);
    let said = until(|| trouble().filter(|said| said.contains("no answer in time")));
    assert!(receiver.taken().is_empty(), "{said}");
    // Judging does not wait for it.
    let begun = Instant::now();
    assert_eq!(serving.send("?part_id=p3", &image(3)).status, 201);
    assert!(begun.elapsed() < Duration::from_secs(2));
    receiver.set(Mood::Takes);
    until_told(&serving);
    let taken = receiver.taken();
    assert_eq!(receiver.ids("inspection"), ids(&serving));
    // The body is what the API says, with its kind around it.
    assert_eq!(taken[0].1["inspection"], serving.all()[0]);
    until(|| trouble().is_none().then_some(()));
    serving.stop();
}

#[test]
fn what_nobody_takes_waits_for_the_next_start() {
    let receiver = Receiver::new(Mood::Answers("503 Service Unavailable"));
    let world = world_with(&to(&receiver));
    let serving = serve(&world);
    serving.send("", &image(1));
    let begun = Instant::now();
    serving.stop();
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    receiver.set(Mood::Takes);
    let serving = serve(&world);
    until_told(&serving);
    assert_eq!(receiver.ids("inspection"), ids(&serving));
    // What is judged at last is told before it ends.
    serving.send("", &image(2));
    let all = ids(&serving);
    serving.stop();
    assert_eq!(receiver.ids("inspection"), all);
}

#[test]
fn a_receiver_is_reached_by_tls_and_known_by_who_vouches_for_it() {
    let world = world_with("");
    if !python() || !certificates(&world) {
        return;
    }
    let port = free_port();
    let secure = format!(
        "import ssl\nserver = http.server.HTTPServer((\"127.0.0.1\", {port}), Receiver)\n\
         context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n\
         context.load_cert_chain(\"server.pem\", \"server.key\")\n\
         server.socket = context.wrap_socket(server.socket, server_side=True)\nserver.serve_forever()"
    );
    let plain = "http.server.HTTPServer((\"127.0.0.1\", 8000), Receiver).serve_forever()";
    world.write("receiver.py", documented().replace(plain, &secure));
    world.write("secret", "a secret of the line\n");
    let mut receiver = receive(&world, "secret");
    let output = |ca: &str| {
        format!(
            "kind = \"webhook\"\nurl = \"https://127.0.0.1:{port}/\"\nsecret_file = \"secret\"\nca_file = \"{ca}\""
        )
    };
    configure(&world, &output("other.pem"));
    let serving = serve(&world);
    serving.send("?part_id=SN7", &image(1));
    let trouble = || outputs(&serving)[0]["trouble"].as_str().map(str::to_owned);
    until(|| trouble().filter(|said| said.contains("certificate")));
    serving.stop();
    configure(&world, &output("ca.pem"));
    let serving = serve(&world);
    until_told(&serving);
    receiver.kill().unwrap();
    receiver.wait().unwrap();
}

/// The receiver of the documentation, as it stands there.
fn documented() -> String {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/station.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let code = docs.split("```python\n").nth(1).unwrap();
    code.split("```").next().unwrap().to_owned()
}

fn python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no python3");
    }
    found
}

/// Starts `receiver.py` with the secret of a file.
fn receive(world: &World, secret_file: &str) -> Child {
    let mut command = Command::new("python3");
    command.args(["-u", "receiver.py", secret_file]);
    command.current_dir(world.path("."));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    child.unwrap()
}

#[test]
fn the_receiver_of_the_documentation_verifies() {
    if !python() {
        return;
    }
    let world = world_with("");
    let port = free_port();
    world.write("secret", "a secret of the line\n");
    world.write("other", "another secret\n");
    let receiver = documented().replace("8000", &port.to_string());
    world.write("receiver.py", receiver);
    configure(
        &world,
        &format!(
            "kind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\nsecret_file = \"secret\""
        ),
    );
    let mut stranger = receive(&world, "other");
    let serving = serve(&world);
    serving.send("?part_id=SN7", &image(1));
    let trouble = || outputs(&serving)[0]["trouble"].as_str().map(str::to_owned);
    until(|| trouble().filter(|said| said.contains("401")));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    let mut friend = receive(&world, "secret");
    until_told(&serving);
    friend.kill().unwrap();
    let said = friend.wait_with_output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("SN7") && said.contains(&ids(&serving)[0]),
        "{said}"
    );
}
