//! What a store holds: a task's, or the process component's.

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::forward::{Forward, HasForward};
use crate::limits::Limits;
use crate::network::Hooks;

/// What a component holds of the host, files, streams and headers together, is not in its own memory, and so not in its
/// limit: at most this many at a time, and at most this much of headers in each.
const RESOURCES: usize = 4096;
const HEADERS_BYTES: usize = 32 * 1024;
/// Half a minute: the longest text takes a tenth of a second.
const LONGEST_CALL_TICKS: u64 = 3000;

pub(crate) struct Ctx {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    pub(crate) hooks: Hooks,
    pub(crate) limits: Limits,
    forward: Option<Forward>,
}

/// How a store's WebAssembly gives way to others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It lets others run at every tick of the engine's clock, so that whoever waits for it can also give it up: by dropping
    /// the call.
    Yielding,
    /// Its calls are short and never wait. One that takes longer than any can is a trap.
    AtOnce,
}

pub(crate) fn new(
    engine: &Engine,
    wasi: &mut WasiCtxBuilder,
    hooks: Hooks,
    limits: Limits,
    forward: Option<Forward>,
    pace: Pace,
) -> Store<Ctx> {
    if let Some(clock) = hooks.clock() {
        wasi.monotonic_clock(clock);
    }
    let wasi = wasi.build();
    let (mut table, mut http) = (ResourceTable::new(), WasiHttpCtx::new());
    table.set_max_capacity(RESOURCES);
    http.set_field_size_limit(HEADERS_BYTES);
    let ctx = Ctx { table, wasi, http, hooks, limits, forward };
    let mut store = Store::new(engine, ctx);
    store.limiter(|ctx| &mut ctx.limits);
    match pace {
        Pace::AtOnce => store.set_epoch_deadline(LONGEST_CALL_TICKS),
        Pace::Yielding => {
            store.set_epoch_deadline(1);
            let yielding =
                |_: StoreContextMut<'_, Ctx>| Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())));
            store.epoch_deadline_callback(yielding);
        }
    }
    store
}

/// Before each call into an instance that never waits: it has its time.
pub(crate) fn begin_call(store: &mut Store<Ctx>) {
    store.set_epoch_deadline(LONGEST_CALL_TICKS);
}

impl HasForward for Ctx {
    fn forward(&mut self) -> Option<&mut Forward> {
        self.forward.as_mut()
    }
}

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;
    use wasmtime_wasi::clocks::WasiClocksView;
    use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host;

    use super::*;
    use crate::network::Client;

    /// Tokio's time is what a test can move, and what the hooks' clock goes by.
    #[tokio::test(start_paused = true)]
    async fn the_process_component_has_the_clock_of_its_requests() {
        let hooks = Client::new(None, None).unwrap().for_reports(None);
        let mut store = new(&Engine::default(), &mut WasiCtx::builder(), hooks, Limits::new(0), None, Pace::Yielding);
        let before = store.data_mut().clocks().now().unwrap();
        advance(Duration::from_secs(1)).await;
        assert_eq!(store.data_mut().clocks().now().unwrap() - before, 1_000_000_000);
    }
}
