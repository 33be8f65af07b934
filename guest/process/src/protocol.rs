//! From an event to the bytes of an HTTP request. Pure.

mod jobs;
mod webhook;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::parse_name;
use crate::contract::ConfigError;
use crate::contract::Outcome;
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::text;
use crate::uuid::Uuid;

/// Which of Orchestra's interfaces reports go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Today's.
    Webhook,
    /// That of orchestra-sdk 0.0.9.
    Jobs { client_id: String },
}

/// The run that events are about.
#[derive(Clone, Debug)]
pub struct Run {
    /// As it goes over the wire.
    pub id: String,
    pub name: Option<String>,
}

/// One report, ready to be posted any number of times.
#[derive(Debug)]
pub struct Request {
    /// The same on every attempt, so that the endpoint can tell a repetition.
    pub idempotency_key: Uuid,
    /// JSON.
    pub body: Vec<u8>,
}

/// The call that a message comes with, where a protocol has words of its own for it.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    Start,
    End(Outcome),
}

/// The protocol has no such event: a sentence that says so.
#[derive(Debug)]
pub struct Unsupported(pub &'static str);

impl Protocol {
    pub fn parse_endpoint(&self, url: &str) -> Result<Endpoint, ConfigError> {
        let endpoint = Endpoint::parse(url)?;
        if matches!(self, Self::Jobs { .. }) && endpoint.query.is_some() {
            return Err(ConfigError::InvalidEndpoint(
                "the endpoint has a query: the jobs protocol puts its own behind jobs/sdk/sdk_receive".into(),
            ));
        }
        Ok(endpoint)
    }

    pub fn parse_run_id(&self, text: &str) -> Result<String, ConfigError> {
        match self {
            Self::Webhook => Uuid::parse(text).map(Uuid::hyphenated).ok_or_else(|| {
                ConfigError::InvalidRunId(
                    "the run id is no UUID: pass what Orchestra gave the task in ORCHESTRA_TASK_RUN_ID or its trigger"
                        .into(),
                )
            }),
            Self::Jobs { .. } => {
                parse_name(text).map_err(|what| ConfigError::InvalidRunId(text::concat(&["the run id ", what])))
            }
        }
    }

    /// Of the `Authorization` header (RFC 9110, section 11.4).
    pub fn authorization_scheme(&self) -> &'static str {
        match self {
            Self::Webhook => "Bearer",
            Self::Jobs { .. } => "Basic",
        }
    }

    pub fn path_with_query(&self, endpoint: &Endpoint) -> String {
        match self {
            Self::Webhook => webhook::path_with_query(endpoint),
            Self::Jobs { client_id } => jobs::path_with_query(endpoint, client_id),
        }
    }

    /// The message that is sent where the caller gave this one.
    pub fn message(&self, run: &Run, moment: Moment, given: Option<String>) -> Option<String> {
        let given = given.filter(|message| !message.is_empty());
        match self {
            Self::Webhook => webhook::message(run, moment, given),
            Self::Jobs { .. } => jobs::message(run, moment, given),
        }
    }

    /// `id` is new for each report; `unix_time` is when it was made.
    pub fn request(&self, run: &Run, event: &Event, id: Uuid, unix_time: Duration) -> Result<Request, Unsupported> {
        let body = match self {
            Self::Webhook => webhook::body(run, event),
            Self::Jobs { .. } => jobs::body(run, event, id, unix_time)?,
        };
        Ok(Request { idempotency_key: id, body })
    }
}
