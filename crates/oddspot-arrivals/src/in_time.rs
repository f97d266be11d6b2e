//! What a disk or share answers in time.

use std::io::{Error, ErrorKind, Result};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long a disk or share may take to say what lies at a path: a start asks some times, and waits no longer for one
/// that hangs.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a disk or share answers, if it does so within two seconds.
///
/// # Errors
/// [`ErrorKind::TimedOut`] of one that does not; what it answers with; no thread to ask on.
pub fn in_time<T: Send + 'static>(ask: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (send, found) = channel();
    // Of a share that hangs this thread waits for ever, and nothing else does.
    std::thread::Builder::new()
        .name("place".to_owned())
        .spawn(move || drop(send.send(ask())))?;
    let found = found.recv_timeout(PATIENCE);
    found.unwrap_or_else(|_| Err(Error::from(ErrorKind::TimedOut)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_is_told_and_what_does_not_is_not_waited_for() {
        assert_eq!(in_time(|| Ok(7)).unwrap(), 7);
        let refused = in_time(|| Err::<(), _>(Error::from(ErrorKind::NotFound)));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
        let hangs = in_time(|| {
            std::thread::sleep(2 * PATIENCE);
            Ok(())
        });
        assert_eq!(hangs.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
