//! `Retry-After` and the dates of HTTP. Pure; now is a value.

use core::time::Duration;

use time::{Date, Month, UtcDateTime};

/// RFC 9110, section 10.2.3: seconds, or a date. `None` for anything else.
pub fn retry_after(value: &str, unix_time: Duration) -> Option<Duration> {
    let value = value.trim_ascii();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(http_date(value, unix_time)?.saturating_sub(unix_time))
}

/// A date in any of the three forms of RFC 9110, section 5.6.7, as time since 1970. They differ in the order of their
/// numbers, and if the month's name comes first, the year comes last.
///
/// The words are read here and the calendar is the library's: its parser of formats alone would be a sixth of the component.
fn http_date(text: &str, unix_time: Duration) -> Option<Duration> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (mut numbers, mut count, mut month, mut month_first) = ([0; 5], 0, None, false);
    for word in text.split(|character: char| !character.is_ascii_alphanumeric()) {
        if let Ok(number) = word.parse::<u16>() {
            *numbers.get_mut(count)? = number;
            count += 1;
        } else if let Some(index) = MONTHS.iter().position(|name| *name == word) {
            month = Some(Month::January.nth_next(index as u8));
            month_first = count == 0;
        }
    }
    let (day, year, [hour, minute, second]) = match numbers {
        // Sun Nov  6 08:49:37 1994
        [day, hour, minute, second, year] if month_first => (day, year, [hour, minute, second]),
        // Sun, 06 Nov 1994 08:49:37 GMT, or with hyphens and two digits for the year.
        [day, year, hour, minute, second] => (day, year, [hour, minute, second]),
    };
    if count < 5 {
        return None;
    }
    let year = match i32::from(year) {
        // Two digits are never more than 50 years ahead.
        year @ 0..=99 if date_time(unix_time).year() + 50 >= 2000 + year => 2000 + year,
        year @ 0..=99 => 1900 + year,
        year => year,
    };
    // A leap second is taken for the one before.
    let second = if second == 60 { 59 } else { second };
    let [day, hour, minute, second] = [day, hour, minute, second].map(|number| u8::try_from(number).unwrap_or(u8::MAX));
    let date = Date::from_calendar_date(year, month?, day).ok()?.with_hms(hour, minute, second).ok()?;
    // What was before 1970 is long past.
    Some(Duration::from_secs(date.as_utc().unix_timestamp().try_into().unwrap_or(0)))
}

/// The date and time of a clock; the last one of the calendar if the clock is beyond it.
pub fn date_time(unix_time: Duration) -> UtcDateTime {
    let seconds = i64::try_from(unix_time.as_secs()).unwrap_or(i64::MAX);
    UtcDateTime::from_unix_timestamp(seconds).unwrap_or(UtcDateTime::MAX)
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
    #[test]
    fn a_leap_second_is_the_second_before() {
        assert_eq!(http_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW), http_date("Sat, 31 Dec 2016 23:59:59 GMT", NOW));
        assert_eq!(http_date("Sat, 31 Dec 2016 23:59:61 GMT", NOW), None);
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_50_years_ahead() {
        let date = |text| http_date(text, NOW);
        assert_eq!(date("Monday, 23-Nov-76 08:00:00 GMT"), date("Mon, 23 Nov 2076 08:00:00 GMT"));
        assert_eq!(date("Wednesday, 23-Nov-77 08:00:00 GMT"), date("Wed, 23 Nov 1977 08:00:00 GMT"));
    }

    #[test]
    fn a_clock_beyond_the_calendar_has_the_last_date() {
        assert_eq!(date_time(Duration::MAX), UtcDateTime::MAX);
    }
}
