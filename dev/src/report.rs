//! From a request to a report: one form for both protocols. Pure.

use orchestra_endpoint::Request;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::breach::Breach;

/// The path of the jobs protocol.
pub(crate) const JOBS_PATH: &str = "/jobs/sdk/sdk_receive";

/// A shorter key would be found in texts by accident.
const TELLING_KEY_BYTES: usize = 8;

/// The contract's limit on data and values, and the report around them. A stack has room for that.
const NESTING: usize = 128 + 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Webhook,
    Jobs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Running,
    Stage,
    Output,
    Log,
    Ending,
    /// The report cannot be read.
    #[default]
    Unreadable,
}

/// What became of a request's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Key {
    Present,
    Wrong,
    #[default]
    Absent,
}

/// A report, for the page. Texts are as the client sent them.
#[derive(Debug, Default)]
pub(crate) struct ReceivedReport {
    /// Empty if it could not be read.
    pub(crate) run_id: String,
    pub(crate) kind: Kind,
    /// The status or type, as the protocol calls it.
    pub(crate) label: String,
    /// The name of the stage, the output or the log.
    pub(crate) name: String,
    pub(crate) message: String,
    /// The data or the output's value, as indented JSON; a log's text; or a body that cannot be read, as it came.
    pub(crate) content: String,
    /// The task's name, if the report contains it.
    pub(crate) task: Option<String>,
    pub(crate) key: Key,
    pub(crate) breaches: Vec<Breach>,
}

impl ReceivedReport {
    /// Reads a request. It is accepted with this key only; `None` accepts any.
    pub(crate) fn read(protocol: Protocol, request: &Request, accepted_key: Option<&str>) -> Self {
        let mut report = Self::default();
        let key = report.read_key(protocol, request, accepted_key);
        if !is_json(request.header("content-type")) {
            report.breach(Breach::ContentType);
        }
        if protocol == Protocol::Jobs && !names_client(request.query.as_deref()) {
            report.breach(Breach::NoClientId);
        }
        let mut text = String::from_utf8_lossy(&request.body).into_owned();
        let mut json = parse(&text);
        if let Some(key) = key.filter(|key| key.len() >= TELLING_KEY_BYTES) {
            // JSON is written again before it is searched: it may hide the key behind escapes.
            let (written, key) = match &json {
                Ok(value) => (value.to_string(), within_quotes(key)),
                Err(_) => (text.clone(), key.to_owned()),
            };
            if written.contains(&key) {
                text = written.replace(&key, "[the API key]");
                json = parse(&text);
                report.breach(Breach::KeyInReport);
            }
        }
        if !request.body_complete {
            report.breach(Breach::IncompleteBody);
        }
        match json {
            Ok(Value::Object(fields)) => match protocol {
                Protocol::Webhook => report.read_webhook(&fields),
                Protocol::Jobs => report.read_jobs(&fields),
            },
            Ok(_) => report.unreadable(text, "it is another kind of JSON value".to_owned()),
            Err(error) => report.unreadable(text, error.to_string()),
        }
        report
    }

