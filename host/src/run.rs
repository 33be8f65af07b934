//! One run of a task: what it is given, and how it ended.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wasmtime::{Store, Trap, format_err};
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::{I32Exit, WasiCtx};

use crate::bindings::lifecycle::Outcome;
use crate::crash::Crash;
use crate::forward::Forward;
use crate::instance::Ending;
use crate::limits::Limits;
use crate::network::Allowed;
use crate::output::{Observer, Output, Stdio, Stream};
use crate::process::{Farewell, Patience, Process, after};
use crate::store::{self, Ctx};
use crate::task::Task;

/// The longest input of a task, in bytes.
pub const INPUT_BYTES: usize = 1024 * 1024;

/// Where a command finds its input: as under the wrapper component, when a trigger has started it.
pub const INPUT_VARIABLE: &str = "TASK_INPUT";

const MIB: usize = 1024 * 1024;

/// An API key. What prints it by accident prints nothing of it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Whatever it is: the process component says what is wrong with it.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// Where a run is reported to, and as what.
#[derive(Clone, Debug)]
pub struct Reporting {
    /// From Orchestra: a UUID.
    pub run_id: String,
    /// The key of the account. No task sees it.
    pub api_key: ApiKey,
    /// The webhook's URL; Orchestra's own without one.
    pub endpoint: Option<String>,
}

/// A folder that a task may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// On this machine.
    pub here: PathBuf,
    /// Where the task finds it.
    pub there: String,
    /// Whether the task may change what is in it.
    pub is_writable: bool,
}

/// What one run is given. By default: nothing but a name, and 1 GiB of memory.
///
/// What a task holds of the host has limits of its own: 4096 handles to files, streams, requests and the like at a time,
/// 32 KiB of headers in each request or answer, 16 HTTP requests at a time, and 8 MiB in one call of the contract. Beyond them
/// a call is an error, or a trap, but for requests, which wait.
#[derive(Clone, Debug)]
pub struct Run {
    /// Without it the task runs, and nobody is told.
    pub reporting: Option<Reporting>,
    /// The task's name in reports.
    pub name: String,
    /// One JSON text, of at most [`INPUT_BYTES`]. A task is passed it; a command finds it in the variable
    /// [`INPUT_VARIABLE`], unless `variables` has another.
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
    /// How long the task may take. Default: for ever.
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
    /// Under this name what the task has written is sent as a log at the end, if it has written something.
    pub log: Option<String>,
    /// Cancelling it stops the task, wherever it is, and reports the run as cancelled.
    pub cancellation: CancellationToken,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            reporting: None,
            name: "task".into(),
            input: "{}".into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folders: Vec::new(),
            allowed_hosts: Vec::new(),
            memory_bytes: 1024 * MIB,
            deadline: None,
            deadline_from: None,
            grace: Duration::from_secs(10),
            inherit_stdin: false,
            stdout: Stdio::default(),
            stderr: Stdio::default(),
            observer: None,
            log: None,
            cancellation: CancellationToken::new(),
        }
    }
}

/// Why a task is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Returned,
    /// It returned an error; a command's has no text.
    Failed(Option<String>),
    /// It exited, with this status.
    Exited(i32),
    /// It trapped.
    Trapped(Crash),
    /// Its calls were nested too deeply.
    StackOverflow(Crash),
    /// It could not go on without more memory than these bytes.
    MemoryLimit(usize, Crash),
    /// It took longer than this.
    Deadline(Duration),
    /// The run's cancellation came.
    Cancelled,
    /// It never began: what it was given does not work, in a sentence.
    NotStarted(String),
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why the task is over.
    pub end: End,
    /// What Orchestra is told. It differs from what `end` says where the task has reported an ending itself, which stands.
    pub outcome: Outcome,
    /// What was not reported, a sentence each.
    pub trouble: Vec<String>,
    /// What the task wrote on standard output and standard error, in that order of time, within the limits of
    /// [`HEAD_BYTES`](crate::HEAD_BYTES) and [`TAIL_BYTES`](crate::TAIL_BYTES).
    pub output: String,
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => write!(formatter, "returned"),
            Self::Failed(Some(error)) => write!(formatter, "{error}"),
            Self::Failed(None) => write!(formatter, "exited with a failure status"),
            Self::Exited(status) => write!(formatter, "exited with status {status}"),
            Self::Trapped(crash) => write!(formatter, "trap: {}", crash.message),
            Self::StackOverflow(_) => write!(formatter, "stack overflow"),
            Self::MemoryLimit(bytes, _) => write!(formatter, "memory limit of {} MiB", bytes / MIB),
            Self::Deadline(deadline) => write!(formatter, "deadline of {deadline:?} exceeded"),
            Self::Cancelled => write!(formatter, "cancelled"),
            Self::NotStarted(why) => write!(formatter, "{why}"),
        }
    }
}

impl End {
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Returned | Self::Exited(0) => Ending::of(Outcome::Succeeded),
            Self::Cancelled => Ending::of(Outcome::Cancelled),
            Self::Trapped(crash) | Self::StackOverflow(crash) | Self::MemoryLimit(_, crash) => {
                Ending { data: Some(crash.data().to_string()), ..Ending::failure(&self.to_string()) }
            }
            _ => Ending::failure(&self.to_string()),
        }
    }
}

