//! Modbus TCP: bits and registers that a controller reads, and one that it writes. Each station has a unit of its own.

mod connection;
mod server;
mod unit;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::handed::{Handed, failed};
use super::state::Output;
use crate::history::Event;
pub use server::Server;
pub use unit::Unit;

/// How long a controller may take to acknowledge, before that is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is told then.
const UNSEEN: &str = "controller-silent";

/// A station's unit, as who is told.
pub struct Modbus {
    output: Output,
    unit: Arc<Unit>,
    wait: bool,
    ending: watch::Receiver<bool>,
}

impl Modbus {
    /// Of a unit; with `wait` each result stays until it was acknowledged.
    pub fn new(
        output: &Output,
        unit: Arc<Unit>,
        wait: bool,
        ending: watch::Receiver<bool>,
    ) -> Self {
        Self {
            output: output.clone(),
            unit,
            wait,
            ending,
        }
    }

    /// Shows events, one after the other.
    pub async fn hand_on(&mut self, events: &[Event]) -> Handed {
        let mut handed = Handed::default();
        for event in events {
            if self.wait && *self.ending.borrow() {
                // Shown now, it could not be acknowledged any more: it is shown after the next start.
                return handed.but(failed(UNSEEN));
            }
            let acknowledged = self.unit.show(event);
            if self.wait && !self.is_acknowledged(acknowledged).await {
                return handed.but(failed(UNSEEN));
            }
            handed.done += 1;
            if self.wait {
                // It is noted at once, so that it is not shown again after a kill.
                break;
            }
        }
        handed
    }

    /// Waits until a result was acknowledged, or the end: then it was not.
    async fn is_acknowledged(&mut self, mut acknowledged: watch::Receiver<()>) -> bool {
        let Self { output, ending, .. } = self;
        let told = async {
            sleep(PATIENCE).await;
            output.fails(&failed(UNSEEN));
            std::future::pending().await
        };
        // What was acknowledged is, even if the end comes at the same time.
        tokio::select! {
            biased;
            _ = acknowledged.changed() => true,
            _ = ending.wait_for(|ends| *ends) => false,
            () = told => false,
        }
    }
}
