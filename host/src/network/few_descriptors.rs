//! A test alone in a process that has no file descriptor left.

use std::env;
use std::fs::File;
use std::process::Command;

use host_test::endpoint::{MockEndpoint, status};
use tokio::runtime::Builder;

/// The endpoint, in the process that has few. Not set in the one that makes it.
const ENDPOINT: &str = "ORCHESTRA_TEST_ENDPOINT";

/// Runs this test, which has called this, once more in a process of its own: there it is passed the URL of an endpoint
/// that acknowledges, and what holds all file descriptors.
pub(super) fn alone<F: Future<Output = ()>>(test: &str, run: impl FnOnce(String, Vec<File>) -> F) {
    if let Ok(url) = env::var(ENDPOINT) {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime is made");
        let mut held = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            held.push(file);
        }
        return runtime.block_on(run(url, held));
    }
    let endpoint = MockEndpoint::always(status(200));
    let program = env::current_exe().expect("a test knows its program");
    let ran = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env(ENDPOINT, endpoint.url())
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}
