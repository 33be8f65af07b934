//! The deadline counts from the start of the command.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};

use crate::{file, orchestra, ran, reporting_to, statuses};

/// It never has a writer, so that it cannot be opened to read.
fn pipe(test: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    _ = fs::remove_file(&path);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path.to_string_lossy().into_owned()
}

#[track_caller]
fn fails_by_its_deadline(command: &mut Command) {
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let (code, _, stderr) = ran(reporting_to(command, &endpoint).output());
    assert_eq!((code, stderr.as_str()), (Some(124), "orchestra: the task failed: deadline of 250ms exceeded\n"));
    assert_eq!(statuses(&endpoint), ["RUNNING", "FAILED"]);
}

#[test]
fn a_program_that_never_comes_fails_by_the_deadline() {
    fails_by_its_deadline(&mut orchestra(&["run", &pipe("program.fifo"), "--deadline", "250ms"]));
}

#[test]
fn an_input_that_never_comes_fails_by_the_deadline() {
    let task = file("input-that-never-comes", component::test_task());
    let input = format!("@{}", pipe("input.fifo"));
    fails_by_its_deadline(&mut orchestra(&["run", &task, "--input", &input, "--deadline", "250ms"]));
}

#[test]
fn standard_input_that_never_ends_fails_by_the_deadline() {
    let task = file("stdin-that-never-ends", component::test_task());
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = orchestra(&["run", &task, "--input", "-", "--deadline", "250ms"]);
    fails_by_its_deadline(command.stdin(Stdio::from(reader)));
    drop(writer);
}

#[test]
fn authorities_that_never_come_fail_by_the_deadline() {
    let task = file("authorities-that-never-come", component::test_task());
    let file = pipe("authorities.fifo");
    fails_by_its_deadline(&mut orchestra(&["run", &task, "--ca-file", &file, "--deadline", "250ms"]));
}
