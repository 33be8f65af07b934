//! Orchestra's webhook, as orchestra-sdk 0.0.22 to 0.2.0 speak it: one JSON object for each event, posted to one URL.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use serde::Serialize;

use super::{Data, Moment, Run};
use crate::config::Endpoint;
use crate::event::{Details, Event, Outcome};
use crate::json::Json;

/// The SDK's decorator keeps this much of an error's text.
const ERROR_CODE_POINTS: usize = 250;

/// Fields in the SDK's order. It always sends `metadata` empty; here it carries the caller's `data`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Body<'a> {
    Status {
        event_type: &'static str,
        metadata: Data<'a>,
        task_run_id: &'a str,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Cow<'a, str>>,
    },
    Output {
        event_type: &'static str,
        metadata: Data<'a>,
        task_run_id: &'a str,
        output_name: &'a str,
        output_value: &'a Json,
    },
    Log {
        event_type: &'static str,
        metadata: Data<'a>,
        task_run_id: &'a str,
        log_name: &'a str,
        data: &'a str,
    },
}

pub(super) fn path_with_query(endpoint: &Endpoint) -> String {
    match &endpoint.query {
        Some(query) => format!("{}?{query}", endpoint.path),
        None => endpoint.path.clone(),
    }
}

/// A run with a name speaks as the SDK's decorator does.
pub(super) fn message(run: &Run, moment: Moment, given: Option<String>) -> Option<String> {
    let Some(name) = &run.name else { return given };
    match moment {
        Moment::Start => given.or_else(|| Some(format!("{name} started."))),
        Moment::End(Outcome::Succeeded) => given.or_else(|| Some(format!("{name} succeeded."))),
        Moment::End(Outcome::Failed) => {
            let error = given.unwrap_or_default();
            let end = error.char_indices().nth(ERROR_CODE_POINTS).map_or(error.len(), |(end, _)| end);
            Some(format!("{name} failed. Error: {}", &error[..end]))
        }
        Moment::End(Outcome::Warning | Outcome::Cancelled) => given,
    }
}

pub(super) fn body<'a>(run: &'a Run, event: &'a Event) -> Body<'a> {
    let task_run_id = &run.id;
    let status = |status, message, details: &'a Details| Body::Status {
        event_type: "UPDATE_STATUS",
        metadata: Data::of(details),
        task_run_id,
        status,
        message,
    };
    let given = |details: &'a Details| details.message.as_deref().map(Cow::Borrowed);
    match event {
        Event::Start(details) | Event::Progress(details) => status("RUNNING", given(details), details),
        Event::Stage { name, passed, details } => {
            status("RUNNING", Some(stage_message(name, *passed, details.message.as_deref()).into()), details)
        }
        Event::Ending(Outcome::Succeeded, details) => status("SUCCEEDED", given(details), details),
        Event::Ending(Outcome::Warning, details) => status("WARNING", given(details), details),
        Event::Ending(Outcome::Failed, details) => status("FAILED", given(details), details),
        Event::Ending(Outcome::Cancelled, details) => status("CANCELLED", given(details), details),
        Event::Output { name, value } => Body::Output {
            event_type: "SET_OUTPUT",
            metadata: Data::None {},
            task_run_id,
            output_name: name,
            output_value: value,
        },
        Event::Log { name, text } => {
            Body::Log { event_type: "LOG", metadata: Data::None {}, task_run_id, log_name: name, data: text }
        }
    }
}

/// The webhook has no stages: a stage is told in words.
fn stage_message(name: &str, passed: bool, message: Option<&str>) -> String {
    let end = if passed { "passed" } else { "failed" };
    match message {
        Some(message) => format!("{name} {end}. {message}"),
        None => format!("{name} {end}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const ID: &str = "12345678-1234-5678-1234-567812345abc";

    fn run(name: Option<&str>) -> Run {
        Run { id: ID.to_string(), name: name.map(str::to_string) }
    }

    fn sent(event: &Event) -> String {
        serde_json::to_string(&body(&run(None), event)).unwrap()
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
