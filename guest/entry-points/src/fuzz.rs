//! What whoever starts a run has sent, and what the environment says about it.

use fuzz::{Fuzz, Result, Unstructured};
use serde_json::Value;

use crate::http::Answer;
use crate::settings::Settings;
use crate::trigger::Trigger;

/// In values only, and in no sentence.
const SECRET: &str = "Zq7xW";

const RUN_ID_FIELDS: [&str; 3] = ["orchestra_task_run_id", "task_run_id", "correlation_id"];
const WEBHOOK_FIELDS: [&str; 2] = ["orchestra_webhook_url", "webhook_url"];

fn triggers() -> Fuzz {
    Fuzz::new()
        .seeds([
            r#"{"task_run_id": "id", "a": 12345678901234567890.10, "z": {"task_run_id": "x"}}"#,
            r#" {"orchestra_task_run_id": null, "correlation_id": "c", "webhook_url": "https://a.example"} "#,
            r#"{"task_run_id": "first", "task_run_id": "last", "\u0074ask_run_id": " "}"#,
            "[1, 2]",
            "\n",
            r#"{"é\n": "\ud83d\ude00", "correlation_id": 42}"#,
        ])
        .words(RUN_ID_FIELDS.iter().chain(&WEBHOOK_FIELDS))
        .words(["null", "\"id\"", "\"Zq7xW\"", ",\"a\":1", "\\u0074ask_run_id", "\\ud800", "{", "}", "[", "]", "1e999"])
}

/// By the documents: of the names the first counts that has a text.
fn first_text(body: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let text = body.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_string())
    })
}

#[test]
fn a_trigger_in_a_body_is_what_its_object_says() {
    triggers().texts(|text| {
        let trigger = Trigger::parse(None, text.as_bytes());
        // A task's own numbers and strings need not fit into values.
        let (Ok(trigger), Ok(mut body)) = (trigger, serde_json::from_str::<Value>(text)) else { return };
        assert_eq!(Some(trigger.run_id), first_text(&body, &RUN_ID_FIELDS));
        assert_eq!(trigger.webhook_url, first_text(&body, &WEBHOOK_FIELDS));
        let fields = body.as_object_mut().expect("a run id in the body is in an object");
        fields.retain(|name, _| !RUN_ID_FIELDS.contains(&name.as_str()) && !WEBHOOK_FIELDS.contains(&name.as_str()));
        assert_eq!(serde_json::from_str::<Value>(&trigger.input).expect("the input is JSON"), body);
    });
}

#[test]
fn with_an_id_in_the_header_the_body_is_the_input() {
    triggers().texts(|text| {
        let Ok(trigger) = Trigger::parse(Some(" id "), text.as_bytes()) else {
            return assert!(serde_json::from_str::<Value>(text).is_err() || text.contains("webhook_url"));
        };
        assert_eq!(trigger.run_id, "id");
        if let Ok(mut body) = serde_json::from_str::<Value>(text) {
            if let Some(fields) = body.as_object_mut() {
                fields.retain(|name, _| !WEBHOOK_FIELDS.contains(&name.as_str()));
            }
            assert_eq!(serde_json::from_str::<Value>(&trigger.input).expect("the input is JSON"), body);
        }
    });
}

#[test]
fn why_a_trigger_is_refused_shows_none_of_its_values() {
    triggers().seeds([r#"{"task_run_id": ["Zq7xW"], "b": "Zq7xW" "Zq7xW"}"#, r#"{"Zq7xW": 1"#]).texts(|text| {
        if let Err(error) = Trigger::parse(None, text.as_bytes()) {
            assert!(!error.contains(SECRET), "{error}");
        }
    });
}

#[test]
fn a_body_of_any_bytes_is_a_trigger_or_an_error() {
    triggers().seeds([&b"\xff"[..], b"{\"task_run_id\": \"\xc3\"}"]).bytes(|body| {
        let is_text = std::str::from_utf8(body).is_ok();
        assert!(Trigger::parse(Some("id"), body).is_err() || is_text);
    });
}

#[test]
fn an_answer_is_json_whatever_it_says() {
    Fuzz::new().seeds(["a\"b\\\n\u{0}é", "\"}"]).texts(|text| {
        let body: Value = serde_json::from_str(&Answer::error(400, text).body).expect("the body is JSON");
        assert_eq!(body, serde_json::json!({"error": text}));
    });
}

fn settings(input: &mut Unstructured<'_>) -> Result<Settings> {
    const NAMES: [&str; 5] = [
        "ORCHESTRA_TASK_RUN_ID",
        "ORCHESTRA_TASK_NAME",
        "ORCHESTRA_TRIGGER_TOKEN",
        "ORCHESTRA_ALLOWED_ENDPOINTS",
        "ORCHESTRA_API_KEY",
    ];
    const PIECES: [&str; 10] = ["", " ", "\n", "https://a.example", ",", "*", SECRET, "https://", "/path", "\u{a0}"];
    let mut variables = Vec::new();
    for _ in 0..input.int_in_range(0..=6)? {
        let pieces = (0..input.int_in_range(0..=5)?).map(|_| input.choose(&PIECES).copied());
        let value = pieces.collect::<Result<String>>()?;
        variables.push(((*input.choose(&NAMES)?).to_string(), value));
    }
    Ok(Settings { variables })
}

/// They are shown to whoever sent a trigger.
#[test]
fn an_error_about_a_setting_shows_no_value() {
    Fuzz::new().values(|input| {
        let settings = settings(input)?;
        let errors = [
            settings.run_id().err(),
            settings.name().err(),
            settings.trigger_token().err(),
            settings.allowed_endpoints().err(),
        ];
        for error in errors.into_iter().flatten() {
            assert!(error.starts_with("ORCHESTRA_") && !error.contains(SECRET), "{error}");
        }
        Ok(())
    });
}

#[test]
fn a_value_counts_if_it_is_the_last_and_is_not_blank() {
    Fuzz::new().values(|input| {
        let settings = settings(input)?;
        let last = |wanted: &str| {
            let mut values = settings.variables.iter().filter(|(name, _)| name == wanted);
            values.next_back().map(|(_, value)| value.trim().to_string())
        };
        let token = last("ORCHESTRA_TRIGGER_TOKEN");
        // Blank is not unset: it would let everybody in.
        assert_eq!(settings.trigger_token().is_err(), token.as_deref() == Some(""));
        if let Ok(given) = settings.trigger_token() {
            assert_eq!(given.map(str::to_string), token);
        }
        assert_eq!(settings.has_key(), last("ORCHESTRA_API_KEY").is_some());
        Ok(())
    });
}
