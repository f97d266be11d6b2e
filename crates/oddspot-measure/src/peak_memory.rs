//! The largest resident memory of this process, where the system tells (Linux).
//!
//! It is the process's own, from the start of its program on: what `getrusage` tells may be that
//! of the process that started it.

/// Begins anew, so that what came before does not count; where that is not allowed, it does.
pub fn reset() {
    // "5" resets the peak: proc(5), clear_refs.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// In MiB; None where it is not known.
pub fn read() -> Option<f64> {
    in_mib(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// The peak that the text of `/proc/<process>/status` states.
fn in_mib(status: &str) -> Option<f64> {
    let line = (status.lines()).find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_its_line_in_mebibytes() {
        let status = "Name:\toddspot\nVmPeak:\t  9000 kB\nVmHWM:\t  3072 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!(in_mib(status), Some(3.0));
        assert_eq!(in_mib("Name:\toddspot\n"), None);
        assert_eq!(in_mib("VmHWM:\t3072 pages\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_that_was_touched_counts() {
        // Without the box an optimizer leaves the memory out.
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        let peak = read().unwrap_or_default();
        assert!(peak > 64.0, "{peak} of {}", touched.len());
    }
}
