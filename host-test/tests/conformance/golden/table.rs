//! `golden/scenarios.json`, which the recorder in `golden/record.py` reads as well.

use std::collections::BTreeMap;

use host_test::endpoint::{Answer, status};
use serde::Deserialize;
use serde_json::Value;

/// Names and values; one that is `null` is taken out of the environment.
pub type Env = serde_json::Map<String, Value>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The environment of every scenario, which its own adds to.
    pub env: Env,
    pub scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    sdk: String,
    name: String,
    #[serde(default)]
    env: Env,
    #[serde(default)]
    answers: Vec<ScriptedAnswer>,
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedAnswer {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

/// A call of an SDK, by its name there.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    // orchestra-sdk 0.2.0
    UpdateTask {
        status: Status,
        message: Option<String>,
        data: Option<Value>,
    },
    SetOutput {
        name: String,
        value: Value,
    },
    SendLog(Log),
    Run {
        function: String,
        #[serde(default)]
        steps: Vec<Step>,
        raises: Option<String>,
        #[serde(default)]
        exits: bool,
        log: Option<Log>,
    },
    ConfigureAwsLambdaEvent {
        orchestra_task_run_id: String,
        orchestra_webhook_url: String,
    },
    ListLinkedConnections {},
    GetLinkedConnection {
        integration: String,
        connection_id: Option<String>,
    },
    GetField {
        integration: String,
        connection_id: Option<String>,
        field: String,
    },
    // orchestra-sdk 0.0.9
    #[serde(rename = "orcProcess")]
    OrcProcess {
        correlation_id: String,
        credentials: Credentials,
        #[serde(default = "default_function")]
        function: String,
    },
    #[serde(rename = "sendFailure")]
    SendFailure(Report),
    #[serde(rename = "sendCompletion")]
    SendCompletion(Report),
    #[serde(rename = "sendStageComplete")]
    SendStageComplete(Report),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Running,
    Succeeded,
    Warning,
    Failed,
    Cancelled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub name: String,
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[serde(default)]
    pub apikey: String,
    #[serde(default)]
    pub clientid: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub message: Option<String>,
    pub stage: Option<String>,
    pub custom_data: Option<Value>,
    pub data: Option<Value>,
    /// The SDK finds out who called it. The component has been told, when the run was opened.
    #[serde(rename = "function")]
    _function: Option<String>,
}

fn default_function() -> String {
    "run_example_process".to_string()
}

impl Table {
    pub fn read() -> Self {
        let table = expanded(super::read(&super::golden().join("scenarios.json")));
        serde_json::from_value(table).unwrap_or_else(|error| panic!("golden/scenarios.json: {error}"))
    }
}

impl Scenario {
    pub fn id(&self) -> String {
        format!("{}/{}", self.sdk, self.name)
    }

    pub fn variables(&self, default: &Env, endpoint_url: &str) -> Vec<(String, String)> {
        let mut env = default.clone();
        env.extend(self.env.clone());
        let given = env.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?)));
        given.map(|(name, value)| (name, value.replace("{endpoint}", endpoint_url))).collect()
    }

    /// The answers to the first requests, and the one to all that follow.
    pub fn answers(&self) -> (Vec<Answer>, Answer) {
        let mut answers: Vec<_> = self.answers.iter().map(ScriptedAnswer::answer).collect();
        let last = answers.pop().unwrap_or_else(|| status(200));
        (answers, last)
    }

    /// The function that the decorator is put on.
    pub fn decorated(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| match step {
            Step::Run { function, .. } => Some(function.as_str()),
            _ => None,
        })
    }
}

impl ScriptedAnswer {
    fn answer(&self) -> Answer {
        let answer = status(self.status).body(self.body.as_str());
        // Its target is not known before the endpoint listens; the component must not go there.
        self.headers.iter().fold(answer, |answer, (name, value)| answer.header(name, &value.replace("{endpoint}", "")))
    }
}

/// `{"repeat": TEXT, "times": N}` stands for a long text, wherever it is.
fn expanded(value: Value) -> Value {
    match value {
        Value::Object(object) => match (object.get("repeat"), object.get("times").and_then(Value::as_u64)) {
            (Some(Value::String(text)), Some(times)) if object.len() == 2 => {
                Value::String(text.repeat(usize::try_from(times).expect("a text has room in memory")))
            }
            _ => Value::Object(object.into_iter().map(|(name, value)| (name, expanded(value))).collect()),
        },
        Value::Array(array) => Value::Array(array.into_iter().map(expanded).collect()),
        other => other,
    }
}
