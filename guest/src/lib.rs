//! The process component: it reports the life of an Orchestra task over `wasi:http`.
//!
//! This file is the border: the contract's types come in, the domain is called, the contract's errors go out. It is no
//! library for Rust programs; those import the contract in `wit/` as any other language does.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod calendar;
mod config;
mod connections;
mod endpoint;
mod event;
mod host;
mod json;
mod outbox;
mod process;
mod protocol;
mod retry;
#[cfg(test)]
mod simulation;
mod text;
mod transport;
#[cfg(target_arch = "wasm32")]
mod wasm;

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{RefCell, RefMut};

use bindings::exports::orchestra::process::{connections as wit_connections, lifecycle};

mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "process-component",
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
    fn resource(
        config: Result<config::Config, config::ConfigError>,
    ) -> Result<lifecycle::Reporter, lifecycle::ConfigError> {
        Ok(lifecycle::Reporter::new(Self(RefCell::new(Rc::new(config?)))))
    }
}

impl lifecycle::GuestReporter for Reporter {
    fn webhook(api_key: String) -> Result<lifecycle::Reporter, lifecycle::ConfigError> {
        Self::resource(config::Config::webhook(&api_key, None))
    }

    fn jobs(
        api_key: String,
        client_id: String,
        endpoint: String,
    ) -> Result<lifecycle::Reporter, lifecycle::ConfigError> {
        Self::resource(config::Config::jobs(&api_key, &client_id, &endpoint))
    }

    fn from_environment(variables: Vec<(String, String)>) -> Result<lifecycle::Reporter, lifecycle::ConfigError> {
        Self::resource(config::Config::from_environment(&variables))
    }

    fn silent() -> lifecycle::Reporter {
        lifecycle::Reporter::new(Self(RefCell::new(Rc::new(config::Config::silent()))))
    }

    fn set_endpoint(&self, url: String) -> Result<(), lifecycle::ConfigError> {
        Ok(self.change().set_endpoint(&url)?)
    }

    fn set_delivery(&self, delivery: lifecycle::Delivery) {
        self.change().delivery = match delivery {
            lifecycle::Delivery::Blocking => config::Delivery::Blocking,
            lifecycle::Delivery::Background => config::Delivery::Background,
        };
    }

    fn set_retry_policy(&self, policy: lifecycle::RetryPolicy) -> Result<(), lifecycle::ConfigError> {
        let lifecycle::RetryPolicy { attempts, first_wait, longest_wait, budget } = policy;
        self.change().policy = retry::RetryPolicy::parse(attempts, first_wait, longest_wait, budget)?;
        Ok(())
    }

    fn set_timeouts(&self, timeouts: lifecycle::Timeouts) -> Result<(), lifecycle::ConfigError> {
        let lifecycle::Timeouts { connect, first_byte, between_bytes } = timeouts;
        self.change().timeouts = config::Timeouts::parse(connect, first_byte, between_bytes)?;
        Ok(())
    }

    fn allow_plaintext(&self) {
        self.change().plaintext_allowed = true;
    }

    fn open(&self, run_id: String, name: Option<String>) -> Result<lifecycle::Process, lifecycle::ConfigError> {
        let process = process::Process::open(Rc::clone(&self.0.borrow()), transport::Wasi, &run_id, name.as_deref())?;
        Ok(lifecycle::Process::new(Process(Rc::new(RefCell::new(process)))))
    }
}

/// A handle; the run is dropped with its last one.
struct Process(Rc<RefCell<process::Process<transport::Wasi>>>);

type Reported = Result<(), lifecycle::ReportError>;

fn reported(result: Result<(), process::ReportError>) -> Reported {
    Ok(result?)
}

impl lifecycle::GuestProcess for Process {
    fn share(&self) -> lifecycle::Process {
        lifecycle::Process::new(Self(Rc::clone(&self.0)))
    }

    fn run_id(&self) -> String {
        self.0.borrow().run_id().to_string()
    }

    fn state(&self) -> lifecycle::State {
        match self.0.borrow().state() {
            process::State::Open => lifecycle::State::Open,
            process::State::Running => lifecycle::State::Running,
            process::State::Ended(outcome) => lifecycle::State::Ended(outcome.into()),
        }
    }

