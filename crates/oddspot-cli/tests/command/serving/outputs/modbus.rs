//! Bits and registers, read and written by another program's client.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::mqtt::free_port;
use super::*;

/// What is done by the client: each line is answered by a line of JSON.
const CLIENT: &str = r#"
import json, sys
from pymodbus.client import ModbusTcpClient
client = ModbusTcpClient("127.0.0.1", port=int(sys.argv[1]))
assert client.connect()
for line in sys.stdin:
    name, unit, at, count = line.split()
    unit, at, count = int(unit), int(at), int(count)
    if name == "write":
        answer = client.write_coil(at, bool(count), device_id=unit)
    else:
        answer = getattr(client, "read_" + name)(at, count=count, device_id=unit)
    if answer.isError():
        said = {"error": getattr(answer, "exception_code", -1)}
    elif name == "write":
        said = True
    elif hasattr(answer, "registers") and answer.registers:
        said = answer.registers
    else:
        said = answer.bits[:count]
    print(json.dumps(said), flush=True)
"#;

/// A python that has pymodbus, made once; nothing where there is no python or no network.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pymodbus");
    let python = folder.join("bin/python");
    let works = |command: &mut Command| command.output().is_ok_and(|run| run.status.success());
    let has = || works(Command::new(&python).args(["-c", "import pymodbus.client"]));
    let make = || {
        let install = ["-m", "pip", "install", "--quiet", "pymodbus==3.*"];
        works(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            && works(Command::new(&python).args(install))
            && has()
    };
    if has() || make() {
        return Some(python);
    }
    lacks("pymodbus");
    None
}

/// A client of Modbus.
struct Client {
    child: std::process::Child,
    lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Client {
    fn new(python: &Path, port: u16) -> Self {
        let mut command = Command::new(python);
        command.args(["-c", CLIENT, &port.to_string()]);
        command
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(out));
        Self { child, lines }
    }

    fn ask(&mut self, line: &str) -> Value {
        use std::io::Write;
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        let said = self.lines.next().unwrap().unwrap();
        serde_json::from_str(&said).unwrap()
    }

    /// The bits but for the heartbeat.
    fn bits(&mut self) -> Vec<bool> {
        let bits = self.ask("discrete_inputs 7 0 9");
        let mut bits: Vec<bool> = serde_json::from_value(bits).unwrap();
        bits.pop();
        bits
    }

    fn registers(&mut self) -> Vec<u32> {
        serde_json::from_value(self.ask("input_registers 7 0 10")).unwrap()
    }

