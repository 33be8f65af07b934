//! What Orchestra's interfaces make of a run, its events and its endpoint: where a request goes, and its body. Pure.

mod jobs;
mod webhook;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use orchestra_url::Endpoint;

use crate::event::Event;
use crate::name::parse_name;
use crate::run::{Moment, RunIdentity};
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

impl Protocol {
    /// The error is a sentence.
    pub fn parse_endpoint(&self, url: &str) -> Result<Endpoint, String> {
        let endpoint = Endpoint::parse(url).map_err(|error| text::concat(&["the endpoint ", error.what()]))?;
        if matches!(self, Self::Jobs { .. }) && endpoint.query.is_some() {
            return Err("the endpoint has a query: the jobs protocol puts its own behind jobs/sdk/sdk_receive".into());
        }
        Ok(endpoint)
    }

    /// The error is a sentence.
    pub fn parse_run_id(&self, text: &str) -> Result<String, String> {
        match self {
            Self::Webhook => Uuid::parse(text).map(Uuid::hyphenated).ok_or_else(|| {
                "the run id is not a UUID: pass what Orchestra gave the task in ORCHESTRA_TASK_RUN_ID or its trigger"
                    .into()
            }),
            Self::Jobs { .. } => parse_name(text).map_err(|what| text::concat(&["the run id ", what])),
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

    /// The message that is sent if the caller gave this one.
    pub fn message(&self, run: &RunIdentity, moment: Moment, given: Option<String>) -> Option<String> {
        let given = given.filter(|message| !message.is_empty());
        match self {
            Self::Webhook => webhook::message(run, moment, given),
            Self::Jobs { .. } => jobs::message(run, moment, given),
        }
    }

    /// The event's body, or why the protocol has no such event: a sentence. `id` is the report's; `unix_time` is when it was
    /// made.
    pub fn body(
        &self,
        run: &RunIdentity,
        event: &Event,
        id: Uuid,
        unix_time: Duration,
    ) -> Result<Vec<u8>, &'static str> {
        match self {
            Self::Webhook => Ok(webhook::body(run, event)),
            Self::Jobs { .. } => jobs::body(run, event, id, unix_time),
        }
    }
}
