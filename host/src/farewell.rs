//! The end of a run: what is said last, by whom, and what came of it. It decides only; who speaks is a parameter, so that a
//! simulation can speak, too.

use std::sync::OnceLock;
use std::time::Duration;

use orchestra_policy::{Outcome, Shortfall};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::end::Ending;
use crate::instance::OwnEnding;

/// The last reports of a run, and how long they may take.
pub(crate) struct Farewell {
    pub(crate) ending: Ending,
    pub(crate) patience: Patience,
}

/// How long the end of a run may take: as long as delivery may; from a cancellation on, no longer than its grace.
pub(crate) struct Patience {
    cancellation: CancellationToken,
    cancelled: OnceLock<Instant>,
    grace: Duration,
}

impl Patience {
    pub(crate) fn new(cancellation: CancellationToken, grace: Duration) -> Self {
        Self { cancellation, cancelled: OnceLock::new(), grace }
    }

    /// Ends with a cancellation, and returns what is left of its grace.
    pub(crate) async fn cancelled(&self) -> Duration {
        self.cancellation.cancelled().await;
        let cancelled = *self.cancelled.get_or_init(Instant::now);
        after(cancelled, self.grace).saturating_duration_since(Instant::now())
    }
}

/// A century is long enough never to fire.
pub(crate) fn after(moment: Instant, span: Duration) -> Instant {
    moment + span.min(Duration::from_secs(100 * 365 * 24 * 3600))
}

/// What came of a run's reports.
#[derive(Debug)]
pub(crate) struct Parting {
    pub(crate) outcome: Outcome,
    /// Whether the endpoint has acknowledged the ending.
    pub(crate) is_acknowledged: bool,
    pub(crate) shortfall: Shortfall,
    /// Everything that did not go well, a sentence each.
    pub(crate) trouble: Vec<String>,
}

/// Who speaks for a run: an instance of the process component. All that speak for one run give its ending the same
/// idempotency key.
pub(crate) trait Speaker {
    /// Report the ending, unless the task has reported one itself, and what is left of the log, and deliver it.
    async fn say(&self, ending: &Ending, patience: &Patience);

    /// Why it is lost, if it is: in a sentence.
    fn failure(&self) -> Option<String>;

    /// What the task has reported itself, also if the speaker is lost.
    fn own_ending(&self) -> Option<OwnEnding>;

    /// What came of it, after the last attempt. `reported` was said, unless the task has said something else.
    fn parting(&self, reported: Outcome) -> Parting;
}

/// What is left is delivered, and the end is said. A speaker that is lost is replaced by a fresh one, once, which says the
/// ending alone: the same one, with the same key, so that it counts once whoever has sent it before.
pub(crate) async fn part_with<S: Speaker>(
    first: S,
    fresh: impl FnOnce() -> Result<S, String>,
    farewell: &Farewell,
) -> Parting {
    let Farewell { ending, patience } = farewell;
    first.say(ending, patience).await;
    let Some(failure) = first.failure() else { return first.parting(ending.outcome) };
    let lost = |outcome, is_acknowledged, trouble| Parting {
        outcome,
        is_acknowledged,
        shortfall: Shortfall::default(),
        trouble,
    };
    let ending = match first.own_ending() {
        Some(OwnEnding { ending, is_acknowledged: true }) => return lost(ending.outcome, true, vec![failure]),
        Some(OwnEnding { ending, .. }) => ending,
        None => ending.clone(),
    };
    let unsaid = |why: String| format!("the ending is not reported: {why}");
    let second = match fresh() {
        Ok(second) => second,
        Err(error) => {
            let why = unsaid(format!("the process component cannot be started: {error}"));
            return lost(ending.outcome, false, vec![failure, why]);
        }
    };
    second.say(&ending, patience).await;
    match second.failure() {
        Some(why) => lost(ending.outcome, false, vec![failure, unsaid(why)]),
        None => {
            let parting = second.parting(ending.outcome);
            Parting { trouble: [vec![failure], parting.trouble].concat(), ..parting }
        }
    }
}

#[cfg(test)]
mod simulation;
