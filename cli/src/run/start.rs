//! What comes before a task: it can take seconds, or never end, and is cut short like the task itself.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orchestra_host::{Cache, CancellationToken, Config, End, Host, Instances, LoadError, Run, Task};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep_until;

use super::arguments::Arguments;
use super::grants;

/// What ends a run before its task has begun.
pub struct Start {
    pub arguments: Arc<Arguments>,
    /// When the command began, and with it the time of the deadline.
    pub began: Instant,
    pub cancellation: CancellationToken,
}

impl Start {
    /// A host. If the files that the command line names cannot be used, a host without them, which can report that end.
    pub async fn host(&self) -> Result<(Host, Option<End>), String> {
        let cache = if self.arguments.no_cache { Cache::Off } else { Cache::User };
        let certificate_authorities = self.arguments.ca_file.clone();
        let config = Config { cache, certificate_authorities, instances: Instances::OnDemand, ..Config::default() };
        let end = match self.unless_over(spawn_blocking(move || Host::new(&config))).await {
            Ok(Ok(host)) => return Ok((host, None)),
            Ok(Err(error)) => End::NotStarted(error.to_string()),
            Err(end) => end,
        };
        match Host::new(&Config { cache: Cache::Off, instances: Instances::OnDemand, ..Config::default() }) {
            Ok(host) => Ok((host, Some(end))),
            Err(_) => Err(end.to_string()),
        }
    }

    /// The task, and what it is given. The error is the end of a run that does not begin.
    pub async fn task(&self, host: &Host, name: &str) -> Result<(Task, Run), End> {
        let (host, arguments, name) = (host.clone(), Arc::clone(&self.arguments), name.to_string());
        let preparing = spawn_blocking(move || {
            let task = host.load_file(&arguments.program).map_err(|error| with_path(&arguments.program, &error))?;
            Ok((task, grants::grants(&arguments, &name)?))
        });
        let (task, run) = self.unless_over(preparing).await?.map_err(End::NotStarted)?;
        let deadline_from = Some(self.began);
        Ok((task, Run { deadline_from, cancellation: self.cancellation.clone(), ..run }))
    }

    async fn unless_over<T>(&self, work: JoinHandle<T>) -> Result<T, End> {
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => Err(End::Cancelled),
            deadline = self.deadline() => Err(End::Deadline(deadline)),
            done = work => done.map_err(|error| End::NotStarted(error.to_string())),
        }
    }

    async fn deadline(&self) -> Duration {
        let Some(deadline) = self.arguments.deadline else { return pending().await };
        sleep_until((self.began + deadline).into()).await;
        deadline
    }
}

fn with_path(path: &Path, error: &LoadError) -> String {
    match error {
        LoadError::Read { .. } => error.to_string(),
        error => format!("{}: {error}", path.display()),
    }
}
