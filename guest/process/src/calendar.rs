//! Days since 1970 and the dates of the Gregorian calendar, both ways. (A library for dates would be a twentieth of the
//! component.)
//!
//! Both count years from March, so that the day which leap years add is a year's last: the months before a given one then
//! have `(153 * month + 2) / 5` days together. 400 years have 146,097 days.

pub const DAY_SECONDS: u64 = 86_400;

const DAYS_OF_400_YEARS: u64 = 146_097;
/// From March 1st of the year 0 to January 1st of 1970.
const DAYS_TO_1970: u64 = 719_468;

/// Year, month and day.
pub fn date(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + DAYS_TO_1970;
    let (eras, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * eras + year_of_era + next_year, month, day)
}

/// The other way round; a date before 1970 counts as its first day. `None` where there is no such day, or the year has
/// more than four digits.
pub fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9999 {
        return None;
    }
    let (months, years) = if month > 2 { (month - 3, year) } else { (month + 9, year.saturating_sub(1)) };
    let before_year = 365 * years + years / 4 - years / 100 + years / 400;
    let days = (before_year + (153 * months + 2) / 5 + day - 1).saturating_sub(DAYS_TO_1970);
    // The 31st of April is the 1st of May.
    (year < 1970 || date(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks the calendar by its own rule, day by day.
    #[test]
    fn every_day_of_eight_centuries_is_the_one_after_the_day_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..2 * DAYS_OF_400_YEARS {
            assert_eq!(date(days), (year, month, day));
            assert_eq!(days_since_1970(year, month, day), Some(days));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                _ if day == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for (year, month, day) in
            [(2026, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, 32), (10_000, 1, 1)]
        {
            assert_eq!(days_since_1970(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn what_was_before_1970_is_1970() {
        assert_eq!(days_since_1970(1950, 6, 1), Some(0));
        assert_eq!(days_since_1970(0, 1, 1), Some(0));
    }
}
