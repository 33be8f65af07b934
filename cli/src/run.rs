//! `orchestra-wasm run`

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use clap::Args;
use orchestra_host::{
    ApiKey, Cache, CancellationToken, Config, End, Ended, Folder, Host, INPUT_BYTES, Outcome, Reporting, Run, Stdio,
    Task,
};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::progress::Line;
use crate::quantity;
use crate::signal::{Signalled, cancel_on_signals};

/// Exit statuses that are not the task's own.
pub mod status {
    /// The task failed without a status of its own.
    pub const FAILED: u8 = 1;
    /// Something that the command line says does not work.
    pub const NOT_STARTED: u8 = 2;
    /// As `timeout` has it.
    pub const DEADLINE: u8 = 124;
    /// As a shell has it for a program that aborted.
    pub const TRAPPED: u8 = 134;
    /// As a shell has it for a program that was killed for want of memory.
    pub const MEMORY: u8 = 137;
}

const EXAMPLES: &str = "\
The run is reported where the environment has ORCHESTRA_API_KEY and ORCHESTRA_TASK_RUN_ID; ORCHESTRA_WEBHOOK_URL and
ORCHESTRA_TASK_NAME may be there, too. The task sees none of them.

The exit status is the task's: 0 where it succeeded, 1 where it failed, its own where it exited with one. A deadline gives
124, a trap 134, the memory limit 137, a signal 128 and its number, and what could not be started 2.

Examples:
  orchestra-wasm run task.wasm --input '{\"rows\": 3}' --deadline 10m
  orchestra-wasm run task.wasm --input @input.json --dir data --allow-host api.example.com
  orchestra-wasm run report.wasm --log report.log -- --month 2026-11";

/// Run a task, or any WASI command, and report how it ends, whatever happens to it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A component that exports `orchestra:process/task` or `wasi:cli/run`.
    program: PathBuf,
    /// Arguments of the program.
    #[arg(last = true)]
    arguments: Vec<String>,
    /// The input: JSON, @FILE, or - for standard input. A task is passed it, a command has it in TASK_INPUT.
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    input: String,
    /// The task's name in reports [default: ORCHESTRA_TASK_NAME, or the program's file name].
    #[arg(long)]
    name: Option<String>,
    /// Stop the task, and report it as failed, after so long: 90s, 500ms, 5m, 2h; a bare number is in seconds.
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    deadline: Option<Duration>,
    /// How much memory the task may have: 512M, 2G.
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = quantity::bytes)]
    memory: usize,
    /// After a signal, how long the report of it may take.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = quantity::duration)]
    grace: Duration,
    /// Send what the task writes as a log of this name, when it has ended.
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    /// A folder that the task may read and write, and where it finds it: HERE or HERE::THERE.
    #[arg(long, value_name = "FOLDER")]
    dir: Vec<String>,
    /// A folder that the task may only read.
    #[arg(long, value_name = "FOLDER")]
    dir_read_only: Vec<String>,
    /// An environment variable for the task: NAME, to pass it on, or NAME=VALUE.
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// A host that the task may send HTTP requests to: HOST, HOST:PORT or https://HOST.
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    /// A file of certificate authorities (PEM) to trust beside the system's.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Where nothing is configured to report to, report to a local endpoint, as `orchestra-wasm dev` has it. Its page is
    /// there until Ctrl-C.
    #[arg(long)]
    dev: bool,
    /// Compile anew, and keep nothing in the cache.
    #[arg(long)]
    no_cache: bool,
    /// Say nothing of one's own on standard error, but errors of the command line.
    #[arg(long, short)]
    quiet: bool,
    /// At the end, say how the run ended as one line of JSON on standard error.
    #[arg(long)]
    json: bool,
}

/// The error is one in the command line, in a sentence.
pub fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let runtime = Runtime::new().map_err(|error| format!("no runtime can be started: {error}"))?;
    let code = runtime.block_on(run_in_runtime(arguments))?;
    // A read of standard input that nobody waits for any more must not keep this program.
    runtime.shutdown_background();
    Ok(code)
}

