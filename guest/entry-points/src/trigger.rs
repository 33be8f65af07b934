//! The request that starts a run over HTTP: its run id, perhaps an endpoint to report to, and the task's input.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// In the header of this name, or in the body under the first of [`RUN_ID_FIELDS`] that is there.
pub const RUN_ID_HEADER: &str = "orchestra_task_run_id";
const RUN_ID_FIELDS: [&str; 3] = ["orchestra_task_run_id", "task_run_id", "correlation_id"];
const WEBHOOK_FIELDS: [&str; 2] = ["orchestra_webhook_url", "webhook_url"];

/// A trigger whose body is well-formed. Whether the id is a run id is the contract's to say.
#[derive(Debug, PartialEq, Eq)]
pub struct Trigger {
    pub run_id: String,
    pub webhook_url: Option<String>,
    /// One JSON text: the body without the fields above, `{}` without a body.
    pub input: String,
}

impl Trigger {
    /// `header` wins over the body, whose fields are then the task's own. The error is a sentence for whoever sent it.
    pub fn parse(header: Option<&str>, body: &[u8]) -> Result<Self, String> {
        let body = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
        let body = if body.trim().is_empty() { "{}" } else { body };
        let json: &RawValue = serde_json::from_str(body).map_err(|error| format!("the body is not JSON: {error}"))?;
        let mut fields = Fields::of(json)?;
        let header = header.map(str::trim).filter(|id| !id.is_empty());
        let in_body = if header.is_none() { fields.take(&RUN_ID_FIELDS)? } else { None };
        let webhook_url = fields.take(&WEBHOOK_FIELDS)?;
        let run_id = header.map(str::to_string).or(in_body).ok_or(
            "no run id: send it in the header orchestra_task_run_id, or in a JSON body as orchestra_task_run_id, \
             task_run_id or correlation_id",
        )?;
        Ok(Self { run_id, webhook_url, input: fields.into_text() })
    }
}

/// A JSON text. An object's members keep their order and every digit of their values.
enum Fields<'a> {
    Object(Vec<(String, &'a RawValue)>),
    Other(&'a RawValue),
}

impl<'a> Fields<'a> {
    fn of(json: &'a RawValue) -> Result<Self, String> {
        if !json.get().starts_with('{') {
            return Ok(Self::Other(json));
        }
        let mut deserializer = serde_json::Deserializer::from_str(json.get());
        let members =
            deserializer.deserialize_map(Members).map_err(|error| format!("the body is not JSON: {error}"))?;
        Ok(Self::Object(members))
    }

    /// Takes all members of these names out. Of the names the first counts that has a text, of a name given twice the last.
    fn take(&mut self, names: &[&str]) -> Result<Option<String>, String> {
        let Self::Object(members) = self else { return Ok(None) };
        let mut found = None;
        for wanted in names {
            let Some((_, value)) = members.iter().rev().find(|(name, _)| name == wanted) else { continue };
            let text: Option<String> =
                serde_json::from_str(value.get()).map_err(|_| format!("the body's {wanted} is not a text"))?;
            found = found.or(text.map(|text| text.trim().to_string()).filter(|text| !text.is_empty()));
        }
        members.retain(|(name, _)| !names.contains(&name.as_str()));
        Ok(found)
    }

    fn into_text(self) -> String {
        match self {
            Self::Other(json) => json.get().to_string(),
            Self::Object(members) => {
                let members =
                    members.into_iter().map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: Option<&str>, body: &str) -> Trigger {
        Trigger::parse(header, body.as_bytes()).unwrap()
    }

    #[test]
    fn the_rest_of_the_body_is_the_input_as_it_was_sent() {
        let trigger = parse(
            None,
            r#" {"z": 1e400, "task_run_id": "id", "a": 12345678901234567890.10, "é\n": {"task_run_id": "x"}} "#,
        );
        assert_eq!(trigger.run_id, "id");
        assert_eq!(trigger.input, r#"{"z":1e400,"a":12345678901234567890.10,"é\n":{"task_run_id": "x"}}"#);
    }

    #[test]
    fn the_header_wins_over_the_body() {
        let trigger = parse(Some("header"), r#"{"orchestra_task_run_id": "body", "a": 1}"#);
        assert_eq!(trigger.run_id, "header");
        assert_eq!(trigger.input, r#"{"orchestra_task_run_id":"body","a":1}"#);
        assert_eq!(parse(Some("header"), r#"{"correlation_id": 42}"#).input, r#"{"correlation_id":42}"#);
        assert_eq!(parse(Some(" "), r#"{"orchestra_task_run_id": "body"}"#).run_id, "body");
    }

    #[test]
    fn the_run_id_has_three_names_in_the_body() {
        let all = r#"{"correlation_id": "c", "task_run_id": "b", "orchestra_task_run_id": "a"}"#;
        assert_eq!(parse(None, all).run_id, "a");
        assert_eq!(parse(None, all).input, "{}");
        assert_eq!(parse(None, r#"{"correlation_id": "c", "task_run_id": null}"#).run_id, "c");
        assert_eq!(parse(None, r#"{"task_run_id": "first", "task_run_id": "last"}"#).run_id, "last");
    }

    #[test]
    fn the_webhook_url_has_two_names() {
        let both = r#"{"webhook_url": "https://b", "task_run_id": "id", "orchestra_webhook_url": "https://a"}"#;
        assert_eq!(parse(None, both).webhook_url.as_deref(), Some("https://a"));
        assert_eq!(
            parse(None, r#"{"webhook_url": "https://b", "task_run_id": "id"}"#).webhook_url.as_deref(),
            Some("https://b")
        );
        assert_eq!(parse(None, both).input, "{}");
    }

    #[test]
    fn with_an_id_in_the_header_any_json_is_an_input_and_no_body_is_an_empty_object() {
        assert_eq!(parse(Some("id"), "[1, 2]").input, "[1, 2]");
        assert_eq!(parse(Some("id"), "null").input, "null");
        assert_eq!(parse(Some("id"), " ").input, "{}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, what) in [
            ("", "no run id"),
            ("{}", "no run id"),
            (r#"["task_run_id"]"#, "no run id"),
            (r#"{"task_run_id": "  "}"#, "no run id"),
            (r#"{"task_run_id": 1}"#, "task_run_id is not a text"),
            (r#"{"task_run_id": "x", "webhook_url": {}}"#, "webhook_url is not a text"),
            (r#"{"task_run_id": "x""#, "not JSON"),
            (r#"{"task_run_id": "x"} {}"#, "not JSON"),
            ("task_run_id=x", "not JSON"),
            (r#"{"\ud800": 1, "task_run_id": "x"}"#, "not JSON"),
        ] {
            let error = Trigger::parse(None, body.as_bytes()).unwrap_err();
            assert!(error.contains(what), "{body}: {error}");
        }
        assert!(Trigger::parse(Some("id"), b"\xff").unwrap_err().contains("UTF-8"));
    }

    /// The stack of a component is small.
    #[test]
    fn deep_nesting_does_not_recurse() {
        let deep = format!(r#"{{"task_run_id": "x", "a": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(None, &deep).input.len(), r#"{"a":}"#.len() + 200_000);
    }
}
