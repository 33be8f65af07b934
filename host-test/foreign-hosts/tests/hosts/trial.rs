//! One example under one host.

use foreign_hosts::host::{ForeignHost, Setting};
use foreign_hosts::limit::Limit;
use foreign_hosts::listener::Listener;
use foreign_hosts::recording;
use host_test::endpoint::{MockEndpoint, Request};
use libtest_mimic::{Failed, Trial};

use crate::rows::{Case, Entry, Expected, Network};

const API_KEY: &str = "key-of-the-tests";
const TOKEN: &str = "token-of-the-tests";
const RUN_ID: &str = "0b8b1a5e-8c1c-4b5e-9b0a-0d6f2a6b4c11";
/// Where the endpoint takes reports. What comes to another path is the task's own.
const REPORTS: &str = "/hook";

pub fn trial(example: &'static str, host: ForeignHost, entry: Entry, case: &'static Case, limits: &[Limit]) -> Trial {
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

fn run(name: &str, example: &str, host: ForeignHost, entry: Entry, case: &Case) -> Result<(), String> {
    let (endpoint, listener) = ((case.endpoint)(), Listener::start());
    let url = format!("{}{REPORTS}", endpoint.url());
    let setting = Setting {
        name: &name.replace('/', "-"),
        component: &host.component(example),
        folder: &foreign_hosts::root().join(case.folder),
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

    let address = listener.address().to_string();
    let fill = |text: &str| text.replace("ENDPOINT", &endpoint.url()).replace("LISTENER", &address);
    let came = match entry {
        Entry::Command => {
            let arguments: Vec<_> = case.arguments.iter().map(|text| fill(text)).collect();
            command(host, &setting, &arguments, case.succeeds, &endpoint)
        }
        Entry::Service => service(host, &setting, &fill(case.trigger), &endpoint),
    };
    // Whatever was started has ended, and left its connections.
    let said = listener.end();
    let (requests, output) = came?;
    check(case, &requests, &said).map_err(|error| format!("{error}\n{output}"))
}

/// The requests that came, and what the host wrote.
type Came = Result<(Vec<Request>, String), String>;

fn command(
    host: ForeignHost,
    setting: &Setting,
    arguments: &[String],
    succeeds: bool,
    endpoint: &MockEndpoint,
) -> Came {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let run = host.run(setting, &arguments);
    if run.succeeded != succeeds {
        return Err(format!("it {}:\n{}", if run.succeeded { "succeeded" } else { "failed" }, run.output));
    }
    Ok((endpoint.all_requests(), run.output))
}

fn service(host: ForeignHost, setting: &Setting, trigger: &str, endpoint: &MockEndpoint) -> Came {
    let service = host.serve(setting);
    let answer = service.trigger(RUN_ID, TOKEN, trigger);
    if answer.status != 202 || answer.json()["task_run_id"] != RUN_ID {
        return Err(format!("the trigger was answered {answer:?}:\n{}", service.output()));
    }
    Ok((recording::wait_for_ending(endpoint), service.output()))
}

fn check(case: &Case, requests: &[Request], said: &[String]) -> Result<(), String> {
    match &case.expected {
        Expected::Recording => recording::compare(case.name, &recording::record(requests)?),
        Expected::NoSecret { seen, network } => {
            let (reports, own): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.path == REPORTS);
            has_found_no_secret(&reports, &[*seen, network.seen].concat())?;
            has_sent_no_secret(&own, said, network)
        }
    }
}

fn has_found_no_secret(reports: &[&Request], seen: &[&str]) -> Result<(), String> {
    let found = reports.iter().map(|report| report.json()).find(|body| body["output_name"] == "found");
    let found = found.ok_or("the task has not said what it found")?["output_value"].to_string();
    // What else it found stays out of the logs: on Node that is the whole environment.
    if let Some(secret) = secret_in(&found) {
        return Err(format!("the task has found {secret}"));
    }
    match seen.iter().find(|text| !found.contains(**text)) {
        Some(text) => Err(format!("the search has not found {text:?}")),
        None => Ok(()),
    }
}

/// Whatever a host, or the process component beside the task, might add to it.
fn has_sent_no_secret(own: &[&Request], said: &[String], network: &Network) -> Result<(), String> {
    if (own.len(), said.len()) != (network.requests, network.connections) {
        return Err(format!("of the task's own these requests arrived: {own:?}, and on connections: {said:?}"));
    }
    for request in own {
        let text = format!("{request:?} {}", String::from_utf8_lossy(&request.body));
        if request.header("authorization").is_some() || secret_in(&text).is_some() {
            return Err(format!("the task's own request has a secret in it: {text}"));
        }
    }
    match said.iter().find(|said| !said.is_empty()) {
        Some(said) => Err(format!("the task's own connection has something in it: {said}")),
        None => Ok(()),
    }
}

fn secret_in(text: &str) -> Option<&'static str> {
    [API_KEY, TOKEN].into_iter().find(|secret| text.contains(secret))
}
