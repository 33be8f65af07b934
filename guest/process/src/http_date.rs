//! `Retry-After` and the dates of HTTP. Pure; now is a value.

use core::time::Duration;

use crate::calendar;

/// RFC 9110, section 10.2.3: seconds, or a date. `None` for anything else.
pub fn retry_after(value: &str, unix_time: Duration) -> Option<Duration> {
    let value = value.trim_ascii();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(http_date(value, unix_time)?.saturating_sub(unix_time))
}

/// A date in any of the three forms of RFC 9110, section 5.6.7, as time since 1970. They differ in the order of their
/// numbers, and where the month's name comes first, the year comes last.
fn http_date(text: &str, unix_time: Duration) -> Option<Duration> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (mut numbers, mut count, mut month, mut month_first) = ([0; 5], 0, None, false);
    for word in text.split(|character: char| !character.is_ascii_alphanumeric()) {
        if let Ok(number) = word.parse::<u64>() {
            *numbers.get_mut(count)? = number;
            count += 1;
        } else if let Some(index) = MONTHS.chunks(3).position(|name| name == word.as_bytes()) {
            month = Some(index as u64 + 1);
            month_first = count == 0;
        }
    }
    let (day, year, [hour, minute, second]) = match numbers {
        // Sun Nov  6 08:49:37 1994
        [day, hour, minute, second, year] if month_first => (day, year, [hour, minute, second]),
        // Sun, 06 Nov 1994 08:49:37 GMT, or with hyphens and two digits for the year.
        [day, year, hour, minute, second] => (day, year, [hour, minute, second]),
    };
    // A leap second is taken for the one before.
    if count < 5 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let year = match year {
        // Two digits are never more than 50 years ahead.
        0..=99 if calendar::date(unix_time.as_secs() / calendar::DAY_SECONDS).0 + 50 >= 2000 + year => 2000 + year,
        0..=99 => 1900 + year,
        _ => year,
    };
    let days = calendar::days_since_1970(year, month?, day)?;
    Some(Duration::from_secs(days * calendar::DAY_SECONDS + hour * 3600 + minute * 60 + second.min(59)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mon, 23 Nov 2026 08:00:00 GMT
    const NOW: Duration = Duration::from_secs(1_795_420_800);

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let seconds = |value| retry_after(value, NOW).map(|wait| wait.as_secs());
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(seconds("Mon, 23 Nov 2026 08:00:07 GMT"), Some(7));
        assert_eq!(seconds("Monday, 23-Nov-26 08:01:00 GMT"), Some(60));
        assert_eq!(seconds("Mon Nov 23 08:02:00 2026"), Some(120));
        assert_eq!(seconds("Sun Nov  6 08:49:37 1994"), Some(0));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), Some(0));
        assert_eq!(seconds("Sun, 01 Jan 1950 00:00:00 GMT"), Some(0));
        for wrong in
            ["", "soon", "-1", "1.5", "Mon, 31 Feb 2026 08:00:07 GMT", "Mon, 23 Nov 2026", "Mon, 23 Nov 2026 8", "é"]
        {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
