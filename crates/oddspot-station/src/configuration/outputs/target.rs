//! What of an output's keys must be given, and where results go by them.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;

use super::super::check_name;
use super::{OfKey, OutputConfiguration, OutputKind, certificates, secret};

/// How long a receiver may take, in seconds, unless it is said otherwise.
const TIMEOUT: u64 = 10;
/// The most that may be said.
const LONGEST_TIMEOUT: u64 = 300;
/// Unit ids that Modbus has for devices.
const UNITS: std::ops::RangeInclusive<u8> = 1..=247;
/// The ports of brokers, without and with TLS.
const MQTT_PORTS: [u16; 2] = [1883, 8883];

/// Where results go, with all that is needed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Files of a folder.
    Files {
        /// The folder.
        folder: PathBuf,
        /// Whether it is a table, or lines of JSON.
        is_csv: bool,
        /// Whether it begins with a byte order mark.
        bom: bool,
    },
    /// A server.
    Webhook {
        /// Its address.
        url: String,
        /// What is signed with.
        secret_file: Option<PathBuf>,
        /// How long it may take.
        timeout: Duration,
        /// Who vouches for it.
        ca_file: Option<PathBuf>,
    },
    /// A broker.
    Mqtt {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// Whether by TLS.
        tls: bool,
        /// The site, in topics.
        site: String,
        /// Who it knows, and the file with the password.
        login: Option<(String, PathBuf)>,
        /// Who vouches for it.
        ca_file: Option<PathBuf>,
    },
    /// Bits and registers.
    Modbus {
        /// The station's unit id.
        unit: u8,
        /// Whether the next result waits.
        wait: bool,
    },
}

impl OutputKind {
    /// The keys that belong to it.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Csv => &["folder", "bom"],
            Self::Jsonl => &["folder"],
            Self::Webhook => &["url", "secret_file", "timeout", "ca_file"],
            Self::Mqtt => &["broker", "site", "user", "password_file", "ca_file"],
            Self::Modbus => &["unit", "wait"],
        }
    }
}

impl OutputConfiguration {
    /// Where results go.
    ///
    /// # Errors
    /// A key that is not of this kind, lacks, or has a value that cannot be used.
    pub fn target(&self) -> Result<Target, OfKey> {
        let name = self.name();
        if check_name(name).is_err() {
            let reason = format!(
                "an output cannot be called {name:?}: take letters of a to z, digits, - and _"
            );
            return Err(("name", reason));
        }
        self.check_keys()?;
        match self.kind {
            OutputKind::Csv | OutputKind::Jsonl => Ok(Target::Files {
                folder: self.needed("folder", &self.folder)?,
                is_csv: self.kind == OutputKind::Csv,
                bom: self.bom.unwrap_or(false),
            }),
            OutputKind::Webhook => self.webhook(),
            OutputKind::Mqtt => self.mqtt(),
            OutputKind::Modbus => {
                let unit = self.needed("unit", &self.unit)?;
                if !UNITS.contains(&unit) {
                    return Err(("unit", format!("unit is {unit}: take 1 to 247")));
                }
                let wait = self.wait.unwrap_or(false);
                Ok(Target::Modbus { unit, wait })
            }
        }
    }

