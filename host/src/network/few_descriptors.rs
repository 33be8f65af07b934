//! A test alone in a process that has few file descriptors left, or none.

use std::env;
use std::fs::File;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use log::{LevelFilter, Log, Metadata, Record};
use tokio::runtime::Builder;

/// The endpoint, in the process that has few. Not set in the one that makes it.
const ENDPOINT: &str = "ORCHESTRA_TEST_ENDPOINT";
/// How long the endpoint takes, so that connections are in use.
const LATENCY: Duration = Duration::from_millis(20);

/// Runs this test, which has called this, once more in a process of its own: there it is passed the URL of an endpoint
/// that acknowledges, and what holds all file descriptors. Returns the endpoint, where it is.
pub(super) fn alone<F: Future<Output = ()>>(test: &str, run: impl FnOnce(String, Held) -> F) -> Option<MockEndpoint> {
    if let Ok(url) = env::var(ENDPOINT) {
        log::set_logger(&Warnings).expect("the process is this test's own");
        log::set_max_level(LevelFilter::Warn);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime is made");
        runtime.block_on(run(url, Held::all()));
        return None;
    }
    // To build it takes more descriptors than there will be.
    component::test_task();
    let endpoint = MockEndpoint::always(status(200).delayed(LATENCY));
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
    Some(endpoint)
}

/// File descriptors that nothing else can have.
pub(super) struct Held(Vec<File>);

impl Held {
    fn all() -> Self {
        let mut held = Self(Vec::new());
        held.all_but(0);
        held
    }

    /// All that are free, but for this many.
    pub(super) fn all_but(&mut self, left: usize) {
        while let Ok(file) = File::open("/dev/null") {
            self.0.push(file);
        }
        self.0.truncate(self.0.len().checked_sub(left).expect("there are as many"));
    }
}

/// Counts what this crate warns of.
struct Warnings;

static WARNINGS: AtomicUsize = AtomicUsize::new(0);

/// How many there were in the process that has few descriptors.
pub(super) fn warnings() -> usize {
    WARNINGS.load(Ordering::Relaxed)
}

impl Log for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("orchestra_host")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            println!("{}", record.args());
            WARNINGS.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}
