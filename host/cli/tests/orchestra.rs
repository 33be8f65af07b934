//! The command, as a shell calls it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, io};

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{API_KEY, RUN_ID};

/// Everything of ours is taken out of its environment.
fn orchestra(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchestra"));
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

#[test]
fn a_task_runs_and_is_reported() {
    let task = file("reported", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let mut command = orchestra(&["run", &task, "--input", r#"{"do": "write", "text": "hello"}"#, "--log", "task.log"]);
    command.arg("--json");
    let (code, stdout, stderr) = ran(reporting_to(&mut command, &endpoint).output());
    assert_eq!((code, stdout.as_str()), (Some(0), "hello\n"));
    let (written, summary) = stderr.split_once('\n').unwrap();
    assert_eq!(written, "hello");
    let summary: serde_json::Value = serde_json::from_str(summary).unwrap();
    let expected = serde_json::json!({ "outcome": "succeeded", "end": "returned", "status": 0, "trouble": [] });
    assert_eq!(summary, expected);
    assert_eq!(endpoint.requests::<3>()[2].json()["data"], "hello\nhello\n");
}

#[test]
fn the_exit_status_says_how_the_task_ended() {
    let task = file("statuses", component::test_task());
    for (arguments, expected) in [
        (&["--input", "{}"][..], 0),
        (&["--input", r#"{"do": "fail", "text": "x"}"#], 1),
        (&["--input", r#"{"do": "exit-with-code", "status": 3}"#], 3),
        (&["--input", r#"{"do": "trap"}"#], 134),
        (&["--input", r#"{"do": "loop"}"#, "--deadline", "100ms"], 124),
        (&["--input", r#"{"do": "allocate", "mib": 64}"#, "--memory", "16M"], 137),
        (&["--input", "{rows: 3}"], 2),
        (&["--input", "@no/such/file"], 2),
        (&["--deadline", "soon"], 2),
    ] {
        let (code, ..) = ran(orchestra(&["run", "--quiet", &task]).args(arguments).output());
        assert_eq!(code, Some(expected), "{arguments:?}");
    }
}

#[test]
fn without_an_account_one_line_says_that_nothing_is_reported() {
    let task = file("silent", component::test_task());
    let (code, _, stderr) = ran(orchestra(&["run", &task]).output());
    assert_eq!(code, Some(0));
    let expected = "orchestra: nothing is reported: neither ORCHESTRA_API_KEY nor ORCHESTRA_TASK_RUN_ID is set\n";
    assert_eq!(stderr, expected);
}

#[test]
fn a_command_gets_its_arguments_and_is_reported() {
    let program = file("command", component::test_command());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &program, "--env", "TASK_INPUT=seen", "--", "return", "0"]);
    let (code, ..) = ran(reporting_to(&mut command, &endpoint).output());
    assert_eq!(code, Some(0));
    assert_eq!(endpoint.requests::<2>()[0].json()["message"], "command started.");
}

#[test]
fn a_program_that_cannot_be_loaded_is_reported_as_failed() {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let (code, _, stderr) = ran(reporting_to(&mut orchestra(&["run", "no/such.wasm"]), &endpoint).output());
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("orchestra: no/such.wasm: "), "{stderr}");
    assert_eq!(statuses(&endpoint), ["RUNNING", "FAILED"]);
}

#[cfg(unix)]
#[test]
fn a_signal_is_reported_as_a_cancellation() {
    let task = file("signals", component::test_task());
    for (signal, expected) in [("INT", 130), ("TERM", 143)] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let mut command = orchestra(&["run", "--quiet", &task, "--input", r#"{"do": "loop"}"#, "--deadline", "5m"]);
        let mut child = reporting_to(&mut command, &endpoint).stdout(Stdio::null()).spawn().unwrap();
        endpoint.wait_for_requests(1);
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(expected));
        assert_eq!(statuses(&endpoint), ["RUNNING", "CANCELLED"]);
    }
}

#[test]
fn compose_makes_a_component_that_runs_by_itself() {
    let task = file("composed-from", component::test_task());
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("composed.wasm");
    let (code, ..) = ran(orchestra(&["compose", &task, "-o"]).arg(&output).output());
    assert_eq!(code, Some(0));
    let (code, stdout, _) = ran(orchestra(&["inspect"]).arg(&output).output());
    assert_eq!(code, Some(0));
    assert!(stdout.contains("Role: composed already: a command and a service\n"), "{stdout}");
}

#[test]
fn compose_says_what_does_not_fit() {
    let guard = file("guard", &component::components().guard);
    let (code, _, stderr) = ran(orchestra(&["compose", &guard, "-o", "/dev/null"]).output());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("orchestra:process/task"), "{stderr}");
}

#[test]
fn inspect_says_what_a_component_is() {
    let task = file("inspected", component::test_task());
    let (_, stdout, _) = ran(orchestra(&["inspect", &task]).output());
    for line in [
        "  orchestra:process/task@0.1.0                  a task, which somebody else runs and reports\n",
        "Role: a task: what it returns is how its run ends\n",
        "  orchestra run\n  wasmtime, Node through jco, Spin, wasmCloud: after `orchestra compose`\n",
    ] {
        assert!(stdout.contains(line), "{line:?} is not in\n{stdout}");
    }
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, stdout, _) = ran(orchestra(&["completions", shell]).output());
        assert_eq!(code, Some(0));
        assert!(stdout.contains("allow-host"), "{shell}");
    }
}

/// Its page is there until a signal; the run is over long before.
#[cfg(unix)]
#[test]
fn a_run_can_be_shown_on_a_local_page() {
    let task = file("shown", component::test_task());
    let mut command = orchestra(&["run", &task, "--dev"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let (mut said, mut byte) = (String::new(), [0]);
    while !said.contains("until Ctrl-C") && stderr.read(&mut byte).unwrap() == 1 {
        said.push(char::from(byte[0]));
    }
    assert!(said.contains("the run is shown at http://127.0.0.1:"), "{said}");
    assert!(!said.contains("not reported"), "{said}");
    assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
