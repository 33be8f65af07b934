//! The process component, compiled once and linked twice: for whoever may wait, and for whoever never does.

use std::sync::Arc;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache, Config, Engine};

use crate::bindings::ProcessComponentIndices;
use crate::contract::Contract;
use crate::store::Ctx;
use crate::{at_once, network};

#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) engine: Engine,
    /// For the run that a task is lent: nothing that it imports waits.
    pub(crate) at_once: InstancePre<Ctx>,
    /// Where its exports are.
    pub(crate) exports: Arc<ProcessComponentIndices>,
    /// For the reporters that a task makes itself.
    pub(crate) waiting: InstancePre<Ctx>,
}

impl Process {
    /// Compiles it, or finds it in the cache.
    pub(crate) fn compile(cache: Option<Cache>) -> wasmtime::Result<(Self, Contract)> {
        let mut config = Config::new();
        config.epoch_interruption(true).cache(cache);
        // There may be ten thousand instances, each of some KiB, and the operating system counts their mappings (65,530 of a
        // process on Linux): a memory is one that needs no guards, and borders on the next.
        config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(0).memory_init_cow(false);
        let engine = Engine::new(&config)?;
        let component = Component::new(&engine, orchestra_components::PROCESS)?;
        let contract = Contract::of(&engine, &component);
        let mut linker = Linker::new(&engine);
        at_once::link(&mut linker)?;
        let at_once = linker.instantiate_pre(&component)?;
        let exports = Arc::new(ProcessComponentIndices::new(&at_once)?);
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(&mut linker)?;
        network::link(&mut linker)?;
        let waiting = linker.instantiate_pre(&component)?;
        Ok((Self { engine, at_once, exports, waiting }, contract))
    }
}
