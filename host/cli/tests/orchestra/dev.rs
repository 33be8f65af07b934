//! `orchestra dev`, and what `run` has of it.

use std::io::Read;
use std::process::Stdio;

use host_test::component;

use crate::{file, kill, orchestra};

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
