//! Ctrl-C as a flag that long work looks at between its steps.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit status after Ctrl-C, as shells have it.
pub const INTERRUPTED: u8 = 130;

/// Whether the user has asked to stop.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Catches Ctrl-C and SIGTERM from now on, a second of which ends the process at once; and the
    /// hang-up of a terminal, unless the process was started to ignore that, as by `nohup`.
    ///
    /// # Errors
    /// A system that refuses.
    pub fn install() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Before the flag is set, so that it ends nothing the first time.
            flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&asked))
                .context("cannot catch Ctrl-C")?;
            flag::register(signal, Arc::clone(&asked)).context("cannot catch Ctrl-C")?;
        }
        // Both the shell and the system may send it: the second means nothing more than the first.
        #[cfg(unix)]
        if !ignores_hang_ups() {
            flag::register(SIGHUP, Arc::clone(&asked)).context("cannot catch a hang-up")?;
        }
        Ok(Self(asked))
    }

    /// Break once the user has asked to stop.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Whether the process was started to ignore the hang-up of its terminal.
#[cfg(target_os = "linux")]
fn ignores_hang_ups() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| is_ignored(&status, SIGHUP))
}

/// Nothing tells without unsafe code, so that a hang-up is left as it is.
#[cfg(all(unix, not(target_os = "linux")))]
fn ignores_hang_ups() -> bool {
    true
}

/// Whether a signal is among the ignored ones of the text of `/proc/<process>/status`.
#[cfg(any(target_os = "linux", test))]
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_their_mask() {
        let status = "Name:\toddspot\nSigBlk:\t0000000000000003\nSigIgn:\t0000000000001001\n";
        let ignored = [1, 2, 13, 15].map(|signal| is_ignored(status, signal));
        assert_eq!(ignored, [true, false, true, false]);
        assert!(!is_ignored("Name:\toddspot\n", 1));
    }
}
