//! What was given as a value is in no message, on no stream, and in no request.

use host_test::component;
use host_test::endpoint::{MockEndpoint, status};

use crate::{file, orchestra, ran, reporting_to, statuses};

const SECRET: &str = "S3cr3t-Value~9f8e7d";

/// Every `?` is the secret.
fn with_secret(argument: &str) -> String {
    argument.replace('?', SECRET)
}

/// Without the secret, and any longer part of it: a message may have cut it.
fn is_clean(text: &str) -> bool {
    !text.contains(&SECRET[..6]) && !text.contains(&SECRET[SECRET.len() - 6..])
}

/// Runs with these arguments, which must be an error.
fn fails_without_the_secret(test: &str, shapes: &[&[&str]]) {
    let task = file(test, component::test_task());
    for shape in shapes {
        let endpoint = MockEndpoint::always(status(200));
        let mut command = orchestra(&["run", &task, "--json"]);
        command.args(shape.iter().map(|argument| with_secret(argument)));
        let (code, stdout, stderr) = ran(reporting_to(&mut command, &endpoint).output());
        assert_eq!(code, Some(2), "{shape:?}");
        assert!(is_clean(&stdout) && is_clean(&stderr), "{shape:?}: {stderr}");
        for request in endpoint.all_requests() {
            assert!(is_clean(&format!("{:?} {}", request.headers, request.text())), "{shape:?}: {}", request.text());
        }
    }
}

#[test]
fn an_error_about_a_variable_does_not_hold_its_value() {
    fails_without_the_secret(
        "secret-variables",
        &[
            &["--env", "ORCHESTRA_API_KEY=?"],
            &["--env", "orchestra_key=?"],
            &["--env", "ORCHESTRA_?"],
            &["--env", "?"],
            &["--env", "=?"],
            &["--env", "*?"],
            &["--env", "?*"],
            &["--env", "A*?"],
            &["--env", "-?"],
            &["--env", "--?"],
            &["--env=?"],
            &["--env=--?"],
            &["--env", "GOOD=?", "--env", "BAD"],
            &["--env", "GOOD=?", "--log", ""],
            &["--env", "GOOD=?", "--allow-host", "*"],
            &["--env", "GOOD=?", "--deadline", "soon"],
        ],
    );
}

#[test]
fn an_error_about_the_input_does_not_hold_it() {
    fails_without_the_secret(
        "secret-inputs",
        &[
            &["--input", "?"],
            &["--input=?"],
            &["--input", "-?"],
            &["--input", r#""?"#],
            &["--input", r#"{"password": ?}"#],
            &["--input", r#"{"password": "?", }"#],
            &["--input", r#"{"password": "?"} ?"#],
            &["--input", r#"{"?": "?" "?"}"#],
            &["--input", r#"["\?"]"#],
        ],
    );
}

/// A value that lacks its quotes is several arguments; one behind an option that takes none, or that is mistyped, is stray.
#[test]
fn an_error_about_a_stray_argument_does_not_hold_it() {
    fails_without_the_secret(
        "secret-strays",
        &[
            &["--env", "PASSWORD=two", "?"],
            &["--env", "PASSWORD=two", "--?"],
            &["--env", "PASSWORD=two", "-?"],
            &["--input", r#"{"password":"#, r#""?"}"#],
            &["--enviroment", "PASSWORD=?"],
            &["--enviroment=PASSWORD=?"],
            &["--quiet=?"],
            &["--dev=?"],
            &["-q?"],
            &["--log", "", "--", "?", "--password=?"],
        ],
    );
}

#[cfg(unix)]
#[test]
fn an_error_about_text_that_is_not_utf8_does_not_hold_it() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let task = file("secret-bytes", component::test_task());
    let broken = |start: &str| OsString::from_vec([start.as_bytes(), SECRET.as_bytes(), b"\xff"].concat());
    for arguments in
        [[OsString::from("--env"), broken("A=")], ["--input".into(), broken("")], ["--".into(), broken("")]]
    {
        let (code, _, stderr) = ran(orchestra(&["run", &task]).args(&arguments).output());
        assert_eq!(code, Some(2));
        assert!(is_clean(&stderr), "{stderr}");
    }
    let (code, _, stderr) = ran(orchestra(&["run", &task, "--env", "TOKEN"]).env("TOKEN", broken("")).output());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--env TOKEN: the value of this variable is not UTF-8"), "{stderr}");
    assert!(is_clean(&stderr), "{stderr}");
}

#[test]
fn an_error_about_the_configuration_does_not_hold_it() {
    let task = file("secret-configuration", component::test_task());
    for (variable, value) in [
        ("ORCHESTRA_API_KEY", "?\u{e9}"),
        ("ORCHESTRA_API_KEY", "?\n?"),
        ("ORCHESTRA_TASK_RUN_ID", "?"),
        ("ORCHESTRA_WEBHOOK_URL", "?"),
        ("ORCHESTRA_WEBHOOK_URL", "https://user:?@example.com/"),
        ("ORCHESTRA_WEBHOOK_URL", "https://example.com:?/"),
        ("ORCHESTRA_WEBHOOK_URL", "http://example.com/?token=?"),
    ] {
        let endpoint = MockEndpoint::script([]);
        let mut command = orchestra(&["run", &task, "--json"]);
        let (code, _, stderr) = ran(reporting_to(&mut command, &endpoint).env(variable, with_secret(value)).output());
        assert_eq!(code, Some(0), "{variable}={value}");
        assert!(stderr.starts_with("orchestra: nothing is reported: "), "{stderr}");
        assert!(is_clean(&stderr), "{stderr}");
    }
}

/// The message of the failure reaches Orchestra, so that somebody can mend the command line.
#[test]
fn the_name_of_a_variable_that_is_refused_is_said() {
    let task = file("secret-named", component::test_task());
    let endpoint = MockEndpoint::script(vec![status(200); 2]);
    let mut command = orchestra(&["run", &task, "--env", &with_secret("ORCHESTRA_API_KEY=?")]);
    let (_, _, stderr) = ran(reporting_to(&mut command, &endpoint).output());
    let expected = "--env ORCHESTRA_API_KEY: a task is not given variables that begin with ORCHESTRA_";
    assert_eq!(stderr, format!("orchestra: the task was not started: {expected}\n"));
    assert_eq!(statuses(&endpoint), ["RUNNING", "FAILED"]);
    assert!(endpoint.requests::<2>()[1].text().contains(expected));
}
