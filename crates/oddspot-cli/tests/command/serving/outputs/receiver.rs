//! A server that webhooks are sent to, and that fails as it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// What it does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes it.
    Takes,
    /// Answers so.
    Answers(&'static str),
    /// Reads it and says nothing.
    Hangs,
    /// Takes it, and every third time breaks the connection before it says so.
    Breaks,
}

/// A server, and what it took.
pub struct Receiver {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<(String, Value)>>>,
    is_over: Arc<AtomicBool>,
}

impl Receiver {
    pub fn new(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            mood: Arc::new(Mutex::new(mood)),
            taken: Arc::default(),
            is_over: Arc::default(),
        };
        let (mood, taken) = (Arc::clone(&receiver.mood), Arc::clone(&receiver.taken));
        let is_over = Arc::clone(&receiver.is_over);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let mood = *mood.lock().unwrap();
                // One after the other, so that what is taken stands in the order in which it came.
                stream
                    .ok()
                    .and_then(|stream| serve(stream, mood, number, &taken));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/results", self.address)
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// What was taken: ids of the header, and bodies.
    pub fn taken(&self) -> Vec<(String, Value)> {
        self.taken.lock().unwrap().clone()
    }

    /// The ids of a kind, in their order.
    pub fn ids(&self, kind: &str) -> Vec<String> {
        let taken = self.taken();
        let of_kind = taken.iter().filter(|(_, body)| body["kind"] == kind);
        of_kind.map(|(id, _)| id.clone()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        TcpStream::connect(self.address).ok();
    }
}

fn serve(
    stream: TcpStream,
    mood: Mood,
    number: usize,
    taken: &Mutex<Vec<(String, Value)>>,
) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut length, mut id) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            match line.trim().is_empty() {
                true => break,
                false => continue,
            }
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "oddspot-id" => id = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    let mut stream = stream;
    let mut answer = |status: &str| {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).ok()
    };
    match mood {
        Mood::Answers(status) => answer(status),
        Mood::Hangs => {
            thread::sleep(Duration::from_secs(3));
            None
        }
        Mood::Breaks if number.is_multiple_of(3) => {
            taken.lock().unwrap().push((id, body));
            None
        }
        Mood::Takes | Mood::Breaks => {
            taken.lock().unwrap().push((id, body));
            answer("204 No Content")
        }
    }
}