    fn read_key<'a>(&mut self, protocol: Protocol, request: &'a Request, accepted: Option<&str>) -> Option<&'a str> {
        let scheme = match protocol {
            Protocol::Webhook => "Bearer",
            Protocol::Jobs => "Basic",
        };
        let given = request.header("authorization").and_then(|value| value.split_once(' '));
        let key = given.filter(|(given, _)| given.eq_ignore_ascii_case(scheme)).map(|(_, key)| key.trim());
        let key = key.filter(|key| !key.is_empty());
        (self.key, self.breaches) = match (key, accepted) {
            (None, _) => (Key::Absent, vec![Breach::NoKey]),
            (Some(key), Some(accepted)) if key != accepted => (Key::Wrong, vec![Breach::WrongKey]),
            (Some(_), _) => (Key::Present, Vec::new()),
        };
        key
    }

    fn read_webhook(&mut self, fields: &Map<String, Value>) {
        self.read_run_id(fields, "task_run_id");
        self.read_data(fields, "metadata");
        let Some(event_type) = self.text(fields, "event_type", true) else { return };
        self.label = event_type.clone();
        match event_type.as_str() {
            "UPDATE_STATUS" => {
                self.message = self.text(fields, "message", false).unwrap_or_default();
                let Some(status) = self.text(fields, "status", true) else { return };
                self.kind = match status.as_str() {
                    "RUNNING" => Kind::Running,
                    "SUCCEEDED" | "WARNING" | "FAILED" | "CANCELLED" => Kind::Ending,
                    _ => Kind::Unreadable,
                };
                if self.kind == Kind::Unreadable {
                    self.breach(Breach::UnknownStatus(status.clone()));
                }
                self.label = status;
                self.task = self.message.strip_suffix(" started.").map(str::to_owned);
            }
            "SET_OUTPUT" => {
                self.kind = Kind::Output;
                let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                if let Some(name) = self.text(fields, "output_name", true) {
                    if name.is_empty() || !name.bytes().all(valid) {
                        self.breach(Breach::OutputName);
                    }
                    self.name = name;
                }
                match fields.get("output_value") {
                    Some(value) => self.content = pretty(value),
                    None => self.breach(Breach::MissingField("output_value")),
                }
            }
            "LOG" => {
                self.kind = Kind::Log;
                self.name = self.text(fields, "log_name", true).unwrap_or_default();
                self.content = self.text(fields, "data", true).unwrap_or_default();
            }
            _ => self.breach(Breach::UnknownEventType(event_type)),
        }
    }

    /// `Failed` ends the run if its stage is `Process`, which is the SDK's name for the whole run. Otherwise it ends that
    /// stage. `Complete` always ends the run.
    fn read_jobs(&mut self, fields: &Map<String, Value>) {
        self.read_run_id(fields, "correlation_id");
        self.read_data(fields, "custom_data");
        self.message = self.text(fields, "message", false).unwrap_or_default();
        self.task = self.text(fields, "function", false);
        let stage = self.text(fields, "stage", true).unwrap_or_default();
        let Some(status) = self.text(fields, "status", true) else { return };
        self.kind = match status.as_str() {
            "Running" => Kind::Running,
            "Complete" => Kind::Ending,
            "Failed" if stage == "Process" => Kind::Ending,
            "Failed" | "Stage passed" => Kind::Stage,
            _ => Kind::Unreadable,
        };
        if self.kind == Kind::Unreadable {
            self.breach(Breach::UnknownStatus(status.clone()));
        }
        self.label = status;
        self.name = stage;
    }

    fn read_run_id(&mut self, fields: &Map<String, Value>, field: &'static str) {
        self.run_id = match fields.get(field) {
            None | Some(Value::Null) => return self.breach(Breach::NoRunId),
            Some(Value::String(given)) if given.is_empty() => return self.breach(Breach::NoRunId),
            Some(Value::String(given)) => given.clone(),
            Some(other) => other.to_string(),
        };
        match Uuid::try_parse(&self.run_id) {
            Err(_) => self.breach(Breach::MalformedRunId),
            Ok(uuid) => {
                let usual = uuid.to_string();
                if usual != self.run_id {
                    self.breach(Breach::UnusualRunId);
                    self.run_id = usual;
                }
            }
        }
    }

    fn read_data(&mut self, fields: &Map<String, Value>, field: &'static str) {
        match fields.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::Object(data)) if data.is_empty() => {}
            Some(data) => {
                self.content = pretty(data);
                if !data.is_object() {
                    self.breach(Breach::WrongType(field, "an object"));
                }
            }
        }
    }

    /// A field that is a text. If it is missing, that is a breach only if it is required.
    fn text(&mut self, fields: &Map<String, Value>, field: &'static str, required: bool) -> Option<String> {
        match fields.get(field) {
            Some(Value::String(text)) => return Some(text.clone()),
            None | Some(Value::Null) if required => self.breach(Breach::MissingField(field)),
            None | Some(Value::Null) => {}
            Some(_) => self.breach(Breach::WrongType(field, "a string")),
        }
        None
    }

    fn unreadable(&mut self, text: String, why: String) {
        self.label = "unreadable".to_owned();
        self.content = text;
        self.breach(Breach::MalformedJson(why));
    }

    fn breach(&mut self, breach: Breach) {
        self.breaches.push(breach);
    }
}

/// serde_json's own limit is lower than the one for reports.
fn parse(text: &str) -> serde_json::Result<Value> {
    if nesting(text) > NESTING {
        return serde_json::from_str(text);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    json.disable_recursion_limit();
    let value = Value::deserialize(&mut json)?;
    json.end().map(|()| value)
}

/// How deep a parser of `text` can get.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The text as JSON has it between quotes.
fn within_quotes(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

fn is_json(content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

fn names_client(query: Option<&str>) -> bool {
    let mut fields = query.unwrap_or_default().split('&');
    fields.any(|field| field.strip_prefix("clientid=").is_some_and(|client| !client.is_empty()))
}

#[cfg(test)]
mod tests;
