//! What a program has to do that runs tasks as its plugins: the programs in `examples/embed/` are held to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::endpoint::{MockEndpoint, status};
use serde_json::{Value, json};

use crate::component;
use crate::guest::{API_KEY, RUN_ID};
use crate::report::line;

/// Compilation of the plugins included.
const LIMIT: Duration = Duration::from_secs(300);

/// What is wanted of the program, and what has to come of it: the plugin, its input, the outcome, and what is reported
/// between the start and that.
fn cases() -> Vec<(&'static str, Value, &'static str, Vec<&'static str>)> {
    vec![
        (
            "orders",
            json!({ "file": "orders.csv" }),
            "succeeded",
            vec![
                "RUNNING orders.csv read",
                "rows = 6",
                "total = 47000",
                r#"by-region = {"east":20000,"north":16975,"south":9275,"west":750}"#,
                "orders.log: east: 20000\nnorth: 16975\nsouth: 9275\nwest: 750\n",
                "SUCCEEDED orders succeeded.",
            ],
        ),
        (
            "orders",
            json!({ "file": "malformed/orders.csv" }),
            "failed",
            vec![
                "RUNNING malformed/orders.csv read",
                "FAILED orders failed. Error: malformed/orders.csv, line 4: amount \"x\" is not a number",
            ],
        ),
        ("test", json!({ "do": "fail", "text": "why" }), "failed", vec!["FAILED test failed. Error: why"]),
        (
            "test",
            json!({ "do": "trap" }),
            "failed",
            vec!["FAILED test failed. Error: trap: wasm `unreachable` instruction executed"],
        ),
        (
            "test",
            json!({ "do": "exit-with-code", "status": 3 }),
            "failed",
            vec!["FAILED test failed. Error: exited with status 3"],
        ),
        ("test", json!({ "do": "exit", "status": 0 }), "succeeded", vec!["SUCCEEDED test succeeded."]),
        ("test", json!({ "do": "end", "outcome": "warning" }), "warning", vec!["WARNING "]),
        ("test", json!({ "do": "end", "outcome": "cancelled", "text": "too late" }), "cancelled", vec!["CANCELLED "]),
        ("missing", json!({}), "failed", vec!["FAILED missing failed. Error: there is no plugin missing"]),
        (
            "../plugins/test",
            json!({}),
            "failed",
            vec!["FAILED ../plugins/test failed. Error: \"../plugins/test\" is not the name of a plugin"],
        ),
    ]
}

