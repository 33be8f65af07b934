//! A task or a command, compiled.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker, ResourceDynamic};

use crate::shared::Shared;
use crate::store::Ctx;
use crate::{forward, network};

/// The entry points, the first found first. Any version of the same track will do.
const TASK: &str = "orchestra:process/task@0.1.0";
const COMMAND: &str = "wasi:cli/run@0.2.0";

/// The longest program, in bytes: 512 MiB. Nothing is read beyond it.
pub const PROGRAM_BYTES: usize = 512 * 1024 * 1024;

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
    /// A folder or a device, say, which may have no end.
    #[error("this is not a file: name a file with a component, or a pipe that one comes through")]
    NotAFile,
    /// It is longer than [`PROGRAM_BYTES`].
    #[error("this program is longer than {} MiB, the most that is loaded: make it smaller", PROGRAM_BYTES / 1024 / 1024)]
    TooLong,
    /// Anything else than WebAssembly: a source file, say.
    #[error("this is not WebAssembly in its binary form: name a compiled component")]
    NotWebAssembly,
    /// A module, not a component.
    #[error(
        "this is a core WebAssembly module, not a component: build for wasm32-wasip2, or make one of it with `wasm-tools \
         component new`"
    )]
    CoreModule,
    /// It does not compile.
    #[error("this is not a valid component: {0}")]
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
    pub(crate) shared: Shared,
    program: InstancePre<Ctx>,
    entry: Entry,
    /// How many of the host's slots a run takes.
    pub(crate) slots: u32,
}

#[derive(Clone, Copy)]
enum Entry {
    /// `run` of a task, and the kind of resource that it is lent.
    Task(ComponentExportIndex, u32),
    /// `run` of a command.
    Command(ComponentExportIndex),
}

/// The bytes of a file, or of what comes through a named pipe.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let wrong = |source| LoadError::Read { path: path.to_path_buf(), source };
    // Before it is opened, since opening a device may do something.
    let kind = fs::metadata(path).map_err(wrong)?.file_type();
    if !kind.is_file() && !is_pipe(kind) {
        return Err(LoadError::NotAFile);
    }
    let file = File::open(path).map_err(wrong)?;
    let length = file.metadata().map_err(wrong)?.len();
    if length > PROGRAM_BYTES as u64 {
        return Err(LoadError::TooLong);
    }
    read_to_end(file, PROGRAM_BYTES).map_err(wrong)?.ok_or(LoadError::TooLong)
}

/// None if there is more than this.
fn read_to_end(reader: impl Read, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() <= most))
}

#[cfg(unix)]
fn is_pipe(kind: fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: fs::FileType) -> bool {
    false
}

impl Task {
    pub(crate) fn compile(shared: &Shared, program: &[u8]) -> Result<Self, LoadError> {
        if program.len() > PROGRAM_BYTES {
            return Err(LoadError::TooLong);
        }
        if !program.starts_with(b"\0asm") {
            return Err(LoadError::NotWebAssembly);
        }
        // The field behind magic and version tells the layers apart.
        if program.starts_with(b"\0asm\x01\0\0\0") {
            return Err(LoadError::CoreModule);
        }
        let component =
            Component::new(&shared.engine, program).map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        let run = |interface| {
            let parent = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&parent), "run")
        };
        let entry = match (run(TASK), shared.contract.process_kind(), run(COMMAND)) {
            (Some(run), Some(kind), _) => Entry::Task(run, kind),
            (_, _, Some(run)) => Entry::Command(run),
            _ => return Err(LoadError::NothingToRun),
        };
        let import = |error: wasmtime::Error| LoadError::Import(format!("{error:#}"));
        shared.contract.check(&shared.engine, &component).map_err(LoadError::Import)?;
        let mut linker = Linker::new(&shared.engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(import)?;
        network::link(&mut linker).map_err(import)?;
        forward::link(&shared.contract, &mut linker).map_err(import)?;
        let program = linker.instantiate_pre(&component).map_err(import)?;
        Ok(Self { shared: shared.clone(), program, entry, slots: shared.slots.needed(&component) })
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

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn what_is_read_without_end_is_read_up_to_the_limit() {
        assert_eq!(read_to_end(&b"1234"[..], 4).unwrap().as_deref(), Some(&b"1234"[..]));
        assert_eq!(read_to_end(io::repeat(0), 4).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_file_is_not_read() {
        for path in [env::temp_dir(), "/dev/zero".into()] {
            assert!(matches!(read(&path), Err(LoadError::NotAFile)), "{path:?}");
        }
    }

    /// It takes no room on the disk, and is not read.
    #[test]
    fn a_file_beyond_the_limit_is_too_long() {
        let path = env::temp_dir().join(format!("orchestra-too-long-{}", std::process::id()));
        File::create(&path).unwrap().set_len(PROGRAM_BYTES as u64 + 1).unwrap();
        let result = read(&path);
        fs::remove_file(&path).unwrap();
        assert!(matches!(result, Err(LoadError::TooLong)));
    }
}
