//! Spans of time and amounts of memory, as people write them.

use std::time::Duration;

/// `90`, `90s`, `500ms`, `5m` or `2h`; more than nothing.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| "write it as 90s, 500ms, 5m or 2h".to_string())?;
    let milliseconds = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return Err(format!("{unit:?} is no unit of time: write it as 90s, 500ms, 5m or 2h")),
    };
    let span = number.checked_mul(milliseconds).filter(|span| (1..=u64::from(u32::MAX)).contains(span));
    span.map(Duration::from_millis).ok_or_else(|| "it is between 1 ms and 49 days".into())
}

/// `512M` or `2G`, in MiB and GiB, as bytes. A bare number could mean either, or bytes.
pub fn bytes(text: &str) -> Result<usize, String> {
    let (number, unit) = split(text);
    let number: usize = number.parse().map_err(|_| "write it as 512M or 2G".to_string())?;
    let mib = match unit {
        "M" | "MB" | "MiB" => 1,
        "G" | "GB" | "GiB" => 1024,
        "" => return Err("it has no unit: write it as 512M or 2G".into()),
        _ => return Err(format!("{unit:?} is no unit of memory: write it as 512M or 2G")),
    };
    let bytes = number.checked_mul(mib).and_then(|mib| mib.checked_mul(1024 * 1024)).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "it is at least 1 MiB, and no more than there are addresses".into())
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
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
        for text in ["", "s", "0", "-1", "1d", "1.5s", "99999999999h"] {
            assert!(duration(text).is_err(), "{text}");
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
