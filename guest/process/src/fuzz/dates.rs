use alloc::format;
use core::time::Duration;
use std::time::SystemTime;

use fuzz::{Fuzz, Result, Unstructured};

use crate::answer::Answer;
use crate::contract::RetryPolicy;
use crate::http_date::{date_time, retry_after};
use crate::retry::{Policy, Verdict, classify};

/// 9999-12-31T23:59:59Z, the last second that an HTTP date can say.
const LAST: u64 = 253_402_300_799;
/// Mon, 23 Nov 2026 08:00:00 GMT
const NOW: Duration = Duration::from_secs(1_795_420_800);
const CENTURY: Duration = Duration::from_secs(3_155_673_600);

fn moment(input: &mut Unstructured<'_>) -> Result<Duration> {
    Ok(Duration::from_secs(input.int_in_range(0..=LAST)?))
}

#[test]
fn a_date_is_the_moment_that_it_was_written_for() {
    Fuzz::new().values(|input| {
        let (now, then) = (moment(input)?, moment(input)?);
        let written = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + then);
        assert_eq!(retry_after(&written, now), Some(then.saturating_sub(now)), "{written}");
        Ok(())
    });
}

#[test]
fn the_old_forms_of_a_date_are_the_same_moment() {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    Fuzz::new().values(|input| {
        // The year of two digits is one of this century, and not more than 50 years ahead.
        let then = Duration::from_secs(input.int_in_range(946_684_800..=3_373_228_800)?);
        let (year, month, day) = date_time(then).to_calendar_date();
        let (hour, minute, second) = date_time(then).as_hms();
        let month = MONTHS[usize::from(u8::from(month)) - 1];
        for written in [
            format!("Monday, {day:02}-{month}-{:02} {hour:02}:{minute:02}:{second:02} GMT", year % 100),
            format!("Mon {month} {day:2} {hour:02}:{minute:02}:{second:02} {year}"),
        ] {
            assert_eq!(retry_after(&written, NOW), Some(then.saturating_sub(NOW)), "{written}");
        }
        Ok(())
    });
}

#[test]
fn what_httpdate_takes_is_taken_for_the_same_moment() {
    Fuzz::new()
        .seeds([
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "120",
            "Fri, 29 Feb 2036 23:59:59 GMT",
        ])
        .words([
            "Mon, ",
            "Tuesday, ",
            "Feb",
            "29",
            "31",
            "00",
            "60",
            "99",
            "2000",
            "9999",
            "1900",
            " GMT",
            "May",
            "24:00:00",
        ])
        .texts(|text| {
            let ours = retry_after(text, NOW);
            let Ok(theirs) = httpdate::parse_http_date(text) else { return };
            let theirs = theirs.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            // It takes a year of two digits for one from 1970 to 2069, whatever the year is.
            let century_ahead = text.contains('-').then(|| (theirs + CENTURY).saturating_sub(NOW));
            let expected = Some(theirs.saturating_sub(NOW));
            assert!(ours == expected || ours == century_ahead, "{ours:?} {expected:?}");
        });
}

#[test]
fn a_wait_in_seconds_is_that_many_seconds() {
    Fuzz::new().seeds(["0", "120", " 18446744073709551616\t"]).words(["9999999999", "+", "-1", "1.5", "é", "٣"]).texts(
        |text| {
            let digits = text.trim_matches([' ', '\t', '\n', '\r', '\u{c}']);
            let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
            let seconds = digits.parse::<u128>().unwrap_or(u128::MAX).min(u64::MAX.into());
            let expected = is_number.then(|| Duration::from_secs(u64::try_from(seconds).unwrap()));
            let waits = retry_after(text, NOW);
            // Anything else is a date, or nothing.
            assert!(waits == expected || expected.is_none() && text.contains(char::is_alphabetic), "{waits:?}");
        },
    );
}

#[test]
fn each_status_has_one_meaning_whatever_comes_with_it() {
    Fuzz::new().values(|input| {
        let answer = Answer {
            status: input.arbitrary()?,
            retry_after: input.arbitrary()?,
            location: input.arbitrary()?,
            text: input.arbitrary()?,
        };
        let asked = answer.retry_after.as_ref().and_then(|value| retry_after(value, NOW));
        match (answer.status, classify(Ok(answer.clone()), NOW)) {
            (200..=299, verdict) => assert_eq!(verdict, Verdict::Acknowledged),
            (status @ (408 | 425 | 429 | 500 | 502..=504), Verdict::Retry { trouble, after }) => {
                assert!(trouble.ends_with(&format!(" {status}")));
                assert_eq!(after, asked);
            }
            (sent, Verdict::Refused { status, answer: text }) => {
                assert_eq!(sent, status);
                let location = answer.location.filter(|_| (300..400).contains(&sent));
                assert!(text.ends_with(&location.unwrap_or(answer.text)));
            }
            (status, verdict) => panic!("{status}: {verdict:?}"),
        }
        Ok(())
    });
}

#[test]
fn no_wait_is_longer_than_the_longest() {
    Fuzz::new().values(|input| {
        let (first_wait, longest_wait) = (input.arbitrary()?, input.arbitrary()?);
        let policy = RetryPolicy { attempts: 1, first_wait, longest_wait, budget: 1, delivery_timeout: 1 };
        let Ok(policy) = Policy::parse(policy) else { return Ok(()) };
        let (failures, random) = (input.arbitrary::<u32>()?, input.arbitrary()?);
        let doubled = u64::from(first_wait).saturating_mul(1_u64 << failures.saturating_sub(1).min(32));
        let longest = Duration::from_millis(doubled.min(longest_wait.into()));
        assert!(policy.wait(failures, random) <= longest);
        Ok(())
    });
}
