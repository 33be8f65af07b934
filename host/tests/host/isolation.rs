//! What a task finds that looks for a way out.

use std::fs;
use std::path::{Path, PathBuf};

use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::API_KEY;
use orchestra_host::{Cache, Config, End, Folder, Host, Run};

use crate::{block_on, cache, host, line, task, with_input};

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
    assert!(found.contains("ORCHESTRA_API_KEY") && found.contains("it is not set"), "{found}");
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
    for here in ["/", "/proc", "/proc/self", "/tmp/../proc/self/", "/proc/sys"] {
        let endpoint = MockEndpoint::script(vec![status(200); 2]);
        let folders = vec![Folder { here: here.into(), there: "/".into(), is_writable: false }];
        let ended = block_on(task(), Run { folders, ..with_input(&endpoint, r#"{"do": "search"}"#) });
        assert!(matches!(&ended.end, End::NotStarted(why) if why.contains("has a procfs in it, /proc")), "{here}");
        endpoint.requests::<2>();
    }
}

/// Why a run is not started whose task is granted this folder; none if it is started.
fn refusal(host: &Host, here: &Path, is_writable: bool) -> Option<String> {
    let command = host.load(&wat::parse_str(NOTHING).unwrap()).unwrap();
    let folders = vec![Folder { here: here.into(), there: "/".into(), is_writable }];
    match block_on(&command, Run { folders, ..Run::default() }).end {
        End::NotStarted(why) => Some(why),
        end => {
            assert_eq!(end, End::Returned);
            None
        }
    }
}

/// A command that succeeds.
const NOTHING: &str = r#"(component
    (core module $code (func (export "run") (result i32) i32.const 0))
    (core instance $code (instantiate $code))
    (func $run (result (result)) (canon lift (core func $code "run")))
    (instance $run (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $run)))"#;

/// A folder of this test's own.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn with_cache(folder: PathBuf) -> Host {
    Host::new(&Config { cache: Cache::Folder(folder), ..Config::default() }).unwrap()
}

/// The files in it are run as machine code, in the process that has the API key.
#[test]
fn a_task_may_not_write_the_cache_of_compiled_programs() {
    let outer = scratch("holds-a-cache");
    let cache = outer.join("cache");
    let host = with_cache(cache.clone());
    let below = scratch("holds-a-cache/cache/below");
    for here in [&outer, &cache, &below] {
        let why = refusal(&host, here, true).unwrap();
        assert!(why.contains("run as machine code"), "{why}");
        assert!(why.contains("--no-cache"), "{why}");
        assert!(why.contains(&*here.to_string_lossy()), "{why}");
    }
    assert_eq!(refusal(&host, &scratch("holds-a-cache/beside"), true), None);
}

/// It is what it is under any name, and a link on the way to it could be replaced.
#[cfg(unix)]
#[test]
fn links_do_not_lead_to_the_cache() {
    use std::os::unix::fs::symlink;

    let (links, elsewhere) = (scratch("links-to-a-cache"), scratch("a-cache-behind-links"));
    let link = links.join("link");
    _ = fs::remove_file(&link);
    symlink(&elsewhere, &link).unwrap();
    let host = with_cache(link.join("cache"));
    for here in [&links, &link, &elsewhere, &link.join("cache")] {
        assert!(refusal(&host, here, true).is_some_and(|why| why.contains("run as machine code")), "{here:?}");
    }
}

/// Who can only read it has the code of other programs, and no way into this process.
#[test]
fn a_task_may_read_the_cache() {
    let outer = scratch("holds-a-readable-cache");
    assert_eq!(refusal(&with_cache(outer.join("cache")), &outer, false), None);
}

#[test]
fn without_a_cache_no_folder_is_refused_for_it() {
    let outer = scratch("held-a-cache");
    fs::create_dir_all(outer.join("cache")).unwrap();
    let host = Host::new(&Config { cache: Cache::Off, ..Config::default() }).unwrap();
    assert_eq!(refusal(&host, &outer, true), None);
}

#[test]
fn a_task_may_not_replace_the_program_that_runs_it() {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().unwrap();
    assert!(refusal(host(), folder, true).unwrap().contains("this program"));
    assert_eq!(refusal(host(), folder, false), None);
}

/// Its start-up files are run by the next shell, and its keys are the user's.
#[test]
fn a_task_may_not_write_the_home_folder() {
    let home = std::env::home_dir().unwrap();
    assert!(refusal(host(), &home, true).unwrap().contains("your home folder"));
}

/// With an authority of its own, whoever stands in between could read the API key.
#[test]
fn a_task_may_not_write_the_certificate_authorities_of_its_host() {
    let folder = scratch("authorities-of-a-host");
    let file = folder.join("authorities.pem");
    fs::write(&file, MockEndpoint::script_tls([]).certificate_authority_pem()).unwrap();
    let host = Host::new(&Config { cache: cache(), certificate_authorities: Some(file), ..Config::default() }).unwrap();
    assert!(refusal(&host, &folder, true).unwrap().contains("certificate authorities"));
    assert_eq!(refusal(&host, &folder, false), None);
}

#[test]
fn a_folder_may_be_written_to_if_that_is_granted() {
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
fn the_number_of_handles_that_a_task_holds_is_limited() {
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
