//! A service from its start to its end.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use oddspot::Options;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use crate::configuration::Configuration;
use crate::data::Data;
use crate::error::{Error, Kind, Result};
use crate::http::{Site, acceptor, router, serve};
use crate::service::Service;

/// Threads that serve requests; each model has threads of its own.
const THREADS: usize = 2;
/// Between two looks at whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// What a service must have for itself alone: its data folder and its address.
pub struct Held {
    data: Data,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    // Freed last: the listener is of it.
    runtime: Runtime,
}

impl Held {
    /// Takes hold of them, before anything is done that takes long. Who asks for the address waits until it is served.
    ///
    /// # Errors
    /// What is configured and cannot be served; a certificate that cannot be used; an address that cannot be listened on;
    /// a data folder that cannot be written, or that another service uses.
    pub fn take(configuration: &Configuration, data: &Path) -> Result<Self> {
        configuration.check()?;
        configuration.check_apart(data)?;
        let tls = configuration.tls.as_ref().map(acceptor).transpose();
        let tls = tls.map_err(|error| configuration.of_tls(&error))?;
        let runtime = runtime()?;
        Ok(Self {
            listener: runtime.block_on(listen(configuration.listen))?,
            data: Data::open(data)?,
            tls,
            runtime,
        })
    }
}

/// Runs a service until `is_ended` says so; `ready` is told once it serves. What has begun by then is finished, within
/// some seconds.
///
/// # Errors
/// As [`Service::start`]; an address that others can reach while there are no users.
pub fn run(
    configuration: &Configuration,
    held: Held,
    options: Options,
    ready: impl FnOnce(&Service, SocketAddr),
    is_ended: impl Fn() -> bool,
) -> Result<()> {
    let Held {
        data,
        listener,
        tls,
        runtime,
    } = held;
    let ended = runtime.block_on(async {
        let address = listener
            .local_addr()
            .map_err(|error| Error::internal(error.to_string()))?;
        // A database may be waited for: whoever ends it need not.
        let (service, work) = tokio::select! {
            started = Service::start(configuration, data, options) => started?,
            () = ended_by(&is_ended) => return Ok(()),
        };
        if tls.is_none() && !address.ip().is_loopback() {
            tracing::warn!(
                "{address} can be reached by other machines without TLS: passwords and tokens can be read on the way; \
                 give --tls-certificate and --tls-key"
            );
        }
        ready(&service, address);
        let site = Site {
            port: address.port(),
            is_secure: tls.is_some(),
            language: configuration.language,
        };
        let router = router(service.clone(), site)?;
        let served = tokio::spawn(serve(listener, tls, router, service.ending()));
        ended_by(&is_ended).await;
        work.stop();
        service.announce_end();
        served.await.ok();
        service.end(work).await;
        Ok(())
    });
    // Pictures that are being drawn may be left.
    runtime.shutdown_background();
    ended
}

async fn ended_by(is_ended: impl Fn() -> bool) {
    while !is_ended() {
        tokio::time::sleep(LOOK).await;
    }
}

fn runtime() -> Result<Runtime> {
    let built = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("serve")
        .enable_all()
        .build();
    built.map_err(|error| Error::new(Kind::System, format!("threads cannot be started: {error}")))
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                let reason = format!(
                    "another program listens on {address} already: end it, or take another port"
                );
                Error::new(Kind::Mismatch, reason)
            }
            _ => Error::new(
                Kind::System,
                format!("{address} cannot be listened on: {error}"),
            ),
        })
}