async fn run_in_runtime(arguments: Arguments) -> Result<ExitCode, String> {
    let cancellation = CancellationToken::new();
    let signalled = cancel_on_signals(cancellation.clone()).map_err(|error| format!("no signal is seen: {error}"))?;
    let arguments = Arc::new(arguments);
    let line = Line::new(!arguments.quiet);
    let say = |text: &str| {
        if !arguments.quiet {
            line.say(text);
        }
    };
    let mut server = None;
    let mut reporting = match reporting() {
        Ok(reporting) => Some(reporting),
        Err(_) if arguments.dev && variable("ORCHESTRA_API_KEY")?.is_none() => {
            let (started, reporting) = report_to_a_page()?;
            say(&format!("orchestra: the run is shown at {}", started.url()));
            server = Some(started);
            Some(reporting)
        }
        Err(why) => {
            say(&format!("orchestra: nothing is reported: {why}"));
            None
        }
    };
    let (host, unusable) = host(&arguments)?;
    if let Some(given) = &reporting
        && let Err(why) = host.check(given).await
    {
        say(&format!("orchestra: {why}"));
        reporting = None;
    }
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => variable("ORCHESTRA_TASK_NAME")?.unwrap_or_else(|| file_stem(&arguments.program)),
    };
    let prepared = match unusable {
        Some(why) => Err(End::NotStarted(why)),
        None => prepare_unless_cancelled(&host, &arguments, &name, &cancellation).await,
    };
    let ended = match prepared {
        Ok((task, run)) => {
            let observer = Some(line.observer());
            let run = Run { reporting, observer, cancellation: cancellation.clone(), ..run };
            line.show(&name, task.run(run)).await
        }
        // Orchestra waits for this run, too.
        Err(end) => {
            let trouble = match reporting {
                Some(reporting) => host.report_end(reporting, &name, &end).await,
                None => Vec::new(),
            };
            let outcome = if end == End::Cancelled { Outcome::Cancelled } else { Outcome::Failed };
            Ended { end, outcome, trouble, output: String::new() }
        }
    };
    ended.trouble.iter().for_each(|trouble| say(&format!("orchestra: {trouble}")));
    match &ended.end {
        End::Returned | End::Exited(_) => {}
        End::Cancelled => say("orchestra: the task was cancelled"),
        // What is wrong with the command line is said in any case.
        End::NotStarted(why) => line.say(&format!("orchestra: the task was not started: {why}")),
        end => say(&format!("orchestra: the task failed: {end}")),
    }
    let code = exit_status(&ended, &signalled);
    if arguments.json {
        line.say(&summary(&ended, code));
    }
    if let Some(server) = server {
        say(&format!("orchestra: the run has ended; its page stays at {} until Ctrl-C", server.url()));
        cancellation.cancelled().await;
    }
    Ok(ExitCode::from(code))
}

/// A server, and what reports to it.
fn report_to_a_page() -> Result<(orchestra_dev::Server, Reporting), String> {
    let server = orchestra_dev::serve(orchestra_dev::Options::default());
    let server = server.map_err(|error| format!("no local endpoint can be served: {error}"))?;
    let reporting = Reporting {
        run_id: variable("ORCHESTRA_TASK_RUN_ID")?.unwrap_or_else(|| Uuid::new_v4().to_string()),
        api_key: ApiKey::new("dev"),
        endpoint: Some(server.url()),
    };
    Ok((server, reporting))
}

/// Where the files that the command line names cannot be used, a host without them, which can report that; and what is wrong.
fn host(arguments: &Arguments) -> Result<(Host, Option<String>), String> {
    let cache = if arguments.no_cache { Cache::Off } else { Cache::User };
    match Host::new(&Config { cache, certificate_authorities: arguments.ca_file.clone() }) {
        Ok(host) => Ok((host, None)),
        Err(error) => match Host::new(&Config { cache: Cache::Off, certificate_authorities: None }) {
            Ok(host) => Ok((host, Some(error.to_string()))),
            Err(_) => Err(error.to_string()),
        },
    }
}

/// A component may take seconds to compile, and an input for ever to come. The error is the end of a run that does not begin.
async fn prepare_unless_cancelled(
    host: &Host,
    arguments: &Arc<Arguments>,
    name: &str,
    cancellation: &CancellationToken,
) -> Result<(Task, Run), End> {
    let (host, arguments, name) = (host.clone(), Arc::clone(arguments), name.to_string());
    let preparing = spawn_blocking(move || {
        let task = host.load_file(&arguments.program).map_err(|error| with_path(&arguments.program, &error))?;
        Ok((task, prepare(&arguments, &name)?))
    });
    tokio::select! {
        biased;
        () = cancellation.cancelled() => Err(End::Cancelled),
        prepared = preparing => prepared.unwrap_or_else(|error| Err(error.to_string())).map_err(End::NotStarted),
    }
}

