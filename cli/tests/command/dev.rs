//! `orchestra-wasm dev`, and what `run` has of it.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use host_test::component;

use crate::{file, kill, orchestra, ran};

/// Its page is there until a signal; the run is over long before.
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
    kill("INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// What it prints is for a shell, which a task is then run in.
#[test]
fn dev_prints_the_environment_that_reports_to_it() {
    let task = file("developed", component::test_task());
    for (arguments, said) in [
        (&["dev"][..], ""),
        (
            &["dev", "--fail-rate", "1", "--status", "400"],
            "orchestra: not reported: start: the endpoint answered 400: ",
        ),
    ] {
        let mut dev = orchestra(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(dev.stdout.take().unwrap()).lines();
        let lines: Vec<_> = lines.take(4).map(Result::unwrap).collect();
        assert!(lines[0].starts_with("# The page: http://127.0.0.1:"), "{lines:?}");
        let exports = lines[1..].iter().map(|line| line.strip_prefix("export ").unwrap().split_once('=').unwrap());

        let (code, _, stderr) = ran(orchestra(&["run", &task]).envs(exports).output());

        assert_eq!(code, Some(0));
        assert!(stderr.starts_with(said) && stderr.is_empty() == said.is_empty(), "{stderr}");
        kill("INT", &dev);
        assert_eq!(dev.wait().unwrap().code(), Some(0));
    }
}
