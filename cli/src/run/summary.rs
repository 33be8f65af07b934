//! The lines that are printed when a run has ended.

use orchestra_host::{End, Ended};
use serde_json::{Value, json};

use crate::progress::Line;

/// Says what did not go well.
pub fn say(ended: &Ended, line: &Line, is_quiet: bool) {
    let say = |text: &str| {
        if !is_quiet {
            line.say(text);
        }
    };
    ended.trouble.iter().for_each(|trouble| say(&format!("orchestra: {trouble}")));
    match &ended.end {
        End::Returned | End::Exited(_) => {}
        End::Cancelled => say("orchestra: the task was cancelled"),
        // An error in the command line is shown in any case.
        End::NotStarted(why) => line.say(&format!("orchestra: the task was not started: {why}")),
        end => say(&format!("orchestra: the task failed: {end}")),
    }
}

/// One line of JSON. `origin` is the origin that the run was reported to, or why it was not.
pub fn json(ended: &Ended, code: u8, origin: &Result<String, String>) -> String {
    let reporting: Value = match origin {
        Ok(origin) => json!({ "to": origin }),
        Err(why) => json!({ "not": why }),
    };
    // From the same record as the sentences.
    let unacknowledged: Vec<_> = ended.shortfall.reports.iter().map(|error| error.report.to_string()).collect();
    json!({
        "outcome": ended.outcome.to_string(),
        "end": ended.end.to_string(),
        "status": code,
        "reporting": reporting,
        "acknowledged": ended.is_acknowledged,
        "unacknowledged": unacknowledged,
        "trouble": ended.trouble,
    })
    .to_string()
}
