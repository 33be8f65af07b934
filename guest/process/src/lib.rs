//! The process component: it reports the life of an Orchestra task over `wasi:http`.
//!
//! This file is the border: the contract's types come in, the domain is called, the contract's errors go out. It is no
//! library for Rust programs; those import the contract in `wit/` as any other language does.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod config;
mod connections;
mod endpoint;
mod event;
mod host;
mod http_date;
mod json;
mod outbox;
mod process;
mod protocol;
mod retry;
#[cfg(test)]
mod simulation;
mod text;
mod transport;
mod uuid;
#[cfg(target_arch = "wasm32")]
mod wasm;

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{RefCell, RefMut};

use contract::{
    ConfigError, Connection, Delivery, LookupError, Outcome, ReportError, RetryPolicy, State, Timeouts, Value,
};

/// The contract's own types. They are plain values, and what the domain speaks of.
mod contract {
    pub use crate::bindings::exports::orchestra::process::connections::{Connection, LookupError, Value};
    pub use crate::bindings::exports::orchestra::process::lifecycle::{
        ConfigError, Delivery, Outcome, Refusal, ReportError, RetryPolicy, State, Timeouts,
    };
}

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "process-component",
        additional_derives: [Clone, PartialEq, Eq],
        with: {
            "wasi:io/poll@0.2.12": ::wasi::io::poll,
            "wasi:io/error@0.2.12": ::wasi::io::error,
            "wasi:io/streams@0.2.12": ::wasi::io::streams,
            "wasi:clocks/monotonic-clock@0.2.12": ::wasi::clocks::monotonic_clock,
            "wasi:clocks/wall-clock@0.2.12": ::wasi::clocks::wall_clock,
            "wasi:random/random@0.2.12": ::wasi::random::random,
            "wasi:http/types@0.2.12": ::wasi::http::types,
            "wasi:http/outgoing-handler@0.2.12": ::wasi::http::outgoing_handler,
        },
    });
}

struct Component;

use bindings::exports::orchestra::process::{connections as connections_interface, lifecycle};

bindings::export!(Component with_types_in bindings);

impl lifecycle::Guest for Component {
    type Reporter = Reporter;
    type Process = Process;
}

/// Runs share a configuration until it is changed.
struct Reporter(RefCell<Rc<config::Config>>);

impl Reporter {
    #[inline(never)]
    fn change(&self) -> RefMut<'_, config::Config> {
        RefMut::map(self.0.borrow_mut(), Rc::make_mut)
    }

    #[inline(never)]
    fn resource(config: Result<config::Config, ConfigError>) -> Result<lifecycle::Reporter, ConfigError> {
        Ok(lifecycle::Reporter::new(Self(RefCell::new(Rc::new(config?)))))
    }
}

impl lifecycle::GuestReporter for Reporter {
    fn webhook(api_key: String) -> Result<lifecycle::Reporter, ConfigError> {
        Self::resource(config::Config::webhook(&api_key, None))
    }

    fn jobs(api_key: String, client_id: String, endpoint: String) -> Result<lifecycle::Reporter, ConfigError> {
        Self::resource(config::Config::jobs(&api_key, &client_id, &endpoint))
    }

    fn from_environment(variables: Vec<(String, String)>) -> Result<lifecycle::Reporter, ConfigError> {
        Self::resource(config::Config::from_environment(&variables))
    }

    fn silent() -> lifecycle::Reporter {
        lifecycle::Reporter::new(Self(RefCell::new(Rc::new(config::Config::silent()))))
    }

    fn set_endpoint(&self, url: String) -> Result<(), ConfigError> {
        self.change().set_endpoint(&url)
    }

    fn set_delivery(&self, delivery: Delivery) {
        self.change().delivery = delivery;
    }

    fn set_retry_policy(&self, policy: RetryPolicy) -> Result<(), ConfigError> {
        self.change().policy = retry::Policy::parse(policy)?;
        Ok(())
    }

    fn set_timeouts(&self, timeouts: Timeouts) -> Result<(), ConfigError> {
        self.change().timeouts = config::Timeouts::parse(timeouts)?;
        Ok(())
    }

    fn allow_plaintext(&self) {
        self.change().plaintext_allowed = true;
    }

    fn open(&self, run_id: String, name: Option<String>) -> Result<lifecycle::Process, ConfigError> {
        let process = process::Process::open(Rc::clone(&self.0.borrow()), transport::Wasi, &run_id, name.as_deref())?;
        Ok(lifecycle::Process::new(Process(Rc::new(RefCell::new(process)))))
    }
}

/// A handle; the run is dropped with its last one.
struct Process(Rc<RefCell<process::Process<transport::Wasi>>>);

type Reported = Result<(), ReportError>;

impl lifecycle::GuestProcess for Process {
    fn share(&self) -> lifecycle::Process {
        lifecycle::Process::new(Self(Rc::clone(&self.0)))
    }

    fn run_id(&self) -> String {
        self.0.borrow().run_id().to_string()
    }

    fn state(&self) -> State {
        self.0.borrow().state()
    }

    fn start(&self, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().start(message, data)
    }

    fn progress(&self, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().progress(message, data)
    }

    fn complete_stage(&self, stage: String, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().stage(&stage, true, message, data)
    }

    fn fail_stage(&self, stage: String, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().stage(&stage, false, message, data)
    }

    fn set_output(&self, name: String, value: String) -> Reported {
        self.0.borrow_mut().output(&name, value)
    }

    fn send_log(&self, name: String, text: String) -> Reported {
        self.0.borrow_mut().log(&name, text)
    }

    fn complete(&self, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().end(Outcome::Succeeded, message, data)
    }

    fn warn(&self, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().end(Outcome::Warning, message, data)
    }

    fn fail(&self, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().end(Outcome::Failed, message, data)
    }

    fn cancel(&self, message: Option<String>, data: Option<String>) -> Reported {
        self.0.borrow_mut().end(Outcome::Cancelled, message, data)
    }

    fn pending(&self) -> u32 {
        u32::try_from(self.0.borrow_mut().pending()).unwrap_or(u32::MAX)
    }

    fn flush(&self) -> Reported {
        self.0.borrow_mut().flush()
    }
}

impl connections_interface::Guest for Component {
    fn list_connections(variables: Vec<(String, String)>) -> Vec<Connection> {
        connections::list(variables)
    }

    fn get_connection(
        variables: Vec<(String, String)>,
        integration: String,
        connection_id: Option<String>,
    ) -> Result<Connection, LookupError> {
        connections::get(variables, &integration, connection_id.as_deref())
    }

    fn get_field(connection: Connection, name: String) -> Option<Value> {
        connections::field(connection, &name)
    }
}
