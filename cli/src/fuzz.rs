//! Quantities, as people write them on a command line.

use std::time::Duration;

use fuzz::Fuzz;

use crate::quantity::{bytes, duration};

fn quantities() -> Fuzz {
    Fuzz::new().seeds(["90", "1.5h", ".25m", "500ms", "512M", "2G", "1 GiB", "4294967295ms", "1176h"]).words([
        "ms",
        "s",
        "m",
        "h",
        "M",
        "MB",
        "MiB",
        "G",
        "GB",
        "GiB",
        "K",
        ".",
        "0",
        "99999999999999999999",
        "e",
        "inf",
        "-",
    ])
}

#[test]
fn an_amount_of_memory_is_a_whole_number_of_mib_or_gib() {
    quantities().texts(|text| {
        let number: String = text.chars().take_while(char::is_ascii_digit).collect();
        let factor: Option<u128> = match text[number.len()..].trim() {
            "M" | "MB" | "MiB" => Some(1 << 20),
            "G" | "GB" | "GiB" => Some(1 << 30),
            _ => None,
        };
        let expected = factor.zip(number.parse::<u128>().ok());
        let expected = expected.and_then(|(factor, number)| usize::try_from(number.checked_mul(factor)?).ok());
        assert_eq!(bytes(text).ok(), expected.filter(|bytes| *bytes > 0));
    });
}

#[test]
fn a_duration_is_its_number_times_its_unit() {
    quantities().texts(|text| {
        let Ok(duration) = duration(text) else { return };
        let number: String = text.chars().take_while(|char| char.is_ascii_digit() || *char == '.').collect();
        let unit = match text[number.len()..].trim() {
            "ms" => 1e-3,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            unit => panic!("{unit}"),
        };
        let seconds = number.parse::<f64>().expect("it was taken for a number") * unit;
        assert!((duration.as_secs_f64() - seconds).abs() <= 1e-9 * seconds.max(1.0));
        assert!((Duration::from_millis(1)..=Duration::from_secs(49 * 24 * 3600)).contains(&duration));
    });
}

#[test]
fn why_a_quantity_is_refused_is_a_line_without_what_a_terminal_obeys() {
    quantities().seeds(["9\u{1b}[2J", "9\n"]).texts(|text| {
        for error in [bytes(text).err(), duration(text).err()].into_iter().flatten() {
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    });
}
