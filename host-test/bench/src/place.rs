//! Where the programs keep what they make, below the target folder.

use std::path::PathBuf;
use std::{fs, io};

use host_test::component;
use orchestra_host::{Cache, Config, Host, HostError, Instances};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The folder, which is there then.
///
/// # Errors
///
/// If it cannot be made.
pub fn folder() -> io::Result<PathBuf> {
    let folder = foreign_hosts::target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The task of `host-test/tasks`, as a file.
///
/// # Errors
///
/// If it cannot be written.
pub fn task() -> io::Result<PathBuf> {
    let path = folder()?.join("task.wasm");
    // Whoever has it open goes on with what was there.
    let new = folder()?.join(format!("task-{}.wasm", std::process::id()));
    fs::write(&new, component::test_task())?;
    fs::rename(new, &path)?;
    Ok(path)
}

/// At most this many runs are measured at once.
const MOST_RUNS: u32 = 10_000;

/// A host that compiles nothing twice, and has room for them.
///
/// # Errors
///
/// As [`Host::new`].
pub fn host() -> Result<Host, HostError> {
    let folder = folder().map_err(|error| HostError::Engine(error.into()))?;
    let cache = Cache::Folder(folder.join("cache"));
    Host::new(&Config { cache, instances: Instances::Pooled(MOST_RUNS), ..Config::default() })
}

/// As many file descriptors as this user may have.
pub fn raise_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // With fewer it is slower, and that is measured, too.
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
