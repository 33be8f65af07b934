//! What any program on this machine may post, and what becomes of it on the page.

use std::time::Duration;

use fuzz::{Fuzz, Result, Unstructured};
use orchestra_endpoint::Request;
use serde_json::json;

use crate::breach::Breach;
use crate::event::{Arrival, SHOWN_TEXT_BYTES};
use crate::report::{Kind, Protocol, ReceivedReport};
use crate::runs::Runs;

/// With what an encoder may write in another way.
const KEY: &str = "Zq7xW/Zq7xW";

const PIECES: [&str; 34] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\"event_type\":\"UPDATE_STATUS\"",
    "\"event_type\":\"LOG\"",
    "\"event_type\":\"SET_OUTPUT\"",
    "\"status\":\"FAILED\"",
    "\"status\":\"Complete\"",
    "\"status\":",
    "\"stage\":",
    "\"Process\"",
    "\"message\":",
    "\"metadata\":",
    "\"custom_data\":",
    "\"function\":",
    "\"log_name\":",
    "\"data\":",
    "\"output_name\":",
    "\"output_value\":",
    "\"task_run_id\":\"6F9619ff-8b86-4d01-b42d-00c04fc964ff\"",
    "\"correlation_id\":\"6f9619ff8b864d01b42d00c04fc964ff\"",
    "\"task_run_id\":",
    "null",
    "1e999",
    "\"\\u0000\"",
    KEY,
    "\"Zq7xW\\/Zq7xW\"",
    "\"\\u005aq7xW/Zq7xW\"",
    "\"Zq7xW\\/Zq7xW\":1",
    "é",
];

fn body(input: &mut Unstructured<'_>) -> Result<String> {
    if input.arbitrary()? {
        return (0..input.int_in_range(0..=24)?).map(|_| input.choose(&PIECES).copied()).collect();
    }
    // An object, so that most of it is read.
    let members = PIECES.iter().filter(|piece| piece.ends_with(':')).collect::<Vec<_>>();
    let values = PIECES.iter().filter(|piece| piece.starts_with('"') && !piece.contains(':')).collect::<Vec<_>>();
    let whole = PIECES.iter().filter(|piece| piece.contains("\":\"")).collect::<Vec<_>>();
    let members = (0..input.int_in_range(0..=8)?).map(|_| {
        Ok(match input.arbitrary()? {
            true => (**input.choose(&whole)?).to_owned(),
            false => [**input.choose(&members)?, **input.choose(&values)?].concat(),
        })
    });
    Ok(format!("{{{}}}", members.collect::<Result<Vec<_>>>()?.join(",")))
}

fn request(input: &mut Unstructured<'_>, body: String) -> Result<Request> {
    let mut headers = vec![("authorization".to_owned(), format!("Bearer {KEY}"))];
    for _ in 0..input.int_in_range(0..=3)? {
        let name = *input.choose(&["content-type", "idempotency-key", "authorization", "host", "origin"])?;
        let value =
            *input.choose(&["application/json", "text/plain; é", "a", "", "Basic  Zq7xW/Zq7xW ", "\u{fffd}"])?;
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(Request {
        version: "HTTP/1.1".to_owned(),
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: input.choose(&[None, Some(""), Some("clientid=a"), Some("&clientid=&=")])?.map(str::to_owned),
        headers,
        body: body.into_bytes(),
        body_complete: input.arbitrary()?,
        arrived: Duration::ZERO,
    })
}

fn protocol(input: &mut Unstructured<'_>) -> Result<Protocol> {
    Ok(*input.choose(&[Protocol::Webhook, Protocol::Jobs])?)
}

#[test]
fn a_page_never_shows_the_key_that_came_with_a_report() {
    Fuzz::new().slower(4).values(|input| {
        let mut runs = Runs::new(json!({}));
        for _ in 0..input.int_in_range(1..=4)? {
            let (protocol, body) = (protocol(input)?, body(input)?);
            let request = request(input, body)?;
            // The key is taken out of a report that came with it.
            let comes_with_key =
                ReceivedReport::read(protocol, &request, None).breaches.iter().all(|breach| *breach != Breach::NoKey);
            if !comes_with_key {
                continue;
            }
            let arrival = Arrival {
                protocol,
                at_ms: 0.0,
                idempotency_key: input.arbitrary()?,
                body_hash: 0,
                failing: None,
                delay: Duration::ZERO,
            };
            let verdict = runs.take(ReceivedReport::read(protocol, &request, None), arrival);
            assert!((200..=499).contains(&verdict.status));
            assert!(verdict.breaches.iter().all(|breach| !breach.to_string().contains(KEY)), "{:?}", verdict.breaches);
        }
        let (messages, _) = runs.after(None);
        for message in messages {
            let text = String::from_utf8_lossy(&message);
            assert!(!text.contains(KEY), "{text}");
            // One message is one event of the stream: its lines are ours.
            assert!(!text.trim_end_matches('\n').contains("\n\n") && !text.contains('\r'), "{text:?}");
        }
        Ok(())
    });
}

#[test]
fn a_report_is_read_or_says_why_not() {
    Fuzz::new().values(|input| {
        let (protocol, body) = (protocol(input)?, body(input)?);
        let report = ReceivedReport::read(protocol, &request(input, body)?, Some(KEY));
        assert!(report.kind != Kind::Unreadable || report.breaches.iter().any(|breach| breach.refusal().is_some()));
        Ok(())
    });
}

/// As the contract has it: `data` may be nested 128 levels deep, and the report is around it.
#[test]
fn data_is_read_as_deep_as_the_contract_lets_it_through() {
    Fuzz::new().slower(10).values(|input| {
        let levels = input.int_in_range(0..=127_usize)?;
        let data = format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels)).replace(":}", ":1}");
        let body = format!(
            "{{\"event_type\":\"UPDATE_STATUS\",\"status\":\"RUNNING\",\"metadata\":{data},\
             \"task_run_id\":\"6f9619ff-8b86-4d01-b42d-00c04fc964ff\"}}"
        );
        let mut request = request(input, body)?;
        request.body_complete = true;
        let report = ReceivedReport::read(Protocol::Webhook, &request, None);
        assert_eq!(report.kind, Kind::Running, "{levels}: {:?}", report.breaches);
        Ok(())
    });
}

#[test]
fn a_long_text_is_cut_and_what_was_cut_is_counted() {
    Fuzz::new().slower(20).values(|input| {
        let text = input.choose(&["x", "é", "🎼"])?.repeat(input.int_in_range(0..=SHOWN_TEXT_BYTES)?);
        let shown = crate::event::Text::new(text.clone());
        assert!(shown.text.len() <= SHOWN_TEXT_BYTES && text.starts_with(&shown.text));
        assert_eq!(shown.text.len() + shown.cut_bytes, text.len());
        Ok(())
    });
}
