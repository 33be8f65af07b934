//! The calls of a scenario, made to the component in the SDK's place.

use std::fmt::Debug;

use host_test::endpoint::MockEndpoint;
use host_test::guest::{Connection, Guest, GuestProcess, LookupError, QUICK, RetryPolicy, State, Value as Field};
use serde_json::{Value, json};

use super::exchange;
use super::table::{Env, Report, Scenario, Status, Step};

/// As quick as can be.
const POLICY: RetryPolicy = RetryPolicy { budget: 2000, ..QUICK };

/// What a report has come to, whichever it was.
type Reported = Result<(), Box<dyn Debug>>;

fn reported<E: Debug + 'static>(result: Result<(), E>) -> Reported {
    result.map_err(|error| Box::new(error) as Box<dyn Debug>)
}

/// What the component sends and answers, in the form of a recording.
pub fn replay(scenario: &Scenario, default_env: &Env) -> Value {
    let (first, then) = scenario.answers();
    let endpoint = MockEndpoint::first_then(first, then);
    let mut caller = Caller {
        guest: Guest::new(),
        endpoint_url: endpoint.url(),
        variables: scenario.variables(default_env, &endpoint.url()),
        decorated: scenario.decorated(),
        run: None,
        keys: Vec::new(),
        key_shown: false,
    };
    caller.keys.extend(caller.variable("ORCHESTRA_API_KEY").map(str::to_string));
    let results: Vec<_> = scenario.steps.iter().map(|step| caller.take(step)).collect();
    let key_shown = caller.key_shown;
    // Dropping a run may report its end; what was given up before is given up for good, as the SDKs do.
    if let Some(run) = caller.run.as_ref().filter(|run| !matches!(run.state(), State::Running)) {
        run.deliver_within(1);
    }
    drop(caller);
    let requests: Vec<_> = endpoint.all_requests().iter().map(exchange::recorded).collect();
    json!({"requests": requests, "results": results, "key_shown": key_shown})
}

/// A program that uses the component as the scenario's uses the SDK.
struct Caller<'a> {
    guest: Guest,
    endpoint_url: String,
    variables: Vec<(String, String)>,
    decorated: Option<&'a str>,
    run: Option<GuestProcess>,
    keys: Vec<String>,
    key_shown: bool,
}

