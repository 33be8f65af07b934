//! Measurements that are repeated, and what is told of them.

use std::time::{Duration, Instant};

/// The middle one, or the greater of two in the middle. Nothing of nothing.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share of all is not greater than.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// Does something at most this often, and not again once it has taken this long in all. At least once.
///
/// # Errors
///
/// The first one.
pub fn repeated<T, E>(most: usize, time: Duration, mut measure: impl FnMut() -> Result<T, E>) -> Result<Vec<T>, E> {
    let began = Instant::now();
    let mut results = vec![measure()?];
    while results.len() < most && began.elapsed() < time {
        results.push(measure()?);
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median(&[2.0]), 2.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn of_a_hundred_values_one_is_above_the_99th_percentile() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(&values, 0.99), 100.0);
        assert_eq!(quantile(&values, 0.98), 99.0);
        assert_eq!(quantile(&values, 1.0), 100.0);
    }

    #[test]
    fn what_takes_long_is_not_repeated() {
        let once = repeated::<_, ()>(5, Duration::ZERO, || Ok(1)).unwrap();
        let often = repeated::<_, ()>(5, Duration::from_secs(60), || Ok(1)).unwrap();
        assert_eq!((once.len(), often.len()), (1, 5));
    }
}
