//! From an event to the bytes of an HTTP request. Pure.

mod jobs;
mod webhook;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use crate::config::{ApiKey, Config, ConfigError, Endpoint, parse_name, parse_uuid};
use crate::event::{Details, Event, Outcome};
use crate::json::Object;

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

/// Where every report of a run goes, and with what credential. The method is `POST`.
#[derive(Clone, Debug)]
pub struct Target {
    pub https: bool,
    pub authority: String,
    pub path_with_query: String,
    /// Of the `Authorization` header (RFC 9110, section 11.4).
    pub scheme: &'static str,
    pub key: ApiKey,
}

/// One report, ready to be sent any number of times.
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
                "the endpoint has a query: the jobs protocol puts its own behind jobs/sdk/sdk_receive".to_string(),
            ));
        }
        Ok(endpoint)
    }

    pub fn parse_run_id(&self, text: &str) -> Result<String, ConfigError> {
        match self {
            Self::Webhook => Ok(parse_uuid(text)?.to_string()),
            Self::Jobs { .. } => {
                parse_name(text).map_err(|what| ConfigError::InvalidRunId(alloc::format!("the run id {what}")))
            }
        }
    }

    pub fn target(&self, config: &Config) -> Target {
        let (scheme, path_with_query) = match self {
            Self::Webhook => ("Bearer", webhook::path_with_query(&config.endpoint)),
            Self::Jobs { client_id } => ("Basic", jobs::path_with_query(&config.endpoint, client_id)),
        };
        Target {
            https: config.endpoint.https,
            authority: config.endpoint.authority.clone(),
            path_with_query,
            scheme,
            key: config.key.clone(),
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
            Self::Webhook => to_json(&webhook::body(run, event)),
            Self::Jobs { .. } => to_json(&jobs::body(run, event, id, unix_time)?),
        };
        Ok(Request { idempotency_key: id, body })
    }
}

/// The caller's `data`, or `{}`.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Given(&'a Object),
    None {},
}

impl<'a> Data<'a> {
    fn of(details: &'a Details) -> Self {
        details.data.as_ref().map_or(Self::None {}, Self::Given)
    }
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("texts, checked JSON and structs of them can be written into memory")
}
