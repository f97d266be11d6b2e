//! Messages to a broker: a real one.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::kills::kill_under_load;
use super::*;

/// A broker of a test's own, and somebody who hears all that comes.
pub struct Broker<'a> {
    world: &'a World,
    pub port: u16,
    broker: Option<Child>,
    hearer: Option<Child>,
}

/// Where Debian has it.
pub fn mosquitto() -> Option<PathBuf> {
    let places = [
        "/usr/sbin/mosquitto",
        "/usr/bin/mosquitto",
        "/usr/local/sbin/mosquitto",
    ];
    let found = places
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_file());
    if found.is_none() {
        lacks("mosquitto");
    }
    found
}

/// A port for a server that comes and goes: outside of what the system gives to whoever asks for any, as that may be
/// given to another test while the server is away.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 1_000) as u16 * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn terminated(mut child: Child) {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    child.wait().unwrap();
}

impl<'a> Broker<'a> {
    /// With lines of its configuration, and options of who hears.
    pub fn new(world: &'a World, more: &str, hears: &str) -> Self {
        let port = free_port();
        world.make_folder("broker");
        let folder = world.path("broker");
        let folder = folder.display();
        let text = format!(
            "listener {port} 127.0.0.1\npersistence true\npersistence_location {folder}/\n\
             autosave_interval 1\n{}{more}\n",
            if nix::unistd::getuid().is_root() {
                "user root\n"
            } else {
                ""
            }
        );
        world.write("broker/mosquitto.conf", text);
        let mut broker = Self {
            world,
            port,
            broker: None,
            hearer: None,
        };
        broker.start();
        let heard = File::create(world.path("heard")).unwrap();
        let mut hearer = Command::new("mosquitto_sub");
        // By a session that the broker keeps, so that it misses nothing either.
        hearer.args([
            "-h",
            "127.0.0.1",
            "-t",
            "oddspot/#",
            "-q",
            "1",
            "-c",
            "-i",
            "hearer",
            "-F",
            "%t %p",
            "-p",
        ]);
        hearer.arg(port.to_string()).args(hears.split_whitespace());
        hearer
            .current_dir(world.path("."))
            .stdout(heard)
            .stderr(Stdio::null());
        broker.hearer = Some(hearer.spawn().unwrap());
        broker
    }

