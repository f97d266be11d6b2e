//! Work on many items by the threads of a pool, told of in the items' order, a bounded number of items
//! at a time.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, ErrorKind, Result, Subject};

/// Threads beyond this many times the cores help nobody, and may not even start.
pub const MOST_PER_CORE: usize = 4;

/// How long a thread waits for leave to take an item before it looks whether others ask something of it.
const WAIT: Duration = Duration::from_micros(500);

/// A pool of so many threads, at most four times the cores; 0 for as many as there are cores.
///
/// # Errors
/// Threads that the system does not give.
pub fn pool(threads: usize) -> Result<ThreadPool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let refused = |e: rayon::ThreadPoolBuildError| {
        let reason = format!("its threads cannot be started: {e}");
        Error::new(ErrorKind::System, Subject::Device("cpu".to_owned()), reason)
    };
    (ThreadPoolBuilder::new().num_threads(threads.min(MOST_PER_CORE * cores)))
        .build()
        .map_err(refused)
}

/// Works on items by all threads of the pool, and tells `each` of what came of them here, in order.
/// Items are taken from the iterator as they are needed: at most twice as many as there are threads
/// are on their way at a time. A break ends it once the items on their way are done.
pub(crate) fn in_order<T: Send, U: Send>(
    pool: &ThreadPool,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> U + Sync,
    mut each: impl FnMut(U) -> ControlFlow<()>,
) {
    if pool.current_thread_index().is_some() {
        // A thread of the pool cannot wait for itself.
        for item in items {
            if each(work(item)).is_break() {
                return;
            }
        }
        return;
    }
    let threads = pool.current_num_threads();
    let items = Mutex::new(items.enumerate());
    let stopped = AtomicBool::new(false);
    // A token for each item that may be on its way.
    let (give, tokens) = sync_channel::<()>(2 * threads);
    for _ in 0..2 * threads {
        // There is room for all of them.
        give.try_send(()).ok();
    }
    let tokens = Mutex::new(tokens);
    let (done, results) = channel::<(usize, std::thread::Result<U>)>();
    let next = || {
        while !stopped.load(Ordering::SeqCst) {
            // Between items a thread serves what others ask of the pool: who is told may ask too.
            while rayon::yield_now() == Some(rayon::Yield::Executed) {}
            let token = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            match token.recv_timeout(WAIT) {
                Ok(()) => {
                    drop(token);
                    return items.lock().unwrap_or_else(PoisonError::into_inner).next();
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        None
    };
    pool.in_place_scope(|scope| {
        let (next, work) = (&next, &work);
        // Not tasks: one could be taken up in the middle of another item.
        scope.spawn_broadcast(move |_, _| {
            let done = done.clone();
            while let Some((index, item)) = next() {
                // A panic is told of where the results are, so that nobody waits for it.
                let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                if done.send((index, result)).is_err() {
                    return;
                }
            }
        });
        let mut waiting = BTreeMap::new();
        let mut told = 0;
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&told) {
                told += 1;
                let result = result.unwrap_or_else(|panic| {
                    stopped.store(true, Ordering::SeqCst);
                    resume_unwind(panic)
                });
                if !stopped.load(Ordering::SeqCst) && each(result).is_break() {
                    stopped.store(true, Ordering::SeqCst);
                }
                // When all threads have ended, nobody takes it any more.
                give.try_send(()).ok();
            }
        }
        // Threads that still wait for a token are told that there will be none.
        drop(give);
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_and_few_items_are_on_their_way() {
        let pool = pool(3).unwrap();
        let (taken, told) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items = (0..200).inspect(|_| {
            let now = taken.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(now <= told.load(Ordering::SeqCst) + 6);
        });
        let work = |i: usize| {
            std::thread::sleep(Duration::from_micros(((i * 7) % 5 * 100) as u64));
            i * i
        };
        let mut found = Vec::new();
        in_order(&pool, items, work, |square| {
            found.push(square);
            told.fetch_add(1, Ordering::SeqCst);
            ControlFlow::Continue(())
        });
        assert_eq!(found, (0..200).map(|i| i * i).collect::<Vec<_>>());
    }

    #[test]
    fn who_is_told_may_use_the_pool() {
        for threads in [1, 2] {
            let pool = pool(threads).unwrap();
            let mut sum = 0;
            in_order(
                &pool,
                0..20,
                |i| i,
                |i| {
                    sum += pool.install(|| i);
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(sum, 190);
        }
    }

    #[test]
    fn a_panic_is_passed_on_and_nobody_waits() {
        let pool = pool(2).unwrap();
        let work = |i: i32| match i {
            5 => panic!("at five"),
            i => i,
        };
        let mut told = 0;
        let ended = catch_unwind(AssertUnwindSafe(|| {
            in_order(&pool, 0..100, work, |_| {
                told += 1;
                ControlFlow::Continue(())
            });
        }));
        assert!(ended.is_err());
        assert_eq!(told, 5);
    }

    #[test]
    fn a_break_ends_it() {
        let pool = pool(2).unwrap();
        let mut found = Vec::new();
        in_order(
            &pool,
            0..,
            |i: usize| i,
            |i| {
                found.push(i);
                match i < 10 {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            },
        );
        assert_eq!(found, (0..=10).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_made_of_no_items() {
        in_order(
            &pool(2).unwrap(),
            std::iter::empty::<()>(),
            |()| (),
            |()| unreachable!("there is no item"),
        );
    }

    #[test]
    fn far_too_many_threads_are_a_few_times_the_cores() {
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(pool(1_000_000).unwrap().current_num_threads(), 4 * cores);
        assert_eq!(pool(0).unwrap().current_num_threads(), cores);
    }
}
