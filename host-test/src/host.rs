//! The world that a component is instantiated in.

use std::thread;

use tokio::runtime::Runtime;
use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{Deterministic, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::clock::{Clock, Time};
use crate::endpoint::MockEndpoint;
use crate::hooks::{Client, Hooks};
use crate::output::Output;

pub use crate::hooks::Sent;

/// A host to be: what `wasi:http/proxy` asks for.
#[must_use = "a host does nothing until something is instantiated on it"]
pub struct TestHost {
    time: Time,
    jitter: bool,
    client: Client,
}

impl TestHost {
    /// With the machine's time.
    pub fn new() -> Self {
        Self { time: Time::Real, jitter: true, client: Client::Wasmtime }
    }

    /// With time of its own, which begins on Mon, 23 Nov 2026 08:00:00 GMT, and passes while the component waits. It
    /// stands still while an exchange with this endpoint may move on, at most [`WAIT_LIMIT`](crate::endpoint::WAIT_LIMIT)
    /// of real time. There may be one exchange at a time.
    ///
    /// Chance always gives the greatest number, so that a wait with jitter is as long as it can be.
    pub fn simulated(endpoint: &MockEndpoint) -> Self {
        Self { time: Time::Simulated { hangs: Some(endpoint.hangs()) }, jitter: false, client: Client::Wasmtime }
    }

    /// As [`simulated`](Self::simulated), for an endpoint of which nothing comes: time passes wherever the component
    /// waits.
    pub fn simulated_alone() -> Self {
        Self { time: Time::Simulated { hangs: None }, jitter: false, client: Client::Wasmtime }
    }

    /// With real chance in a simulation.
    pub fn with_jitter(self) -> Self {
        Self { jitter: true, ..self }
    }

    /// With a policy that denies every request.
    pub fn denying(self) -> Self {
        Self { client: Client::Denying, ..self }
    }

    /// With an HTTP client for https that trusts this certificate authority, given as DER, and nobody else. It does not
    /// know the timeouts of `request-options`.
    ///
    /// # Panics
    ///
    /// If it is not a certificate.
    pub fn trusting(self, authority: &[u8]) -> Self {
        Self { client: Client::trusting(authority), ..self }
    }

    /// A store, and the runtime that everything in it has to run in.
    pub(crate) fn store(self, engine: &Engine) -> (Store<GuestCtx>, Runtime) {
        let runtime = self.time.runtime();
        let context = runtime.enter();
        let began = Instant::now();
        let output = Output::new();
        let mut wasi = WasiCtx::builder();
        wasi.stdout(output.stdout.clone()).stderr(output.stderr.clone());
        if self.time.is_simulated() {
            wasi.monotonic_clock(Clock { began }).wall_clock(Clock { began });
        }
        if !self.jitter {
            wasi.secure_random(Deterministic::new(vec![u8::MAX]));
        }
        let ctx = GuestCtx {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            memory_bytes: 0,
            hooks: Hooks { client: self.client, time: self.time, began, output, sent: Vec::new() },
        };
        drop(context);
        let mut store = Store::new(engine, ctx);
        store.limiter(|ctx| ctx);
        (store, runtime)
    }
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

/// What a store holds.
pub(crate) struct GuestCtx {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    pub(crate) hooks: Hooks,
    pub(crate) memory_bytes: usize,
}

/// Counts what the component's memory takes, and limits nothing.
impl ResourceLimiter for GuestCtx {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.memory_bytes = self.memory_bytes.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

impl WasiView for GuestCtx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for GuestCtx {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

impl Drop for GuestCtx {
    fn drop(&mut self) {
        if thread::panicking() {
            print!("{}", self.hooks.output);
        }
    }
}
