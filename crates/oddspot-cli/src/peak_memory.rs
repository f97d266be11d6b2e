//! The largest resident memory of this process, where the system tells (Linux).

/// Begins anew, so that what came before does not count; where that is not allowed, it does.
pub fn reset() {
    // "5" resets the peak: proc(5), clear_refs.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// In MiB; None where it is not known.
pub fn read() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
