//! Spans of time, as people write them.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// A span of time of at least 1 ms: `90`, `90s`, `500ms`, `5m` or `2h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// The text is not a span of time. The message says what to write, and does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanError {
    /// It does not begin with a whole number, or the unit is unknown.
    Form,
    /// It is 0, or longer than 49 days.
    Range,
}

/// As the contract has it: milliseconds in 32 bits.
const LONGEST_MS: u64 = u32::MAX as u64;

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let text = text.trim_ascii();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (Some(number), Some(unit)) = (text.get(..digits), text.get(digits..)) else { return Err(SpanError::Form) };
        let unit_ms = match unit.trim_ascii() {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60 * 1000,
            "h" => 60 * 60 * 1000,
            _ => return Err(SpanError::Form),
        };
        if number.is_empty() {
            return Err(SpanError::Form);
        }
        // More digits than fit into 64 bits are more than 49 days.
        let ms = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_ms));
        match ms {
            Some(ms @ 1..=LONGEST_MS) => Ok(Self(Duration::from_millis(ms))),
            _ => Err(SpanError::Range),
        }
    }
}

impl SpanError {
    /// Ends the sentence "the value …".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "is not a span of time: write a whole number with a unit, such as 500ms, 90s, 5m or 2h",
            Self::Range => "is not between 1 ms and 49 days",
        }
    }
}

impl fmt::Display for SpanError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.as_str())
    }
}

impl core::error::Error for SpanError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_or_is_in_seconds() {
        for (text, ms) in
            [("90", 90_000), ("1s", 1000), ("500ms", 500), ("5m", 300_000), ("2h", 7_200_000), (" 7 s ", 7000)]
        {
            assert_eq!(text.parse(), Ok(Span(Duration::from_millis(ms))), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_span_says_what_to_write() {
        for text in ["", "s", "-1", "1d", "1.5s", "1 minute", "é"] {
            assert_eq!(text.parse::<Span>(), Err(SpanError::Form), "{text}");
        }
    }

    #[test]
    fn a_span_is_at_least_a_millisecond_and_at_most_49_days() {
        for text in ["0", "0ms", "99999999999h", "99999999999999999999999999", "4294967296ms"] {
            assert_eq!(text.parse::<Span>(), Err(SpanError::Range), "{text}");
        }
        assert_eq!("4294967295ms".parse(), Ok(Span(Duration::from_millis(4_294_967_295))));
    }
}
