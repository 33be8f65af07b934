use fuzz::Fuzz;
use serde_json::Value;

use crate::json::{Json, Object, Writer};

/// The deepest that the contract lets through.
const LEVELS: usize = 128;

/// What serde_json's values have no room for, while the text is JSON: a number beyond a float, half of a character, and
/// deep nesting.
const NOT_FOR_VALUES: [&str; 5] =
    ["number out of range", "surrogate", "unexpected end of hex escape", "recursion limit exceeded", "invalid number"];

#[test]
fn a_text_is_json_if_serde_json_takes_it() {
    Fuzz::new()
        .seeds([
            r#"{"a": [1, -2.50e+10, true, null], "b": "\u00e9\n\"", "a": {}}"#,
            " [1E400, \"\\ud800\"]\n",
            "-0.0",
            "[[[[]]]]",
        ])
        .words(["true", "false", "null", "1e999", "-0", "\\u", "\\ud83d", "\\udd3a", "{\"a\":", "[[", "]]", "\u{feff}"])
        .texts(|text| {
            let (ours, theirs) = (Json::parse(text.into()), serde_json::from_str::<Value>(text));
            match (ours, theirs) {
                (Ok(json), Ok(_)) => assert_eq!(json.as_str(), text.trim_matches([' ', '\t', '\n', '\r'])),
                (Ok(_), Err(error)) => {
                    let error = error.to_string();
                    assert!(NOT_FOR_VALUES.iter().any(|reason| error.contains(reason)), "{error}");
                }
                (Err(why), theirs) => assert!(theirs.is_err(), "{why}"),
            }
        });
}

#[test]
fn data_is_json_that_serde_json_takes_for_an_object() {
    Fuzz::new().seeds([r#"{"a": 1}"#, " {}\n", "[{}]", "\"{}\""]).words(["{", "}", "{}", "[", "null"]).texts(|text| {
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            assert_eq!(Object::parse(text.into()).is_ok(), value.is_object());
        }
    });
}

#[test]
fn nesting_is_counted_outside_of_strings_only() {
    const BESIDE: [&str; 5] = ["", "\"]\"", "\"\\\\\"", "\"[[\\\"{{\"", "[]"];
    Fuzz::new().values(|input| {
        let levels = input.int_in_range(0..=2 * LEVELS)?;
        let (mut text, mut ends) = (String::new(), Vec::new());
        for level in 0..levels {
            // What stands beside does not go deeper than what follows.
            let beside = if level + 1 < levels { *input.choose(&BESIDE)? } else { "" };
            let comma = if beside.is_empty() { "" } else { "," };
            if input.arbitrary()? {
                text += &format!("[{beside}{comma}");
                ends.push("]");
            } else {
                let member = if beside.is_empty() { String::new() } else { format!("\"{{\":{beside},") };
                text += &format!("{{{member}");
                // The innermost is empty.
                text += if level + 1 < levels { "\"[\":" } else { "" };
                ends.push("}");
            }
        }
        text.extend(ends.into_iter().rev());
        if levels > 0 {
            assert_eq!(Json::parse(text.clone()).is_ok(), levels <= LEVELS, "{levels}: {text}");
        }
        Ok(())
    });
}

#[test]
fn what_is_written_is_read_back() {
    Fuzz::new().seeds(["a\"b\\c\n\u{0}\u{7f}\u{2028}é\u{1f600}", "\",\"b\":\""]).texts(|text| {
        let mut writer = Writer::new();
        writer.text("one", text);
        writer.data("two", None);
        writer.text("three", text);
        let written: Value = serde_json::from_slice(&writer.finish()).unwrap();
        assert_eq!(written, serde_json::json!({"one": text, "two": {}, "three": text}));
    });
}
