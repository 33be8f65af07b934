use std::time::Duration;

use super::*;

const ID: &str = "6f9619ff-8b86-4d01-b42d-00c04fc964ff";

fn request(authorization: &str, query: Option<&str>, body: &str) -> Request {
    let headers = [("content-type", "application/json"), ("authorization", authorization)];
    Request {
        version: "HTTP/1.1".to_owned(),
        method: "POST".to_owned(),
        path: String::new(),
        query: query.map(str::to_owned),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: body.as_bytes().to_vec(),
        body_complete: true,
        arrived: Duration::ZERO,
    }
}

fn webhook(body: &str) -> ReceivedReport {
    ReceivedReport::read(Protocol::Webhook, &request("Bearer a-long-key", None, body), None)
}

fn jobs(body: &str) -> ReceivedReport {
    ReceivedReport::read(Protocol::Jobs, &request("Basic a-long-key", Some("clientid=acme"), body), None)
}

fn update(fields: &str) -> String {
    format!(r#"{{"event_type": "UPDATE_STATUS", "metadata": {{}}, "task_run_id": "{ID}", {fields}}}"#)
}

#[test]
fn a_status_is_read() {
    let report = webhook(&update(r#""status": "RUNNING", "message": "etl started.""#));
    assert_eq!((report.run_id.as_str(), report.kind, report.label.as_str()), (ID, Kind::Running, "RUNNING"));
    assert_eq!((report.task.as_deref(), report.key, report.breaches), (Some("etl"), Key::Present, vec![]));
}

#[test]
fn every_final_status_is_an_ending() {
    for status in ["SUCCEEDED", "WARNING", "FAILED", "CANCELLED"] {
        let report = webhook(&update(&format!(r#""status": "{status}""#)));
        assert_eq!((report.kind, report.label.as_str(), report.breaches), (Kind::Ending, status, vec![]));
    }
}

#[test]
fn an_unknown_status_is_named() {
    assert_eq!(webhook(&update(r#""status": "DONE""#)).breaches, [Breach::UnknownStatus("DONE".to_owned())]);
}

#[test]
fn an_unknown_event_type_is_named() {
    let report = webhook(&format!(r#"{{"event_type": "PING", "task_run_id": "{ID}"}}"#));
    assert_eq!(report.breaches, [Breach::UnknownEventType("PING".to_owned())]);
}

#[test]
fn an_output_keeps_its_digits_and_its_order() {
    let report = webhook(&format!(
        r#"{{"event_type": "SET_OUTPUT", "task_run_id": "{ID}", "output_name": "n_1", "output_value": {{"b": 1.10, "a": 12345678901234567890123}}}}"#
    ));
    assert_eq!(report.content, "{\n  \"b\": 1.10,\n  \"a\": 12345678901234567890123\n}");
    assert_eq!((report.name.as_str(), report.breaches), ("n_1", vec![]));
}

#[test]
fn an_outputs_name_has_a_narrow_alphabet() {
    for name in ["", "a b", "ä", "a.b"] {
        let body = format!(
            r#"{{"event_type": "SET_OUTPUT", "task_run_id": "{ID}", "output_name": "{name}", "output_value": null}}"#
        );
        assert_eq!(webhook(&body).breaches, [Breach::OutputName], "{name:?}");
    }
}

#[test]
fn a_log_is_read() {
    let body = format!(r#"{{"event_type": "LOG", "task_run_id": "{ID}", "log_name": "x.log", "data": "a\nb"}}"#);
    let report = webhook(&body);
    assert_eq!((report.kind, report.name.as_str(), report.content.as_str()), (Kind::Log, "x.log", "a\nb"));
}

#[test]
fn missing_and_mistaken_fields_are_named() {
    let report = webhook(&format!(r#"{{"event_type": "LOG", "task_run_id": "{ID}", "metadata": 1, "log_name": 2}}"#));
    let wanted = [
        Breach::WrongType("metadata", "an object"),
        Breach::WrongType("log_name", "a string"),
        Breach::MissingField("data"),
    ];
    assert_eq!(report.breaches, wanted);
}

#[test]
fn malformed_json_is_shown_as_it_came() {
    for body in ["{\"a\": ", "[]", ""] {
        let report = webhook(body);
        assert!(matches!(report.breaches.as_slice(), [Breach::MalformedJson(_)]), "{:?}", report.breaches);
        assert_eq!(report.content, body);
    }
}

#[test]
fn a_run_id_is_a_uuid() {
    let with =
        |id: &str| webhook(&format!(r#"{{"event_type": "UPDATE_STATUS", "status": "RUNNING", "task_run_id": {id}}}"#));
    assert_eq!(with("\"run-7\"").breaches, [Breach::MalformedRunId]);
    assert_eq!(with("7").breaches, [Breach::MalformedRunId]);
    assert_eq!(with("\"\"").breaches, [Breach::NoRunId]);
    assert_eq!(with("null").breaches, [Breach::NoRunId]);
    let unusual = with(&format!("\"{}\"", ID.to_uppercase()));
    assert_eq!((unusual.breaches, unusual.run_id.as_str()), (vec![Breach::UnusualRunId], ID));
}

#[test]
fn a_jobs_failure_ends_the_run_or_a_stage() {
    let with = |status: &str, stage: &str| {
        jobs(&format!(
            r#"{{"correlation_id": "{ID}", "status": "{status}", "stage": "{stage}", "custom_data": {{"a": 1}}}}"#
        ))
    };
    assert_eq!(with("Failed", "Process").kind, Kind::Ending);
    assert_eq!(with("Failed", "Load").kind, Kind::Stage);
    assert_eq!(with("Stage passed", "Load").kind, Kind::Stage);
    assert_eq!(with("Complete", "Process").kind, Kind::Ending);
    assert_eq!(with("Running", "etl").breaches, []);
    assert_eq!(with("RUNNING", "etl").breaches, [Breach::UnknownStatus("RUNNING".to_owned())]);
}

#[test]
fn a_jobs_client_is_named_in_the_query() {
    let body = format!(r#"{{"correlation_id": "{ID}", "status": "Running", "stage": "x"}}"#);
    for query in [None, Some("clientid="), Some("client=x")] {
        let report = ReceivedReport::read(Protocol::Jobs, &request("Basic k", query, &body), None);
        assert_eq!(report.breaches, [Breach::NoClientId], "{query:?}");
    }
}

#[test]
fn each_protocol_has_its_scheme() {
    for (protocol, authorization) in
        [(Protocol::Webhook, "Basic k"), (Protocol::Jobs, "Bearer k"), (Protocol::Webhook, "Bearer ")]
    {
        let report = ReceivedReport::read(protocol, &request(authorization, Some("clientid=a"), ""), None);
        assert_eq!((report.key, &report.breaches[0]), (Key::Absent, &Breach::NoKey), "{authorization:?}");
    }
}

#[test]
fn only_the_key_that_was_given_is_accepted() {
    let with = |key: &str| {
        ReceivedReport::read(Protocol::Webhook, &request(&format!("Bearer {key}"), None, "{}"), Some("right"))
    };
    assert_eq!(with("right").key, Key::Present);
    assert_eq!((with("wrong").key, &with("wrong").breaches[0]), (Key::Wrong, &Breach::WrongKey));
}

/// Nothing that is kept of a request contains the key.
#[test]
fn the_key_is_masked() {
    let good = webhook(&update(r#""status": "FAILED", "message": "401 for a-long-key""#));
    assert_eq!(
        (good.message.as_str(), good.breaches.as_slice()),
        ("401 for [the API key]", &[Breach::KeyInReport][..])
    );
    let malformed = webhook("a-long-key");
    for report in [good, malformed] {
        assert!(!format!("{report:?}").contains("a-long-key"));
    }
}

/// A client may escape any character, and some escape every slash.
#[test]
fn the_key_is_masked_however_it_is_escaped() {
    for (key, escaped) in [
        ("a-long-key", r"\u0061-long-key"),
        ("a-long/key", r"a-long\/key"),
        ("a-\"long\"-key", r#"a-\u0022long\"-key"#),
    ] {
        let body =
            update(&format!(r#""status": "{escaped}", "message": "for {escaped}", "metadata": {{"{escaped}": 1}}"#));
        let report = ReceivedReport::read(Protocol::Webhook, &request(&format!("Bearer {key}"), None, &body), None);
        assert_eq!(report.message, "for [the API key]");
        assert!(report.breaches.contains(&Breach::KeyInReport));
        assert!(!report.content.contains("long"), "{}", report.content);
        assert_eq!(report.label, "[the API key]");
    }
}

/// The contract lets data through that is nested 128 levels deep, and the report is around it.
#[test]
fn data_is_read_as_deep_as_the_contract_lets_it_be() {
    let nested = |levels: usize| {
        let data = format!(r#"{{"a": {}1{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
        webhook(&format!(
            r#"{{"event_type": "UPDATE_STATUS", "status": "RUNNING", "metadata": {data}, "task_run_id": "{ID}"}}"#
        ))
    };
    assert_eq!((nested(128).kind, nested(128).breaches), (Kind::Running, vec![]));
    assert!(matches!(nested(129).breaches[..], [Breach::MalformedJson(_)]));
    assert!(matches!(webhook(&"[".repeat(1_000_000)).breaches[..], [Breach::MalformedJson(_)]));
}

#[test]
fn what_is_not_json_by_its_type_is_refused() {
    for (content_type, is) in
        [("application/json", true), ("Application/JSON; charset=utf-8", true), ("text/plain", false)]
    {
        assert_eq!(is_json(Some(content_type)), is, "{content_type}");
    }
    assert!(!is_json(None));
}
