//! How far a run has come, and which rules of order a report breaks.

use crate::breach::Breach;
use crate::report::{Kind, ReceivedReport};

/// How far a run has come, by the reports that were accepted.
#[derive(Default)]
pub(crate) struct Progress {
    reported: bool,
    /// As the report has it. The first ending stands.
    pub(crate) ending: Option<String>,
}

impl Progress {
    /// The rule of order that a report breaks.
    pub(crate) fn breach(&self, report: &ReceivedReport) -> Option<Breach> {
        match (&self.ending, report.kind) {
            (_, Kind::Unreadable) | (Some(_), Kind::Log) => None,
            (Some(ending), Kind::Output) => Some(Breach::OutputAfterEnd(ending.clone())),
            (Some(ending), _) => Some(Breach::AfterEnd(ending.clone())),
            (None, Kind::Running) => None,
            (None, _) => (!self.reported).then_some(Breach::NoStart),
        }
    }

    /// The report was accepted.
    pub(crate) fn take(&mut self, report: &ReceivedReport) {
        self.reported = true;
        if report.kind == Kind::Ending && self.ending.is_none() {
            self.ending = Some(report.label.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(kind: Kind) -> ReceivedReport {
        ReceivedReport { kind, label: format!("{kind:?}"), ..ReceivedReport::default() }
    }

    /// The breaches of a series of reports, each of which is accepted.
    fn breaches<const N: usize>(kinds: [Kind; N]) -> [Option<Breach>; N] {
        let mut progress = Progress::default();
        kinds.map(report).map(|report| {
            let breach = progress.breach(&report);
            progress.take(&report);
            breach
        })
    }

    fn ended() -> String {
        "Ending".to_owned()
    }

    #[test]
    fn a_run_in_order_breaks_nothing() {
        let run = [Kind::Running, Kind::Output, Kind::Stage, Kind::Log, Kind::Running, Kind::Ending, Kind::Log];
        assert_eq!(breaches(run), [const { None }; 7]);
    }

    #[test]
    fn a_run_begins_with_its_start() {
        for first in [Kind::Output, Kind::Stage, Kind::Log, Kind::Ending] {
            assert_eq!(breaches([first])[0], Some(Breach::NoStart), "{first:?}");
        }
    }

    #[test]
    fn a_missing_start_is_said_once() {
        assert_eq!(breaches([Kind::Output, Kind::Output]), [Some(Breach::NoStart), None]);
    }

    #[test]
    fn nothing_but_a_log_comes_after_the_end() {
        for late in [Kind::Running, Kind::Stage, Kind::Ending] {
            assert_eq!(breaches([Kind::Running, Kind::Ending, late])[2], Some(Breach::AfterEnd(ended())), "{late:?}");
        }
        assert_eq!(breaches([Kind::Running, Kind::Ending, Kind::Output])[2], Some(Breach::OutputAfterEnd(ended())));
    }

    #[test]
    fn the_first_ending_stands() {
        let mut progress = Progress::default();
        for label in ["FAILED", "SUCCEEDED"] {
            progress.take(&ReceivedReport { kind: Kind::Ending, label: label.to_owned(), ..ReceivedReport::default() });
        }
        assert_eq!(progress.ending.as_deref(), Some("FAILED"));
    }

    #[test]
    fn what_cannot_be_read_is_out_of_no_order() {
        assert_eq!(breaches([Kind::Unreadable])[0], None);
    }
}
