//! Runs tasks as plugins of this program, and reports each run to Orchestra:
//!
//! ```sh
//! ORCHESTRA_API_KEY=… plugin-host FOLDER < triggers
//! ```
//!
//! A trigger is a line of JSON, {"plugin": "NAME", "run_id": "UUID", "input": {…}}. It runs FOLDER/NAME.wasm, which is a
//! component that exports orchestra:process/task. How the run has ended is a line on standard output.
//!
//! All runs go on at the same time. One that traps, loops, or takes too much memory ends alone, and is reported. A signal
//! stops all of them, and each is reported as cancelled.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::pin::pin;
use std::process::exit;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orchestra_host::{ApiKey, CancellationToken, Config, End, Folder, Host, Reporting, Run, Task};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::OnceCell;
use tokio::task::{JoinSet, spawn_blocking};

#[derive(Deserialize)]
struct Trigger {
    #[serde(default)]
    plugin: String,
    run_id: String,
    input: Option<Box<RawValue>>,
}

struct PluginHost {
    host: Host,
    folder: PathBuf,
    /// Compiled once each, for any number of runs.
    plugins: Mutex<HashMap<String, Arc<OnceCell<Task>>>>,
    api_key: ApiKey,
    endpoint: Option<String>,
    /// The environment: it says how reports are delivered.
    variables: Vec<(String, String)>,
    cancellation: CancellationToken,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cancellation = CancellationToken::new();
    let plugins = Arc::new(PluginHost {
        host: Host::new(&Config::default())?,
        folder: env::args_os().nth(1).ok_or("usage: plugin-host FOLDER < triggers")?.into(),
        plugins: Mutex::default(),
        api_key: ApiKey::new(env::var("ORCHESTRA_API_KEY").map_err(|_| "ORCHESTRA_API_KEY is not set")?),
        endpoint: env::var("ORCHESTRA_WEBHOOK_URL").ok(),
        variables: env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        cancellation: cancellation.clone(),
    });
    let mut runs = JoinSet::new();
    let mut lines = BufReader::new(stdin()).split(b'\n');
    let mut stopped = pin!(signal());
    loop {
        let line = tokio::select! {
            () = &mut stopped => {
                cancellation.cancel();
                break;
            }
            Some(_) = runs.join_next() => continue,
            line = lines.next_segment() => line?,
        };
        let Some(line) = line else { break };
        match serde_json::from_slice(&line) {
            Ok(trigger) => _ = runs.spawn(Arc::clone(&plugins).run(trigger)),
            Err(error) => eprintln!("plugin-host: a trigger was not run: {error}"),
        }
    }
    while !runs.is_empty() {
        tokio::select! {
            () = &mut stopped, if !cancellation.is_cancelled() => cancellation.cancel(),
            _ = runs.join_next() => {}
        }
    }
    if cancellation.is_cancelled() {
        // A read of standard input that nobody waits for any more would keep this program.
        exit(1);
    }
    Ok(())
}

/// Resolves when this program is told to stop.
async fn signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    _ = tokio::signal::ctrl_c().await;
}

impl PluginHost {
    async fn run(self: Arc<Self>, trigger: Trigger) {
        let Trigger { plugin, run_id, input } = trigger;
        let reporting = Reporting {
            run_id: run_id.clone(),
            api_key: self.api_key.clone(),
            endpoint: self.endpoint.clone(),
            delivery: self.variables.clone(),
        };
        let ended = match self.load(&plugin).await {
            Ok(task) => {
                let ended = task.run(Run {
                    reporting: Some(reporting),
                    name: plugin,
                    input: input.map_or_else(|| "{}".into(), |input| input.get().into()),
                    folders: vec![Folder { here: ".".into(), there: "/".into(), is_writable: false }],
                    deadline: Some(Duration::from_secs(3600)),
                    memory_bytes: 256 * 1024 * 1024,
                    cancellation: self.cancellation.clone(),
                    ..Run::default()
                });
                let ended = ended.await;
                if ended.end != End::Returned {
                    eprintln!("plugin-host: {run_id}: {}", ended.end);
                }
                ended
            }
            // Orchestra waits for this run, too.
            Err(why) => {
                eprintln!("plugin-host: {run_id}: {why}");
                self.host.report_end(Some(reporting), &plugin, End::NotStarted(why)).await
            }
        };
        ended.trouble.iter().for_each(|trouble| eprintln!("plugin-host: {run_id}: {trouble}"));
        println!("{}", json!({ "run_id": run_id, "outcome": ended.outcome.to_string() }));
    }

    async fn load(&self, name: &str) -> Result<Task, String> {
        // What a trigger says names no file outside the folder.
        if name.is_empty() || name.contains(['/', '\\']) {
            return Err(format!("{name:?} is not the name of a plugin"));
        }
        let path = self.folder.join(format!("{name}.wasm"));
        if !path.exists() {
            return Err(format!("there is no plugin {name}"));
        }
        let plugin = {
            let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(plugins.entry(name.to_string()).or_default())
        };
        let host = self.host.clone();
        let compiled = plugin.get_or_try_init(|| async move {
            let task = spawn_blocking(move || host.load_file(&path)).await.map_err(|error| error.to_string())?;
            task.map_err(|error| error.to_string())
        });
        compiled.await.cloned()
    }
}
