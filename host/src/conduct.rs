//! A run from its start to its acknowledged end: the task in one store, who reports it in another.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use orchestra_policy::{INPUT_VARIABLE, Outcome, Shortfall, check_input, variables};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};
use wasmtime::{Store, Trap, format_err};
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::{I32Exit, WasiCtx};

use crate::crash::Crash;
use crate::end::End;
use crate::farewell::{Farewell, Parting, Patience, after};
use crate::folder::{self, Folder};
use crate::forward::Forward;
use crate::limits::Limits;
use crate::network::Allowed;
use crate::output::{Output, Stream};
use crate::reporter::RunReporter;
use crate::run::{Ended, Run};
use crate::store::{self, Ctx, Pace};
use crate::task::Task;

impl Task {
    /// Runs it to its end, and reports. Dropping the future gives the run up without a report of its end: cancel it instead.
    ///
    /// This never fails: what goes wrong is how the run has ended, and what goes wrong with reporting is
    /// [`Ended::trouble`].
    pub async fn run(&self, run: Run) -> Ended {
        conduct(self, run).await
    }
}

async fn conduct(task: &Task, run: Run) -> Ended {
    let slot = slot(task, &run).await;
    let Run { reporting, name, log, .. } = &run;
    let reporter = match RunReporter::start(task.shared.clone(), reporting.clone(), name.clone(), log.clone()) {
        Ok(reporter) => reporter,
        Err(error) => {
            let why = format!("the process component cannot be started: {error:#}");
            return Ended {
                end: End::NotStarted(why.clone()),
                outcome: Outcome::Failed,
                is_acknowledged: false,
                shortfall: Shortfall::default(),
                trouble: vec![why],
                output: String::new(),
            };
        }
    };
    let output = Output::new(run.observer.clone(), reporter.lent().log.clone());
    let end = match (&slot, prepare(task, &run, &output, &reporter)) {
        (Err(end), _) => end.clone(),
        (Ok(_), Ok((store, lent))) => work(task, &run, store, lent).await,
        (Ok(_), Err(why)) => End::NotStarted(why),
    };
    drop(slot);
    let text = output.end();
    let patience = Patience::new(run.cancellation, run.grace);
    let parting = reporter.end(Farewell { ending: end.ending(), patience }).await;
    output.passed_on().await;
    let Parting { outcome, is_acknowledged, shortfall, trouble } = parting;
    Ended { end, outcome, is_acknowledged, shortfall, trouble, output: text }
}

/// Waits for a slot to run in, which is held until this is dropped. The error is how the run has ended meanwhile.
async fn slot(task: &Task, run: &Run) -> Result<Option<OwnedSemaphorePermit>, End> {
    let limit = run.deadline.filter(|_| run.deadline_from.is_some()).unwrap_or(Duration::MAX);
    let began = run.deadline_from.map_or_else(Instant::now, Instant::from_std);
    tokio::select! {
        biased;
        slot = task.shared.slots.take(task.slots) => Ok(slot),
        () = run.cancellation.cancelled() => Err(End::Cancelled),
        () = sleep_until(after(began, limit)) => Err(End::Deadline(limit)),
    }
}

/// The task's store, and the number of the run that it is lent.
fn prepare(task: &Task, run: &Run, output: &Output, reporter: &RunReporter) -> Result<(Store<Ctx>, u32), String> {
    check_input(run.input.clone()).map_err(|error| error.to_string())?;
    let allowed = run.allowed_hosts.iter().map(|host| {
        Allowed::parse(host).ok_or_else(|| "an allowed host is not a HOST, a HOST:PORT or an https://HOST".to_string())
    });
    let hooks = task.shared.client.for_task(allowed.collect::<Result<_, _>>()?);
    let mut wasi = WasiCtx::builder();
    wasi.arg(&run.name).args(&run.arguments);
    wasi.stdout(output.outlet(Stream::Stdout, run.stdout)).stderr(output.outlet(Stream::Stderr, run.stderr));
    for (name, value) in run.variables.iter().filter(|(name, _)| !variables::is_ours(name)) {
        wasi.env(name, value);
    }
    if !task.is_task() && run.variables.iter().all(|(name, _)| name != INPUT_VARIABLE) {
        wasi.env(INPUT_VARIABLE, &run.input);
    }
    for folder in &run.folders {
        folder::check(folder, &task.shared.protected)?;
        let Folder { here, there, is_writable } = folder;
        let permissions = if *is_writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        wasi.preopened_dir(here, there, permissions).map_err(|error| format!("{}: {error:#}", here.display()))?;
    }
    if run.inherit_stdin {
        wasi.inherit_stdin();
    }
    let (forward, lent) = Forward::new(reporter.lent(), reporter.own());
    let limits = Limits::new(run.memory_bytes);
    Ok((store::new(&task.shared.engine, &mut wasi, hooks, limits, Some(forward), Pace::Yielding), lent))
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
