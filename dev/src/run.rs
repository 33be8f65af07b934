//! One run, as a page shows it.

use serde::Serialize;

use crate::event::{Event, Text};
use crate::progress::Progress;
use crate::report::ReceivedReport;

#[derive(Serialize)]
pub(crate) struct ReceivedRun {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) state: State,
    pub(crate) first_at_ms: f64,
    pub(crate) last_at_ms: f64,
    pub(crate) warnings: usize,
    /// How many events are not kept.
    pub(crate) not_kept: usize,
    #[serde(skip)]
    pub(crate) progress: Progress,
    #[serde(skip)]
    pub(crate) events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// No report was accepted so far.
    Waiting,
    Running,
    Succeeded,
    Warning,
    Failed,
    Cancelled,
}

impl ReceivedRun {
    pub(crate) fn new(id: String, at_ms: f64) -> Self {
        Self {
            id,
            name: None,
            state: State::Waiting,
            first_at_ms: at_ms,
            last_at_ms: at_ms,
            warnings: 0,
            not_kept: 0,
            progress: Progress::default(),
            events: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, report: &ReceivedReport) {
        self.progress.take(report);
        self.state = State::of(self.progress.ending.as_deref());
        if self.name.is_none() {
            self.name = report.task.as_deref().map(|name| Text::new(name.to_owned()).text);
        }
    }
}

impl State {
    fn of(ending: Option<&str>) -> Self {
        match ending {
            None => Self::Running,
            Some("SUCCEEDED" | "Complete") => Self::Succeeded,
            Some("WARNING") => Self::Warning,
            Some("CANCELLED") => Self::Cancelled,
            Some(_) => Self::Failed,
        }
    }
}
