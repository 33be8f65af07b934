//! How soon after its start `orchestra-wasm run` has sent its first report, the task's component being in the cache: the median
//! of 50 starts, and the greatest. `cargo bench --package orchestra-wasm`
//!
//! Measured from before the process is made to the arrival of the request's head on loopback.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, io};

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{API_KEY, RUN_ID};

const STARTS: usize = 50;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let task = folder.join("first-report.wasm");
    fs::write(&task, component::test_task())?;
    let endpoint = MockEndpoint::always(status(200));
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchestra-wasm"));
    command.arg("run").arg(task).stdin(Stdio::null()).stdout(Stdio::null());
    command.env_clear().env("HOME", folder).env("ORCHESTRA_WEBHOOK_URL", endpoint.url());
    command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_TASK_RUN_ID", RUN_ID);
    // Fills the cache.
    assert!(command.status()?.success());

    let mut waits: Vec<Duration> = Vec::new();
    for _ in 0..STARTS {
        let before = endpoint.all_requests().len();
        let began = endpoint.elapsed();
        assert!(command.status()?.success());
        waits.push(endpoint.all_requests()[before].arrived - began);
    }
    waits.sort();
    println!("first report after {:.1?}, the median of {STARTS}; {:.1?} at most", waits[STARTS / 2], waits[STARTS - 1]);
    Ok(())
}
