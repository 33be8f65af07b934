//! The process component in wasmtime, as a caller of the contract sees it. A trap fails the test.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

use wasmtime::component::{Component, Linker, ResourceAny, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::component;
use crate::endpoint::MockEndpoint;

pub use bindings::exports::orchestra::process::connections::{Connection, LookupError, Value};
pub use bindings::exports::orchestra::process::lifecycle::{
    ConfigError, Delivery, Outcome, Refusal, ReportError, RetryPolicy, State, Timeouts,
};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "process-component",
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::sync::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
            "wasi:random": wasmtime_wasi::p2::bindings::random,
            "wasi:http": wasmtime_wasi_http::p2::bindings::sync::http,
        },
    });
}

/// The run id of most tests.
pub const RUN_ID: &str = "12345678-1234-5678-1234-567812345abc";
/// The API key of most tests.
pub const API_KEY: &str = "test-key-7f3a";

/// What a report returns.
pub type Reported = Result<(), ReportError>;

/// One instance of the process component.
#[derive(Clone)]
pub struct Guest(Rc<RefCell<Instance>>);

struct Instance {
    store: Store<Host>,
    exports: bindings::ProcessComponent,
}

struct Host {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: Default::default() }
    }
}

impl Guest {
    /// A fresh instance, on a host that gives what `wasi:http/proxy` does.
    pub fn new() -> Self {
        static COMPILED: OnceLock<(Engine, Component)> = OnceLock::new();
        let (engine, component) = COMPILED.get_or_init(|| {
            let engine = Engine::default();
            let component = Component::from_file(&engine, component::process()).expect("the component compiles");
            (engine, component)
        });
        let mut linker = Linker::new(engine);
        wasmtime_wasi_http::p2::add_to_linker_sync::<Host>(&mut linker).expect("no import is there twice");
        let host = Host { table: ResourceTable::new(), wasi: WasiCtx::builder().build(), http: WasiHttpCtx::new() };
        let mut store = Store::new(engine, host);
        let exports = bindings::ProcessComponent::instantiate(&mut store, component, &linker)
            .expect("the component imports nothing else");
        Self(Rc::new(RefCell::new(Instance { store, exports })))
    }

    fn call<T>(&self, call: impl FnOnce(&mut Store<Host>, &bindings::ProcessComponent) -> wasmtime::Result<T>) -> T {
        let Instance { store, exports } = &mut *self.0.borrow_mut();
        call(store, exports).expect("the component does not trap")
    }

    fn release(&self, resource: ResourceAny) {
        // A component that trapped cannot be entered any more; the panic that says so is under way.
        if !std::thread::panicking() {
            self.call(|store, _| resource.resource_drop(store));
        }
    }

    /// `reporter.webhook`
    pub fn webhook(&self, api_key: &str) -> Result<Reporter, ConfigError> {
        let resource =
            self.call(|store, exports| exports.orchestra_process_lifecycle().reporter().call_webhook(store, api_key));
        Ok(Reporter { guest: self.clone(), resource: resource? })
    }

    /// `reporter.jobs`
    pub fn jobs(&self, api_key: &str, client_id: &str, endpoint: &str) -> Result<Reporter, ConfigError> {
        let resource = self.call(|store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_jobs(store, api_key, client_id, endpoint)
        });
        Ok(Reporter { guest: self.clone(), resource: resource? })
    }

    /// `reporter.from-environment`
    pub fn from_environment(&self, variables: &[(&str, &str)]) -> Result<Reporter, ConfigError> {
        let resource = self.call(|store, exports| {
            let variables = pairs(variables);
            exports.orchestra_process_lifecycle().reporter().call_from_environment(store, &variables)
        });
        Ok(Reporter { guest: self.clone(), resource: resource? })
    }

    /// `reporter.silent`
    pub fn silent(&self) -> Reporter {
        let resource = self.call(|store, exports| exports.orchestra_process_lifecycle().reporter().call_silent(store));
        Reporter { guest: self.clone(), resource }
    }

    /// `connections.list-connections`
    pub fn list_connections(&self, variables: &[(&str, &str)]) -> Vec<Connection> {
        self.call(|store, exports| {
            exports.orchestra_process_connections().call_list_connections(store, &pairs(variables))
        })
    }

    /// `connections.get-connection`
    pub fn get_connection(
        &self,
        variables: &[(&str, &str)],
        integration: &str,
        connection_id: Option<&str>,
    ) -> Result<Connection, LookupError> {
        self.call(|store, exports| {
            let variables = pairs(variables);
            exports.orchestra_process_connections().call_get_connection(store, &variables, integration, connection_id)
        })
    }

    /// `connections.get-field`
    pub fn get_field(&self, connection: &Connection, name: &str) -> Option<Value> {
        self.call(|store, exports| exports.orchestra_process_connections().call_get_field(store, connection, name))
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

/// `reporter`
pub struct Reporter {
    guest: Guest,
    resource: ResourceAny,
}

impl Reporter {
    /// A webhook reporter to this endpoint, which waits a millisecond where it would wait half a second.
    pub fn to(endpoint: &MockEndpoint) -> Self {
        let reporter = Guest::new().webhook(API_KEY).expect("the key is well-formed");
        reporter.set_endpoint(&endpoint.url()).expect("the URL is well-formed");
        reporter.set_retry_policy(QUICK).expect("the policy is in range");
        reporter
    }

    /// A run of this reporter, without a name.
    pub fn run(&self) -> Process {
        self.open(RUN_ID, None).expect("the run id is well-formed")
    }

    /// `set-endpoint`
    pub fn set_endpoint(&self, url: &str) -> Result<(), ConfigError> {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_endpoint(store, self.resource, url)
        })
    }

    /// `set-delivery`
    pub fn set_delivery(&self, delivery: Delivery) {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_delivery(store, self.resource, delivery)
        });
    }

    /// `set-retry-policy`
    pub fn set_retry_policy(&self, policy: RetryPolicy) -> Result<(), ConfigError> {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_retry_policy(store, self.resource, policy)
        })
    }

    /// `set-timeouts`
    pub fn set_timeouts(&self, timeouts: Timeouts) -> Result<(), ConfigError> {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_set_timeouts(store, self.resource, timeouts)
        })
    }

    /// `allow-plaintext`
    pub fn allow_plaintext(&self) {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_allow_plaintext(store, self.resource)
        });
    }

    /// `open`
    pub fn open(&self, run_id: &str, name: Option<&str>) -> Result<Process, ConfigError> {
        let resource = self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().reporter().call_open(store, self.resource, run_id, name)
        });
        Ok(Process { guest: self.guest.clone(), resource: resource? })
    }
}

