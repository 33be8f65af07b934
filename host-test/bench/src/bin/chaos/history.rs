//! What arrived of one run, read.

use std::collections::HashMap;

use serde_json::Value;

use crate::endpoint::Arrived;

/// What a report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Start,
    /// The step of progress with this number.
    Step(u64),
    /// The output with this number.
    Row(u64),
    /// The log, or the part of a log, with this name.
    Log(String),
    /// This status.
    Ending(String),
    Other,
}

/// One report, with all attempts that have arrived.
#[derive(Clone, Debug)]
pub struct Report {
    pub said: Said,
    pub body: String,
    /// The run's id, as the report has it.
    pub run_id: String,
    /// The statuses that were meant for its attempts.
    pub statuses: Vec<u16>,
}

impl Report {
    /// Whether the endpoint has acknowledged it at least once.
    pub fn is_acknowledged(&self) -> bool {
        self.statuses.iter().any(|status| (200..300).contains(status))
    }
}

/// All that has arrived, read.
pub struct History {
    /// The reports of all runs, in the order of their first arrival. What never arrived as a whole is left out.
    pub reports: Vec<Report>,
    /// The statuses that were meant for what is left out: of which runs it was, nobody knows.
    pub stray_statuses: Vec<u16>,
    /// Keys that are on two bodies, a sentence each.
    pub faults: Vec<String>,
}

/// Reads it.
pub fn read(arrived: &[Arrived]) -> History {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut reports: Vec<Report> = Vec::new();
    let mut faults = Vec::new();
    for Arrived { key, body, is_complete, status } in arrived {
        let index = *places.entry(key).or_insert_with(|| {
            let (body, run_id) = (String::new(), String::new());
            reports.push(Report { said: Said::Other, body, run_id, statuses: Vec::new() });
            reports.len() - 1
        });
        let report = &mut reports[index];
        report.statuses.extend(status);
        if !is_complete {
            continue;
        }
        if report.body.is_empty() {
            let json: Value = serde_json::from_str(body).unwrap_or_default();
            report.said = said(&json);
            report.run_id = json["task_run_id"].as_str().unwrap_or_default().into();
            report.body.clone_from(body);
        } else if report.body != *body {
            faults.push(format!("the key {key} is on two bodies: {} and {body}", report.body));
        }
    }
    let (reports, strays): (Vec<_>, Vec<_>) = reports.into_iter().partition(|report| !report.body.is_empty());
    let stray_statuses = strays.into_iter().flat_map(|report| report.statuses).collect();
    History { reports, stray_statuses, faults }
}

fn said(json: &Value) -> Said {
    let text = |name: &str| json[name].as_str().unwrap_or_default();
    let step = text("message").strip_prefix("step ").and_then(|number| number.parse().ok());
    match (text("event_type"), text("status"), text("message")) {
        ("SET_OUTPUT", ..) => json["output_value"].as_u64().map_or(Said::Other, Said::Row),
        ("LOG", ..) => Said::Log(text("log_name").into()),
        ("UPDATE_STATUS", "RUNNING", "task started.") => Said::Start,
        ("UPDATE_STATUS", "RUNNING", _) => step.map_or(Said::Other, Said::Step),
        ("UPDATE_STATUS", status, _) => Said::Ending(status.into()),
        _ => Said::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(key: &str, body: &str, is_complete: bool, status: Option<u16>) -> Arrived {
        Arrived { key: key.into(), body: body.into(), is_complete, status }
    }

    const START: &str =
        r#"{"event_type":"UPDATE_STATUS","task_run_id":"r","status":"RUNNING","message":"task started."}"#;
    const ROW: &str = r#"{"event_type":"SET_OUTPUT","task_run_id":"r","output_name":"row","output_value":3}"#;

    #[test]
    fn a_report_has_the_place_of_its_first_attempt_however_little_of_it_arrived() {
        let attempts = [
            arrived("a", "{\"ev", false, None),
            arrived("b", ROW, true, Some(200)),
            arrived("a", START, true, Some(503)),
            arrived("a", START, true, Some(200)),
        ];
        let History { reports, faults, .. } = read(&attempts);
        let said: Vec<_> = reports.iter().map(|report| &report.said).collect();
        assert_eq!(said, [&Said::Start, &Said::Row(3)]);
        assert_eq!((reports[0].statuses.as_slice(), faults.len()), ([503, 200].as_slice(), 0));
    }

    #[test]
    fn a_key_on_two_bodies_is_noticed() {
        let history = read(&[arrived("a", START, true, Some(503)), arrived("a", ROW, true, Some(200))]);
        assert_eq!(history.faults.len(), 1);
    }

    #[test]
    fn a_refusal_of_what_never_arrived_as_a_whole_is_a_stray() {
        let history = read(&[arrived("a", "", false, Some(413)), arrived("b", ROW, true, Some(200))]);
        assert_eq!((history.reports.len(), history.stray_statuses), (1, vec![413]));
    }
}
