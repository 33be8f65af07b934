//! Spans of time and amounts of memory, as people write them.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(49 * 24 * 3600);

/// `90`, `90s`, `500ms`, `5m` or `1.5h`; a number without a unit is in seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text, |char| char.is_ascii_digit() || char == '.');
    let number: f64 = number.parse().map_err(|_| "write it as 90s, 500ms, 5m or 1.5h".to_string())?;
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("{unit:?} is not a unit of time: write it as 90s, 500ms, 5m or 1.5h")),
    };
    let span = Duration::try_from_secs_f64(number * seconds).ok();
    span.filter(|span| (SHORTEST..=LONGEST).contains(span)).ok_or_else(|| "it must be between 1 ms and 49 days".into())
}

/// `512M` or `2G`, in MiB and GiB, as bytes. A bare number could mean either, or bytes.
pub fn bytes(text: &str) -> Result<usize, String> {
    let (number, unit) = split(text, |char| char.is_ascii_digit());
    let number: usize = number.parse().map_err(|_| "write it as 512M or 2G".to_string())?;
    let mib = match unit {
        "M" | "MB" | "MiB" => 1,
        "G" | "GB" | "GiB" => 1024,
        "" => return Err("it has no unit: write it as 512M or 2G".into()),
        _ => return Err(format!("{unit:?} is not a unit of memory: write it as 512M or 2G")),
    };
    let bytes = number.checked_mul(mib).and_then(|mib| mib.checked_mul(1024 * 1024)).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "it must be at least 1 MiB, and must fit into this machine's addresses".into())
}

fn split(text: &str, is_number: fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|char| !is_number(char)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_or_is_in_seconds() {
        for (text, milliseconds) in [("90", 90_000), ("1s", 1000), ("500ms", 500), ("5m", 300_000), ("2h", 7_200_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "0", "-1", "1d", ".", "1.2.3s", "0.5ms", "1e3", "inf", "99999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_may_have_a_fraction() {
        for (text, milliseconds) in [("0.5", 500), ("1.5s", 1500), (".25m", 15_000), ("0.1h", 360_000), ("1.0ms", 1)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn memory_is_in_mib_or_gib() {
        for (text, mib) in [("512M", 512), ("512MiB", 512), ("2G", 2048), ("1 GiB", 1024)] {
            assert_eq!(bytes(text), Ok(mib * 1024 * 1024), "{text}");
        }
        for text in ["", "0M", "512", "5B", "1K", "99999999999999999999G"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
