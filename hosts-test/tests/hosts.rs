//! The matrix: every example under every host. A test is named `EXAMPLE/HOST/CASE`.

use host_test::endpoint::{MockEndpoint, status};
use hosts_test::host::Host;
use hosts_test::limit::{self, Limit};
use hosts_test::recording;
use libtest_mimic::{Arguments, Failed, Trial};

/// Examples that have to report the same in the same cases.
struct Row {
    /// Components in `target/components/examples`, less `.composed.wasm`.
    examples: &'static [&'static str],
    cases: &'static [Case],
}

struct Case {
    /// What has to arrive is in `expected/NAME.json`.
    name: &'static str,
    arguments: &'static [&'static str],
    /// Whether the exit status has to be 0.
    succeeds: bool,
    endpoint: fn() -> MockEndpoint,
}

const ROWS: [Row; 2] = [
    Row {
        examples: &["manual-rust", "manual-python", "manual-javascript"],
        cases: &[
            Case { name: "add-numbers", arguments: &["120", "80"], succeeds: true, endpoint: on_ipv4 },
            Case { name: "add-numbers-malformed", arguments: &["120", "x"], succeeds: false, endpoint: on_ipv4 },
        ],
    },
    Row {
        examples: &["manual-rust"],
        cases: &[Case { name: "ipv6", arguments: &["120", "80"], succeeds: true, endpoint: on_ipv6 }],
    },
];

fn main() {
    let mut arguments = Arguments::from_args();
    // The first run of a component compiles it, on every core; those after it find it in wasmtime's cache.
    arguments.test_threads.get_or_insert(1);
    let limits = limit::all();
    let mut trials = Vec::new();
    for Row { examples, cases } in &ROWS {
        for example in *examples {
            for host in Host::ALL {
                trials.extend(cases.iter().map(|case| trial(example, host, case, &limits)));
            }
        }
    }
    for limit in &limits {
        let known = trials.iter().any(|trial| trial.name() == limit.test);
        assert!(known, "limits.json: there is no test {}", limit.test);
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(example: &'static str, host: Host, case: &'static Case, limits: &[Limit]) -> Trial {
    let name = format!("{example}/{}/{}", host.name(), case.name);
    let limit = limits.iter().find(|limit| limit.test == name).cloned();
    Trial::test(name, move || {
        let result = run(example, host, case);
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

fn run(example: &str, host: Host, case: &Case) -> Result<(), String> {
    let endpoint = (case.endpoint)();
    let component = hosts_test::target().join(format!("components/examples/{example}.composed.wasm"));
    let variables = [
        ("ORCHESTRA_API_KEY", "key-of-the-tests"),
        ("ORCHESTRA_TASK_RUN_ID", "0b8b1a5e-8c1c-4b5e-9b0a-0d6f2a6b4c11"),
        ("ORCHESTRA_WEBHOOK_URL", &format!("{}/hook", endpoint.url())),
    ];
    let run = host.run(&format!("{example}-{}-{}", host.name(), case.name), &component, case.arguments, &variables);

    let recording = recording::record(&endpoint.all_requests())?;
    recording::compare(case.name, &recording).map_err(|error| format!("{error}\n{}", run.output))?;
    if run.succeeded != case.succeeds {
        return Err(format!("it {}:\n{}", if run.succeeded { "succeeded" } else { "failed" }, run.output));
    }
    Ok(())
}

fn on_ipv4() -> MockEndpoint {
    MockEndpoint::always(status(200))
}

fn on_ipv6() -> MockEndpoint {
    MockEndpoint::always_ipv6(status(200))
}