    /// Refuses keys of other kinds.
    fn check_keys(&self) -> Result<(), OfKey> {
        let given = [
            ("folder", self.folder.is_some()),
            ("bom", self.bom.is_some()),
            ("url", self.url.is_some()),
            ("secret_file", self.secret_file.is_some()),
            ("timeout", self.timeout.is_some()),
            ("broker", self.broker.is_some()),
            ("site", self.site.is_some()),
            ("user", self.user.is_some()),
            ("password_file", self.password_file.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("unit", self.unit.is_some()),
            ("wait", self.wait.is_some()),
        ];
        let keys = self.kind.keys();
        let strange = given
            .iter()
            .find(|(key, is_given)| *is_given && !keys.contains(key));
        strange.map_or(Ok(()), |(key, _)| {
            let kind = self.kind.word();
            let reason = format!(
                "{key} is nothing of an output of kind {kind}, which has {}",
                keys.join(", ")
            );
            Err((*key, reason))
        })
    }

    fn needed<T: Clone>(&self, key: &str, value: &Option<T>) -> Result<T, OfKey> {
        value.clone().ok_or_else(|| {
            let kind = self.kind.word();
            ("kind", format!("an output of kind {kind} needs {key}"))
        })
    }

    fn webhook(&self) -> Result<Target, OfKey> {
        let url = self.needed("url", &self.url)?;
        let uri = url.parse::<Uri>().unwrap_or_default();
        if !matches!(
            (uri.scheme_str(), uri.host()),
            (Some("http" | "https"), Some(_))
        ) {
            let reason = format!(
                "{url:?} cannot be sent to: give an address such as https://192.168.0.10/results"
            );
            return Err(("url", reason));
        }
        let timeout = self.timeout.unwrap_or(TIMEOUT);
        if !(1..=LONGEST_TIMEOUT).contains(&timeout) {
            let reason = format!("timeout is {timeout}: take 1 to {LONGEST_TIMEOUT} seconds");
            return Err(("timeout", reason));
        }
        if let Some(file) = &self.secret_file {
            secret(file).map_err(|reason| ("secret_file", reason))?;
        }
        self.check_ca()?;
        Ok(Target::Webhook {
            url,
            secret_file: self.secret_file.clone(),
            timeout: Duration::from_secs(timeout),
            ca_file: self.ca_file.clone(),
        })
    }

    fn mqtt(&self) -> Result<Target, OfKey> {
        let broker = self.needed("broker", &self.broker)?;
        // The value is not told: a password may be in it.
        if broker.contains('@') {
            let reason = "a broker's address has no user and no password: give user, and password_file with a file of it";
            return Err(("broker", reason.to_owned()));
        }
        let uri = broker.parse::<Uri>().unwrap_or_default();
        let (Some(scheme @ ("mqtt" | "mqtts")), Some(host)) = (uri.scheme_str(), uri.host()) else {
            let reason = format!(
                "{broker:?} is no broker: give an address such as mqtt://192.168.0.10 or mqtts://broker:8883"
            );
            return Err(("broker", reason));
        };
        if !["", "/"].contains(&uri.path()) || uri.query().is_some() {
            let reason = format!(
                "{broker:?} has a path, which no broker has: what topics begin with is given by site"
            );
            return Err(("broker", reason));
        }
        let tls = scheme == "mqtts";
        let site = self.needed("site", &self.site)?;
        if check_name(&site).is_err() {
            let reason = format!(
                "a site cannot be called {site:?}: it stands in topics; take letters of a to z, digits, - and _"
            );
            return Err(("site", reason));
        }
        let login = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => {
                secret(file).map_err(|reason| ("password_file", reason))?;
                Some((user.clone(), file.clone()))
            }
            (None, None) => None,
            (Some(_), None) => return Err(("user", "user needs password_file too".to_owned())),
            (None, Some(_)) => {
                return Err(("password_file", "password_file needs user too".to_owned()));
            }
        };
        if self.ca_file.is_some() && !tls {
            let reason = "ca_file is for TLS: give a broker such as mqtts://broker:8883";
            return Err(("ca_file", reason.to_owned()));
        }
        self.check_ca()?;
        Ok(Target::Mqtt {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(MQTT_PORTS[usize::from(tls)]),
            tls,
            site,
            login,
            ca_file: self.ca_file.clone(),
        })
    }

    fn check_ca(&self) -> Result<(), OfKey> {
        let found = self.ca_file.as_deref().map(certificates).transpose();
        found.map_or_else(|reason| Err(("ca_file", reason)), |_| Ok(()))
    }
}
