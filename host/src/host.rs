//! A host: an engine, the process component, and an HTTP client, shared by all that run on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use orchestra_policy::{DEFAULT_NAME, Shortfall};
use tokio_util::sync::CancellationToken;
use wasmtime::{Cache as WasmtimeCache, CacheConfig, Engine, EngineWeak};

use crate::end::End;
use crate::engine::{self, Instances};
use crate::farewell::{Farewell, Parting, Patience};
use crate::folder::Protected;
use crate::instance::MEMORY_BYTES;
use crate::network::{Client, NetworkError};
use crate::process::Process;
use crate::reporter::{self, RunReporter};
use crate::reporting::{GRACE, Reporting};
use crate::run::Ended;
use crate::shared::Shared;
use crate::task::{self, LoadError, Task};

/// How often running WebAssembly lets others run. A deadline is late by about this much.
const TICK: Duration = Duration::from_millis(10);

/// The place of compiled components, for this process and later ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    /// Wasmtime's own folder, in the user's cache folder.
    #[default]
    User,
    /// Here.
    Folder(PathBuf),
    /// Nowhere: every process compiles anew.
    Off,
}

/// What a host is made with.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The place of compiled components.
    pub cache: Cache,
    /// A file of certificate authorities in PEM, trusted beside those of the operating system.
    pub certificate_authorities: Option<PathBuf>,
    /// Where the memory of tasks comes from.
    pub instances: Instances,
    /// How many requests of reports may be under way at a time, 1 to 65,536, and half as many of tasks beside them; further
    /// ones wait, and lose nothing by it. Over HTTP/1.1 each takes a connection, and so a file descriptor; over HTTP/2 up to
    /// 100 share one. Default: half of the file descriptors that this process may have (`ulimit -n`) when the host is made, at
    /// most 512. Any other number is a [`NetworkError::Connections`].
    pub connections: Option<usize>,
}

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// No HTTP client can be made.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The engine refuses its configuration, the cache, or the process component.
    #[error("wasmtime cannot be set up: {0:#}")]
    Engine(wasmtime::Error),
}

/// Runs tasks, any number at a time. A clone is the same host.
///
/// Everything on one host belongs to one tokio runtime, since runs share the connections of its HTTP client.
#[derive(Clone)]
pub struct Host(pub(crate) Shared);

impl Host {
    /// Compiles the process component, or finds it in the cache.
    pub fn new(config: &Config) -> Result<Self, HostError> {
        let client = Client::new(config.certificate_authorities.as_deref(), config.connections)?;
        Self::with_client(config, client).map_err(HostError::Engine)
    }

    fn with_client(config: &Config, client: Client) -> wasmtime::Result<Self> {
        let cache = open(&config.cache)?;
        let protected = Arc::new(Protected {
            cache: cache.as_ref().map(|cache| match &config.cache {
                // Wasmtime has the real path, in which no link is seen any more.
                Cache::Folder(folder) => folder.clone(),
                _ => cache.directory().clone(),
            }),
            certificate_authorities: config.certificate_authorities.clone(),
        });
        let (process, contract) = Process::compile(cache.clone())?;
        let (engine, slots) = engine::new(config.instances, cache)?;
        tick([&engine, &process.engine])?;
        let process_memory_bytes = MEMORY_BYTES;
        let contract = Arc::new(contract);
        Ok(Self(Shared { engine, slots, process, contract, client, process_memory_bytes, protected }))
    }

    /// Compiles a task or a command, or finds it in the cache. Takes a second for each few MiB the first time, on all
    /// processors: `spawn_blocking` is the place for it in a server.
    pub fn load(&self, program: &[u8]) -> Result<Task, LoadError> {
        Task::compile(&self.0, program)
    }

    /// [`load`](Self::load) of a file, or of what comes through a named pipe: for as long as that takes.
    pub fn load_file(&self, path: &Path) -> Result<Task, LoadError> {
        self.load(&task::read(path)?)
    }

    /// Whether a run can be reported so: if not, what is wrong with the key, the endpoint, the run id or a variable, in a
    /// sentence. Sends nothing.
    pub async fn check(&self, reporting: &Reporting) -> Result<(), String> {
        reporter::check(&self.0, reporting, DEFAULT_NAME)
    }

    /// Reports a run whose task has never begun, because it cannot be loaded, say: its start, and this end.
    pub async fn report_end(&self, reporting: Option<Reporting>, name: &str, end: End) -> Ended {
        let ending = end.ending();
        let parting = match RunReporter::start(self.0.clone(), reporting, name.into(), None) {
            Ok(reporter) => {
                let cancellation = CancellationToken::new();
                if end == End::Cancelled {
                    cancellation.cancel();
                }
                let patience = Patience::new(cancellation, GRACE);
                reporter.end(Farewell { ending, patience }).await
            }
            Err(error) => Parting {
                outcome: ending.outcome,
                is_acknowledged: false,
                shortfall: Shortfall::default(),
                trouble: vec![format!("the process component cannot be started: {error:#}")],
            },
        };
        let Parting { outcome, is_acknowledged, shortfall, trouble } = parting;
        Ended { end, outcome, is_acknowledged, shortfall, trouble, output: String::new() }
    }
}

fn open(cache: &Cache) -> wasmtime::Result<Option<WasmtimeCache>> {
    let mut config = CacheConfig::new();
    match cache {
        Cache::User => {}
        Cache::Folder(folder) => _ = config.with_directory(folder),
        Cache::Off => return Ok(None),
    }
    match WasmtimeCache::new(config) {
        Ok(cache) => Ok(Some(cache)),
        // A user without a home has no such folder. It was not asked for by name, so nothing is said.
        Err(_) if *cache == Cache::User => Ok(None),
        Err(error) => Err(error),
    }
}

/// Moves the engines' clocks for as long as there are engines.
fn tick(engines: [&Engine; 2]) -> wasmtime::Result<()> {
    let engines = engines.map(Engine::weak);
    let ticking = thread::Builder::new().name("orchestra-host ticks".into()).spawn(move || {
        while let [Some(tasks), Some(process)] = engines.each_ref().map(EngineWeak::upgrade) {
            tasks.increment_epoch();
            process.increment_epoch();
            drop((tasks, process));
            thread::sleep(TICK);
        }
    });
    Ok(ticking.map(drop)?)
}
