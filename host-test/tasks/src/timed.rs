//! What calls of the contract cost, on the task's own clock.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::bindings::orchestra::process::lifecycle::Process;

/// One call of `write` at a time is no longer.
const PIECE: usize = 64 * 1024;

/// A line for each of three kinds of call, with what each of `times` calls took, in nanoseconds: an output, a call that
/// reports nothing, and reading the clock.
pub fn costs(process: &Process, times: u64) -> Result<String, String> {
    let mut text = String::new();
    let mut kind = |name: &str, call: &mut dyn FnMut(u64) -> Result<(), String>| {
        text.push_str(name);
        for time in 0..times {
            let began = Instant::now();
            call(time)?;
            // Writing into memory cannot fail.
            _ = write!(text, " {}", began.elapsed().as_nanos());
        }
        text.push('\n');
        Ok::<(), String>(())
    };
    kind("state", &mut |_| {
        _ = process.state();
        Ok(())
    })?;
    kind("clock", &mut |_| Ok(()))?;
    kind("output", &mut |time| process.set_output("row", &time.to_string()).map_err(|error| error.to_string()))?;
    Ok(text)
}

/// How long `times` outputs take of which each is waited for, in nanoseconds. What was reported before is waited for first.
pub fn acknowledged(process: &Process, times: u64) -> Result<u128, String> {
    process.flush().map_err(|error| error.to_string())?;
    let began = Instant::now();
    for time in 0..times {
        process.set_output("row", &time.to_string()).map_err(|error| error.to_string())?;
        process.flush().map_err(|error| error.to_string())?;
    }
    Ok(began.elapsed().as_nanos())
}

/// Progress, each step with a message of its own and a pause after it.
pub fn steps(process: &Process, times: u64, pause: Duration) -> Result<(), String> {
    for time in 0..times {
        process.progress(Some(&format!("step {time}")), None).map_err(|error| error.to_string())?;
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    Ok(())
}

/// So many MiB into one log.
pub fn log(process: &Process, mib: u64) -> Result<(), String> {
    const LINE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n";
    let piece = LINE.repeat(PIECE / LINE.len());
    let log = process.open_log("run.log").map_err(|error| error.to_string())?;
    for _ in 0..mib * 1024 * 1024 / PIECE as u64 {
        log.write(&piece).map_err(|error| error.to_string())?;
    }
    Ok(())
}
