//! What a task finds that looks for a way out.

use std::fs;
use std::path::Path;

use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::API_KEY;
use orchestra_host::{End, Folder, Run};

use crate::{block_on, line, task, with_input};

#[test]
fn a_task_finds_no_key_and_nothing_that_was_not_granted() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    let variable = |name: &str, value: &str| (name.to_string(), value.to_string());
    let variables = vec![
        variable("ORCHESTRA_API_KEY", API_KEY),
        variable("orchestra_task_run_id", "seen-run-id"),
        variable("SEEN", "seen-in-a-variable"),
    ];
    block_on(task(), Run { variables, ..with_input(&endpoint, r#"{"do": "search"}"#) });
    let found = endpoint.requests::<3>()[1].json()["output_value"].to_string();
    assert!(found.contains("seen-in-a-variable"));
    for secret in [API_KEY, "seen-run-id", "CARGO"] {
        assert!(!found.contains(secret), "{found}");
    }
    assert!(found.contains("MissingVariable"), "{found}");
}

#[test]
fn a_task_sees_the_folders_that_it_is_granted_and_no_others() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("granted");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("file.txt"), "seen-in-a-file").unwrap();
    for (folders, is_seen) in
        [(vec![Folder { here: folder.clone(), there: "/".into(), is_writable: false }], true), (vec![], false)]
    {
        let endpoint = MockEndpoint::script(vec![status(200); 3]);
        block_on(task(), Run { folders, ..with_input(&endpoint, r#"{"do": "search"}"#) });
        let found = endpoint.requests::<3>()[1].json()["output_value"].to_string();
        assert_eq!(found.contains("seen-in-a-file"), is_seen, "{found}");
    }
}

/// In `/proc/self/environ` is the environment of the host itself.
#[cfg(target_os = "linux")]
#[test]
fn no_folder_has_the_hosts_own_environment_in_it() {
    for here in ["/", "/proc", "/proc/self", "/tmp/../proc/self/"] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let folders = vec![Folder { here: here.into(), there: "/".into(), is_writable: false }];
        let ended = block_on(task(), Run { folders, ..with_input(&endpoint, r#"{"do": "search"}"#) });
        assert!(matches!(&ended.end, End::NotStarted(why) if why.contains("/proc")), "{here}");
        endpoint.requests::<2>();
    }
}

#[test]
fn a_folder_may_be_written_to_where_that_is_granted() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("writable");
    fs::create_dir_all(&folder).unwrap();
    for is_writable in [false, true] {
        _ = fs::remove_file(folder.join("made.txt"));
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let folders = vec![Folder { here: folder.clone(), there: "/".into(), is_writable }];
        let input = r#"{"do": "make", "file": "/made.txt"}"#;
        let ended = block_on(task(), Run { folders, ..with_input(&endpoint, input) });
        assert_eq!(ended.end == End::Returned, is_writable, "{ended:?}");
        assert_eq!(folder.join("made.txt").exists(), is_writable);
        endpoint.requests::<2>();
    }
}

/// Not even the endpoint: the way to it is the process component's alone.
#[test]
fn a_task_reaches_no_host_that_it_was_not_allowed() {
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    block_on(task(), with_input(&endpoint, &format!(r#"{{"do": "get", "url": "{}"}}"#, endpoint.url())));
    assert!(line(&endpoint.requests::<3>()[1]).contains("HttpRequestDenied"));
}

#[test]
fn a_task_reaches_a_host_that_it_was_allowed() {
    let (endpoint, other) = (MockEndpoint::script(vec![status(200); 3]), MockEndpoint::script([status(204)]));
    let allowed_hosts = vec![other.address().to_string()];
    let input = format!(r#"{{"do": "get", "url": "{}/path"}}"#, other.url());
    block_on(task(), Run { allowed_hosts, ..with_input(&endpoint, &input) });
    assert_eq!(line(&endpoint.requests::<3>()[1]), "got = \"204\"");
    assert_eq!(other.requests::<1>()[0].path, "/path");
}

/// The process component has a way to the endpoint, and to nothing beside it.
#[test]
fn a_reporter_of_the_tasks_own_reaches_the_endpoint_only() {
    let other = MockEndpoint::script([]);
    for (path, requests) in [("", 5), ("/admin", 3), ("/?x=1", 3)] {
        let endpoint = MockEndpoint::always(status(200));
        let input = format!(r#"{{"do": "report-elsewhere", "url": "{}{path}"}}"#, endpoint.url());
        block_on(task(), with_input(&endpoint, &input));
        assert_eq!(endpoint.all_requests().len(), requests, "{path}");
    }
    let endpoint = MockEndpoint::script(vec![status(200); 3]);
    block_on(task(), with_input(&endpoint, &format!(r#"{{"do": "report-elsewhere", "url": "{}"}}"#, other.url())));
    assert!(line(&endpoint.requests::<3>()[1]).contains("Denied"));
}

/// They are in the host's memory, not in the task's own.
#[test]
fn a_task_holds_so_many_handles_and_no_more() {
    for (handles, is_too_many) in [(2000, false), (5000, true)] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let input = format!(r#"{{"do": "hoard", "handles": {handles}}}"#);
        let ended = block_on(task(), with_input(&endpoint, &input));
        assert_eq!(matches!(ended.end, End::Trapped(_)), is_too_many, "{ended:?}");
        endpoint.requests::<2>();
    }
}

#[test]
fn a_task_has_no_sockets() {
    let (endpoint, other) = (MockEndpoint::script(vec![status(200); 3]), MockEndpoint::script([]));
    let input = format!(r#"{{"do": "connect", "address": "{}"}}"#, other.address());
    let allowed_hosts = vec![other.address().to_string()];
    block_on(task(), Run { allowed_hosts, ..with_input(&endpoint, &input) });
    let got = line(&endpoint.requests::<3>()[1]);
    assert!(!got.contains("connected"), "{got}");
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_key_is_not_printed_by_accident() {
    let run = with_input(&MockEndpoint::script([]), "{}");
    assert!(!format!("{run:?}").contains(API_KEY));
}