    fn counter(&mut self) -> u32 {
        let registers = self.registers();
        registers[0] << 16 | registers[1]
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn to(port: u16, wait: bool) -> String {
    format!("kind = \"modbus\"\nunit = 7\nwait = {wait}\n[modbus]\nlisten = \"127.0.0.1:{port}\"")
}

#[test]
fn a_controller_reads_results_and_acknowledges() {
    let Some(python) = python() else { return };
    let port = free_port();
    let world = world_with(&format!("folder = \"in\"\n{}", to(port, false)));
    world.make_folder("in");
    let serving = serve(&world);
    let mut client = Client::new(&python, port);
    assert_eq!(
        client.bits(),
        [true, false, false, false, false, false, false, false]
    );
    assert_eq!(client.ask("input_registers 8 0 9"), json!({ "error": 11 }));
    assert_eq!(client.ask("input_registers 7 9 2"), json!({ "error": 2 }));
    assert_eq!(client.ask("write 7 0 1"), json!({ "error": 2 }));
    let sent = serving.send("", &image(1)).json();
    until(|| (client.counter() == 1).then_some(()));
    let (bits, registers) = (client.bits(), client.registers());
    let verdicts = ["good", "check", "anomalous", "untrusted"];
    let at = verdicts
        .iter()
        .position(|one| sent["verdict"] == *one)
        .unwrap();
    let mut wanted = [true, false, true, false, false, false, false, false];
    wanted[3 + at] = true;
    assert_eq!(bits, wanted);
    let score = sent["finding"]["score"].as_f64().unwrap();
    let float = f32::from_bits(registers[4] << 16 | registers[5]);
    assert!((f64::from(float) - score).abs() < 1e-5, "{float} {score}");
    let thousandths = registers[2] << 16 | registers[3];
    assert!((f64::from(thousandths) - 1e3 * score).abs() < 1.0);
    assert_eq!((registers[6] as usize, registers[8]), (1 + at, 1));
    // The last register has the bits, but for the heartbeat.
    let of_word = |at: usize| registers[9] >> at & 1 == 1;
    assert!((0..8).all(|at| of_word(at) == wanted[at]), "{registers:?}");
    // Coils say the same; the acknowledgement takes the result away.
    assert_eq!(client.ask("coils 7 0 8"), json!(wanted));
    assert_eq!(client.ask("write 7 16 1"), json!(true));
    assert!(!client.bits()[2]);
    // The next overwrites one that was not acknowledged.
    serving.send("", &image(2));
    serving.send("", &image(3));
    until(|| (client.counter() == 3).then_some(()));
    // What was missed is an error, and no result.
    serving.send("", b"no image").problem(422);
    until(|| (client.counter() == 4).then_some(()));
    assert_eq!(
        client.bits(),
        [true, false, false, false, false, false, false, true]
    );
    assert_eq!(client.registers()[6], 5);
    client.ask("write 7 16 1");
    assert_eq!(
        client.bits(),
        [true, false, false, false, false, false, false, false]
    );
    // A camera that is stuck: its results are untrusted, and it is an error until another picture comes.
    for _ in 0..2 {
        serving.send("", &image(3));
    }
    until(|| (client.counter() == 6).then_some(()));
    assert_eq!(
        client.bits(),
        [false, false, true, false, false, false, true, true]
    );
    serving.send("", &image(4));
    until(|| (client.counter() == 7).then_some(()));
    let bits = client.bits();
    assert!(bits[0] && !bits[7], "{bits:?}");
    std::fs::rename(world.path("in"), world.path("away")).unwrap();
    until(|| {
        let bits = client.bits();
        (!bits[0] && bits[7]).then_some(())
    });
    let beat = |client: &mut Client| client.ask("discrete_inputs 7 8 1");
    let first = beat(&mut client);
    until(|| (beat(&mut client) != first).then_some(()));
    serving.stop();
}

#[test]
fn a_result_that_is_to_be_acknowledged_is_waited_for_across_starts() {
    let Some(python) = python() else { return };
    let port = free_port();
    let world = world_with(&to(port, true));
    let serving = serve(&world);
    for part in 0..3 {
        serving.send(&format!("?part_id={part}"), &image(part));
    }
    let mut client = Client::new(&python, port);
    until(|| client.bits()[2].then_some(()));
    a_moment();
    assert_eq!(
        (client.counter(), outputs(&serving)[0]["waiting"].as_u64()),
        (1, Some(3))
    );
    client.ask("write 7 16 1");
    until(|| (client.counter() == 2).then_some(()));
    assert!(client.bits()[2]);
    drop(client);
    let begun = std::time::Instant::now();
    serving.stop();
    assert!(begun.elapsed() < Duration::from_secs(5));
    let serving = serve(&world);
    let trouble = || outputs(&serving)[0]["trouble"].as_str().map(str::to_owned);
    let said = until(trouble);
    assert!(said.contains("has not acknowledged"), "{said}");
    serving.kill();
    let serving = serve(&world);
    let mut client = Client::new(&python, port);
    for _ in 0..2 {
        until(|| client.bits()[2].then_some(()));
        client.ask("write 7 16 1");
        a_moment();
    }
    until_told(&serving);
    assert!(!client.bits()[2]);
    serving.stop();
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let world = world_with(&to(port, false));
    let mut command = world.oddspot("serve --data data --config serve.toml --listen 127.0.0.1:0");
    let words = ["another program listens on", "modbus.listen"];
    world.fails_leaving(&mut command, &words);
}
