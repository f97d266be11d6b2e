//! A controller's connection: frames of Modbus TCP, one answer to each request, until it goes or falls silent.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_modbus::bytes::Bytes;
use tokio_modbus::{ExceptionCode, Request, Response};

/// Bytes before a request: its number, the protocol, how many bytes follow, the unit.
const HEADER: usize = 7;
/// Bytes of a request with its unit, at least and at most.
const BYTES: std::ops::RangeInclusive<usize> = 2..=254;
/// What is added to a function's code if it is refused.
const REFUSED: u8 = 0x80;

/// Answers requests to units until the controller goes.
///
/// # Errors
/// A connection that breaks; what is no Modbus.
pub async fn follow(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: impl Fn(u8, Request<'_>) -> Result<Response, ExceptionCode>,
) -> io::Result<()> {
    let mut header = [0; HEADER];
    loop {
        match stream.read_exact(&mut header).await {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        };
        let [number_high, number_low, 0, 0, high, low, unit] = header else {
            return Err(io::Error::new(ErrorKind::InvalidData, "another protocol"));
        };
        let bytes = usize::from(u16::from_be_bytes([high, low]));
        if !BYTES.contains(&bytes) {
            let reason = format!("a request of {bytes} bytes");
            return Err(io::Error::new(ErrorKind::InvalidData, reason));
        }
        let mut asked = vec![0; bytes - 1];
        stream.read_exact(&mut asked).await?;
        let function = asked[0];
        let answered = match Request::try_from(Bytes::from(asked)) {
            Ok(request) => answer(unit, request),
            Err(_) => Err(ExceptionCode::IllegalDataValue),
        };
        let said = encoded(function, answered);
        let [high, low] = (said.len() as u16 + 1).to_be_bytes();
        let mut frame = vec![number_high, number_low, 0, 0, high, low, unit];
        frame.extend(said);
        stream.write_all(&frame).await?;
    }
}

/// An answer to a function as it is sent.
fn encoded(function: u8, answered: Result<Response, ExceptionCode>) -> Vec<u8> {
    let counted = |bytes: Vec<u8>| [vec![function, bytes.len() as u8], bytes].concat();
    let two = |first: u16, second: u16| {
        [&[function][..], &first.to_be_bytes(), &second.to_be_bytes()].concat()
    };
    let refused = |code: ExceptionCode| vec![function | REFUSED, code.into()];
    match answered {
        Ok(Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits)) => {
            // The lowest first, and the last byte filled with zeros.
            let bytes = bits.chunks(8).map(|eight| {
                let bits = (0..).zip(eight);
                bits.map(|(at, bit)| u8::from(*bit) << at).sum()
            });
            counted(bytes.collect())
        }
        Ok(Response::ReadInputRegisters(words) | Response::ReadHoldingRegisters(words)) => {
            counted(words.iter().flat_map(|word| word.to_be_bytes()).collect())
        }
        Ok(Response::WriteSingleCoil(at, value)) => two(at, if value { 0xff00 } else { 0 }),
        Ok(Response::WriteMultipleCoils(at, count)) => two(at, count),
        Ok(_) => refused(ExceptionCode::IllegalFunction),
        Err(code) => refused(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_answered_one_after_the_other_until_the_controller_goes() {
        let (mut controller, station) = tokio::io::duplex(1 << 10);
        let answer = |unit, request: Request<'_>| match request {
            _ if unit != 7 => Err(ExceptionCode::GatewayTargetDevice),
            Request::ReadCoils(0, 9) => Ok(Response::ReadCoils([&[true; 8][..], &[true]].concat())),
            Request::ReadInputRegisters(1, 1) => Ok(Response::ReadInputRegisters(vec![0x1234])),
            Request::WriteSingleCoil(16, value) => Ok(Response::WriteSingleCoil(16, value)),
            _ => Err(ExceptionCode::IllegalFunction),
        };
        let following = tokio::spawn(follow(station, answer));
        let mut ask = async |unit: u8, asked: &[u8], said: &[u8]| {
            let head = |bytes: usize| [9, 1, 0, 0, 0, bytes as u8 + 1, unit];
            let frame = [&head(asked.len())[..], asked].concat();
            controller.write_all(&frame).await.unwrap();
            let mut heard = vec![0; HEADER + said.len()];
            controller.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, [&head(said.len())[..], said].concat());
        };
        ask(7, &[1, 0, 0, 0, 9], &[1, 2, 0xff, 1]).await;
        ask(7, &[4, 0, 1, 0, 1], &[4, 2, 0x12, 0x34]).await;
        ask(7, &[5, 0, 16, 0xff, 0], &[5, 0, 16, 0xff, 0]).await;
        ask(8, &[4, 0, 1, 0, 1], &[0x84, 11]).await;
        ask(7, &[6, 0, 1, 0, 1], &[0x86, 1]).await;
        // One that is cut short is refused, and the connection stays.
        ask(7, &[4, 0], &[0x84, 3]).await;
        ask(7, &[4, 0, 1, 0, 1], &[4, 2, 0x12, 0x34]).await;
        controller.write_all(&[0, 0, 0, 9, 0, 9, 7]).await.unwrap();
        assert!(following.await.unwrap().is_err());
    }
}
