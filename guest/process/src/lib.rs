//! The process component: it reports the life of an Orchestra task over `wasi:http`.
//!
//! This file is the border: the contract's types come in, the domain is called, the contract's errors go out. It is not a
//! library for Rust programs; those import the contract in `wit/` as any other language does.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod answer;
mod config;
mod connections;
mod contract;
mod event;
#[cfg(test)]
mod fuzz;
mod http_date;
mod json;
mod key;
mod logs;
mod name;
mod outbox;
mod platform;
mod process;
mod protocol;
mod request;
mod retry;
mod run;
mod settings;
mod shortfall;
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
use core::time::Duration;

use contract::{
    Connection, Delivery, DeliveryError, EndingError, JobsError, LogError, LookupError, OpenError, Outcome,
    OutputError, ReportError, RetryPolicy, Shortfall, State, Timeouts, Value, VariableError,
};

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
    type Reporter = ReporterHandle;
    type Process = ProcessHandle;
    type Log = LogHandle;
}

/// Runs share a configuration until it is changed.
struct ReporterHandle(RefCell<Rc<config::Config>>);

impl ReporterHandle {
    #[inline(never)]
    fn change(&self) -> RefMut<'_, config::Config> {
        RefMut::map(self.0.borrow_mut(), Rc::make_mut)
    }

    #[inline(never)]
    fn resource(config: config::Config) -> lifecycle::Reporter {
        lifecycle::Reporter::new(Self(RefCell::new(Rc::new(config))))
    }
}

impl lifecycle::GuestReporter for ReporterHandle {
    fn webhook(api_key: String) -> Result<lifecycle::Reporter, String> {
        Ok(Self::resource(config::Config::webhook(&api_key)?))
    }

    fn jobs(api_key: String, client_id: String, endpoint: String) -> Result<lifecycle::Reporter, JobsError> {
        Ok(Self::resource(config::Config::jobs(&api_key, &client_id, &endpoint)?))
    }

    fn from_environment(variables: Vec<(String, String)>) -> Result<lifecycle::Reporter, VariableError> {
        Ok(Self::resource(settings::config(&variables)?))
    }

    fn silent() -> lifecycle::Reporter {
        Self::resource(config::Config::silent())
    }

    fn set_endpoint(&self, url: String) -> Result<(), String> {
        self.change().set_endpoint(&url)
    }

    fn set_delivery(&self, delivery: Delivery) {
        self.change().delivery = delivery;
    }

    fn set_retry_policy(&self, policy: RetryPolicy) -> Result<(), String> {
        self.change().policy = retry::Policy::parse(policy)?;
        Ok(())
    }

    fn set_timeouts(&self, timeouts: Timeouts) -> Result<(), String> {
        self.change().timeouts = request::Timeouts::parse(timeouts)?;
        Ok(())
    }

    fn allow_plaintext(&self) {
        self.change().plaintext_allowed = true;
    }

    fn open(&self, run_id: String, name: Option<String>) -> Result<lifecycle::Process, OpenError> {
        let run = process::Process::open(Rc::clone(&self.0.borrow()), transport::Wasi, &run_id, name.as_deref())?;
        Ok(lifecycle::Process::new(ProcessHandle(Rc::new(RefCell::new(run)))))
    }
}

/// A handle; the run is dropped with its last one.
struct ProcessHandle(Rc<RefCell<process::Process<transport::Wasi>>>);

impl lifecycle::GuestProcess for ProcessHandle {
    fn share(&self) -> lifecycle::Process {
        lifecycle::Process::new(Self(Rc::clone(&self.0)))
    }

    fn run_id(&self) -> String {
        self.0.borrow().run_id().to_string()
    }

    fn state(&self) -> State {
        self.0.borrow().state()
    }

    fn start(&self, message: Option<String>, data: Option<String>) -> Result<(), ReportError> {
        Ok(self.0.borrow_mut().start(message, data)?)
    }

    fn progress(&self, message: Option<String>, data: Option<String>) -> Result<(), ReportError> {
        Ok(self.0.borrow_mut().progress(message, data)?)
    }

    fn complete_stage(&self, stage: String, message: Option<String>, data: Option<String>) -> Result<(), ReportError> {
        Ok(self.0.borrow_mut().stage(&stage, true, message, data)?)
    }

    fn fail_stage(&self, stage: String, message: Option<String>, data: Option<String>) -> Result<(), ReportError> {
        Ok(self.0.borrow_mut().stage(&stage, false, message, data)?)
    }

    fn set_output(&self, name: String, value: String) -> Result<(), OutputError> {
        Ok(self.0.borrow_mut().output(&name, value)?)
    }

    fn send_log(&self, name: String, text: String) -> Result<(), LogError> {
        Ok(self.0.borrow_mut().log(&name, text)?)
    }

    fn open_log(&self, name: String) -> Result<lifecycle::Log, LogError> {
        let number = self.0.borrow_mut().open_log(&name)?;
        Ok(lifecycle::Log::new(LogHandle { run: Rc::clone(&self.0), number }))
    }

    fn complete(&self, message: Option<String>, data: Option<String>) -> Result<(), EndingError> {
        Ok(self.0.borrow_mut().end(Outcome::Succeeded, message, data)?)
    }

    fn warn(&self, message: Option<String>, data: Option<String>) -> Result<(), EndingError> {
        Ok(self.0.borrow_mut().end(Outcome::Warning, message, data)?)
    }

    fn fail(&self, message: Option<String>, data: Option<String>) -> Result<(), EndingError> {
        Ok(self.0.borrow_mut().end(Outcome::Failed, message, data)?)
    }

    fn cancel(&self, message: Option<String>, data: Option<String>) -> Result<(), EndingError> {
        Ok(self.0.borrow_mut().end(Outcome::Cancelled, message, data)?)
    }

    fn advance(&self, wait: u32) -> u32 {
        let pending = self.0.borrow_mut().advance(Duration::from_millis(wait.into()));
        u32::try_from(pending).unwrap_or(u32::MAX)
    }

    fn deliver_within(&self, time: u32) {
        self.0.borrow_mut().deliver_within(Duration::from_millis(time.into()));
    }

    fn next_advance(&self) -> Option<u32> {
        self.0.borrow().next_advance().map(milliseconds)
    }

    fn set_ending_key(&self, key: String) -> Result<(), String> {
        self.0.borrow_mut().set_ending_key(&key)
    }

    fn flush(&self) -> Result<(), DeliveryError> {
        self.0.borrow_mut().flush()
    }

    fn unacknowledged(&self) -> Shortfall {
        self.0.borrow().unacknowledged()
    }
}

/// An open log of a run. It is a handle to the run, too.
struct LogHandle {
    run: Rc<RefCell<process::Process<transport::Wasi>>>,
    number: u32,
}

impl lifecycle::GuestLog for LogHandle {
    fn write(&self, text: String) -> Result<(), LogError> {
        Ok(self.run.borrow_mut().write_log(self.number, &text)?)
    }
}

impl Drop for LogHandle {
    fn drop(&mut self) {
        self.run.borrow_mut().close_log(self.number);
    }
}

/// Rounded up, so that whoever waits for so long has not come too early.
fn milliseconds(span: Duration) -> u32 {
    let milliseconds =
        span.as_secs().saturating_mul(1000).saturating_add(span.subsec_nanos().div_ceil(1_000_000).into());
    u32::try_from(milliseconds).unwrap_or(u32::MAX)
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
