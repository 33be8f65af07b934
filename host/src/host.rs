//! A host: an engine, the process component, and an HTTP client, shared by all that run on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, thread};

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache as WasmtimeCache, CacheConfig, Engine};

use crate::forward::Contract;
use crate::instance::MEMORY_BYTES;
use crate::network::{self, Client, NetworkError};
use crate::process::{self, Farewell, Patience, Process};
use crate::run::{End, Reporting, Run};
use crate::store::Ctx;
use crate::task::{LoadError, Task};

/// How often running WebAssembly lets others run. A deadline is late by about this much.
const TICK: Duration = Duration::from_millis(10);

/// Where compiled components are kept, for this process and later ones.
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
    /// Where compiled components are kept.
    pub cache: Cache,
    /// A file of certificate authorities in PEM, trusted beside those of the operating system.
    pub certificate_authorities: Option<PathBuf>,
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
pub struct Host(pub(crate) Inner);

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) process: InstancePre<Ctx>,
    pub(crate) contract: Arc<Contract>,
    pub(crate) client: Client,
    /// What the process component of one run may have.
    pub(crate) process_memory_bytes: usize,
}

impl Host {
    /// Compiles the process component, or finds it in the cache.
    pub fn new(config: &Config) -> Result<Self, HostError> {
        let client = Client::new(config.certificate_authorities.as_deref())?;
        Self::with_client(&config.cache, client).map_err(HostError::Engine)
    }

    fn with_client(cache: &Cache, client: Client) -> wasmtime::Result<Self> {
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true).cache(open(cache)?);
        let engine = Engine::new(&config)?;
        let process = Component::new(&engine, orchestra_components::PROCESS)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(&mut linker)?;
        network::link(&mut linker)?;
        let contract = Arc::new(Contract::of(&engine, &process));
        let process = linker.instantiate_pre(&process)?;
        tick(&engine)?;
        Ok(Self(Inner { engine, process, contract, client, process_memory_bytes: MEMORY_BYTES }))
    }

    /// Compiles a task or a command, or finds it in the cache. Takes a second for each few MiB the first time, on all
    /// processors: `spawn_blocking` is the place for it in a server.
    pub fn load(&self, program: &[u8]) -> Result<Task, LoadError> {
        Task::compile(&self.0, program)
    }

    /// [`load`](Self::load) of a file.
    pub fn load_file(&self, path: &Path) -> Result<Task, LoadError> {
        let program = fs::read(path).map_err(|source| LoadError::Read { path: path.to_path_buf(), source })?;
        self.load(&program)
    }

    /// Whether a run can be reported so: what is wrong with the key, the endpoint or the run id, in a sentence. Sends nothing.
    pub async fn check(&self, reporting: &Reporting) -> Result<(), String> {
        process::check(&self.0, reporting).await
    }

    /// Reports a run whose task has never begun, because it cannot be loaded, say: its start, and this end. Returns what was
    /// not reported, a sentence each.
    pub async fn report_end(&self, reporting: Reporting, name: &str, end: &End) -> Vec<String> {
        match Process::start(self.0.clone(), Some(reporting), name.into()).await {
            Ok(process) => {
                let Run { cancellation, grace, .. } = Run::default();
                if *end == End::Cancelled {
                    cancellation.cancel();
                }
                let patience = Patience::new(cancellation, grace);
                process.end(Farewell { ending: end.ending(), log: None, patience }).await.trouble
            }
            Err(error) => vec![format!("the process component cannot be started: {error:#}")],
        }
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

/// Moves the engine's clock for as long as there is an engine.
fn tick(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    let ticking = thread::Builder::new().name("orchestra-host ticks".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    });
    Ok(ticking.map(drop)?)
}
