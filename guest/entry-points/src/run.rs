//! One run, from its opening to its ending.

use wasi::clocks::monotonic_clock;

use crate::lifecycle::{ConfigError, Delivery, Outcome, Process, Reporter, State};
use crate::settings::Settings;
use crate::stderr::{say, say_unless_all_reported, say_unless_reported};
use crate::{Work, guard};

/// A start is looked after so often, and so far apart: for two seconds.
const START_LOOKS: u32 = 400;
const LOOK_NS: u64 = 5_000_000;

/// A silent run needs an id, too.
const NO_RUN: &str = "00000000-0000-0000-0000-000000000000";

/// Open a run under the task's name. A name that cannot be used is said, and the run goes by `task`: better reported under
/// another name than not at all.
pub fn open(reporter: &Reporter, run_id: &str, settings: &Settings) -> Result<Process, ConfigError> {
    reporter.set_delivery(Delivery::Background);
    match reporter.open(run_id, Some(settings.name())) {
        Err(ConfigError::InvalidName(what)) => {
            say(&format!("ORCHESTRA_TASK_NAME: {what}"));
            reporter.open(run_id, Some("task"))
        }
        opened => opened,
    }
}

/// For an acknowledgement, but no longer than it takes where all is well: the ending tells what became of it.
fn wait_for_the_start(process: &Process) {
    for _ in 0..START_LOOKS {
        if process.pending() == 0 {
            return;
        }
        monotonic_clock::subscribe_duration(LOOK_NS).block();
    }
}

/// A run that reports nothing, for a task that runs where there is nobody to report to.
pub fn open_silent(settings: &Settings) -> Process {
    open(&Reporter::silent(), NO_RUN, settings).expect("a UUID, and a name that is a word")
}

/// What the SDK's decorator does: report the start, do the work, report how it ended. What the work has reported stands.
///
/// The error says that the task has failed: by what it returned, or by the ending that it reported itself.
pub fn conduct<W: Work>(
    process: &Process,
    input: impl FnOnce() -> Result<String, String>,
    variables: impl FnOnce(&str) -> Vec<(String, String)>,
) -> Result<(), ()> {
    // Reports are delivered in the background, so that none of them stops the task; but it is seen to start.
    say_unless_reported("the start", process.start(None, None));
    wait_for_the_start(process);
    let result = input().and_then(|input| {
        guard::hold(process.share(), &variables(&input));
        let result = W::run(process, &input);
        guard::release();
        result
    });
    let reported = match &result {
        Ok(()) => process.complete(None, None),
        Err(error) => {
            say(&format!("the task failed: {error}"));
            process.fail(Some(error), None)
        }
    };
    say_unless_all_reported(process, reported);
    match process.state() {
        State::Ended(Outcome::Failed | Outcome::Cancelled) => Err(()),
        _ => result.map_err(drop),
    }
}
