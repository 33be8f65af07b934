//! What others wrote, as it is shown to people.

use std::fmt::Write;

/// The text with every character escaped that could clear a screen, forge a line, or reorder what is read.
///
/// The escapes are those of JSON. So a JSON text stays one: it holds such characters in its strings only.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // Writing into memory cannot fail.
            _ if is_active(char) => _ = write!(shown, "\\u{:04x}", u32::from(char)),
            _ => shown.push(char),
        }
    }
    shown
}

/// Controls (C0, DEL, C1), separators of lines and paragraphs, and what sets the direction of text (Unicode, UAX #9).
fn is_active(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(escaped("\x1b[2J\r\n\t\u{7f}\u{9b}31m"), r"\u001b[2J\r\n\t\u007f\u009b31m");
    }

    #[test]
    fn what_reorders_text_is_escaped() {
        assert_eq!(escaped("a\u{202e}b\u{2069}c\u{2028}d\u{200f}"), r"a\u202eb\u2069c\u2028d\u200f");
    }

    #[test]
    fn words_of_any_language_stay_as_they_are() {
        let text = "größer than 3 ≥ 2, 日本語, עברית, 👩‍🚀";
        assert_eq!(escaped(text), text);
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let value = serde_json::json!({ "answer": "\x1b[2J\u{9b}\u{202e}\u{2028}\n\\n\"" });
        let shown = escaped(&value.to_string());
        assert_eq!(shown.chars().find(|char| is_active(*char)), None);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
