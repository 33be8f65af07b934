//! Composes a task, or any WASI command, with the components that report for it, into one component that a host runs.
//!
//! The graph is the one of `task.wac` and `command.wac`, made with `wac-graph`, so that what does not fit is named before
//! a host stumbles over it.

mod error;
mod fit;
#[cfg(test)]
mod fuzz;
mod graph;
mod strip;

pub use error::ComposeError;
pub use fit::{Kind, Shape};
pub use strip::strip;

/// What a program is composed with.
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

impl Components {
    /// Those that were built with this crate, stripped.
    pub fn built() -> Self {
        let stripped = |component| strip(component).expect("the linker makes whole components");
        Self {
            process: stripped(orchestra_components::PROCESS),
            guard: stripped(orchestra_components::GUARD),
            runner: stripped(orchestra_components::RUNNER),
            wrapper: stripped(orchestra_components::WRAPPER),
        }
    }
}

/// One component out of `program`, which is a task (it exports `orchestra:process/task`) or a command (`wasi:cli/run`);
/// what exports both is taken as a task.
///
/// The result exports `wasi:cli/run` and `wasi:http/incoming-handler`, and imports nothing but WASI 0.2.
pub fn compose(components: &Components, program: &[u8]) -> Result<Vec<u8>, ComposeError> {
    let shape = Shape::of(program)?;
    let kind = shape.kind()?;
    if kind == Kind::Command && shape.imports.iter().any(|import| import.starts_with("orchestra:process/lifecycle@")) {
        return Err(ComposeError::ReportsItself);
    }
    graph::compose(components, program, &shape, kind)
}