/// Runs keep their configuration, so the reporter may go before them.
impl Drop for Reporter {
    fn drop(&mut self) {
        self.guest.release(self.resource);
    }
}

/// Five attempts, and next to no waiting.
pub const QUICK: RetryPolicy = RetryPolicy { attempts: 5, first_wait: 1, longest_wait: 2, budget: 10_000 };

/// `process`; dropping it drops the resource.
pub struct Process {
    guest: Guest,
    resource: ResourceAny,
}

/// One method for each report whose arguments are a message and data.
macro_rules! reports {
    ($($(#[$doc:meta])* $name:ident = $call:ident;)*) => {
        impl Process {
            $($(#[$doc])*
            pub fn $name(&self, message: Option<&str>, data: Option<&str>) -> Reported {
                self.guest.call(|store, exports| {
                    let data = data.map(str::to_string);
                    exports.orchestra_process_lifecycle().process().$call(store, self.resource, message, data.as_ref())
                })
            })*
        }
    };
}

reports! {
    /// `start`
    start = call_start;
    /// `progress`
    progress = call_progress;
    /// `complete`
    complete = call_complete;
    /// `warn`
    warn = call_warn;
    /// `fail`
    fail = call_fail;
    /// `cancel`
    cancel = call_cancel;
}

impl Process {
    /// `share`
    pub fn share(&self) -> Self {
        let resource = self
            .guest
            .call(|store, exports| exports.orchestra_process_lifecycle().process().call_share(store, self.resource));
        Self { guest: self.guest.clone(), resource }
    }

    /// `run-id`
    pub fn run_id(&self) -> String {
        self.guest
            .call(|store, exports| exports.orchestra_process_lifecycle().process().call_run_id(store, self.resource))
    }

    /// `state`
    pub fn state(&self) -> State {
        self.guest
            .call(|store, exports| exports.orchestra_process_lifecycle().process().call_state(store, self.resource))
    }

    /// `complete-stage`
    pub fn complete_stage(&self, stage: &str, message: Option<&str>) -> Reported {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().process().call_complete_stage(
                store,
                self.resource,
                stage,
                message,
                None,
            )
        })
    }

    /// `fail-stage`
    pub fn fail_stage(&self, stage: &str, message: Option<&str>) -> Reported {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().process().call_fail_stage(store, self.resource, stage, message, None)
        })
    }

    /// `set-output`
    pub fn set_output(&self, name: &str, value: &str) -> Reported {
        self.guest.call(|store, exports| {
            let value = value.to_string();
            exports.orchestra_process_lifecycle().process().call_set_output(store, self.resource, name, &value)
        })
    }

    /// `send-log`
    pub fn send_log(&self, name: &str, text: &str) -> Reported {
        self.guest.call(|store, exports| {
            exports.orchestra_process_lifecycle().process().call_send_log(store, self.resource, name, text)
        })
    }

    /// `pending`
    pub fn pending(&self) -> u32 {
        self.guest
            .call(|store, exports| exports.orchestra_process_lifecycle().process().call_pending(store, self.resource))
    }

    /// `flush`
    pub fn flush(&self) -> Reported {
        self.guest
            .call(|store, exports| exports.orchestra_process_lifecycle().process().call_flush(store, self.resource))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.guest.release(self.resource);
    }
}
