//! Who is told, of whatever kind.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::condition::Look;
use super::files::Files;
use super::handed::Handed;
use super::modbus::{Modbus, Server, Unit};
use super::mqtt::{self, Address, Mqtt};
use super::state::Output;
use super::webhook::Webhook;
use crate::configuration::{Target, certificates, secret};
use crate::error::{Error, Kind, Result};
use crate::history::Event;

/// Between two looks at whether something could be told.
const LOOK: Duration = Duration::from_secs(10);

/// Who is told.
pub enum Recipient {
    /// Files of a folder.
    Files(Files),
    /// A server.
    Webhook(Webhook),
    /// A broker.
    Mqtt(Mqtt),
    /// A controller.
    Modbus(Modbus),
}

/// What recipients of some kinds need of a station and of the service.
pub struct Around<'a> {
    /// How the station is.
    pub look: &'a Look,
    /// The server that controllers read from, where any does.
    pub modbus: Option<&'a Server>,
    /// Becomes true when nothing more comes.
    pub ending: watch::Receiver<bool>,
}

impl Recipient {
    /// Of an output.
    ///
    /// # Errors
    /// What cannot be used as it is configured.
    pub fn new(output: &Output, target: Target, around: &Around<'_>) -> Result<Self> {
        let invalid = |reason| Error::new(Kind::Invalid, reason);
        Ok(match target {
            Target::Files {
                folder,
                is_csv,
                bom,
            } => Self::Files(Files::new(&output.station, folder, is_csv, bom)),
            Target::Webhook {
                url,
                secret_file,
                timeout,
                ca_file,
            } => {
                let secret = secret_file.as_deref().map(secret).transpose();
                let vouchers = ca_file.as_deref().map(certificates).transpose();
                let (secret, vouchers) = (secret.map_err(invalid)?, vouchers.map_err(invalid)?);
                Self::Webhook(Webhook::new(url, secret, timeout, vouchers))
            }
            Target::Mqtt {
                host,
                port,
                tls,
                site,
                login,
                ca_file,
            } => {
                let login = login.map(|(user, file)| Ok((user, secret(&file)?)));
                let vouchers = ca_file.as_deref().map(mqtt::vouchers).transpose()?;
                let address = Address {
                    host,
                    port,
                    tls: tls.then_some(vouchers),
                    site,
                    login: login.transpose().map_err(invalid)?,
                };
                Self::Mqtt(Mqtt::new(output, address, around.look)?)
            }
            Target::Modbus { unit, wait } => {
                let shown = Arc::new(Unit::new(Arc::clone(around.look), wait));
                if let Some(modbus) = around.modbus {
                    modbus.add(unit, Arc::clone(&shown));
                }
                Self::Modbus(Modbus::new(output, shown, wait, around.ending.clone()))
            }
        })
    }

    /// Hands on events, in their order.
    pub async fn hand_on(&mut self, events: &[Event]) -> Handed {
        match self {
            Self::Files(files) => files.hand_on(events).await,
            Self::Webhook(webhook) => webhook.hand_on(events).await,
            Self::Mqtt(mqtt) => mqtt.hand_on(events).await,
            Self::Modbus(modbus) => modbus.hand_on(events).await,
        }
    }

    /// Whether it could be told something though nothing waits, for those of which that can be seen.
    pub async fn look(&mut self) -> Option<Result<()>> {
        match self {
            Self::Files(files) => Some(files.look().await),
            Self::Webhook(_) | Self::Mqtt(_) | Self::Modbus(_) => None,
        }
    }

    /// Between two such looks.
    pub fn looks(&self) -> Option<Duration> {
        matches!(self, Self::Files(_)).then_some(LOOK)
    }

    /// Takes leave.
    pub async fn end(self) {
        match self {
            Self::Files(_) | Self::Webhook(_) | Self::Modbus(_) => {}
            Self::Mqtt(mqtt) => mqtt.end().await,
        }
    }
}
