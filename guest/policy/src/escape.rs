//! What others wrote, as it is shown to people.

use alloc::string::String;
use core::fmt::Write;

/// The text with every character escaped that could clear a screen, forge a line, or reorder what is read.
///
/// The escapes are those of JSON. So a JSON text stays one: it holds such characters in its strings only.
pub fn escape(text: &str) -> String {
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
        assert_eq!(escape("\x1b[2J\r\n\t\u{7f}\u{9b}31m"), r"\u001b[2J\r\n\t\u007f\u009b31m");
    }

    #[test]
    fn what_reorders_text_is_escaped() {
        assert_eq!(escape("a\u{202e}b\u{2069}c\u{2028}d\u{200f}"), r"a\u202eb\u2069c\u2028d\u200f");
    }

    #[test]
    fn words_of_any_language_stay_as_they_are() {
        let text = "größer than 3 ≥ 2, 日本語, עברית, 👩‍🚀";
        assert_eq!(escape(text), text);
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let value: alloc::string::String = "\x1b[2J\u{9b}\u{202e}\u{2028}\n\\n\"".into();
        let shown = escape(&serde_json::to_string(&value).unwrap());
        assert_eq!(shown.chars().find(|char| is_active(*char)), None);
        assert_eq!(serde_json::from_str::<alloc::string::String>(&shown).unwrap(), value);
    }
}
