//! The process component in wasmtime, as a caller of the contract sees it. A trap fails the test.

mod process;
mod reporter;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

use wasmtime::component::{Component, Linker, ResourceAny};
use wasmtime::{Engine, Store};

use crate::component;
use crate::host::Host;

pub use bindings::exports::orchestra::process::connections::{Connection, LookupError, Value};
pub use bindings::exports::orchestra::process::lifecycle::{
    ConfigError, Delivery, Outcome, Refusal, ReportError, RetryPolicy, State, Timeouts,
};

pub use process::{Process, Reported};
pub use reporter::{QUICK, Reporter};

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

/// One instance of the process component.
#[derive(Clone)]
pub struct Guest(Rc<RefCell<Instance>>);

struct Instance {
    store: Store<Host>,
    exports: bindings::ProcessComponent,
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
        let mut store = Store::new(engine, Host::new());
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
