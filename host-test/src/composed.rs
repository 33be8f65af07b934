//! Composed components in wasmtime: as a command, as `wasmtime run` has them, and as a service, as `wasmtime serve -Scli`
//! does.

pub mod command;
pub mod service;

use std::sync::OnceLock;

use wasmtime::Engine;
use wasmtime::component::{Component, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::component;

/// A component that was composed, and compiled.
pub struct Program(Component);

impl Program {
    /// The task of `tasks/` under the runner.
    pub fn task() -> &'static Self {
        static TASK: OnceLock<Program> = OnceLock::new();
        TASK.get_or_init(|| Self::compose(component::test_task()))
    }

    /// The example of a task in Rust under the runner.
    pub fn example() -> &'static Self {
        static EXAMPLE: OnceLock<Program> = OnceLock::new();
        EXAMPLE.get_or_init(|| Self::compose(component::example_task()))
    }

    /// The command of `tasks/` under the wrapper.
    pub fn command() -> &'static Self {
        static COMMAND: OnceLock<Program> = OnceLock::new();
        COMMAND.get_or_init(|| Self::compose(component::test_command()))
    }

    fn compose(program: &[u8]) -> Self {
        let composed = orchestra_compose::compose(component::components(), program);
        Self::compile(&composed.expect("the program fits"))
    }

    /// Compile what was composed already.
    pub fn compile(composed: &[u8]) -> Self {
        static ENGINE: OnceLock<Engine> = OnceLock::new();
        let engine = ENGINE.get_or_init(Engine::default);
        Self(Component::new(engine, composed).expect("the composition compiles"))
    }

    /// The names of what it imports and of what it exports.
    pub fn shape(&self) -> (Vec<String>, Vec<String>) {
        let engine = self.0.engine();
        let ty = self.0.component_type();
        let imports = ty.imports(engine).map(|(name, _)| name.to_string()).collect();
        let exports = ty.exports(engine).map(|(name, _)| name.to_string()).collect();
        (imports, exports)
    }
}

/// What one instance has.
struct ProgramCtx {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
}

impl ProgramCtx {
    fn new(wasi: WasiCtx) -> Self {
        Self { table: ResourceTable::new(), wasi, http: WasiHttpCtx::new() }
    }
}

impl WasiView for ProgramCtx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for ProgramCtx {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: Default::default() }
    }
}
