//! The faults that the endpoint was asked for.

use std::time::Duration;

use crate::options::{FailRate, FailStatus, Options};

pub(crate) struct Misbehaviour {
    rate: FailRate,
    status: FailStatus,
    pub(crate) delay: Duration,
}

impl Misbehaviour {
    pub(crate) fn of(options: &Options) -> Self {
        Self { rate: options.fail_rate, status: options.status, delay: options.delay }
    }

    /// The status to fail the next report with; `None` if it does not fail. Chance decides, so that retries fail too.
    pub(crate) fn strikes(&self) -> Option<u16> {
        rand::random_bool(self.rate.get()).then_some(self.status.get())
    }

    /// A sentence for the page; `None` if everything is in order.
    pub(crate) fn said(&self) -> Option<String> {
        let delay = (!self.delay.is_zero()).then(|| format!("after {:?}", self.delay));
        let failing = (self.rate.get() > 0.0).then(|| {
            let percent = self.rate.get() * 100.0;
            format!("{} % of the reports are answered with {}", (percent * 10.0).round() / 10.0, self.status.get())
        });
        match (failing, delay) {
            (None, None) => None,
            (None, Some(delay)) => Some(format!("Reports are answered {delay}.")),
            (Some(failing), None) => Some(format!("{failing}.")),
            (Some(failing), Some(delay)) => Some(format!("{failing}, and all answers come {delay}.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(rate: f64, delay_ms: u64) -> Misbehaviour {
        let rate = rate.try_into().expect("it is a rate");
        Misbehaviour { rate, status: FailStatus::default(), delay: Duration::from_millis(delay_ms) }
    }

    #[test]
    fn none_or_all_is_not_left_to_chance() {
        for _ in 0..100 {
            assert_eq!((with(0.0, 0).strikes(), with(1.0, 0).strikes()), (None, Some(503)));
        }
    }

    #[test]
    fn it_is_said() {
        assert_eq!(with(0.0, 0).said(), None);
        assert_eq!(with(0.0, 200).said().as_deref(), Some("Reports are answered after 200ms."));
        assert_eq!(with(0.125, 0).said().as_deref(), Some("12.5 % of the reports are answered with 503."));
        assert_eq!(
            with(1.0, 2000).said().as_deref(),
            Some("100 % of the reports are answered with 503, and all answers come after 2s.")
        );
    }
}