/// The process component checks the values.
fn reporting() -> Result<Reporting, String> {
    let missing = |name: &str| format!("{name} is not set");
    match (variable("ORCHESTRA_API_KEY")?, variable("ORCHESTRA_TASK_RUN_ID")?) {
        (Some(key), Some(run_id)) => {
            let endpoint = variable("ORCHESTRA_WEBHOOK_URL")?;
            Ok(Reporting { run_id, api_key: ApiKey::new(key), endpoint })
        }
        (None, None) => Err("neither ORCHESTRA_API_KEY nor ORCHESTRA_TASK_RUN_ID is set".into()),
        (None, Some(_)) => Err(missing("ORCHESTRA_API_KEY")),
        (Some(_), None) => Err(missing("ORCHESTRA_TASK_RUN_ID")),
    }
}

/// A blank value is none.
fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    }
}

fn file_stem(program: &Path) -> String {
    program.file_stem().map_or_else(|| "task".into(), |stem| stem.to_string_lossy().into_owned())
}

fn with_path(path: &Path, error: &orchestra_host::LoadError) -> String {
    match error {
        orchestra_host::LoadError::Read { .. } => error.to_string(),
        error => format!("{}: {error}", path.display()),
    }
}

fn prepare(arguments: &Arguments, name: &str) -> Result<Run, String> {
    let folders = arguments.dir.iter().map(|folder| (folder, true));
    let folders = folders.chain(arguments.dir_read_only.iter().map(|folder| (folder, false)));
    let folders = folders.map(|(folder, is_writable)| {
        let (here, there) = folder.split_once("::").unwrap_or((folder, folder));
        Folder { here: here.into(), there: there.into(), is_writable }
    });
    Ok(Run {
        name: name.into(),
        input: input(&arguments.input)?,
        arguments: arguments.arguments.clone(),
        variables: arguments.env.iter().map(|given| environment(given)).collect::<Result<_, _>>()?,
        folders: folders.collect(),
        allowed_hosts: arguments.allow_host.clone(),
        memory_bytes: arguments.memory,
        deadline: arguments.deadline,
        grace: arguments.grace,
        inherit_stdin: arguments.input != "-",
        stdout: Stdio::Inherited,
        stderr: Stdio::Inherited,
        log: arguments.log.as_deref().map(log_name).transpose()?,
        ..Run::default()
    })
}

fn environment(given: &str) -> Result<(String, String), String> {
    if given.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("ORCHESTRA_")) {
        return Err(format!("--env {given}: no task is given a variable that begins with ORCHESTRA_"));
    }
    match given.split_once('=') {
        Some((name, value)) => Ok((name.into(), value.into())),
        None => match env::var(given) {
            Ok(value) => Ok((given.into(), value)),
            Err(_) => Err(format!("--env {given}: there is no such variable; write --env {given}=VALUE to set it")),
        },
    }
}

/// Told before the task runs, not after: the contract's rule for names.
fn log_name(given: &str) -> Result<String, String> {
    match given {
        "" => Err("--log: a log has a name".into()),
        _ if given.len() > 256 => Err("--log: the name is longer than 256 bytes".into()),
        _ if given.contains(char::is_control) => Err("--log: the name holds a control character".into()),
        _ => Ok(given.into()),
    }
}

/// Read no further than the limit, of which the run itself complains.
fn input(given: &str) -> Result<String, String> {
    let wrong = |error: io::Error| format!("the input {given} cannot be read: {error}");
    let reader: Box<dyn Read> = match given.strip_prefix('@') {
        Some(path) => Box::new(fs::File::open(path).map_err(wrong)?),
        None if given == "-" => Box::new(io::stdin()),
        None => return Ok(given.into()),
    };
    let mut text = String::new();
    reader.take(INPUT_BYTES as u64 + 1).read_to_string(&mut text).map_err(wrong)?;
    Ok(text)
}

fn exit_status(ended: &Ended, signalled: &Signalled) -> u8 {
    match &ended.end {
        End::Returned | End::Exited(0) if matches!(ended.outcome, Outcome::Failed | Outcome::Cancelled) => {
            status::FAILED
        }
        End::Returned => 0,
        End::Failed(_) => status::FAILED,
        // What does not fit into a status must not become a success.
        End::Exited(code) => u8::try_from(*code).unwrap_or(status::FAILED),
        End::Trapped(_) | End::StackOverflow(_) => status::TRAPPED,
        End::MemoryLimit(..) => status::MEMORY,
        End::Deadline(_) => status::DEADLINE,
        End::Cancelled => signalled.status(),
        End::NotStarted(_) => status::NOT_STARTED,
    }
}

fn summary(ended: &Ended, code: u8) -> String {
    json!({ "outcome": ended.outcome.to_string(), "end": ended.end.to_string(), "status": code, "trouble": ended.trouble }).to_string()
}
