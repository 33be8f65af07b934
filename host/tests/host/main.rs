//! Tasks and commands on the library's host, and what of them arrives at the endpoint.

mod delivery;
mod ends;
mod instances;
mod isolation;
mod many;
mod network;
mod output;
mod reports;

use std::path::Path;
use std::sync::OnceLock;

use host_test::component;
use host_test::endpoint::MockEndpoint;
use host_test::guest::{API_KEY, RUN_ID};
use host_test::report::{line, lines};
use orchestra_host::{ApiKey, Cache, Config, Ended, Host, Reporting, Run, Task};
use tokio::runtime::Runtime;

/// All runs share it, as they share the host.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime is made"))
}

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(&Config { cache: cache(), ..Config::default() }).expect("a host is made"))
}

fn cache() -> Cache {
    Cache::Folder(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
}

/// The task of `host-test/tasks`.
fn task() -> &'static Task {
    static TASK: OnceLock<Task> = OnceLock::new();
    TASK.get_or_init(|| host().load(component::test_task()).expect("the task is one"))
}

/// The command of `host-test/tasks`.
fn command() -> &'static Task {
    static COMMAND: OnceLock<Task> = OnceLock::new();
    COMMAND.get_or_init(|| host().load(component::test_command()).expect("the command is one"))
}

fn reporting_to(endpoint: &MockEndpoint) -> Option<Reporting> {
    Some(Reporting {
        run_id: RUN_ID.into(),
        api_key: ApiKey::new(API_KEY),
        endpoint: Some(endpoint.url()),
        delivery: Vec::new(),
    })
}

/// A run of the task, reported to this endpoint.
fn with_input(endpoint: &MockEndpoint, input: &str) -> Run {
    Run { reporting: reporting_to(endpoint), input: input.into(), ..Run::default() }
}

/// A run of the command, reported to this endpoint.
fn with_arguments(endpoint: &MockEndpoint, arguments: &[&str]) -> Run {
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Run { reporting: reporting_to(endpoint), arguments, ..Run::default() }
}

fn block_on(task: &Task, run: Run) -> Ended {
    let ended = block_on_quietly(task, run);
    println!("{ended:#?}");
    ended
}

fn block_on_quietly(task: &Task, run: Run) -> Ended {
    runtime().block_on(task.run(run))
}
