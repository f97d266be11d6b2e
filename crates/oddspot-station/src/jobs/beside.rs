//! Work beside the line's: it gives way to judging, and nothing that judges is ever started by it.

use std::panic::resume_unwind;

use tokio::runtime::Handle;

use crate::error::{Error, Kind, Result};

/// How much less urgent it is, as the system counts: judging gets nine tenths of what both want, and trainings still come
/// to an end.
#[cfg(target_os = "linux")]
const LESS_URGENT: i32 = 10;

/// Does work on a thread that the system gives the time that judging leaves, and with it the threads that it starts.
///
/// # Errors
/// A thread that cannot be started; those of the work.
pub fn beside<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("training".to_owned());
        let thread = thread.spawn_scoped(scope, || {
            yield_to_the_line();
            work()
        });
        let thread = thread.map_err(|error| {
            Error::new(Kind::System, format!("a thread cannot be started: {error}"))
        })?;
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Waits for what the service's own threads do. Whoever is less urgent must not do it: threads that it would start, such as
/// those of a model that judges from then on, would be so too.
///
/// # Errors
/// Those of the work.
pub fn by_the_service<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let done = runtime.block_on(runtime.spawn(work));
    done.map_err(|error| Error::internal(error.to_string()))?
}

/// Of Linux alone a number names a thread here, and threads are as urgent as the one that starts them.
#[cfg(target_os = "linux")]
fn yield_to_the_line() {
    if let Err(error) = rustix::process::setpriority_process(None, LESS_URGENT) {
        tracing::warn!("trainings take as much of the processor as judging: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_the_line() {}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn urgency() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_beside_is_less_urgent_and_what_the_service_does_for_it_is_not() {
        let runtime = Handle::current();
        let usual = urgency();
        let found = tokio::task::spawn_blocking(move || {
            beside(|| {
                let own = urgency();
                let started = std::thread::spawn(urgency).join();
                let of_service = by_the_service(&runtime, async {
                    let blocking = tokio::task::spawn_blocking(urgency).await;
                    Ok(blocking.unwrap())
                });
                Ok([own, started.unwrap(), of_service?])
            })
        });
        let found = found.await.unwrap().unwrap();
        assert_eq!(found, [LESS_URGENT, LESS_URGENT, usual]);
        assert_eq!(urgency(), usual);
    }
}
