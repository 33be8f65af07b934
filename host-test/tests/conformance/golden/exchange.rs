//! A request in the form that the recorder writes: without what is another at every run.

use std::time::Duration;

use host_test::endpoint::Request;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;

const HEADERS: [&str; 3] = ["authorization", "content-type", "idempotency-key"];
/// A longer text is recorded by its hash.
const LONGEST_TEXT_CODE_POINTS: usize = 1000;
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

pub fn recorded(request: &Request) -> Value {
    assert!(request.body_complete, "a report is acknowledged or given up when its call returns");
    let headers = HEADERS.into_iter().filter_map(|name| Some((name, request.header(name)?)));
    let headers: Map<_, _> =
        headers.map(|(name, value)| (name.to_string(), masked(name, Value::from(value)))).collect();
    let body = if request.body.is_empty() { Value::Null } else { masked("", request.json()) };
    json!({"method": request.method, "path": request.path, "query": request.query, "headers": headers, "body": body})
}

fn masked(name: &str, value: Value) -> Value {
    match value {
        Value::Object(object) => object.into_iter().map(|(name, value)| (name.clone(), masked(&name, value))).collect(),
        Value::Array(array) => array.into_iter().map(|value| masked("", value)).collect(),
        Value::String(text) => match name {
            "timeUTC" if is_now(&text) => "<UTC>".into(),
            "logid" | "idempotency-key" if Uuid::try_parse(&text).is_ok_and(|id| id.to_string() == text) => {
                "<uuid>".into()
            }
            _ if text.chars().count() > LONGEST_TEXT_CODE_POINTS => {
                json!({"code points": text.chars().count(), "sha256": format!("{:x}", Sha256::digest(&text))})
            }
            _ => text.into(),
        },
        other => other,
    }
}

/// Whether it is the present moment in UTC, as Python's `%Y-%m-%d %H:%M:%S.%f`.
fn is_now(text: &str) -> bool {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");
    PrimitiveDateTime::parse(text, &format)
        .is_ok_and(|time| (OffsetDateTime::now_utc() - time.assume_utc()).unsigned_abs() < CLOCK_TOLERANCE)
}
