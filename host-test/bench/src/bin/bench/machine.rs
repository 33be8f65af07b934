//! What the figures were measured on. No name of the machine, and no path on it.

use std::fs;
use std::thread;

/// In a sentence without its end: the processor, the memory, the operating system.
pub fn describe() -> String {
    let cores = cores();
    let cores = if cores == 1 { "one core".into() } else { format!("{cores} cores") };
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".into());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| gib(&text));
    let memory = memory.map_or_else(|| "unknown memory".into(), |gib| format!("{gib} GiB of memory"));
    let system = field("/etc/os-release", "PRETTY_NAME").unwrap_or_else(|| std::env::consts::OS.into());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // What stands behind the version names who built it.
    let kernel = kernel.trim().split(['-', '+']).next().unwrap_or_default();
    format!("{cores} of {processor}, {memory}, {} on Linux {kernel}", system.trim_matches('"'))
}

/// How many threads can run at a time.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How many threads wanted a processor in the last minute, on average.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// Of a file with a line for each, `name: value` or `name=value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':', '=']).trim().to_string())
}

fn gib(kib: &str) -> Option<u64> {
    let kib: u64 = kib.split_whitespace().next()?.parse().ok()?;
    Some(kib.div_ceil(1024 * 1024))
}
