//! One run, from its opening to its ending.

use orchestra_policy::{DEFAULT_NAME, NO_RUN, message, variables};

use crate::guard;
use crate::lifecycle::{Delivery, OpenError, Outcome, Process, Reporter, State};
use crate::settings::Settings;
use crate::stderr::{say, say_what_is_unacknowledged};

/// How long a start is waited for, in milliseconds: no longer than it takes if all is well. The ending tells what became
/// of it.
const START_WAIT_MS: u32 = 2000;

/// The work of a run: a task, or a command.
pub trait Work {
    /// The input as the command line gives it. The error is a sentence for people.
    fn input_of_command_line() -> Result<String, String>;

    /// Environment variables that hand a trigger's input to work which takes no argument.
    fn variables(input: &str) -> Vec<(String, String)>;

    /// Do it. The error is what Orchestra is told.
    fn run(process: &Process, input: &str) -> Result<(), String>;
}

/// Open a run under the task's name. A name that cannot be used is said, and the run goes by another one: better reported
/// so than not at all.
pub fn open(reporter: &Reporter, run_id: &str, settings: &Settings) -> Result<Process, OpenError> {
    // No report stops the task, nor is an error that it could fail of.
    reporter.set_delivery(Delivery::Background);
    let name = settings.name().unwrap_or_else(|why| {
        say(&why);
        DEFAULT_NAME
    });
    match reporter.open(run_id, Some(name)) {
        Err(OpenError::Name(what)) => {
            say(&format!("{}: {what}", variables::TASK_NAME));
            reporter.open(run_id, Some(DEFAULT_NAME))
        }
        opened => opened,
    }
}

/// A run that reports nothing, for a task that runs without an endpoint.
#[expect(clippy::expect_used, reason = "the id is a UUID, the endpoint is Orchestra's, and a name is replaced")]
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
    // What becomes of it, and of all other reports, is told at the end.
    _ = process.start(None, None);
    process.advance(START_WAIT_MS);
    let result = input().and_then(|input| {
        guard::hold(process.share(), &variables(&input));
        let result = W::run(process, &input);
        guard::release();
        result
    });
    if let Err(error) = &result {
        say(&format!("the task failed: {error}"));
    }
    end(process, result.as_ref().copied().map_err(String::as_str))
}

/// Report how the work has ended, unless it has reported that itself, and say what did not arrive.
///
/// The error says that the run has failed, whoever has reported so.
#[expect(clippy::result_unit_err, reason = "the status of a WASI program: standard error says why")]
pub fn end(process: &Process, result: Result<(), &str>) -> Result<(), ()> {
    // What became of it is in the record below.
    match (process.state(), result) {
        (State::Ended(_), _) => _ = process.flush(),
        (_, Ok(())) => _ = process.complete(None, None),
        (_, Err(error)) => _ = process.fail(Some(&message(error)), None),
    }
    say_what_is_unacknowledged(process);
    match process.state() {
        State::Ended(Outcome::Failed | Outcome::Cancelled) => Err(()),
        _ => result.map_err(drop),
    }
}