impl Caller<'_> {
    /// What the SDK's call would return; an exception is a `false`.
    fn take(&mut self, step: &Step) -> Value {
        match step {
            Step::UpdateTask { status, message, data } => {
                let (message, data) = (message.as_deref(), data.as_ref().map(Value::to_string));
                self.webhook(|run| update_task(run, *status, message, data.as_deref()))
            }
            Step::SetOutput { name, value } => self.webhook(|run| run.set_output(name, &value.to_string())),
            Step::SendLog(log) => self.webhook(|run| run.send_log(&log.name, &log.text)),
            Step::Run { steps, raises, exits, log, .. } => {
                let mut done = self.webhook(|run| run.start(None, None)) == true;
                for step in steps {
                    done &= self.take(step) == true;
                }
                if *exits {
                    self.run = None;
                    return false.into();
                }
                done &= self.webhook(|run| match raises {
                    Some(_) => run.fail(raises.as_deref(), None),
                    None => run.complete(None, None),
                }) == true;
                if let Some(log) = log {
                    done &= self.webhook(|run| run.send_log(&log.name, &log.text)) == true;
                }
                done.into()
            }
            Step::ConfigureAwsLambdaEvent { orchestra_task_run_id, orchestra_webhook_url } => {
                let url = orchestra_webhook_url.replace("{endpoint}", &self.endpoint_url);
                self.variables.push(("ORCHESTRA_TASK_RUN_ID".to_string(), orchestra_task_run_id.clone()));
                self.variables.push(("ORCHESTRA_WEBHOOK_URL".to_string(), url));
                true.into()
            }
            Step::ListLinkedConnections {} => {
                self.guest.list_connections(&pairs(&self.variables)).iter().map(connection).collect()
            }
            Step::GetLinkedConnection { integration, connection_id } => {
                match self.connection(integration, connection_id.as_deref()) {
                    Ok(found) => connection(&found),
                    Err(LookupError::NotLinked(_)) => "not linked".into(),
                    Err(LookupError::Several(ids)) => json!({"several": ids}),
                }
            }
            Step::GetField { integration, connection_id, field } => {
                let connection = self.connection(integration, connection_id.as_deref());
                let connection = connection.expect("a field is looked up in the only connection");
                self.guest.get_field(&connection, field).as_ref().map_or(Value::Null, value)
            }
            Step::OrcProcess { correlation_id, credentials, function } => {
                self.keys.push(credentials.apikey.clone());
                let reporter = self.guest.jobs(&credentials.apikey, &credentials.clientid, &self.endpoint_url);
                let Some(reporter) = self.said(reporter) else { return false.into() };
                reporter.set_retry_policy(POLICY).expect("the policy is in range");
                let run = reporter.open(correlation_id, Some(function));
                self.run = self.said(run);
                self.report(|run| run.start(None, None))
            }
            Step::SendFailure(report @ Report { message, stage: Some(stage), .. }) => {
                self.report(|run| run.fail_stage(stage, message.as_deref(), report.data().as_deref()))
            }
            Step::SendFailure(report) => {
                self.report(|run| run.fail(report.message.as_deref(), report.data().as_deref()))
            }
            // The component has no ending of a stage but `complete-stage`, which says something else.
            Step::SendCompletion(report) => {
                self.report(|run| run.complete(report.message.as_deref(), report.data().as_deref()))
            }
            Step::SendStageComplete(report) => {
                // The SDK's default.
                let stage = report.stage.as_deref().unwrap_or("Process");
                self.report(|run| run.complete_stage(stage, report.message.as_deref(), report.data().as_deref()))
            }
        }
    }

    /// Makes a report of the run that the environment names, which the first report opens.
    fn webhook<E: Debug>(&mut self, report: impl FnOnce(&GuestProcess) -> Result<(), E>) -> Value {
        if self.run.is_none() {
            let reporter = self.guest.from_environment(&pairs(&self.variables));
            let Some(reporter) = self.said(reporter) else { return false.into() };
            reporter.set_retry_policy(POLICY).expect("the policy is in range");
            let run_id = self.variable("ORCHESTRA_TASK_RUN_ID").unwrap_or_default();
            let run = reporter.open(run_id, self.decorated);
            self.run = self.said(run);
        }
        self.report(report)
    }

    fn report<E: Debug>(&mut self, report: impl FnOnce(&GuestProcess) -> Result<(), E>) -> Value {
        let Some(reported) = self.run.as_ref().map(report) else { return false.into() };
        self.said(reported).is_some().into()
    }

    /// Looks for the API key in an error, and drops it.
    fn said<T, E: Debug>(&mut self, result: Result<T, E>) -> Option<T> {
        let text = result.as_ref().err().map(|error| format!("{error:?}")).unwrap_or_default();
        self.key_shown |= self.keys.iter().flat_map(|key| key.split_whitespace()).any(|word| text.contains(word));
        result.ok()
    }

    fn variable(&self, wanted: &str) -> Option<&str> {
        self.variables.iter().rfind(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    fn connection(&self, integration: &str, connection_id: Option<&str>) -> Result<Connection, LookupError> {
        self.guest.get_connection(&pairs(&self.variables), integration, connection_id)
    }
}

impl Report {
    /// What the README of 0.0.9 calls `data`, its functions call `custom_data`.
    fn data(&self) -> Option<String> {
        self.custom_data.as_ref().or(self.data.as_ref()).map(Value::to_string)
    }
}

fn update_task(run: &GuestProcess, status: Status, message: Option<&str>, data: Option<&str>) -> Reported {
    match status {
        Status::Running if matches!(run.state(), State::Open) => reported(run.start(message, data)),
        Status::Running => reported(run.progress(message, data)),
        Status::Succeeded => reported(run.complete(message, data)),
        Status::Warning => reported(run.warn(message, data)),
        Status::Failed => reported(run.fail(message, data)),
        Status::Cancelled => reported(run.cancel(message, data)),
    }
}

fn connection(connection: &Connection) -> Value {
    let Connection { integration, connection_id, fields } = connection;
    let fields: serde_json::Map<_, _> = fields.iter().map(|(name, field)| (name.clone(), value(field))).collect();
    json!({"integration": integration, "connection_id": connection_id, "fields": fields})
}

fn value(field: &Field) -> Value {
    match field {
        Field::Text(text) => json!({"text": text}),
        Field::Json(json) => {
            json!({"json": serde_json::from_str::<Value>(json).expect("the component has found it to be JSON")})
        }
    }
}

fn pairs(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
