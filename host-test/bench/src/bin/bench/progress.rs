//! How long the end of a run takes that has reported much progress in a short time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use delivery_bench::sample::{median, repeated};
use orchestra_host::{Observer, Run};

use crate::figure::{Figure, time};
use crate::setting::{Failure, Setting};

/// How long the endpoint takes for a report.
const AFTER_MS: u64 = 100;

/// From the task's last line to its acknowledged ending.
pub fn measure(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    let steps = setting.scale.steps;
    let input = format!(r#"{{"do": "step", "times": {steps}, "ms": 1, "then": {{"do": "write", "text": "done"}}}}"#);
    let (mut waits, mut reports) = (Vec::new(), 0);
    repeated(setting.scale.repeats, setting.scale.patience, || {
        setting.endpoint.answer(AFTER_MS)?;
        let returned = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&returned);
        let observer = Observer::new(move |_, _| {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        });
        let ended = setting.end(Run { observer: Some(observer), ..setting.run(0, &input) });
        let over = Instant::now();
        if !ended.is_acknowledged || !ended.trouble.is_empty() {
            setting.faults.push(format!("{steps} steps of progress: {:?}", ended.trouble));
        }
        let returned = returned.lock().unwrap_or_else(PoisonError::into_inner).ok_or("the task has written nothing")?;
        waits.push(over.duration_since(returned).as_secs_f64());
        reports = setting.endpoint.tally()?.reports;
        Ok::<_, Failure>(())
    })?;
    let wait = median(&waits);
    let unfolded = steps as f64 * AFTER_MS as f64 / 1e3;
    let what = format!(
        "{steps} × progress, a millisecond apart, endpoint {AFTER_MS} ms: the task's end to its acknowledged ending"
    );
    Ok(vec![
        Figure::ratio("progress", what, wait, unfolded)
            .counts(wait)
            .measured(format!("{}, {reports} reports", time(wait)))
            .beside(format!("{}: all of them, one after the other", time(unfolded))),
    ])
}
