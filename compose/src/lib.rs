//! Composes a task, or any WASI command, with the components that report for it, into one component that a host runs.
//!
//! The graph is the one of `task.wac` and `command.wac`, made with `wac-graph`, so that what does not fit is named before
//! a host stumbles over it. Nothing here reads the Rust of the components; they are bytes.

mod error;
mod fit;
mod graph;
mod strip;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use error::ComposeError;
pub use fit::{Kind, Shape};
pub use strip::strip;

/// The built components, each as it lies in `target/components/`.
#[derive(Clone)]
pub struct Components {
    /// `orchestra-process.wasm`
    pub process: Vec<u8>,
    /// `orchestra-guard.wasm`
    pub guard: Vec<u8>,
    /// `orchestra-runner.wasm`, for a task
    pub runner: Vec<u8>,
    /// `orchestra-wrapper.wasm`, for a command
    pub wrapper: Vec<u8>,
}

/// One of the [`Components`] could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read: run `make build` first", path.display())]
pub struct ReadError {
    /// Of the component.
    pub path: PathBuf,
    /// What the operating system says.
    #[source]
    pub source: io::Error,
}

impl Components {
    /// All four, by their names, out of one folder.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let read = |name: &str| {
            let path = folder.join(format!("orchestra-{name}.wasm"));
            fs::read(&path).map_err(|source| ReadError { path, source })
        };
        Ok(Self {
            process: read("process")?,
            guard: read("guard")?,
            runner: read("runner")?,
            wrapper: read("wrapper")?,
        })
    }
}

/// One component out of `program`, which is a task (it exports `orchestra:process/task`) or a command (`wasi:cli/run`);
/// what exports both is taken as a task.
///
/// The result exports `wasi:cli/run` and `wasi:http/incoming-handler`, and imports nothing but WASI 0.2.
pub fn compose(components: &Components, program: &[u8]) -> Result<Vec<u8>, ComposeError> {
    let shape = Shape::of(program)?;
    let kind = shape.kind()?;
    graph::compose(components, program, &shape, kind)
}
