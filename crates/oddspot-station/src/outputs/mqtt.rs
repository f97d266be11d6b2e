//! A broker: results as messages that it acknowledges, and how the station is, with a last will.

mod link;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::{
    Broker, LastWill, MqttOptions, PublishNotice, PublishOptions, QoS, TlsConfiguration, Transport,
};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::condition::Look;
use super::handed::{Handed, failed};
use super::state::Output;
use crate::error::{Error, Kind, Result};
use crate::history::{Event, Inspection};
use link::Link;

/// How long the broker may take to acknowledge what it was sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long leave may take.
const LEAVE: Duration = Duration::from_secs(1);
/// Between two looks at how the station is.
const LOOK: Duration = Duration::from_millis(500);
/// Seconds without a sign of life after which the broker makes the last will known, and half of it more.
const KEEP_ALIVE: u16 = 10;
/// Bytes of a message, at most.
const LARGEST: usize = 16 << 20;
/// Messages that are under way at a time.
const UNDER_WAY: usize = 100;

/// Where a broker is, and who it knows.
pub struct Address {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// By TLS: certificates of who vouches for it, or else those that the system knows.
    pub tls: Option<Option<Vec<u8>>>,
    /// The site, in topics.
    pub site: String,
    /// A user, and the password.
    pub login: Option<(String, Vec<u8>)>,
}

/// A broker.
pub struct Mqtt {
    link: Arc<Link>,
    topics: Topics,
    keeper: JoinHandle<()>,
    teller: JoinHandle<()>,
}

/// Where messages go.
#[derive(Clone)]
struct Topics {
    status: String,
    result: String,
    health: String,
}

impl Topics {
    fn of(site: &str, station: &str) -> Self {
        let topic = |name| format!("oddspot/{site}/{station}/{name}");
        Self {
            status: topic("status"),
            result: topic("result"),
            health: topic("health"),
        }
    }
}

impl Mqtt {
    /// Connects to a broker, again and again if need be, and tells it how the station is.
    ///
    /// # Errors
    /// Certificates of the system that cannot be read.
    pub fn new(output: &Output, address: Address, look: &Look) -> Result<Self> {
        let topics = Topics::of(&address.site, &output.station);
        let options = options(output, address, &topics)?;
        let link = Arc::new(Link::new(output.clone()));
        let keeper = tokio::spawn(Arc::clone(&link).keep(options));
        let telling = tell_status(Arc::clone(&link), topics.status.clone(), Arc::clone(look));
        let teller = tokio::spawn(telling);
        Ok(Self {
            link,
            topics,
            keeper,
            teller,
        })
    }

    /// Publishes results; those count that the broker acknowledged.
    pub async fn hand_on(&self, events: &[Event]) -> Handed {
        self.link.tried().await;
        let mut handed = Handed::default();
        for some in events.chunks(UNDER_WAY) {
            let notices = match timeout(PATIENCE, self.publish(some)).await {
                Ok(Ok(notices)) => notices,
                Ok(Err(trouble)) => return handed.but(trouble),
                Err(_) => return handed.but(failed("broker-takes-nothing")),
            };
            for notice in notices {
                match timeout(PATIENCE, notice.wait_async()).await {
                    Ok(Ok(_)) => handed.done += 1,
                    Ok(Err(_)) => return handed.but(self.link.trouble()),
                    Err(_) => return handed.but(failed("broker-acknowledges-nothing")),
                }
            }
            self.tell_health(some).await;
        }
        handed
    }

    async fn publish(&self, events: &[Event]) -> Result<Vec<PublishNotice>> {
        let (client, _) = self.link.client()?;
        let mut notices = Vec::with_capacity(events.len());
        for event in events {
            let payload = event.json()?;
            let at_least_once = PublishOptions::new(QoS::AtLeastOnce);
            let sent = client.publish_tracked(&*self.topics.result, payload, at_least_once);
            notices.push(sent.await.map_err(|_| self.link.trouble())?);
        }
        Ok(notices)
    }

