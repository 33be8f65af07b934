//! Many triggers at once, under wasmtime's own command line.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use foreign_hosts::host::{ForeignHost, Setting};
use host_test::endpoint::{MockEndpoint, status};
use host_test::report::line;
use libtest_mimic::{Failed, Trial};

const TRIGGERS: usize = 100;

pub fn trial() -> Trial {
    Trial::test("task-rust/wasmtime-serve/a-hundred-triggers", run)
}

/// The endpoint takes its time, so that all of them run at the same time.
fn run() -> Result<(), Failed> {
    let endpoint = MockEndpoint::always(status(200).delayed(Duration::from_millis(300)));
    let url = endpoint.url();
    let service = ForeignHost::Wasmtime.serve(&Setting {
        name: "many",
        component: &ForeignHost::Wasmtime.component("task-rust"),
        folder: &foreign_hosts::root().join("examples/data"),
        variables: &[("ORCHESTRA_API_KEY", "key"), ("ORCHESTRA_WEBHOOK_URL", &url)],
    });
    let id = |number: usize| format!("00000000-0000-0000-0000-{number:012}");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let triggers: Vec<_> = (0..TRIGGERS)
            .map(|number| {
                let (service, id) = (&service, id(number));
                scope.spawn(move || service.trigger(&id, "", r#"{"file": "orders.csv"}"#).status)
            })
            .collect();
        triggers.into_iter().map(|trigger| trigger.join().unwrap_or_default()).collect()
    });
    if statuses.iter().any(|status| *status != 202) {
        return Err(format!("they were answered {statuses:?}\n{}", service.output()).into());
    }
    // Each run makes seven reports, the last of which is its ending.
    let mut endings = BTreeMap::<String, usize>::new();
    for request in endpoint.wait_for_requests(7 * TRIGGERS) {
        if line(&request).starts_with("SUCCEEDED") {
            *endings.entry(request.json()["task_run_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    match (0..TRIGGERS).find(|number| endings.get(&id(*number)) != Some(&1)) {
        Some(number) => Err(format!("{} has not ended once", id(number)).into()),
        None => Ok(()),
    }
}
