//! The program runs plugins as every such program has to.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{API_KEY, RUN_ID};
use host_test::plugins::{assert_names_a_variable_it_cannot_use, assert_names_refused_reports, assert_runs_plugins};
use host_test::report::lines;

#[test]
fn it_runs_plugins_and_reports_them() {
    assert_runs_plugins(plugin_host(), &folder("plugins"), component::example_task());
}

#[test]
fn it_names_reports_that_the_endpoint_refuses() {
    assert_names_refused_reports(plugin_host(), &folder("refused"));
}

#[test]
fn it_names_a_variable_that_it_cannot_use() {
    assert_names_a_variable_it_cannot_use(plugin_host(), &folder("variable"));
}

#[cfg(unix)]
#[test]
fn a_signal_cancels_its_runs() {
    let folder = folder("stopped");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("test.wasm"), component::test_task()).unwrap();
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = plugin_host();
    command.arg(folder).stdin(Stdio::piped());
    let mut host =
        command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_WEBHOOK_URL", endpoint.url()).spawn().unwrap();
    let mut stdin = host.stdin.take().unwrap();
    // What is no text at all stops nothing.
    stdin.write_all(b"\xff\xfe\n").unwrap();
    writeln!(stdin, r#"{{"plugin": "test", "run_id": "{RUN_ID}", "input": {{"do": "loop"}}}}"#).unwrap();
    endpoint.wait_for_requests(1);
    assert!(Command::new("kill").args(["-s", "TERM", &host.id().to_string()]).status().unwrap().success());
    assert_eq!(host.wait().unwrap().code(), Some(1));
    drop(stdin);
    assert_eq!(lines(&endpoint.requests::<2>()), ["RUNNING test started.", "CANCELLED "]);
}

fn plugin_host() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plugin-host"));
    command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
