//! The command, as a shell calls it.

mod components;
#[cfg(unix)]
mod deadline;
mod delivery;
#[cfg(unix)]
mod dev;
mod environment;
mod escapes;
#[cfg(unix)]
mod limits;
mod network;
mod run;
mod secrets;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod terminal;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::{fs, io};

use host_test::endpoint::MockEndpoint;
use host_test::guest::{API_KEY, RUN_ID};

/// Everything of ours is taken out of its environment.
fn orchestra(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchestra-wasm"));
    command.args(arguments).env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
    command
}

fn reporting_to<'a>(command: &'a mut Command, endpoint: &MockEndpoint) -> &'a mut Command {
    command.env("ORCHESTRA_API_KEY", API_KEY).env("ORCHESTRA_TASK_RUN_ID", RUN_ID);
    command.env("ORCHESTRA_WEBHOOK_URL", endpoint.url())
}

/// A file with this component, for this one test.
fn file(test: &str, component: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.wasm"));
    fs::write(&path, component).unwrap();
    path.to_string_lossy().into_owned()
}

/// Its exit status, standard output and standard error.
fn ran(output: io::Result<Output>) -> (Option<i32>, String, String) {
    let output = output.expect("the command was built with this test");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ran = (output.status.code(), text(&output.stdout), text(&output.stderr));
    println!("{ran:#?}");
    ran
}

fn statuses(endpoint: &MockEndpoint) -> Vec<String> {
    let status = |request: &host_test::endpoint::Request| request.json()["status"].as_str().map(str::to_string);
    endpoint.all_requests().iter().filter_map(status).collect()
}

/// Sends a signal, such as `INT`.
#[cfg(unix)]
fn kill(signal: &str, child: &std::process::Child) {
    assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
}
