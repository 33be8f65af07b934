//! What one run of a task is given, and how it ended.

use std::time::Duration;

use orchestra_policy::{DEFAULT_NAME, NO_INPUT, Outcome, Shortfall};
use tokio_util::sync::CancellationToken;

use crate::end::End;
use crate::folder::Folder;
use crate::output::{Observer, Stdio};
use crate::reporting::{GRACE, Reporting};

const MIB: usize = 1024 * 1024;

/// What one run is given. By default: nothing but a name, and 1 GiB of memory.
///
/// What a task holds of the host has limits of its own: 4096 handles to files, streams, requests and the like at a time,
/// 32 KiB of headers in each request or answer, 16 HTTP requests at a time, and 8 MiB in one call of the contract. Beyond them
/// a call is an error, or a trap, but for requests, which wait.
#[derive(Clone, Debug)]
pub struct Run {
    /// Without it the task runs, and nothing is reported.
    pub reporting: Option<Reporting>,
    /// The task's name in reports.
    pub name: String,
    /// One JSON text, of at most [`INPUT_BYTES`](crate::INPUT_BYTES). A task is passed it; a command finds it in the variable
    /// [`INPUT_VARIABLE`](crate::INPUT_VARIABLE), unless `variables` has another.
    pub input: String,
    /// Arguments, without the program's name, which is the run's.
    pub arguments: Vec<String>,
    /// Environment variables. Those that begin with `ORCHESTRA_`, in whatever case, are left out.
    pub variables: Vec<(String, String)>,
    /// Folders.
    pub folders: Vec<Folder>,
    /// Hosts that the task may send HTTP requests to: `HOST`, `HOST:PORT` or an origin. Other sockets it has none.
    pub allowed_hosts: Vec<String>,
    /// What all memories and tables of the task may take together, in bytes. Default: 1 GiB.
    pub memory_bytes: usize,
    /// How long the task may take. Default: without a limit.
    pub deadline: Option<Duration>,
    /// When the time of `deadline` began. Default: when the task is called.
    pub deadline_from: Option<std::time::Instant>,
    /// How long the end of a run may take to be reported, from its cancellation on. Default: 10 s.
    pub grace: Duration,
    /// Whether the task reads this process's standard input; else it finds it empty.
    pub inherit_stdin: bool,
    /// Standard output.
    pub stdout: Stdio,
    /// Standard error.
    pub stderr: Stdio,
    /// Who is shown what the task writes, while it does.
    pub observer: Option<Observer>,
    /// Under this name what the task writes is sent as a log while it runs, if it writes something: in parts of at most 256
    /// KiB, each when it is full or ten seconds old. Later parts have their number behind the name: `NAME.2`, `NAME.3`. What is
    /// left at the end follows the ending.
    ///
    /// One part at a time waits for the endpoint; the task never does. Until then at most [`HEAD_BYTES`](crate::HEAD_BYTES) and
    /// [`TAIL_BYTES`](crate::TAIL_BYTES) are held, and the log says where bytes are left out, and how many.
    pub log: Option<String>,
    /// Cancelling it stops the task, wherever it is, and reports the run as cancelled.
    pub cancellation: CancellationToken,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            reporting: None,
            name: DEFAULT_NAME.into(),
            input: NO_INPUT.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folders: Vec::new(),
            allowed_hosts: Vec::new(),
            memory_bytes: 1024 * MIB,
            deadline: None,
            deadline_from: None,
            grace: GRACE,
            inherit_stdin: false,
            stdout: Stdio::default(),
            stderr: Stdio::default(),
            observer: None,
            log: None,
            cancellation: CancellationToken::new(),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why the task is over.
    pub end: End,
    /// What Orchestra is told. It differs from what `end` says if the task has reported an ending itself, which stands.
    pub outcome: Outcome,
    /// Whether the endpoint has acknowledged the run's ending.
    pub is_acknowledged: bool,
    /// The reports that were not acknowledged, from the process component's own record.
    pub shortfall: Shortfall,
    /// All that did not go well with reporting, a sentence each: `shortfall` among it. What others wrote is escaped.
    pub trouble: Vec<String>,
    /// What the task wrote on standard output and standard error, in that order of time, within the limits of
    /// [`HEAD_BYTES`](crate::HEAD_BYTES) and [`TAIL_BYTES`](crate::TAIL_BYTES).
    pub output: String,
}
