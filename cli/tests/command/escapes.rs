//! What others wrote does not act on the terminal of whoever reads it.

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};

use crate::{file, orchestra, ran, reporting_to};

/// Clears the screen, forges a line, and turns the direction of what follows.
pub const HOSTILE: &str = "<\x1b[2J\norchestra: the run succeeded\r\u{9b}31m\u{202e}\u{2066}\u{2028}>";
pub const ESCAPED: &str = r"<\u001b[2J\norchestra: the run succeeded\r\u009b31m\u202e\u2066\u2028>";

#[track_caller]
fn assert_shown(stderr: &str, expected: &str) {
    assert!(stderr.contains(expected), "{expected} is not in {stderr}");
    let active = |char: &char| {
        char.is_control() && *char != '\n' || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(stderr.chars().find(active), None, "{stderr:?}");
    assert!(!stderr.lines().any(|line| line.starts_with("orchestra: the run succeeded")), "{stderr:?}");
}

#[test]
fn the_answer_of_an_endpoint_is_escaped() {
    let task = file("escaped-answer", component::test_task());
    let endpoint = MockEndpoint::always(status(410).body(HOSTILE));
    let (code, _, stderr) = ran(reporting_to(&mut orchestra(&["run", &task]), &endpoint).output());
    assert_eq!(code, Some(0));
    assert_shown(&stderr, "not reported: start: the endpoint answered 410: ");
    assert_shown(&stderr, "orchestra: the run succeeded");
}

#[test]
fn the_error_of_a_task_is_escaped() {
    let task = file("escaped-error", component::test_task());
    let input = serde_json::json!({ "do": "fail", "text": HOSTILE }).to_string();
    let (code, _, stderr) = ran(orchestra(&["run", &task, "--input", &input]).output());
    assert_eq!(code, Some(1));
    assert_shown(&stderr, &format!("orchestra: the task failed: {ESCAPED}\n"));
}

#[test]
fn the_summary_is_escaped_and_is_json_with_the_same_words() {
    let task = file("escaped-summary", component::test_task());
    let input = serde_json::json!({ "do": "fail", "text": HOSTILE }).to_string();
    let (_, _, stderr) = ran(orchestra(&["run", &task, "--input", &input, "--quiet", "--json"]).output());
    assert_shown(&stderr, ESCAPED);
    let summary: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(summary["end"], HOSTILE);
}

#[test]
fn the_name_of_a_file_is_escaped() {
    let program = format!("no/such/{HOSTILE}");
    for arguments in [&["run", &program][..], &["inspect", &program], &["compose", &program, "-o", "x.wasm"]] {
        let (code, _, stderr) = ran(orchestra(arguments).output());
        assert_eq!(code, Some(2));
        assert_shown(&stderr, &format!("no/such/{ESCAPED}: "));
    }
}

#[test]
fn the_name_of_a_host_is_escaped() {
    let task = file("escaped-host", component::test_task());
    let (code, _, stderr) = ran(orchestra(&["run", &task, "--allow-host", HOSTILE]).output());
    assert_eq!(code, Some(2));
    assert_shown(&stderr, "orchestra: the task was not started: ");
}

#[test]
fn an_argument_that_is_refused_is_escaped() {
    for (arguments, expected) in
        [(&["run", "x.wasm", "--deadline", HOSTILE][..], ESCAPED), (&[HOSTILE], ESCAPED), (&["run", "x", HOSTILE], "")]
    {
        let (code, _, stderr) = ran(orchestra(arguments).output());
        assert_eq!(code, Some(2));
        assert_shown(&stderr, expected);
    }
}

/// A component can import by URL, and a URL is not looked into.
#[test]
fn the_names_of_imports_are_escaped() {
    let component =
        wat::parse_str(r#"(component (import "url=<http://a/\1b[2J\c2\9b31m\e2\80\ae>" (instance)))"#).unwrap();
    let path = file("escaped-import", &component);
    let (code, stdout, _) = ran(orchestra(&["inspect", &path]).output());
    assert_eq!(code, Some(0));
    assert_shown(&stdout, r"url=<http://a/\u001b[2J\u009b31m\u202e>");
    for arguments in [&["run", &path][..], &["compose", &path, "-o", "x.wasm"]] {
        let (code, _, stderr) = ran(orchestra(arguments).output());
        assert_eq!(code, Some(2));
        assert_shown(&stderr, "orchestra: ");
    }
}

/// It may draw what it likes.
#[test]
fn the_output_of_a_task_stays_as_it_is() {
    let task = file("escaped-nothing", component::test_task());
    let input = serde_json::json!({ "do": "write", "text": HOSTILE }).to_string();
    let (_, stdout, stderr) = ran(orchestra(&["run", &task, "--quiet", "--input", &input]).output());
    assert_eq!((stdout, stderr), (format!("{HOSTILE}\n"), format!("{HOSTILE}\n")));
}
