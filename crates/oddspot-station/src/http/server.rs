//! Connections: how many at a time, how long they may take, and how they end.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use super::who::Peer;

/// Connections at a time.
const CONNECTIONS: usize = 256;
/// How long the head of a request may take, and before it what makes a connection secure.
const HEAD: Duration = Duration::from_secs(10);
/// How long an answer may wait for its reader: one who reads nothing keeps no place.
const UNREAD: Duration = Duration::from_secs(30);
/// How long requests may take that have begun when the service ends.
const AT_THE_END: Duration = Duration::from_secs(10);
/// After a connection that the system refuses.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `ending` becomes true, and what had begun then.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    mut ending: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accepted => accepted,
            _ = ending.wait_for(|ends| *ends) => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection was refused: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let router = OfPeer {
            router: TowerToHyperService::new(router.clone()),
            peer: Peer(address.ip().to_canonical()),
        };
        let (tls, watcher) = (tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            answer(stream, tls, router, watcher).await;
            drop(permit);
        });
    }
    // Nobody else is let in.
    drop(listener);
    if tokio::time::timeout(AT_THE_END, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests that took too long were broken off");
    }
}

/// Answers what comes by a connection, until its end or the service's.
async fn answer(stream: TcpStream, tls: Option<TlsAcceptor>, router: OfPeer, watcher: Watcher) {
    // Answers are small, and somebody waits for them.
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD));
    let stream: Pin<Box<dyn Stream>> = match tls {
        None => Box::pin(stream),
        Some(tls) => match tokio::time::timeout(HEAD, tls.accept(Box::pin(stream))).await {
            Ok(Ok(secure)) => Box::pin(secure),
            Ok(Err(error)) => {
                tracing::debug!("a connection is not secure: {error}");
                return;
            }
            Err(_) => {
                tracing::debug!("a connection did not become secure in time");
                return;
            }
        },
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), router);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("a connection broke: {error}");
    }
}

/// What is read from and written to, secure or not.
trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// The routes, for requests that come from one address.
struct OfPeer {
    router: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for OfPeer {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}