    fn start(&self, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().start(message, data))
    }

    fn progress(&self, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().progress(message, data))
    }

    fn complete_stage(&self, stage: String, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().stage(&stage, true, message, data))
    }

    fn fail_stage(&self, stage: String, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().stage(&stage, false, message, data))
    }

    fn set_output(&self, name: String, value: String) -> Reported {
        reported(self.0.borrow_mut().output(&name, value))
    }

    fn send_log(&self, name: String, text: String) -> Reported {
        reported(self.0.borrow_mut().log(&name, text))
    }

    fn complete(&self, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().end(event::Outcome::Succeeded, message, data))
    }

    fn warn(&self, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().end(event::Outcome::Warning, message, data))
    }

    fn fail(&self, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().end(event::Outcome::Failed, message, data))
    }

    fn cancel(&self, message: Option<String>, data: Option<String>) -> Reported {
        reported(self.0.borrow_mut().end(event::Outcome::Cancelled, message, data))
    }

    fn pending(&self) -> u32 {
        u32::try_from(self.0.borrow().pending()).unwrap_or(u32::MAX)
    }

    fn flush(&self) -> Reported {
        reported(self.0.borrow_mut().flush())
    }
}

impl wit_connections::Guest for Component {
    fn list_connections(variables: Vec<(String, String)>) -> Vec<wit_connections::Connection> {
        connections::list(variables).into_iter().map(Into::into).collect()
    }

    fn get_connection(
        variables: Vec<(String, String)>,
        integration: String,
        connection_id: Option<String>,
    ) -> Result<wit_connections::Connection, wit_connections::LookupError> {
        match connections::get(variables, &integration, connection_id.as_deref()) {
            Ok(connection) => Ok(connection.into()),
            Err(connections::LookupError::NotLinked(what)) => Err(wit_connections::LookupError::NotLinked(what)),
            Err(connections::LookupError::Several(ids)) => Err(wit_connections::LookupError::Several(ids)),
        }
    }

    fn get_field(connection: wit_connections::Connection, name: String) -> Option<wit_connections::Value> {
        let name = connections::normal(&name);
        connection.fields.into_iter().find_map(|(field, value)| (field == name).then_some(value))
    }
}

impl From<config::ConfigError> for lifecycle::ConfigError {
    // Once in the component, not once in every export.
    #[inline(never)]
    fn from(error: config::ConfigError) -> Self {
        match error {
            config::ConfigError::MissingVariable(what) => Self::MissingVariable(what),
            config::ConfigError::InvalidApiKey(what) => Self::InvalidApiKey(what),
            config::ConfigError::InvalidClientId(what) => Self::InvalidClientId(what),
            config::ConfigError::InvalidEndpoint(what) => Self::InvalidEndpoint(what),
            config::ConfigError::PlaintextEndpoint(what) => Self::PlaintextEndpoint(what),
            config::ConfigError::InvalidRunId(what) => Self::InvalidRunId(what),
            config::ConfigError::InvalidName(what) => Self::InvalidName(what),
            config::ConfigError::InvalidRetryPolicy(what) => Self::InvalidRetryPolicy(what),
            config::ConfigError::InvalidTimeouts(what) => Self::InvalidTimeouts(what),
        }
    }
}

impl From<process::ReportError> for lifecycle::ReportError {
    // Once in the component, not once in every export.
    #[inline(never)]
    fn from(error: process::ReportError) -> Self {
        match error {
            process::ReportError::InvalidArgument(what) => Self::InvalidArgument(what),
            process::ReportError::Unsupported(what) => Self::Unsupported(what.to_string()),
            process::ReportError::Ended(outcome) => Self::Ended(outcome.into()),
            process::ReportError::Rejected(outbox::Rejection::Refused { report, status, answer }) => {
                Self::Refused(lifecycle::Refusal { report, status, answer })
            }
            process::ReportError::Rejected(outbox::Rejection::Denied(what)) => Self::Denied(what),
            process::ReportError::Undelivered(what) => Self::Undelivered(what),
            process::ReportError::OutboxFull(what) => Self::OutboxFull(what),
        }
    }
}

impl From<event::Outcome> for lifecycle::Outcome {
    fn from(outcome: event::Outcome) -> Self {
        match outcome {
            event::Outcome::Succeeded => Self::Succeeded,
            event::Outcome::Warning => Self::Warning,
            event::Outcome::Failed => Self::Failed,
            event::Outcome::Cancelled => Self::Cancelled,
        }
    }
}

impl From<connections::Value> for wit_connections::Value {
    fn from(value: connections::Value) -> Self {
        match value {
            connections::Value::Text(text) => Self::Text(text),
            connections::Value::Json(json) => Self::Json(json),
        }
    }
}

impl From<connections::Connection> for wit_connections::Connection {
    fn from(connection: connections::Connection) -> Self {
        let connections::Connection { integration, connection_id, fields } = connection;
        Self {
            integration,
            connection_id,
            fields: fields.into_iter().map(|(name, value)| (name, value.into())).collect(),
        }
    }
}
