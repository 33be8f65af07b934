//! A task or a command, compiled.

use std::io;
use std::path::PathBuf;

use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker, ResourceDynamic};

use crate::host::Inner;
use crate::network;
use crate::run::{Ended, Run};
use crate::store::Ctx;

/// The entry points, the first found first. Any version of the same track will do.
const TASK: &str = "orchestra:process/task@0.1.0";
const COMMAND: &str = "wasi:cli/run@0.2.0";

/// Why a program cannot be run here.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Anything else than WebAssembly: a source file, say.
    #[error("this is no WebAssembly in its binary form")]
    NotWebAssembly,
    /// A module, not a component.
    #[error(
        "this is a core WebAssembly module, not a component: build for wasm32-wasip2, or make one of it with `wasm-tools \
         component new`"
    )]
    CoreModule,
    /// It does not compile.
    #[error("this is no valid component: {0}")]
    Invalid(String),
    /// Nothing here knows how to start it.
    #[error("it exports neither orchestra:process/task@0.1 nor wasi:cli/run@0.2: there is nothing to run")]
    NothingToRun,
    /// It imports what no task is given.
    #[error("a task is not given what it imports: {0}")]
    Import(String),
}

/// A program that runs on a host, any number of times and also at the same time. A clone is the same program.
#[derive(Clone)]
pub struct Task {
    pub(crate) host: Inner,
    program: InstancePre<Ctx>,
    entry: Entry,
}

#[derive(Clone, Copy)]
enum Entry {
    /// `run` of a task, and the kind of resource that it is lent.
    Task(ComponentExportIndex, u32),
    /// `run` of a command.
    Command(ComponentExportIndex),
}

impl Task {
    pub(crate) fn compile(host: &Inner, program: &[u8]) -> Result<Self, LoadError> {
        if !program.starts_with(b"\0asm") {
            return Err(LoadError::NotWebAssembly);
        }
        // The field behind magic and version tells the layers apart.
        if program.starts_with(b"\0asm\x01\0\0\0") {
            return Err(LoadError::CoreModule);
        }
        let component =
            Component::new(&host.engine, program).map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        let run = |interface| {
            let parent = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&parent), "run")
        };
        let entry = match (run(TASK), host.contract.process_kind(), run(COMMAND)) {
            (Some(run), Some(kind), _) => Entry::Task(run, kind),
            (_, _, Some(run)) => Entry::Command(run),
            _ => return Err(LoadError::NothingToRun),
        };
        let import = |error: wasmtime::Error| LoadError::Import(format!("{error:#}"));
        host.contract.check(&host.engine, &component).map_err(LoadError::Import)?;
        let mut linker = Linker::new(&host.engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(import)?;
        network::link(&mut linker).map_err(import)?;
        host.contract.link(&mut linker).map_err(import)?;
        let program = linker.instantiate_pre(&component).map_err(import)?;
        Ok(Self { host: host.clone(), program, entry })
    }

    /// Runs it to its end, and reports. Dropping the future gives the run up without a report of its end: cancel it instead.
    ///
    /// This never fails: what goes wrong is how the run has ended, and what goes wrong with reporting is
    /// [`Ended::trouble`].
    pub async fn run(&self, run: Run) -> Ended {
        crate::run::run(self, run).await
    }

    /// Whether it takes its input as JSON, not on its command line.
    pub fn is_task(&self) -> bool {
        matches!(self.entry, Entry::Task(..))
    }

    /// The error inside is what the task returned; a command has no words for it.
    pub(crate) async fn call(
        &self,
        store: &mut Store<Ctx>,
        process: u32,
        input: &str,
    ) -> wasmtime::Result<Result<(), Option<String>>> {
        let instance = self.program.instantiate_async(&mut *store).await?;
        match self.entry {
            Entry::Task(run, kind) => {
                let run =
                    instance.get_typed_func::<(ResourceDynamic, &str), (Result<(), String>,)>(&mut *store, run)?;
                let lent = ResourceDynamic::new_borrow(process, kind);
                Ok(run.call_async(store, (lent, input)).await?.0.map_err(Some))
            }
            Entry::Command(run) => {
                let run = instance.get_typed_func::<(), (Result<(), ()>,)>(&mut *store, run)?;
                Ok(run.call_async(store, ()).await?.0.map_err(|()| None))
            }
        }
    }
}
