//! `orchestra-wasm run`

mod arguments;
mod environment;
mod grants;
mod input;
mod reporting;
pub mod status;
mod summary;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use orchestra_host::{Cache, CancellationToken, Config, End, Ended, Host, Outcome, Run, Task};
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;

pub use self::arguments::Arguments;
use self::environment::variable;
use crate::progress::Line;
use crate::signal::cancel_on_signals;

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
    let mut reporting = match reporting::from_environment() {
        Ok(reporting) => Some(reporting),
        Err(_) if arguments.dev && variable("ORCHESTRA_API_KEY")?.is_none() => {
            let (started, reporting) = reporting::to_a_page()?;
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
    summary::say(&ended, &line, arguments.quiet);
    let code = status::of(&ended, signalled.status());
    if arguments.json {
        line.say(&summary::json(&ended, code));
    }
    if let Some(server) = server {
        say(&format!("orchestra: the run has ended; its page stays at {} until Ctrl-C", server.url()));
        cancellation.cancelled().await;
    }
    Ok(ExitCode::from(code))
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
        Ok((task, grants::grants(&arguments, &name)?))
    });
    tokio::select! {
        biased;
        () = cancellation.cancelled() => Err(End::Cancelled),
        prepared = preparing => prepared.unwrap_or_else(|error| Err(error.to_string())).map_err(End::NotStarted),
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
