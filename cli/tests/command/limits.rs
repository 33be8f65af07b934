//! What a user sees whose shell limits this process.

use std::fs::File;
use std::process::Command;

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};

use crate::{file, orchestra, ran, reporting_to, statuses};

/// The command with these arguments, after `ulimit` with this option and value.
fn limited(limit: [&str; 2], arguments: &[&str]) -> Command {
    let inner = orchestra(arguments);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"ulimit "$1" "$2" && shift 2 && exec "$@""#, "sh"]).args(limit);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs a task under this limit, which is too low, and returns the message about it.
fn refused(test: &str, limit: [&str; 2]) -> String {
    let task = file(test, component::test_task());
    let endpoint = MockEndpoint::script([]);
    let (code, _, stderr) = ran(reporting_to(&mut limited(limit, &["run", &task]), &endpoint).output());
    assert_eq!(code, Some(2));
    assert_eq!(endpoint.connections(), 0);
    stderr
}

#[test]
fn too_few_open_files_are_said_before_anything_is_reported() {
    let expected = "orchestra: this process may have 6 open files, and needs 64: raise the limit with `ulimit -n 64`\n";
    assert_eq!(refused("open-files", ["-n", "6"]), expected);
}

#[test]
fn too_small_a_stack_is_said_before_anything_is_reported() {
    let stderr = refused("stack", ["-s", "128"]);
    assert!(stderr.starts_with("orchestra: this process may have 128 KiB of stack, and needs "), "{stderr}");
    assert!(stderr.contains("`ulimit -s "), "{stderr}");
}

#[test]
fn too_little_address_space_is_said_before_anything_is_reported() {
    let stderr = refused("address-space", ["-v", "1000000"]);
    assert!(
        stderr.starts_with("orchestra: this process may have 1000000 KiB of address space, and needs "),
        "{stderr}"
    );
    assert!(stderr.contains("`ulimit -v "), "{stderr}");
}

/// Wasmtime keeps the first contents of a task's memory in a file of its own. Who reports the run needs none.
#[test]
fn files_that_may_be_too_small_to_start_a_task_are_said_and_the_run_is_reported() {
    let task = file("file-size", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = limited(["-f", "10"], &["run", &task, "--no-cache", "--quiet"]);
    let (code, _, stderr) = ran(reporting_to(&mut command, &endpoint).output());
    assert_eq!(code, Some(134), "{stderr}");
    assert_eq!(statuses(&endpoint), ["RUNNING", "FAILED"]);
    assert!(stderr.contains("orchestra: a file could not grow beyond "), "{stderr}");
    assert!(stderr.contains("`ulimit -f`"), "{stderr}");
}

/// The task's standard output is a file of at most 2 MiB.
#[test]
fn a_file_that_may_not_grow_is_said_and_the_run_is_reported() {
    let task = file("growing-file", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let input = r#"{"do": "write-much", "mib": 4}"#;
    let mut command = limited(["-f", "4096"], &["run", &task, "--no-cache", "--quiet", "--json", "--input", input]);
    let stdout = File::create(format!("{task}.stdout")).unwrap();
    let (code, _, stderr) = ran(reporting_to(&mut command, &endpoint).stdout(stdout).output());
    assert_eq!(code, Some(134));
    assert_eq!(statuses(&endpoint), ["RUNNING", "FAILED"]);
    let [.., notice, summary] = stderr.lines().collect::<Vec<_>>()[..] else { panic!("{stderr}") };
    assert!(notice.starts_with("orchestra: a file could not grow beyond "), "{stderr}");
    assert!(notice.contains("`ulimit -f`"), "{stderr}");
    assert!(summary.starts_with('{'), "{stderr}");
}

/// The program that is composed is larger than a file may be.
#[test]
fn a_subcommand_that_cannot_write_its_file_names_the_limit() {
    let task = file("small-file", component::test_task());
    let (code, _, stderr) = ran(limited(["-f", "10"], &["compose", &task, "-o", &format!("{task}.composed")]).output());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("`ulimit -f`"), "{stderr}");
}
