//! One example under one host.

use host_test::endpoint::Request;
use libtest_mimic::{Failed, Trial};
use matrix::host::{Host, Setting};
use matrix::limit::Limit;
use matrix::recording;

use crate::rows::{Case, Entry, Expected};

const API_KEY: &str = "key-of-the-tests";
const TOKEN: &str = "token-of-the-tests";
const RUN_ID: &str = "0b8b1a5e-8c1c-4b5e-9b0a-0d6f2a6b4c11";

pub fn trial(example: &'static str, host: Host, entry: Entry, case: &'static Case, limits: &[Limit]) -> Trial {
    let way = match entry {
        Entry::Command => host.name().to_owned(),
        Entry::Service => format!("{}-serve", host.name()),
    };
    let name = format!("{example}/{way}/{}", case.name);
    let limit = limits.iter().find(|limit| limit.test == name).cloned();
    Trial::test(name.clone(), move || {
        let result = run(&name, example, host, entry, case);
        match limit {
            None => Ok(result?),
            Some(limit) => match result {
                Err(error) if error.contains(&limit.says) => Ok(()),
                Err(error) => Err(Failed::from(format!("limits.json expects {:?}, but: {error}", limit.says))),
                Ok(()) => Err(Failed::from(format!("it works: take it out of limits.json ({})", limit.reason))),
            },
        }
    })
}

fn run(name: &str, example: &str, host: Host, entry: Entry, case: &Case) -> Result<(), String> {
    let endpoint = (case.endpoint)();
    let url = format!("{}/hook", endpoint.url());
    let setting = Setting {
        name: &name.replace('/', "-"),
        component: &host.component(example),
        folder: &matrix::root().join(case.folder),
        variables: &[
            ("ORCHESTRA_API_KEY", API_KEY),
            ("ORCHESTRA_TASK_RUN_ID", RUN_ID),
            ("ORCHESTRA_WEBHOOK_URL", &url),
            ("ORCHESTRA_TASK_NAME", "orders"),
            ("ORCHESTRA_TRIGGER_TOKEN", TOKEN),
            ("SEEN", "seen-in-a-variable"),
        ],
    };
    assert!(setting.component.exists(), "there is no {}: `make examples` builds it", setting.component.display());

    let (requests, output) = match entry {
        Entry::Command => {
            let run = host.run(&setting, case.arguments);
            if run.succeeded != case.succeeds {
                return Err(format!("it {}:\n{}", if run.succeeded { "succeeded" } else { "failed" }, run.output));
            }
            (endpoint.all_requests(), run.output)
        }
        Entry::Service => {
            let service = host.serve(&setting);
            let answer = service.trigger(RUN_ID, TOKEN, case.trigger);
            if answer.status != 202 || answer.json()["task_run_id"] != RUN_ID {
                return Err(format!("the trigger was answered {answer:?}:\n{}", service.output()));
            }
            (recording::wait_for_ending(&endpoint), service.output())
        }
    };
    check(case, &requests).map_err(|error| format!("{error}\n{output}"))
}

fn check(case: &Case, requests: &[Request]) -> Result<(), String> {
    match case.expected {
        Expected::Recording => recording::compare(case.name, &recording::record(requests)?),
        Expected::NoSecret { seen } => {
            let found = requests.iter().map(Request::json).find(|body| body["output_name"] == "found");
            let found = found.ok_or("the task has not said what it found")?["output_value"].to_string();
            // What else it found stays out of the logs: on Node that is the whole environment.
            if let Some(secret) = [API_KEY, TOKEN].into_iter().find(|secret| found.contains(secret)) {
                return Err(format!("the task has found {secret}"));
            }
            match seen.iter().find(|text| !found.contains(**text)) {
                Some(text) => Err(format!("the search does not find {text}, which is there")),
                None => Ok(()),
            }
        }
    }
}
