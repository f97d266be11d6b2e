//! The connection to a broker: made anew whenever it breaks. What was under way then is told again by the outbox, so
//! nothing is kept here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Packet};
use tokio::time::sleep;

use super::super::handed::failed;
use super::super::state::Output;
use crate::error::{Error, Kind, Result};
use crate::words::{Gap, Sentence, of_system};

/// The pause after the first connection that failed, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];
/// A connection that lasted so long works, even if nothing was to be acknowledged.
const LASTED: Duration = Duration::from_secs(30);
/// Between two looks at whether there is a connection.
const LOOK: Duration = Duration::from_millis(20);
/// Messages that wait to be sent.
const ROOM: usize = 32;

/// The connection to a broker.
pub struct Link {
    output: Output,
    state: Mutex<State>,
}

struct State {
    /// Why there is none.
    trouble: Error,
    client: Option<AsyncClient>,
    /// The number of the connection.
    number: u64,
    /// Whether one was made or failed.
    was_tried: bool,
    ends: bool,
}

impl Link {
    /// Not connected yet.
    pub fn new(output: Output) -> Self {
        let state = State {
            trouble: failed("broker-not-yet"),
            client: None,
            number: 0,
            was_tried: false,
            ends: false,
        };
        Self {
            output,
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the first connection was made or failed.
    pub async fn tried(&self) {
        while !self.lock().was_tried {
            sleep(LOOK).await;
        }
    }

    /// By which is published, and the number of the connection.
    ///
    /// # Errors
    /// Why there is none.
    pub fn client(&self) -> Result<(AsyncClient, u64)> {
        let state = self.lock();
        let client = state.client.clone();
        client.map_or_else(
            || Err(state.trouble.clone()),
            |client| Ok((client, state.number)),
        )
    }

    /// Why the last connection ended, or that it has just.
    pub fn trouble(&self) -> Error {
        self.lock().trouble.clone()
    }

    /// No connection is made any more.
    pub fn end(&self) {
        self.lock().ends = true;
    }

    /// Keeps a connection until it is to end.
    pub async fn keep(self: Arc<Self>, options: MqttOptions) {
        let mut pause = PAUSES[0];
        loop {
            let (client, events) = AsyncClient::builder(options.clone()).capacity(ROOM).build();
            let (error, has_worked) = self.follow(client, events).await;
            let trouble = Error::of(Kind::System, words(&error));
            {
                let mut state = self.lock();
                state.client = None;
                state.was_tried = true;
                state.trouble.clone_from(&trouble);
                if state.ends {
                    return;
                }
            }
            self.output.fails(&trouble);
            if has_worked {
                pause = PAUSES[0];
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Follows a connection until it breaks, and gives why, and whether it worked: a broker may let in and then cut off.
    async fn follow(&self, client: AsyncClient, mut events: EventLoop) -> (ConnectionError, bool) {
        let mut connected: Option<Instant> = None;
        let mut has_worked = false;
        loop {
            let event = events.poll().await;
            let is_acknowledged = matches!(event, Ok(Event::Incoming(Packet::PubAck(_))));
            let has_lasted = connected.is_some_and(|since| since.elapsed() >= LASTED);
            if !has_worked && event.is_ok() && (is_acknowledged || has_lasted) {
                has_worked = true;
                self.output.works();
            }
            match event {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    let mut state = self.lock();
                    state.client = Some(client.clone());
                    state.number += 1;
                    state.was_tried = true;
                    state.trouble = failed("broker-broke");
                    connected = Some(Instant::now());
                }
                Ok(_) => {}
                Err(error) => return (error, has_worked),
            }
        }
    }
}

/// What went wrong, for people.
fn words(error: &ConnectionError) -> Sentence {
    match error {
        ConnectionError::Io(error) => of_system(error),
        ConnectionError::ConnectionRefused(code) => {
            Sentence::new("broker-refuses").with("code", Gap::english(format!("{code:?}")))
        }
        ConnectionError::NetworkTimeout => Sentence::new("broker-silent"),
        error => Sentence::english(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::Broker;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::super::state::OutputState;
    use super::*;

    /// An acknowledgement of a connection.
    const LET_IN: [u8; 4] = [0x20, 2, 0, 0];

    #[tokio::test]
    async fn a_broker_that_lets_in_and_cuts_off_does_not_work_and_is_asked_ever_less_often() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let output = Output {
            station: "top".to_owned(),
            name: "mqtt".to_owned(),
            kind: "mqtt",
            state: OutputState::default(),
        };
        let link = Arc::new(Link::new(output.clone()));
        let options = MqttOptions::new("test", Broker::tcp("127.0.0.1", port));
        let keeping = tokio::spawn(Arc::clone(&link).keep(options));
        let mut moments = Vec::new();
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().await.unwrap();
            moments.push(Instant::now());
            let mut asked = [0; 64];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            stream.write_all(&LET_IN).await.unwrap();
            while link.client().is_err() {
                sleep(LOOK).await;
            }
            assert_eq!(output.state.trouble().is_some(), moments.len() > 1);
            drop(stream);
            while link.client().is_ok() {
                sleep(LOOK).await;
            }
        }
        assert!(moments[2] - moments[1] > PAUSES[0] * 3 / 2);
        keeping.abort();
    }
}
