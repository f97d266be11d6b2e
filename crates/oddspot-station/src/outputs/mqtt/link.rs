//! The connection to a broker: made anew whenever it breaks. What was under way then is told again by the outbox, so
//! nothing is kept here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Packet};
use tokio::time::sleep;

use super::super::handed::words as io_words;
use super::super::state::Output;

/// The pause after the first connection that failed, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];
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
    trouble: String,
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
            trouble: "the broker is not connected yet".to_owned(),
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
    pub fn client(&self) -> Result<(AsyncClient, u64), String> {
        let state = self.lock();
        let client = state.client.clone();
        client.map_or_else(
            || Err(state.trouble.clone()),
            |client| Ok((client, state.number)),
        )
    }

    /// Why the last connection ended, or that it has just.
    pub fn trouble(&self) -> String {
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
            let before = self.lock().number;
            let trouble = words(&self.follow(client, events).await);
            let connected = {
                let mut state = self.lock();
                state.client = None;
                state.was_tried = true;
                state.trouble.clone_from(&trouble);
                if state.ends {
                    return;
                }
                state.number != before
            };
            self.output.fails(&trouble);
            if connected {
                pause = PAUSES[0];
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Follows a connection until it breaks.
    async fn follow(&self, client: AsyncClient, mut events: EventLoop) -> ConnectionError {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    let mut state = self.lock();
                    state.client = Some(client.clone());
                    state.number += 1;
                    state.was_tried = true;
                    "the connection to the broker broke".clone_into(&mut state.trouble);
                    drop(state);
                    self.output.works();
                }
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }
}

/// What went wrong, for people.
fn words(error: &ConnectionError) -> String {
    match error {
        ConnectionError::Io(error) => io_words(error),
        ConnectionError::ConnectionRefused(code) => {
            format!("the broker refuses the connection: {code:?}")
        }
        ConnectionError::NetworkTimeout => "the broker does not answer".to_owned(),
        error => error.to_string(),
    }
}
