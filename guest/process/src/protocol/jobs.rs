//! The jobs protocol of orchestra-sdk 0.0.9. It knows four statuses, and neither outputs nor logs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use orchestra_url::Endpoint;

use crate::contract::Outcome;
use crate::event::{Details, Event};
use crate::http_date::date_time;
use crate::json::Writer;
use crate::run::{Moment, RunIdentity};
use crate::uuid::Uuid;

/// `clientid` is encoded as Python's `urllib` encodes a form's field, as the SDK's client does. (The crates for forms follow
/// WHATWG, which encodes `~` and leaves `*`.)
pub(super) fn path_with_query(endpoint: &Endpoint, client_id: &str) -> String {
    let mut path = format!("{}/jobs/sdk/sdk_receive?clientid=", endpoint.path.trim_end_matches('/'));
    for byte in client_id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            b' ' => path.push('+'),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

pub(super) fn message(run: &RunIdentity, moment: Moment, given: Option<String>) -> Option<String> {
    match moment {
        Moment::Start => given.or_else(|| Some(format!("Orc process with correlation id {} started", run.id))),
        Moment::End(_) => given,
    }
}

/// Fields in the SDK's order.
pub(super) fn body(run: &RunIdentity, event: &Event, id: Uuid, unix_time: Duration) -> Result<Vec<u8>, &'static str> {
    const PROCESS: &str = "Process";
    let (status, stage, details): (_, _, &Details) = match event {
        Event::Start(details) => ("Running", run.name.as_deref().unwrap_or("First function"), details),
        Event::Progress(details) => ("Running", PROCESS, details),
        Event::Stage { name, passed: true, details } => ("Stage passed", name.as_str(), details),
        Event::Stage { name, passed: false, details } => ("Failed", name.as_str(), details),
        // A warning is a success with a remark, and a cancelled run has not done its work.
        Event::Ending(Outcome::Succeeded | Outcome::Warning, details) => ("Complete", PROCESS, details),
        Event::Ending(Outcome::Failed | Outcome::Cancelled, details) => ("Failed", PROCESS, details),
        Event::Output { .. } => return Err("the jobs protocol has no outputs: send the value as data"),
        Event::Log { .. } => {
            return Err("the jobs protocol has no logs: send the text as a message or data");
        }
    };
    let mut body = Writer::new();
    body.data("custom_data", details.data.as_ref());
    // The SDK leaves it out of the first event.
    if let (Some(function), false) = (&run.name, matches!(event, Event::Start(_))) {
        body.text("function", function);
    }
    body.text("message", details.message.as_deref().unwrap_or_default());
    body.text("status", status);
    body.text("stage", stage);
    body.text("timeUTC", &time_utc(unix_time));
    body.text("correlation_id", &run.id);
    body.text("logid", &id.hyphenated());
    Ok(body.finish())
}

/// As Python's `%Y-%m-%d %H:%M:%S.%f`.
fn time_utc(unix_time: Duration) -> String {
    let moment = date_time(unix_time);
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.as_hms();
    let (month, micros) = (u8::from(month), unix_time.subsec_micros());
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn sent(name: Option<&str>, event: &Event) -> String {
        let run = RunIdentity { id: "c".to_string(), name: name.map(str::to_string) };
        let body =
            body(&run, event, Uuid::parse(&"0".repeat(32)).unwrap(), Duration::from_micros(1_795_420_800_000_042))
                .unwrap();
        String::from_utf8(body).unwrap()
    }

    const TAIL: &str = r#""timeUTC":"2026-11-23 08:00:00.000042","correlation_id":"c","logid":"00000000-0000-0000-0000-000000000000"}"#;

    #[test]
    fn the_start_has_a_stage_and_no_function() {
        let start = |name| sent(name, &Event::Start(Details::default()));
        assert_eq!(
            start(None),
            [r#"{"custom_data":{},"message":"","status":"Running","stage":"First function","#, TAIL].concat()
        );
        assert_eq!(
            start(Some("etl")),
            [r#"{"custom_data":{},"message":"","status":"Running","stage":"etl","#, TAIL].concat()
        );
    }

    #[test]
    fn an_ending_has_function_and_data() {
        let details = Details::parse(Some("m".to_string()), Some(r#"{"a":1}"#.to_string())).unwrap();
        assert_eq!(
            sent(Some("etl"), &Event::Ending(Outcome::Succeeded, details)),
            [r#"{"custom_data":{"a":1},"function":"etl","message":"m","status":"Complete","stage":"Process","#, TAIL]
                .concat()
        );
    }

    #[test]
    fn each_ending_has_one_of_two_statuses() {
        for (outcome, status) in [
            (Outcome::Succeeded, "Complete"),
            (Outcome::Warning, "Complete"),
            (Outcome::Failed, "Failed"),
            (Outcome::Cancelled, "Failed"),
        ] {
            assert!(
                sent(None, &Event::Ending(outcome, Details::default())).contains(&format!("\"status\":\"{status}\""))
            );
        }
    }

    #[test]
    fn a_stage_is_named() {
        let stage = |passed| sent(None, &Event::stage("Load", passed, Details::default()).unwrap());
        assert!(stage(true).contains(r#""status":"Stage passed","stage":"Load""#));
        assert!(stage(false).contains(r#""status":"Failed","stage":"Load""#));
    }

    #[test]
    fn outputs_and_logs_are_unsupported() {
        let run = RunIdentity { id: "c".to_string(), name: None };
        for event in [Event::output("a", "1".to_string()).unwrap(), Event::log("a", String::new()).unwrap()] {
            assert!(body(&run, &event, Uuid::parse(&"0".repeat(32)).unwrap(), Duration::ZERO).is_err());
        }
    }

    #[test]
    fn the_client_id_is_encoded_as_a_form_field() {
        let endpoint = Endpoint::parse("https://example.com/base//").unwrap();
        assert_eq!(
            path_with_query(&endpoint, "a b&c=d/é~"),
            "/base/jobs/sdk/sdk_receive?clientid=a+b%26c%3Dd%2F%C3%A9~"
        );
    }

    #[test]
    fn no_clock_traps() {
        assert_eq!(time_utc(Duration::ZERO), "1970-01-01 00:00:00.000000");
        assert!(time_utc(Duration::MAX).ends_with(".999999"));
    }
}
