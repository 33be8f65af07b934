//! What the operating system lets this process have, `ulimit` in a shell. Too little of it is said at the start, before a
//! run is reported: later it would end this process in the middle.

#[cfg(unix)]
pub use unix::{check, check_address_space, notice};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, OnceLock};

    use rustix::process::{Resource, Signal, getrlimit};
    use signal_hook::flag;

    const KIB: u64 = 1024;

    /// Standard streams, the runtime, the cache, a task's folders and its 16 HTTP requests at a time.
    const OPEN_FILES: u64 = 64;
    /// The main thread reads the command line and polls the run. A debug build takes less than half of it.
    const STACK_BYTES: u64 = 1024 * KIB;
    /// Wasmtime reserves 4 GiB and guard pages for each memory. The process component has one, its fresh instance at the end
    /// another, and a composed program four.
    const ADDRESS_SPACE_BYTES: u64 = 32 * KIB * KIB * KIB;

    /// Whether a file could not grow since [`check`]; only if there is a limit.
    static FILE_SIZE_REACHED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

    /// The limits that every subcommand needs. From now on a file that reaches its limit is an error, and not the end of
    /// this process.
    pub fn check() -> Result<(), String> {
        at_least(Resource::Nofile, OPEN_FILES, 1, "open files", "-n")?;
        at_least(Resource::Stack, STACK_BYTES, KIB, "KiB of stack", "-s")?;
        if getrlimit(Resource::Fsize).current.is_some() {
            let reached = FILE_SIZE_REACHED.get_or_init(Arc::default);
            let wrong = |error: io::Error| format!("SIGXFSZ cannot be handled: {error}");
            flag::register(Signal::XFSZ.as_raw(), Arc::clone(reached)).map_err(wrong)?;
        }
        Ok(())
    }

    /// What running WebAssembly needs beside.
    pub fn check_address_space() -> Result<(), String> {
        at_least(Resource::As, ADDRESS_SPACE_BYTES, KIB, "KiB of address space", "-v")
    }

    fn at_least(resource: Resource, least: u64, unit: u64, what: &str, option: &str) -> Result<(), String> {
        match getrlimit(resource).current {
            Some(limit) if limit < least => {
                let (limit, least) = (limit / unit, least / unit);
                Err(format!(
                    "this process may have {limit} {what}, and needs {least}: raise the limit with `ulimit {option} {least}`"
                ))
            }
            _ => Ok(()),
        }
    }

    /// A line, once, if a file could not grow.
    pub fn notice() -> Option<String> {
        FILE_SIZE_REACHED.get().filter(|reached| reached.swap(false, Ordering::Relaxed))?;
        let bytes = getrlimit(Resource::Fsize).current?;
        Some(format!(
            "orchestra: a file could not grow beyond {bytes} bytes, the limit of this process: raise it with `ulimit -f`, \
             or write less\n"
        ))
    }
}

#[cfg(not(unix))]
pub fn check() -> Result<(), String> {
    Ok(())
}

#[cfg(not(unix))]
pub fn check_address_space() -> Result<(), String> {
    Ok(())
}

#[cfg(not(unix))]
pub fn notice() -> Option<String> {
    None
}
