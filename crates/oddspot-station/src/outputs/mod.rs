//! Ways by which results go out. What is told waits in the history's outbox; for each output of a station one
//! deliverer hands it on, in order, until whoever is told has it.

mod condition;
mod deliverer;
mod files;
mod handed;
mod misses;
mod modbus;
mod mqtt;
mod recipient;
mod state;
mod today;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use condition::{Condition, Look};
pub use misses::{Misses, NotJudged};
pub use state::{Output, OutputNow, OutputState};
pub use today::{ForReason, OfDay};

use crate::configuration::{ModbusConfiguration, OutputConfiguration, OutputKind};
use crate::error::{Error, Kind, Result};
use crate::history::{Backlog, History};
use crate::metrics::Metrics;
use deliverer::Deliverer;
use modbus::Server;
use recipient::{Around, Recipient};

/// The outputs of all stations, at work.
pub struct Outputs {
    history: Arc<History>,
    metrics: Arc<Metrics>,
    misses: Arc<Misses>,
    listen: SocketAddr,
    modbus: Option<Server>,
    ending: watch::Sender<bool>,
    /// Who notes what was missed, and by what that ends.
    noting: (watch::Sender<bool>, JoinHandle<()>),
    deliverers: Vec<JoinHandle<()>>,
}

impl Outputs {
    /// Without any yet.
    pub fn new(history: Arc<History>, metrics: Arc<Metrics>, modbus: &ModbusConfiguration) -> Self {
        let ending = watch::channel(false).0;
        let misses = Arc::new(Misses::new(Arc::clone(&history), Arc::clone(&metrics)));
        let (end, ends) = watch::channel(false);
        let noting = (end, tokio::spawn(Arc::clone(&misses).work(ends)));
        Self {
            history,
            metrics,
            misses,
            listen: modbus.listen,
            modbus: None,
            ending,
            noting,
            deliverers: Vec::new(),
        }
    }

    /// Where it is told that images were not judged.
    pub fn misses(&self) -> Arc<Misses> {
        Arc::clone(&self.misses)
    }

    /// Begins to tell what a station judges, and what still waits of before; `look` says how the station is.
    ///
    /// # Errors
    /// An output that cannot be used as it is configured.
    pub fn begin(
        &mut self,
        station: &str,
        configured: &[OutputConfiguration],
        look: &Look,
    ) -> Result<Vec<Output>> {
        let is_modbus = |one: &OutputConfiguration| one.kind == OutputKind::Modbus;
        if self.modbus.is_none() && configured.iter().any(is_modbus) {
            self.modbus = Some(Server::listen(self.listen)?);
        }
        let names = configured.iter().map(|one| one.name().to_owned()).collect();
        let heard = self.history.set_outputs(station, names);
        let mut outputs = Vec::new();
        for one in configured {
            let target = one
                .target()
                .map_err(|(_, reason)| Error::new(Kind::Invalid, reason))?;
            let output = Output {
                station: station.to_owned(),
                name: one.name().to_owned(),
                kind: one.kind.word(),
                state: OutputState::default(),
            };
            let deliverer = Deliverer {
                output: output.clone(),
                history: Arc::clone(&self.history),
                metrics: Arc::clone(&self.metrics),
                news: heard.clone(),
                ending: self.ending.subscribe(),
                unmarked: None,
            };
            let around = Around {
                look,
                modbus: self.modbus.as_ref(),
                ending: self.ending.subscribe(),
            };
            let recipient = Recipient::new(&output, target, &around)?;
            self.deliverers
                .push(tokio::spawn(deliverer.work(recipient)));
            outputs.push(output);
        }
        Ok(outputs)
    }

    /// Tells of what waits for outputs that are there no more, or removes what of it is to be forgotten, by
    /// `STATION/NAME`.
    ///
    /// # Errors
    /// An output to be forgotten that is configured; a database that cannot be used.
    pub async fn look_after_removed(&self, forget: &[String], present: &[Output]) -> Result<()> {
        let backlog = self.history.backlog().await?;
        let name = |one: &Backlog| format!("{}/{}", one.station, one.output);
        for asked in forget {
            if !backlog.iter().any(|one| *asked == name(one)) {
                tracing::warn!(
                    "nothing waits for an output {asked} (--forget-output STATION/NAME)"
                );
            }
        }
        for one in backlog {
            let name = name(&one);
            let is_present = present
                .iter()
                .any(|output| output.station == one.station && output.name == one.output);
            match (is_present, forget.contains(&name)) {
                (true, true) => {
                    let reason = format!(
                        "the output {name} is configured: take it out before what waits for it is forgotten"
                    );
                    return Err(Error::new(Kind::Invalid, reason));
                }
                (true, false) => {}
                (false, true) => {
                    let removed = self.history.forget(&one.station, &one.output).await?;
                    tracing::info!("what waited for the output {name} was removed: {removed}");
                }
                (false, false) => tracing::warn!(
                    "something waits for the output {name}, which is not configured ({}): configure it again and it is \
                     told, or remove it by --forget-output {name}",
                    one.events
                ),
            }
        }
        Ok(())
    }

    /// Hands on what can be until then; the rest waits for the next start. Nothing is judged any more.
    pub async fn end(self, until: Instant) {
        let until = until.into();
        // What was missed at last is told with the rest.
        let (end, noting) = self.noting;
        end.send_replace(true);
        tokio::time::timeout_at(until, noting).await.ok();
        self.ending.send_replace(true);
        for deliverer in self.deliverers {
            let stop = deliverer.abort_handle();
            if tokio::time::timeout_at(until, deliverer).await.is_err() {
                stop.abort();
            }
        }
    }
}