/// Gives the program a folder of plugins as its one further argument, `orders` being the example's task in whatever
/// language, and triggers, and looks at what arrives.
///
/// # Panics
///
/// If that is not what it should be, or not all of it within 5 min.
pub fn assert_runs_plugins(mut command: Command, folder: &Path, orders: &[u8]) {
    let endpoint = MockEndpoint::always(status(200));
    prepare(&mut command, folder, orders, &endpoint);
    let cases = cases();
    let id = |number: usize| format!("12345678-1234-5678-1234-{number:012}");
    let mut triggers = vec!["no JSON".to_string(), r#"{"plugin": "orders"}"#.to_string()];
    for (number, (plugin, input, ..)) in cases.iter().enumerate() {
        triggers.push(json!({ "plugin": plugin, "run_id": id(number), "input": input }).to_string());
    }
    let search = "12345678-1234-5678-1234-567812345678";
    triggers.push(json!({ "plugin": "test", "run_id": search, "input": { "do": "search" } }).to_string());

    let (succeeded, stdout, stderr) = run(command, &triggers.join("\n"));
    println!("{stdout}\n{stderr}");
    assert!(succeeded);
    assert_eq!(stderr.matches("a trigger was not run: ").count(), 2);

    let mut reports = BTreeMap::<String, Vec<_>>::new();
    for request in endpoint.all_requests() {
        reports
            .entry(request.json()["task_run_id"].as_str().unwrap_or_default().to_string())
            .or_default()
            .push(request);
    }
    for (number, (plugin, _, outcome, expected)) in cases.iter().enumerate() {
        let lines: Vec<_> = reports[&id(number)].iter().map(line).collect();
        let start = format!("RUNNING {plugin} started.");
        let expected: Vec<_> = [start.as_str()].iter().chain(expected).copied().collect();
        assert_eq!(lines, expected, "{number}");
        let told = stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told: Vec<_> = told.filter(|told| told["run_id"] == id(number)).collect();
        assert_eq!(told, [json!({ "run_id": id(number), "outcome": outcome })]);
    }
    let found = reports[search].iter().find(|request| request.json()["event_type"] == "SET_OUTPUT");
    let found = found.expect("the search says what it has found").text().to_string();
    assert!(found.contains("1003,north,4925"), "the search looks into the folder: {found}");
    assert!(!found.contains(API_KEY) && !found.contains("ORCHESTRA_WEBHOOK"), "{found}");
}

/// Lets the endpoint refuse every report, and looks for each report on standard error, with the endpoint's own words.
///
/// # Panics
///
/// If one is not there, or the run has another outcome than the plugin's.
pub fn assert_names_refused_reports(mut command: Command, folder: &Path) {
    let endpoint = MockEndpoint::always(status(403).body("no such run"));
    prepare(&mut command, folder, component::example_task(), &endpoint);
    let trigger = json!({ "plugin": "test", "run_id": RUN_ID, "input": {} });
    let (succeeded, stdout, stderr) = run(command, &trigger.to_string());
    assert!(succeeded, "{stderr}");
    let told: Vec<_> = stderr.lines().collect();
    let expected = ["start", "ending (succeeded)"]
        .map(|report| format!("plugin-host: {RUN_ID}: not reported: {report}: the endpoint answered 403: no such run"));
    assert_eq!(told, expected);
    let outcome: Value = serde_json::from_str(&stdout).expect("the outcome is JSON");
    assert_eq!(outcome, json!({ "run_id": RUN_ID, "outcome": "succeeded" }));
}

/// Gives the program a variable that cannot be used, and looks for its name on standard error.
///
/// # Panics
///
/// If the name is not there, or the value is.
pub fn assert_names_a_variable_it_cannot_use(mut command: Command, folder: &Path) {
    let endpoint = MockEndpoint::always(status(200));
    prepare(&mut command, folder, component::example_task(), &endpoint);
    command.env("ORCHESTRA_DELIVERY_TIMEOUT", "seventy");
    let trigger = json!({ "plugin": "test", "run_id": RUN_ID, "input": {} });
    let (_, _, stderr) = run(command, &trigger.to_string());
    assert!(stderr.contains("ORCHESTRA_DELIVERY_TIMEOUT: "), "{stderr}");
    assert!(!stderr.contains("seventy"), "{stderr}");
}

/// A folder of plugins, and the environment.
fn prepare(command: &mut Command, folder: &Path, orders: &[u8], endpoint: &MockEndpoint) {
    fs::create_dir_all(folder).expect("the target folder can be written to");
    for (name, component) in [("orders", orders), ("test", component::test_task())] {
        fs::write(folder.join(format!("{name}.wasm")), component).expect("the target folder can be written to");
    }
    command
        .arg(folder)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data"))
        .env("ORCHESTRA_API_KEY", API_KEY)
        .env("ORCHESTRA_WEBHOOK_URL", endpoint.url());
}

/// Whether it succeeded, and what it wrote on standard output and standard error.
fn run(mut command: Command, input: &str) -> (bool, String, String) {
    let what = format!("{command:?}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{what} does not start: {error}"));
    let id = child.id();
    // A program that ends before it has read all of it is seen by its status.
    _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let (sender, ended) = channel();
    thread::spawn(move || _ = sender.send(Child::wait_with_output(child)));
    let Ok(output) = ended.recv_timeout(LIMIT) else {
        _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        panic!("{what} was still running after {LIMIT:?}");
    };
    let output = output.expect("a child can be waited for");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}
