use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use fuzz::{Fuzz, Result, Unstructured};
use orchestra_url::Endpoint;
use serde_json::{Map, Value};
use url::Url;

use crate::contract::Outcome;
use crate::event::{Details, Event};
use crate::protocol::Protocol;
use crate::run::RunIdentity;
use crate::uuid::Uuid;

const DATA: [&str; 3] = [r#"{"status":"FAILED","a":[1.50]}"#, " {} ", r#"{"a":"\ud800\u0000","a":1e999}"#];

fn details(input: &mut Unstructured<'_>) -> Result<(Details, Option<String>)> {
    let message: Option<String> = input.arbitrary()?;
    let data = if input.arbitrary()? { Some(String::from(*input.choose(&DATA)?)) } else { None };
    let details = Details::parse(message, data).unwrap();
    let message = details.message.clone();
    Ok((details, message))
}

fn run(input: &mut Unstructured<'_>) -> Result<RunIdentity> {
    Ok(RunIdentity { id: input.arbitrary()?, name: input.arbitrary()? })
}

fn body(protocol: &Protocol, run: &RunIdentity, event: &Event) -> Option<Map<String, Value>> {
    let body = protocol.body(run, event, Uuid::random(1, 2), Duration::from_secs(1)).ok()?;
    // The caller's own text need not fit into values; everything around it must.
    let body = String::from_utf8(body).unwrap();
    let body = DATA.iter().fold(body, |body, data| body.replace(data.trim(), "{}"));
    Some(serde_json::from_str(&body).unwrap())
}

fn keys(body: &Map<String, Value>) -> Vec<&str> {
    let mut keys: Vec<_> = body.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// A text that could end its string would add fields of its own, or an ending.
#[test]
fn a_status_has_its_fields_and_no_others_whatever_its_texts_are() {
    Fuzz::new().values(|input| {
        let (run, (details, message)) = (run(input)?, details(input)?);
        let (outcome, status, job) = *input.choose(&[
            (Outcome::Succeeded, "SUCCEEDED", "Complete"),
            (Outcome::Warning, "WARNING", "Complete"),
            (Outcome::Failed, "FAILED", "Failed"),
            (Outcome::Cancelled, "CANCELLED", "Failed"),
        ])?;
        let event = Event::Ending(outcome, details);

        let sent = body(&Protocol::Webhook, &run, &event).unwrap();
        let mut expected = Vec::from(["event_type", "message", "metadata", "status", "task_run_id"]);
        expected.retain(|key| *key != "message" || message.is_some());
        assert_eq!(keys(&sent), expected);
        assert_eq!(
            (&sent["event_type"], &sent["status"], &sent["task_run_id"]),
            (&"UPDATE_STATUS".into(), &status.into(), &run.id.clone().into())
        );
        assert_eq!(sent.get("message").and_then(Value::as_str), message.as_deref());

        let sent = body(&Protocol::Jobs { client_id: "c".into() }, &run, &event).unwrap();
        assert_eq!((&sent["status"], &sent["stage"]), (&job.into(), &"Process".into()));
        assert_eq!(sent["message"], message.unwrap_or_default());
        assert_eq!(sent.get("function").and_then(Value::as_str), run.name.as_deref());
        assert_eq!(sent.len(), 7 + usize::from(run.name.is_some()));
        Ok(())
    });
}

#[test]
fn a_log_and_a_stage_hold_the_texts_that_they_were_given() {
    Fuzz::new().values(|input| {
        let (run, name, text) = (run(input)?, input.arbitrary::<String>()?, input.arbitrary::<String>()?);
        if let Ok(event) = Event::log(&name, text.clone()) {
            let sent = body(&Protocol::Webhook, &run, &event).unwrap();
            assert_eq!(keys(&sent), ["data", "event_type", "log_name", "metadata", "task_run_id"]);
            assert_eq!((&sent["data"], &sent["log_name"]), (&text.clone().into(), &name.clone().into()));
        }
        let details = Details::parse(Some(text.clone()), None).unwrap();
        if let Ok(event) = Event::stage(&name, input.arbitrary()?, details) {
            let sent = body(&Protocol::Webhook, &run, &event).unwrap();
            assert_eq!(sent["status"], "RUNNING");
            let message = sent["message"].as_str().unwrap();
            assert!(message.starts_with(&name) && message.ends_with(&text));
            let sent = body(&Protocol::Jobs { client_id: "c".into() }, &run, &event).unwrap();
            assert_eq!((&sent["stage"], &sent["message"]), (&name.into(), &text.into()));
        }
        Ok(())
    });
}

#[test]
fn a_client_id_stays_one_field_of_the_query() {
    Fuzz::new().seeds(["a b&c=d/é~", "#?%00+"]).texts(|client_id| {
        let endpoint = Endpoint::parse("https://example.com/base/").unwrap();
        let path = Protocol::Jobs { client_id: client_id.into() }.path_with_query(&endpoint);
        let url = Url::parse(&[&endpoint.origin(), path.as_str()].concat()).unwrap();
        assert_eq!(
            (url.host_str(), url.path(), url.fragment()),
            (Some("example.com"), "/base/jobs/sdk/sdk_receive", None)
        );
        let pairs: Vec<_> = url.query_pairs().collect();
        assert_eq!(pairs, [("clientid".into(), client_id.into())]);
    });
}
