//! `orchestra-wasm run`

mod arguments;
mod environment;
mod grants;
mod input;
mod name;
mod reporting;
mod start;
pub mod status;
mod summary;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use orchestra_host::{CancellationToken, End, Run};
use tokio::runtime::Runtime;

pub use self::arguments::Arguments;
use self::reporting::Destination;
use self::start::Start;
use crate::progress::Line;
use crate::signal::cancel_on_signals;

/// The error is one in the command line, in a sentence.
pub fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let began = Instant::now();
    let runtime = Runtime::new().map_err(|error| format!("the runtime cannot be started: {error}"))?;
    let code = runtime.block_on(conduct(arguments, began));
    // A file or standard input may still be waited for, to no purpose: it must not keep this program.
    runtime.shutdown_background();
    code
}

async fn conduct(arguments: Arguments, began: Instant) -> Result<ExitCode, String> {
    let cancellation = CancellationToken::new();
    let signalled =
        cancel_on_signals(cancellation.clone()).map_err(|error| format!("signals cannot be handled: {error}"))?;
    let arguments = Arc::new(arguments);
    let line = Line::new(!arguments.quiet);
    let say = |text: &str| {
        if !arguments.quiet {
            line.say(text);
        }
    };
    let start = Start { arguments: Arc::clone(&arguments), began, cancellation: cancellation.clone() };
    let Destination { mut reporting, page, notice } =
        reporting::destination(arguments.dev, arguments.delivery_timeout)?;
    if let Some(notice) = notice {
        say(&format!("orchestra: {notice}"));
    }
    if let Some(page) = &page {
        say(&format!("orchestra: the run is shown at {}", page.url()));
    }
    let (host, mut end) = start.host().await?;
    let origin = match &reporting {
        Ok(given) => reporting::checked_origin(&host, given).await,
        Err(why) => Err(why.clone()),
    };
    let (name, notice) = name::of_run(&arguments);
    if let Err(why) = &origin {
        if arguments.require_report {
            let why = format!("the run cannot be reported, and --require-report is set: {why}");
            end.get_or_insert(End::NotStarted(why));
        } else {
            say(&format!("orchestra: nothing is reported: {why}"));
        }
        reporting = Err(why.clone());
    }
    if let Some(notice) = notice {
        say(&format!("orchestra: {notice}"));
    }
    let reporting = reporting.ok();
    let prepared = match end {
        Some(end) => Err(end),
        None => start.task(&host, &name).await,
    };
    let ended = match prepared {
        Ok((task, run)) => {
            let observer = Some(line.observer());
            line.show(&name, task.run(Run { reporting, observer, ..run })).await
        }
        // Orchestra waits for this run, too.
        Err(end) => host.report_end(reporting, &name, end).await,
    };
    summary::say(&ended, &line, arguments.quiet);
    let code = status::of(&ended, signalled.status(), arguments.require_report);
    if arguments.json {
        line.say(&summary::json(&ended, code, &origin));
    }
    if let Some(page) = page {
        say(&format!("orchestra: the run has ended; its page stays at {} until Ctrl-C", page.url()));
        cancellation.cancelled().await;
    }
    Ok(ExitCode::from(code))
}