    fn start(&mut self) {
        let mut command = Command::new(mosquitto().unwrap());
        command
            .arg("-c")
            .arg(self.world.path("broker/mosquitto.conf"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.broker = Some(command.spawn().unwrap());
        let address = ("127.0.0.1", self.port);
        until(|| std::net::TcpStream::connect(address).ok());
    }

    fn stop(&mut self) {
        terminated(self.broker.take().unwrap());
    }

    /// What was heard of a topic.
    pub fn heard(&self, topic: &str) -> Vec<Value> {
        let heard = self.world.text("heard");
        let lines = heard
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        let messages = lines.filter_map(|line| line.split_once(' '));
        let of_topic = messages.filter(|(of, _)| *of == format!("oddspot/plant/model/{topic}"));
        of_topic
            .map(|(_, text)| serde_json::from_str(text).unwrap())
            .collect()
    }

    fn state(&self) -> String {
        let last = self.heard("status").pop().unwrap_or_default();
        last["state"].as_str().unwrap_or_default().to_owned()
    }

    pub fn until_state(&self, wanted: &str) {
        until(|| (self.state() == wanted).then_some(()));
    }

    pub fn results(&self) -> Vec<String> {
        let heard = self.heard("result").into_iter();
        let ids = heard.filter(|one| one["kind"] == "inspection");
        let ids = ids.map(|one| one["inspection"]["id"].as_str().unwrap().to_owned());
        first_of_each(ids.collect())
    }
}

impl Drop for Broker<'_> {
    fn drop(&mut self) {
        for mut child in [self.hearer.take(), self.broker.take()]
            .into_iter()
            .flatten()
        {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// An output that goes to a broker.
pub fn to(port: u16) -> String {
    format!("kind = \"mqtt\"\nbroker = \"mqtt://127.0.0.1:{port}\"\nsite = \"plant\"\n")
}

#[test]
fn a_broker_that_stops_and_starts_gets_all_in_order_and_knows_how_the_station_is() {
    if mosquitto().is_none() {
        return;
    }
    let world = world_with("");
    let mut broker = Broker::new(&world, "allow_anonymous true", "");
    configure(&world, &format!("folder = \"in\"\n{}", to(broker.port)));
    world.make_folder("in");
    let serving = serve(&world);
    broker.until_state("ready");
    for part in 0..3 {
        serving.send(&format!("?part_id=p{part}"), &image(part));
    }
    until_told(&serving);
    until(|| (broker.results().len() == 3).then_some(()));
    assert_eq!(broker.heard("result")[0]["inspection"], serving.all()[0]);
    let health = until(|| broker.heard("health").pop());
    assert!(health["health"].is_object(), "{health}");
    serving.send("?part_id=SN9", b"no image").problem(422);
    let missed = until(|| {
        broker
            .heard("result")
            .into_iter()
            .find(|one| one["kind"] == "missed")
    });
    assert_eq!(missed["missed"]["part_id"], "SN9");
    broker.stop();
    let trouble = || outputs(&serving)[0]["trouble"].as_str().map(str::to_owned);
    // It is told before there is anything to tell.
    until(trouble);
    for part in 3..40 {
        assert_eq!(
            serving
                .send(&format!("?part_id=p{part}"), &image(part % 3))
                .status,
            201
        );
    }
    let waiting = outputs(&serving)[0]["waiting"].as_u64().unwrap();
    assert_eq!(waiting, 37);
    broker.start();
    until_told(&serving);
    until(|| (broker.results().len() == 40).then_some(()));
    assert_eq!(broker.results(), ids(&serving));
    for _ in 0..3 {
        serving.send("", &image(50));
    }
    broker.until_state("not_ready");
    let status = broker.heard("status").pop().unwrap();
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.contains("the very same pixels"), "{status}");
    serving.send("", &image(51));
    broker.until_state("ready");
    std::fs::rename(world.path("in"), world.path("away")).unwrap();
    broker.until_state("not_ready");
    let status = broker.heard("status").pop().unwrap();
    assert!(
        status["reason"]
            .as_str()
            .unwrap()
            .contains("cannot be read"),
        "{status}"
    );
    std::fs::rename(world.path("away"), world.path("in")).unwrap();
    broker.until_state("ready");
    serving.kill();
    // By the last will.
    broker.until_state("offline");
    let serving = serve(&world);
    broker.until_state("ready");
    serving.stop();
    broker.until_state("offline");
}

#[test]
fn killed_at_any_moment_the_broker_gets_each_inspection_in_order() {
    if mosquitto().is_none() {
        return;
    }
    let world = world_with("");
    let broker = Broker::new(&world, "allow_anonymous true", "");
    configure(&world, &to(broker.port));
    kill_under_load(&world);
    let serving = serve(&world);
    until_told(&serving);
    let all = ids(&serving);
    assert!(all.len() > 10, "too little came: {}", all.len());
    until(|| (broker.results().len() >= all.len()).then_some(()));
    assert_eq!(broker.results(), all);
    serving.stop();
}

fn openssl(world: &World, arguments: &str) -> bool {
    let mut command = Command::new("openssl");
    command
        .args(arguments.split_whitespace())
        .current_dir(world.path("."));
    let run = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// Makes `server.pem` and its key, `ca.pem` that vouches for it, and `other.pem` that does not.
pub fn certificates(world: &World) -> bool {
    world.write("names", "subjectAltName=IP:127.0.0.1");
    let made = [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=plant -days 2",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
        "req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -subj /CN=other -days 2",
    ];
    let are_made = made.iter().all(|arguments| openssl(world, arguments));
    if !are_made {
        lacks("openssl");
    }
    are_made
}

#[test]
fn a_broker_is_reached_by_tls_and_a_password() {
    if mosquitto().is_none() {
        return;
    }
    let world = world_with("");
    if !certificates(&world) {
        return;
    }
    let passwords = world.path("passwords");
    let mut command = Command::new("mosquitto_passwd");
    command
        .args(["-c", "-b"])
        .arg(&passwords)
        .args(["line", "pass word"]);
    assert!(command.status().unwrap().success());
    let at = |name: &str| world.path(name).display().to_string();
    let more = format!(
        "password_file {}\ncafile {}\ncertfile {}\nkeyfile {}",
        at("passwords"),
        at("ca.pem"),
        at("server.pem"),
        at("server.key")
    );
    world.write("password", "pass word\n");
    world.write("wrong", "pass\n");
    let broker = Broker::new(&world, &more, "--cafile ca.pem");
    let output = |ca: &str, password: &str| {
        format!(
            "kind = \"mqtt\"\nbroker = \"mqtts://127.0.0.1:{}\"\nsite = \"plant\"\nuser = \"line\"\n\
             password_file = \"{password}\"\nca_file = \"{ca}\"",
            broker.port
        )
    };
    for (ca, password, words) in [
        ("other.pem", "password", "certificate"),
        ("ca.pem", "wrong", "refuses"),
    ] {
        configure(&world, &output(ca, password));
        let serving = serve(&world);
        let trouble = until(|| outputs(&serving)[0]["trouble"].as_str().map(str::to_owned));
        assert!(trouble.contains(words), "{trouble}");
        serving.stop();
    }
    configure(&world, &output("ca.pem", "password"));
    let serving = serve(&world);
    serving.send("?part_id=1", &image(1));
    until_told(&serving);
    serving.stop();
}

/// Parts come one after the other while the broker is away.
fn away_for(seconds: u64) {
    if mosquitto().is_none() {
        return;
    }
    let world = world_with("");
    let mut broker = Broker::new(&world, "allow_anonymous true", "");
    configure(&world, &to(broker.port));
    let serving = serve(&world);
    broker.until_state("ready");
    let mut parts = 0;
    let mut send = || {
        let sent = serving.send(&format!("?part_id=p{parts}"), &image(parts % 3));
        assert_eq!(sent.status, 201);
        parts += 1;
        sleep(Duration::from_millis(100));
    };
    send();
    until_told(&serving);
    broker.stop();
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        send();
    }
    let waiting = outputs(&serving)[0]["waiting"].as_u64().unwrap();
    broker.start();
    let back = std::time::Instant::now();
    until_told(&serving);
    let all = ids(&serving);
    until(|| (broker.results().len() >= all.len()).then_some(()));
    assert_eq!(broker.results(), all);
    assert_eq!(waiting + 1, all.len() as u64);
    let told = back.elapsed();
    println!(
        "away for {seconds} s: {waiting} waited, and all were told {told:.1?} after it was back"
    );
    serving.stop();
}

#[test]
fn a_broker_that_is_away_under_load_gets_all_in_order() {
    away_for(12);
}

#[test]
#[ignore = "takes ten minutes"]
fn a_broker_that_is_away_for_ten_minutes_gets_all_in_order() {
    away_for(600);
}
