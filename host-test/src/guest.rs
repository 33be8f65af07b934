//! The process component in wasmtime, as a caller of the contract sees it. A trap fails the test.

mod process;
mod reporter;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Runtime;
use wasmtime::component::{Component, Linker, ResourceAny};
use wasmtime::{Engine, Store};

use crate::component;
use crate::endpoint::MockEndpoint;
use crate::hooks::Sent;
use crate::host::{GuestCtx, TestHost};

pub use bindings::exports::orchestra::process::connections::{Connection, LookupError, Value};
pub use bindings::exports::orchestra::process::lifecycle::{
    Cause, Delivery, DeliveryError, EndingError, JobsError, LogError, OpenError, Outcome, OutputError, Report,
    ReportError, RetryPolicy, Shortfall, State, Timeouts, VariableError,
};

pub use process::{GuestProcess, Log};
pub use reporter::{QUICK, Reporter};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "process-component",
        exports: { default: async },
        additional_derives: [PartialEq, Eq],
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
            "wasi:random": wasmtime_wasi::p2::bindings::random,
            "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        },
    });
}

/// The run id of most tests.
pub const RUN_ID: &str = "12345678-1234-5678-1234-567812345abc";
/// The API key of most tests.
pub const API_KEY: &str = "test-key-7f3a";

/// One instance of the process component.
#[derive(Clone)]
pub struct Guest(Rc<RefCell<GuestInstance>>);

struct GuestInstance {
    store: Store<GuestCtx>,
    exports: bindings::ProcessComponent,
    /// Behind the store, which may hold what runs in it.
    runtime: Runtime,
}

impl Guest {
    /// A fresh instance, with the machine's time.
    pub fn new() -> Self {
        Self::on(TestHost::new())
    }

    /// A fresh instance on this host.
    pub fn on(host: TestHost) -> Self {
        static COMPILED: OnceLock<(Engine, Component)> = OnceLock::new();
        let (engine, component) = COMPILED.get_or_init(|| {
            let engine = Engine::default();
            let component = Component::new(&engine, component::process()).expect("the component compiles");
            (engine, component)
        });
        let mut linker = Linker::new(engine);
        wasmtime_wasi_http::p2::add_to_linker_async::<GuestCtx>(&mut linker).expect("no import is there twice");
        let (mut store, runtime) = host.store(engine);
        let exports = runtime
            .block_on(bindings::ProcessComponent::instantiate_async(&mut store, component, &linker))
            .expect("the component imports nothing else");
        Self(Rc::new(RefCell::new(GuestInstance { store, exports, runtime })))
    }

    /// A webhook reporter to this endpoint, with everything else at its default.
    pub fn reporter(&self, endpoint: &MockEndpoint) -> Reporter {
        let reporter = self.webhook(API_KEY).expect("the key is well-formed");
        reporter.set_endpoint(&endpoint.url()).expect("the URL is well-formed");
        reporter
    }

    /// The requests that were sent, or meant to be.
    pub fn sent(&self) -> Vec<Sent> {
        self.0.borrow().store.data().hooks.sent.clone()
    }

    /// When each request was sent, in seconds since the instantiation.
    pub fn sent_at(&self) -> Vec<f64> {
        self.sent().iter().map(|sent| sent.at.as_secs_f64()).collect()
    }

    /// How much memory the component has taken, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.0.borrow().store.data().memory_bytes
    }

    /// How much time has passed since the instantiation, in seconds.
    pub fn seconds(&self) -> f64 {
        let GuestInstance { store, runtime, .. } = &*self.0.borrow();
        // A simulated time is known in its runtime only.
        let _context = runtime.enter();
        store.data().hooks.began.elapsed().as_secs_f64()
    }

    /// Lets simulated time pass between two calls; what is under way in the host goes on meanwhile.
    ///
    /// # Panics
    ///
    /// If the host has the machine's time: no test sleeps.
    #[track_caller]
    pub fn pass(&self, span: Duration) {
        let GuestInstance { store, runtime, .. } = &*self.0.borrow();
        assert!(store.data().hooks.time.is_simulated(), "the machine's time is not for tests to pass");
        runtime.block_on(async { tokio::time::sleep(span).await });
    }

    fn call<T>(
        &self,
        call: impl AsyncFnOnce(&mut Store<GuestCtx>, &bindings::ProcessComponent) -> wasmtime::Result<T>,
    ) -> T {
        let GuestInstance { store, exports, runtime } = &mut *self.0.borrow_mut();
        runtime.block_on(call(store, exports)).expect("the component does not trap")
    }

    fn release(&self, resource: ResourceAny) {
        // A component that trapped cannot be entered any more; the panic that says so is under way.
        if !std::thread::panicking() {
            self.call(async |store, _| resource.resource_drop_async(store).await);
        }
    }

    /// `reporter.webhook`
    pub fn webhook(&self, api_key: &str) -> Result<Reporter, String> {
        let resource = self.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_webhook(store, api_key).await
        });
        Ok(Reporter { guest: self.clone(), resource: resource? })
    }

    /// `reporter.jobs`
    pub fn jobs(&self, api_key: &str, client_id: &str, endpoint: &str) -> Result<Reporter, JobsError> {
        let resource = self.call(async |store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_jobs(store, api_key, client_id, endpoint).await
        });
        Ok(Reporter { guest: self.clone(), resource: resource? })
    }

    /// `reporter.from-environment`
    pub fn from_environment(&self, variables: &[(&str, &str)]) -> Result<Reporter, VariableError> {
        let resource = self.call(async |store, exports| {
            let variables = pairs(variables);
            exports.orchestra_process_lifecycle().reporter().call_from_environment(store, &variables).await
        });
        Ok(Reporter { guest: self.clone(), resource: resource? })
    }

    /// `reporter.silent`
    pub fn silent(&self) -> Reporter {
        let resource =
            self.call(async |store, exports| exports.orchestra_process_lifecycle().reporter().call_silent(store).await);
        Reporter { guest: self.clone(), resource }
    }

    /// `connections.list-connections`
    pub fn list_connections(&self, variables: &[(&str, &str)]) -> Vec<Connection> {
        self.call(async |store, exports| {
            exports.orchestra_process_connections().call_list_connections(store, &pairs(variables)).await
        })
    }

    /// `connections.get-connection`
    pub fn get_connection(
        &self,
        variables: &[(&str, &str)],
        integration: &str,
        connection_id: Option<&str>,
    ) -> Result<Connection, LookupError> {
        self.call(async |store, exports| {
            let variables = pairs(variables);
            exports
                .orchestra_process_connections()
                .call_get_connection(store, &variables, integration, connection_id)
                .await
        })
    }

    /// `connections.get-field`
    pub fn get_field(&self, connection: &Connection, name: &str) -> Option<Value> {
        self.call(async |store, exports| {
            exports.orchestra_process_connections().call_get_field(store, connection, name).await
        })
    }
}

impl Default for Guest {
    fn default() -> Self {
        Self::new()
    }
}

fn pairs(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect()
}
