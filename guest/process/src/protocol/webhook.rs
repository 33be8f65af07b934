//! Orchestra's webhook, as orchestra-sdk 0.0.22 to 0.2.0 speak it: one JSON object for each event, posted to one URL.

use alloc::string::String;
use alloc::vec::Vec;

use orchestra_url::Endpoint;

use crate::contract::Outcome;
use crate::event::Event;
use crate::json::{Object, Writer};
use crate::run::{Moment, RunIdentity};
use crate::text;

/// The SDK's decorator keeps this much of an error's text.
const ERROR_CODE_POINTS: usize = 250;

pub(super) fn path_with_query(endpoint: &Endpoint) -> String {
    match &endpoint.query {
        Some(query) => text::concat(&[&endpoint.path, "?", query]),
        None => endpoint.path.clone(),
    }
}

/// A run with a name speaks as the SDK's decorator does.
pub(super) fn message(run: &RunIdentity, moment: Moment, given: Option<String>) -> Option<String> {
    let Some(name) = &run.name else { return given };
    match moment {
        Moment::Start => given.or_else(|| Some(text::concat(&[name, " started."]))),
        Moment::End(Outcome::Succeeded) => given.or_else(|| Some(text::concat(&[name, " succeeded."]))),
        Moment::End(Outcome::Failed) => {
            let error = given.unwrap_or_default();
            let end = error.char_indices().nth(ERROR_CODE_POINTS).map_or(error.len(), |(end, _)| end);
            Some(text::concat(&[name, " failed. Error: ", error.get(..end).unwrap_or_default()]))
        }
        Moment::End(Outcome::Warning | Outcome::Cancelled) => given,
    }
}

/// Fields in the SDK's order. It always sends `metadata` empty; here it carries the caller's `data`.
pub(super) fn body(run: &RunIdentity, event: &Event) -> Vec<u8> {
    let (status, details) = match event {
        Event::Start(details) | Event::Progress(details) | Event::Stage { details, .. } => ("RUNNING", details),
        Event::Ending(Outcome::Succeeded, details) => ("SUCCEEDED", details),
        Event::Ending(Outcome::Warning, details) => ("WARNING", details),
        Event::Ending(Outcome::Failed, details) => ("FAILED", details),
        Event::Ending(Outcome::Cancelled, details) => ("CANCELLED", details),
        Event::Output { name, value } => {
            let mut body = begin("SET_OUTPUT", None, run);
            body.text("output_name", name);
            body.json("output_value", value.as_str());
            return body.finish();
        }
        Event::Log { name, text } => {
            let mut body = begin("LOG", None, run);
            body.text("log_name", name);
            body.text("data", text);
            return body.finish();
        }
    };
    let mut body = begin("UPDATE_STATUS", details.data.as_ref(), run);
    body.text("status", status);
    match event {
        Event::Stage { name, passed, .. } => {
            body.text("message", &stage_message(name, *passed, details.message.as_deref()));
        }
        _ => {
            if let Some(message) = &details.message {
                body.text("message", message);
            }
        }
    }
    body.finish()
}

fn begin(event_type: &str, data: Option<&Object>, run: &RunIdentity) -> Writer {
    let mut body = Writer::new();
    body.text("event_type", event_type);
    body.data("metadata", data);
    body.text("task_run_id", &run.id);
    body
}

/// The webhook has no stages: a stage is told in words.
fn stage_message(name: &str, passed: bool, message: Option<&str>) -> String {
    let end = if passed { " passed." } else { " failed." };
    match message {
        Some(message) => text::concat(&[name, end, " ", message]),
        None => text::concat(&[name, end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Details;
    use alloc::format;
    use alloc::string::ToString;

    const ID: &str = "12345678-1234-5678-1234-567812345abc";

    fn run(name: Option<&str>) -> RunIdentity {
        RunIdentity { id: ID.to_string(), name: name.map(str::to_string) }
    }

    fn sent(event: &Event) -> String {
        String::from_utf8(body(&run(None), event)).unwrap()
    }

    fn details(message: Option<&str>, data: Option<&str>) -> Details {
        Details::parse(message.map(str::to_string), data.map(str::to_string)).unwrap()
    }

    #[test]
    fn a_status_without_message_or_data() {
        assert_eq!(
            sent(&Event::Ending(Outcome::Warning, details(None, None))),
            format!(r#"{{"event_type":"UPDATE_STATUS","metadata":{{}},"task_run_id":"{ID}","status":"WARNING"}}"#)
        );
    }

    #[test]
    fn a_status_with_message_and_data() {
        assert_eq!(
            sent(&Event::Start(details(Some("a \"b\"\u{0}"), Some(r#"{"n": 1.00}"#)))),
            format!(
                r#"{{"event_type":"UPDATE_STATUS","metadata":{{"n": 1.00}},"task_run_id":"{ID}","status":"RUNNING","message":"a \"b\"\u0000"}}"#
            )
        );
    }

    #[test]
    fn an_output() {
        assert_eq!(
            sent(&Event::output("rows", "12345678901234567890".to_string()).unwrap()),
            format!(
                r#"{{"event_type":"SET_OUTPUT","metadata":{{}},"task_run_id":"{ID}","output_name":"rows","output_value":12345678901234567890}}"#
            )
        );
    }

    #[test]
    fn a_log() {
        assert_eq!(
            sent(&Event::log("run.log", "a\r\nb".to_string()).unwrap()),
            format!(
                r#"{{"event_type":"LOG","metadata":{{}},"task_run_id":"{ID}","log_name":"run.log","data":"a\r\nb"}}"#
            )
        );
    }

    #[test]
    fn a_stage_is_told_in_words() {
        let stage = |passed, message| sent(&Event::stage("Load", passed, details(message, None)).unwrap());
        assert!(stage(true, None).ends_with(r#""status":"RUNNING","message":"Load passed."}"#));
        assert!(stage(false, Some("no file")).ends_with(r#""status":"RUNNING","message":"Load failed. no file"}"#));
    }

    #[test]
    fn a_name_speaks_as_the_decorator() {
        let named = run(Some("etl"));
        assert_eq!(message(&named, Moment::Start, None).unwrap(), "etl started.");
        assert_eq!(message(&named, Moment::Start, Some("hello".to_string())).unwrap(), "hello");
        assert_eq!(message(&named, Moment::End(Outcome::Succeeded), None).unwrap(), "etl succeeded.");
        assert_eq!(message(&named, Moment::End(Outcome::Failed), None).unwrap(), "etl failed. Error: ");
        assert_eq!(message(&named, Moment::End(Outcome::Warning), None), None);
        assert_eq!(message(&run(None), Moment::Start, None), None);
        assert_eq!(message(&run(None), Moment::End(Outcome::Failed), Some("x".to_string())).unwrap(), "x");
    }

    #[test]
    fn an_error_is_cut_at_250_code_points() {
        let named = run(Some("etl"));
        for (points, kept) in [(249, 249), (250, 250), (251, 250), (100_000, 250)] {
            let error = "e\u{301}🎼".chars().cycle().take(points).collect::<String>();
            let message = message(&named, Moment::End(Outcome::Failed), Some(error.clone())).unwrap();
            assert_eq!(
                message.strip_prefix("etl failed. Error: ").unwrap(),
                error.chars().take(kept).collect::<String>()
            );
        }
    }
}
