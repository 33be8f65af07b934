//! What somebody sees who sits at a terminal.

use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Stdio};

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::escapes::{ESCAPED, HOSTILE};
use crate::{file, kill, orchestra, reporting_to};

const ERASE: &str = "\r\x1b[K";

/// Standard output and standard error are a terminal, the other end of which this is.
fn on_terminal(command: &mut Command) -> (Child, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let theirs = open(ptsname(&ours, Vec::new()).unwrap(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let child = command.stdout(Stdio::from(theirs.try_clone().unwrap())).stderr(Stdio::from(theirs)).spawn().unwrap();
    // What the command still has of theirs would keep the terminal open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    (child, File::from(ours))
}

/// Reads until there is this text; or, without one, to the end.
fn read_until(terminal: &mut File, seen: &mut String, text: Option<&str>) {
    let mut bytes = [0; 1024];
    while text.is_none_or(|text| !seen.contains(text)) {
        // At the end Linux has an error, EIO.
        match terminal.read(&mut bytes) {
            Ok(read) if read > 0 => seen.push_str(&String::from_utf8_lossy(&bytes[..read])),
            _ => break,
        }
    }
}

#[test]
fn a_line_says_that_the_task_runs_and_gives_way_to_what_it_writes() {
    let task = file("on-a-terminal", component::test_task());
    let input = r#"{"do": "write", "text": "hello", "then": {"do": "loop"}}"#;
    let (mut child, mut terminal) = on_terminal(&mut orchestra(&["run", &task, "--name", "load", "--input", input]));
    let mut seen = String::new();
    read_until(&mut terminal, &mut seen, Some("running for 1 s"));
    kill("INT", &child);
    read_until(&mut terminal, &mut seen, None);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    println!("{seen:?}");
    let (_, after_notice) = seen.split_once("is set\r\n").expect("nothing is configured");
    let expected = format!(
        "{ERASE}load: running for 0 s{ERASE}hello\r\nhello\r\n{ERASE}load: running for 1 s{ERASE}orchestra: the task \
         was cancelled\r\n"
    );
    assert_eq!(after_notice, expected);
}

#[test]
fn quiet_is_quiet_on_a_terminal_too() {
    let task = file("quiet-on-a-terminal", component::test_task());
    let input = r#"{"do": "write", "text": "hello"}"#;
    let (mut child, mut terminal) = on_terminal(&mut orchestra(&["run", &task, "--quiet", "--input", input]));
    let mut seen = String::new();
    read_until(&mut terminal, &mut seen, None);
    assert_eq!((child.wait().unwrap().code(), seen.as_str()), (Some(0), "hello\r\nhello\r\n"));
}

/// Its name on the line of progress, its error, and what an endpoint answers; but not what it writes.
#[test]
fn what_others_wrote_is_escaped_on_a_terminal_and_what_the_task_writes_is_not() {
    let task = file("hostile-on-a-terminal", component::test_task());
    let endpoint = MockEndpoint::always(status(410).body(HOSTILE));
    let (written, then) = ("\x1b[1mbold\x1b[0m", serde_json::json!({ "do": "fail", "text": HOSTILE }));
    let input = serde_json::json!({ "do": "write", "text": written, "then": then }).to_string();
    let mut command = orchestra(&["run", &task, "--name", "\x1b[2J\u{202e}load", "--json", "--input", &input]);
    let (mut child, mut terminal) = on_terminal(reporting_to(&mut command, &endpoint));
    let mut seen = String::new();
    read_until(&mut terminal, &mut seen, None);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    println!("{seen:?}");
    assert!(seen.contains(&format!("orchestra: the task failed: {ESCAPED}\r\n")));
    assert!(seen.contains(&format!("{ERASE}{written}\r\n{written}\r\n")));
    let rest = seen.replace(ERASE, "").replace(written, "").replace("\r\n", "");
    assert_eq!(
        rest.chars().find(|char| char.is_control() || matches!(char, '\u{202e}' | '\u{2066}' | '\u{2028}')),
        None
    );
}
