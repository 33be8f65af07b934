//! The neighbour of a run without reports: wasmtime alone, which instantiates and calls the same component.

use std::fs;
use std::path::Path;

use delivery_bench::place;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker, Resource, ResourceTable, ResourceType};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store, format_err};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

const INPUT: &str = "{}";

/// Nothing but WASI. What the contract has is only there to be imported.
pub struct Bare {
    engine: Engine,
    program: InstancePre<Ctx>,
}

#[derive(Default)]
struct Ctx {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Silent,
}

/// The task sends no request.
#[derive(Default)]
struct Silent;

impl WasiHttpHooks for Silent {}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Ctx {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

impl Bare {
    /// With plain linkers.
    pub fn new(program: &Path) -> wasmtime::Result<Self> {
        let mut cache = CacheConfig::new();
        cache.with_directory(place::folder()?.join("cache"));
        let mut config = Config::new();
        // As the host has it, so that the code is the same.
        config.epoch_interruption(true).cache(Some(Cache::new(cache)?));
        let engine = Engine::new(&config)?;
        let component = Component::new(&engine, fs::read(program)?)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        for (interface, import) in component.component_type().imports(&engine) {
            let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
            if !interface.starts_with("orchestra:") {
                continue;
            }
            let mut linker = linker.instance(interface)?;
            for (name, export) in instance.exports(&engine) {
                match export.ty {
                    ComponentItem::ComponentFunc(_) => {
                        linker.func_new(name, |_, _, _, _| Err(format_err!("the task calls nothing")))?;
                    }
                    ComponentItem::Resource(_) => {
                        linker.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
                    }
                    _ => {}
                }
            }
        }
        Ok(Self { program: linker.instantiate_pre(&component)?, engine })
    }

    /// One run, in a store of its own.
    pub async fn run(&self) -> wasmtime::Result<()> {
        let mut store = Store::new(&self.engine, Ctx::default());
        store.set_epoch_deadline(1);
        let instance = self.program.instantiate_async(&mut store).await?;
        let interface = instance.get_export_index(&mut store, None, "orchestra:process/task@0.1.0");
        let run = instance.get_export_index(&mut store, interface.as_ref(), "run");
        let run = run.ok_or_else(|| format_err!("the task exports nothing to run"))?;
        let run = instance.get_typed_func::<(Resource<()>, &str), (Result<(), String>,)>(&mut store, run)?;
        let (returned,) = run.call_async(&mut store, (Resource::new_borrow(1), INPUT)).await?;
        returned.map_err(|error| format_err!("{error}"))
    }
}
