//! The server that controllers read from and write to.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;
use tokio_modbus::{ExceptionCode, Request, Response};

use super::connection::follow;
use super::unit::{ACKNOWLEDGE, BITS, Unit};
use crate::error::{Error, Kind, Result};

/// Controllers that are connected at a time.
const CONNECTIONS: usize = 32;
/// A controller that neither asks nor reads for so long has gone without a word: it keeps no place.
const SILENT: Duration = Duration::from_secs(60);
/// After a connection that the system refuses.
const PAUSE: Duration = Duration::from_millis(100);
/// Bits and registers that one request may read or write.
const AT_ONCE: usize = 125;

/// The units, by their ids.
type Units = Arc<Mutex<BTreeMap<u8, Arc<Unit>>>>;

/// The server.
pub struct Server {
    units: Units,
    serving: JoinHandle<()>,
}

impl Server {
    /// Listens, and answers for the units that there are by then.
    ///
    /// # Errors
    /// An address that cannot be listened on.
    pub fn listen(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .and_then(|listener| {
                listener.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(listener)
            })
            .map_err(|error| match error.kind() {
                ErrorKind::AddrInUse => {
                    let reason = format!(
                        "another program listens on {address} already: end it, or take another port (modbus.listen)"
                    );
                    Error::new(Kind::Mismatch, reason)
                }
                _ => {
                    let reason =
                        format!("{address} cannot be listened on (modbus.listen): {error}");
                    Error::new(Kind::System, reason)
                }
            })?;
        if let Ok(local) = listener.local_addr() {
            tracing::info!("controllers read by Modbus TCP from {local}");
        }
        if !address.ip().is_loopback() {
            tracing::warn!(
                "Modbus has no login: whoever reaches {address} can read results and acknowledge them"
            );
        }
        let units = Units::default();
        let serving = tokio::spawn(serve(listener, Arc::clone(&units)));
        Ok(Self { units, serving })
    }

    /// Answers for a unit from now on.
    pub fn add(&self, id: u8, unit: Arc<Unit>) {
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        units.insert(id, unit);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: tokio::net::TcpListener, units: Units) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    // Those that are connected end with it, and none because another cannot connect.
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("a controller's connection was refused: {error}");
                sleep(PAUSE).await;
                continue;
            }
        };
        // One too many is closed at once.
        if let Ok(place) = Arc::clone(&room).try_acquire_owned() {
            let units = Arc::clone(&units);
            connections.spawn(async move {
                if let Err(error) = connected(stream, &units, SILENT).await {
                    tracing::debug!("a controller's connection broke: {error}");
                }
                drop(place);
            });
        }
    }
}

/// Answers a controller until it goes, or neither asks nor reads for so long.
async fn connected(stream: TcpStream, units: &Units, silent: Duration) -> io::Result<()> {
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_read_timeout(Some(silent));
    stream.set_write_timeout(Some(silent));
    let answer = |id: u8, request: Request<'_>| {
        let unit = {
            let units = units.lock().unwrap_or_else(PoisonError::into_inner);
            units.get(&id).cloned()
        };
        match unit {
            Some(unit) => answer(&unit, request),
            None => Err(ExceptionCode::GatewayTargetDevice),
        }
    };
    follow(Box::pin(stream), answer).await
}

fn answer(unit: &Unit, request: Request<'_>) -> Result<Response, ExceptionCode> {
    match request {
        Request::ReadDiscreteInputs(from, count) => {
            some(&unit.bits(), from, count).map(Response::ReadDiscreteInputs)
        }
        Request::ReadCoils(from, count) => {
            let mut coils = [false; ACKNOWLEDGE as usize + 1];
            coils[..BITS].copy_from_slice(&unit.bits());
            some(&coils, from, count).map(Response::ReadCoils)
        }
        Request::ReadInputRegisters(from, count) => {
            some(&unit.registers(), from, count).map(Response::ReadInputRegisters)
        }
        Request::ReadHoldingRegisters(from, count) => {
            some(&unit.registers(), from, count).map(Response::ReadHoldingRegisters)
        }
        Request::WriteSingleCoil(ACKNOWLEDGE, value) => {
            if value {
                unit.acknowledge();
            }
            Ok(Response::WriteSingleCoil(ACKNOWLEDGE, value))
        }
        Request::WriteMultipleCoils(ACKNOWLEDGE, values) if values.len() == 1 => {
            if values[0] {
                unit.acknowledge();
            }
            Ok(Response::WriteMultipleCoils(ACKNOWLEDGE, 1))
        }
        Request::WriteSingleCoil(..) | Request::WriteMultipleCoils(..) => {
            Err(ExceptionCode::IllegalDataAddress)
        }
        _ => Err(ExceptionCode::IllegalFunction),
    }
}

/// So many of what is read, from an address on.
fn some<T: Copy>(all: &[T], from: u16, count: u16) -> Result<Vec<T>, ExceptionCode> {
    let (from, count) = (usize::from(from), usize::from(count));
    if count == 0 || count > AT_ONCE {
        return Err(ExceptionCode::IllegalDataValue);
    }
    let some = all.get(from..from + count);
    some.map(<[T]>::to_vec)
        .ok_or(ExceptionCode::IllegalDataAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_controller_that_says_nothing_more_keeps_no_place() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _silent = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let units = Units::default();
        let ended = connected(stream, &units, Duration::from_millis(50)).await;
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