pub(crate) async fn run(task: &Task, run: Run) -> Ended {
    let output = Output::new(run.observer.clone());
    let process = match Process::start(task.host.clone(), run.reporting.clone(), run.name.clone()).await {
        Ok(process) => process,
        Err(error) => {
            let why = format!("the process component cannot be started: {error:#}");
            let end = End::NotStarted(why.clone());
            return Ended { end, outcome: Outcome::Failed, trouble: vec![why], output: String::new() };
        }
    };
    let end = match prepare(task, &run, &output, &process) {
        Ok((store, lent)) => work(task, &run, store, lent).await,
        Err(why) => End::NotStarted(why),
    };
    let text = output.text();
    let log = run.log.filter(|_| !text.is_empty()).map(|name| (name, text.clone()));
    let patience = Patience::new(run.cancellation, run.grace);
    let ended = process.end(Farewell { ending: end.ending(), log, patience }).await;
    output.passed_on().await;
    Ended { end, outcome: ended.outcome, trouble: ended.trouble, output: text }
}

/// The task's store, and the number of the run that it is lent.
fn prepare(task: &Task, run: &Run, output: &Output, process: &Process) -> Result<(Store<Ctx>, u32), String> {
    if run.input.len() > INPUT_BYTES {
        return Err(format!("the input is longer than {} MiB", INPUT_BYTES / MIB));
    }
    serde_json::from_str::<&RawValue>(&run.input).map_err(|error| format!("the input is not JSON: {error}"))?;
    let allowed = run.allowed_hosts.iter().map(|host| {
        Allowed::parse(host).ok_or_else(|| format!("{host:?} is no HOST, no HOST:PORT and no https://HOST"))
    });
    let hooks = task.host.client.for_task(allowed.collect::<Result<_, _>>()?);
    let mut wasi = WasiCtx::builder();
    wasi.arg(&run.name).args(&run.arguments);
    wasi.stdout(output.outlet(Stream::Stdout, run.stdout)).stderr(output.outlet(Stream::Stderr, run.stderr));
    for (name, value) in run.variables.iter().filter(|(name, _)| !is_ours(name)) {
        wasi.env(name, value);
    }
    if !task.is_task() && run.variables.iter().all(|(name, _)| name != INPUT_VARIABLE) {
        wasi.env(INPUT_VARIABLE, &run.input);
    }
    for Folder { here, there, is_writable } in &run.folders {
        check_folder(here)?;
        let permissions = if *is_writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        wasi.preopened_dir(here, there, permissions).map_err(|error| format!("{}: {error:#}", here.display()))?;
    }
    if run.inherit_stdin {
        wasi.inherit_stdin();
    }
    let (forward, lent) = Forward::new(process.jobs.clone(), process.types.clone(), process.run);
    let limits = Limits::new(run.memory_bytes);
    Ok((store::new(&task.host.engine, wasi.build(), hooks, limits, Some(forward)), lent))
}

/// Linux has the environment of this very process, with the API key in it, in a file.
fn check_folder(folder: &Path) -> Result<(), String> {
    let processes = Path::new("/proc");
    match folder.canonicalize() {
        Ok(real) if cfg!(target_os = "linux") && (real.starts_with(processes) || processes.starts_with(&real)) => {
            Err(format!("{} has /proc in it, and with it the API key: name a folder below", folder.display()))
        }
        // What else is wrong with it is told when it is opened.
        _ => Ok(()),
    }
}

fn is_ours(variable: &str) -> bool {
    variable.as_bytes().get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"ORCHESTRA_"))
}

/// The store goes with the call, and with it the task's way to the process component.
async fn work(task: &Task, run: &Run, mut store: Store<Ctx>, lent: u32) -> End {
    let began = run.deadline_from.map_or_else(Instant::now, Instant::from_std);
    let deadline = after(began, run.deadline.unwrap_or(Duration::MAX));
    let result = tokio::select! {
        biased;
        () = run.cancellation.cancelled() => return End::Cancelled,
        () = sleep_until(deadline) => return End::Deadline(run.deadline.unwrap_or_default()),
        // Whatever becomes of it, the run has an end to report.
        result = AssertUnwindSafe(task.call(&mut store, lent, &run.input)).catch_unwind() => {
            result.unwrap_or_else(|_| Err(format_err!("the host panicked over it")))
        }
    };
    let error = match result {
        Ok(Ok(())) => return End::Returned,
        Ok(Err(error)) => return End::Failed(error),
        Err(error) => error,
    };
    if let Some(I32Exit(status)) = error.downcast_ref() {
        return End::Exited(*status);
    }
    let crash = Crash::new(&error);
    match error.downcast_ref() {
        _ if store.data().limits.exceeded => End::MemoryLimit(run.memory_bytes, crash),
        Some(Trap::StackOverflow) => End::StackOverflow(crash),
        _ => End::Trapped(crash),
    }
}
