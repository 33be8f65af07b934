//! One measured figure, beside its neighbour of the same run.

use std::time::Duration;

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Figure {
    /// By which a target names it.
    pub name: &'static str,
    /// What was measured.
    pub what: String,
    /// The measured value through its neighbour's, if they can be divided.
    pub ratio: Option<f64>,
    /// In words.
    pub measured: String,
    /// The neighbour, in words.
    pub beside: String,
    /// What a target limits, in the target's unit.
    pub value: f64,
}

impl Figure {
    /// A figure whose ratio is what counts.
    pub fn ratio(name: &'static str, what: impl Into<String>, ours: f64, neighbours: f64) -> Self {
        let ratio = ours / neighbours;
        Self {
            name,
            what: what.into(),
            ratio: Some(ratio),
            measured: String::new(),
            beside: String::new(),
            value: ratio,
        }
    }

    /// A figure that counts by itself, in its target's unit.
    pub fn value(name: &'static str, what: impl Into<String>, value: f64) -> Self {
        Self { name, what: what.into(), ratio: None, measured: String::new(), beside: String::new(), value }
    }

    /// In words.
    pub fn measured(self, measured: impl Into<String>) -> Self {
        Self { measured: measured.into(), ..self }
    }

    /// The neighbour, in words.
    pub fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }

    /// Counts by this value, in its target's unit.
    pub fn counts(self, value: f64) -> Self {
        Self { value, ..self }
    }
}

/// `1.2 s`, `34 ms`, `5.6 µs`: three digits.
pub fn time(seconds: f64) -> String {
    if seconds == 0.0 {
        return "0".into();
    }
    let (value, unit) = match seconds {
        _ if seconds >= 1.0 => (seconds, "s"),
        _ if seconds >= 1e-3 => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "µs"),
    };
    format!("{} {unit}", digits(value))
}

/// As [`time`].
pub fn duration(duration: Duration) -> String {
    time(duration.as_secs_f64())
}

/// Three digits that count: `0.12`, `1.23`, `12.3`, `123`.
pub fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => count(value.round() as u64),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// `25 000`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_three_digits_and_the_unit_that_fits() {
        let times = [0.000_000_321, 0.000_055, 0.0123, 0.9996, 1.049, 87.0, 123.4].map(time);
        assert_eq!(times, ["0.32 µs", "55.0 µs", "12.3 ms", "1000 ms", "1.05 s", "87.0 s", "123 s"]);
    }

    #[test]
    fn a_great_number_is_written_in_groups() {
        assert_eq!([999, 4000, 25_000, 1_234_567].map(count), ["999", "4000", "25 000", "1 234 567"]);
    }
}
