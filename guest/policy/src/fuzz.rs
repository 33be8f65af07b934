//! What tasks, endpoints and people wrote, as it is read and shown.

extern crate std;

use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use fuzz::{Fuzz, Result, Unstructured};
use serde_json::Value;

use crate::{
    Cause, DeliveryError, INPUT_BYTES, MESSAGE_CHARS, Outcome, Report, Span, SpanError, check_input, escape, message,
    variables,
};

/// Whether a terminal obeys it, or a reader sees other text than there is.
fn is_active(char: char) -> bool {
    char.is_control()
        || ('\u{2028}'..='\u{202e}').contains(&char)
        || ('\u{2066}'..='\u{2069}').contains(&char)
        || ['\u{61c}', '\u{200e}', '\u{200f}'].contains(&char)
}

#[test]
fn what_is_shown_obeys_no_terminal_and_says_what_was_written() {
    Fuzz::new()
        .seeds(["\u{1b}[2J\r\n\t\u{7f}\u{9b}31m", "a\u{202e}b\u{2069}c\u{2028}", "größer, 日本語, עברית"])
        .words(["\u{1b}]8;;", "\u{2066}", "\u{61c}", "\u{200f}", "\u{85}", "\\u001b", "\u{feff}"])
        .texts(|text| {
            let shown = escape(text);
            assert_eq!(shown.chars().find(|char| is_active(*char)), None);
            assert_eq!(escape(&shown), shown);
            // With its own escapes taken for text, it is the inside of a JSON string.
            let quoted = format!("\"{}\"", escape(&text.replace('\\', "\\\\").replace('"', "\\\"")));
            assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
        });
}

#[test]
fn json_that_is_shown_stays_the_same_json() {
    Fuzz::new().seeds(["{\"\u{202e}\": [\"\u{9b}\\n\", 1]}", "\"\\u001b\u{7f}\""]).words(["\u{2028}", "\\\\"]).texts(
        |text| {
            // White space between its parts is a text's own, and so escaped.
            let Ok(value) = serde_json::from_str::<Value>(text) else { return };
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            let written = value.to_string();
            assert_eq!(read(&escape(&written)), read(&written));
        },
    );
}

fn report(input: &mut Unstructured<'_>) -> Result<Report> {
    Ok(match input.int_in_range(0..=5)? {
        0 => Report::Start,
        1 => Report::Progress,
        2 => Report::Stage(input.arbitrary()?),
        3 => Report::Output(input.arbitrary()?),
        4 => Report::Log(input.arbitrary()?),
        _ => Report::Ending(Outcome::Failed),
    })
}

#[test]
fn a_sentence_about_a_report_is_one_line_whatever_names_and_answers_hold() {
    Fuzz::new().values(|input| {
        let cause = *input.choose(&[Cause::Refused(400), Cause::Denied, Cause::Undelivered])?;
        let (report, attempts, explanation) = (report(input)?, input.arbitrary()?, input.arbitrary()?);
        let sentence = DeliveryError { report, cause, attempts, kept: false, explanation }.to_string();
        assert!(sentence.starts_with("not reported: "));
        assert_eq!(sentence.chars().find(|char| is_active(*char)), None);
        Ok(())
    });
}

#[test]
fn a_message_is_the_beginning_of_the_error() {
    Fuzz::new().seeds(["é🎼".repeat(600)]).texts(|error| {
        let message = message(error);
        assert!(error.starts_with(&message));
        assert_eq!(message.chars().count(), error.chars().count().min(MESSAGE_CHARS));
    });
}

/// In steps that cannot go wrong, as `docs/configuration.md` has it.
fn milliseconds(text: &str) -> core::result::Result<u128, SpanError> {
    let text = text.trim_ascii();
    let unit = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let number = &text[..text.len() - unit.len()];
    let units = [("ms", 1), ("", 1000), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let factor = units.iter().find(|(name, _)| *name == unit.trim_ascii()).map(|(_, factor)| *factor);
    let factor: u128 = factor.filter(|_| !number.is_empty()).ok_or(SpanError::Form)?;
    let number =
        number.bytes().fold(0_u128, |number, digit| number.saturating_mul(10).saturating_add((digit - b'0').into()));
    Some(number.saturating_mul(factor)).filter(|ms| (1..=u32::MAX.into()).contains(ms)).ok_or(SpanError::Range)
}

#[test]
fn a_span_is_a_number_times_its_unit() {
    Fuzz::new()
        .seeds(["90", "500ms", " 5 m\n", "2h", "4294967295ms", "4294967296ms", "1193h"])
        .words(["ms", "s", "m", "h", "0", "18446744073709551616", "٣", "\u{a0}", "-", "1.5", "1e3"])
        .texts(|text| {
            let span = text.parse::<Span>().map(|Span(span)| span);
            let expected = milliseconds(text).map(|ms| Duration::from_millis(ms.try_into().unwrap()));
            assert_eq!(span, expected);
        });
}

#[test]
fn an_input_is_json_as_it_was_given_and_is_not_repeated_in_an_error() {
    Fuzz::new()
        .seeds([" [1.50, \"Zq7xW\"] ", "{\"Zq7xW\": Zq7xW}", "\"Zq7xW"])
        .words(["Zq7xW", "1e999", "\\ud800"])
        .texts(|text| match (check_input(text.into()), serde_json::from_str::<Value>(text)) {
            (Ok(input), _) => assert!(input == text && input.len() <= INPUT_BYTES),
            (Err(error), value) => {
                assert!(value.is_err());
                assert!(!error.to_string().contains("Zq7xW"));
            }
        });
}

#[test]
fn a_variable_is_ours_in_any_case() {
    Fuzz::new().seeds(["ORCHESTRA_API_KEY", "orchestra_x", "ORCHESTRA", "ORCHESTRÄ_"]).words(["ſ", "K"]).texts(
        |name| {
            let ours = name.chars().map(|char| char.to_ascii_uppercase()).collect::<String>().starts_with("ORCHESTRA_");
            assert_eq!(variables::is_ours(name), ours);
        },
    );
}