    /// Tells the health of the last image: light, focus, colours. It stands in the result too, so it may be lost.
    async fn tell_health(&self, events: &[Event]) {
        let last = events.iter().rev().find_map(|event| match event {
            Event::Inspection(inspection) => Some(inspection),
            Event::Missed(_) => None,
        });
        if let (Some(inspection), Ok((client, _))) = (last, self.link.client()) {
            let retained = PublishOptions::new(QoS::AtMostOnce).retained();
            let told = client.publish(&*self.topics.health, health(inspection), retained);
            timeout(PATIENCE, told).await.ok();
        }
    }

    /// Says that the station is offline, and takes leave.
    pub async fn end(self) {
        self.teller.abort();
        if let Ok((client, _)) = self.link.client() {
            let retained = PublishOptions::new(QoS::AtLeastOnce).retained();
            let leave = async {
                let told = client.publish_tracked(&*self.topics.status, offline(), retained);
                if let Ok(notice) = told.await {
                    notice.wait_async().await.ok();
                }
                self.link.end();
                client.disconnect().await.ok();
            };
            timeout(LEAVE, leave).await.ok();
        }
        self.link.end();
        let stop = self.keeper.abort_handle();
        timeout(LEAVE, self.keeper).await.ok();
        stop.abort();
    }
}

/// Tells how the station is whenever that is another than before, and after each connection.
async fn tell_status(link: Arc<Link>, topic: String, look: Look) {
    let mut told = None;
    loop {
        if let Ok((client, number)) = link.client() {
            let status = match look().trouble {
                None => json!({ "state": "ready" }).to_string(),
                Some(reason) => json!({ "state": "not_ready", "reason": reason }).to_string(),
            };
            let now = (number, status);
            if told.as_ref() != Some(&now) {
                let retained = PublishOptions::new(QoS::AtLeastOnce).retained();
                // What finds no room now does at the next look.
                let sent = client.try_publish(&*topic, now.1.clone(), retained);
                told = sent.is_ok().then_some(now).or(told);
            }
        }
        sleep(LOOK).await;
    }
}

fn offline() -> String {
    json!({ "state": "offline" }).to_string()
}

/// The health of an image, and which one's.
fn health(inspection: &Inspection) -> String {
    json!({
        "inspection": inspection.id,
        "time": inspection.time,
        "health": inspection.finding.health,
    })
    .to_string()
}

fn options(output: &Output, address: Address, topics: &Topics) -> Result<MqttOptions> {
    let Address {
        host,
        port,
        tls,
        site,
        login,
    } = address;
    let Output { station, name, .. } = output;
    let id = format!("oddspot-{site}-{station}-{name}");
    let mut options = MqttOptions::new(id, Broker::tcp(host, port));
    let will = LastWill::new(&*topics.status, offline(), QoS::AtLeastOnce, true);
    options
        .set_last_will(will)
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_session(true)
        .set_max_packet_size(LARGEST, LARGEST);
    if let Some((user, password)) = login {
        options.set_credentials(user, password);
    }
    if let Some(vouchers) = tls {
        let transport = match vouchers {
            Some(ca) => Transport::tls_with_config(TlsConfiguration::Simple {
                ca,
                alpn: None,
                client_auth: None,
            }),
            None => Transport::try_tls_with_default_config().map_err(|error| {
                let reason = format!("the system's certificates cannot be used: {error}");
                Error::new(Kind::System, reason)
            })?,
        };
        options.set_transport(transport);
    }
    Ok(options)
}

/// The bytes of a file of certificates.
///
/// # Errors
/// One that cannot be read.
pub fn vouchers(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(Error::io(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_name_site_and_station() {
        let topics = Topics::of("plant", "top");
        assert_eq!(topics.status, "oddspot/plant/top/status");
        assert_eq!(offline(), r#"{"state":"offline"}"#);
    }
}
