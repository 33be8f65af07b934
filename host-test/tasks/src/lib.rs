//! A task that does what its input says: `{"do": …}`, with further members that the match below names.

use bindings::exports::orchestra::process::task;
use bindings::orchestra::process::connections;
use bindings::orchestra::process::lifecycle::{Process, Reporter};
use bindings::wasi::cli::exit::exit_with_code;
use serde_json::{Value, json};
use wasi::http::types::Fields;

mod reach;
#[path = "search.rs"]
mod search;
mod timed;
mod waste;

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package test:task;
            world task {
                include orchestra:process/task-component@0.1.0;
                import wasi:cli/exit@0.2.12;
            }
        ",
        world: "test:task/task",
        generate_all,
    });
}

struct Task;

bindings::export!(Task with_types_in bindings);

fn times(input: &Value) -> u64 {
    input["times"].as_u64().unwrap_or(0)
}

impl task::Guest for Task {
    fn run(process: &Process, input: String) -> Result<(), String> {
        let input: Value = serde_json::from_str(&input).expect("the runner passes JSON");
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_string();
        match text("do").as_str() {
            // `text`
            "fail" => return Err(text("text")),
            // `status`
            "exit" => {
                std::process::exit(input["status"].as_i64().and_then(|status| status.try_into().ok()).unwrap_or(0))
            }
            // `status`, which Rust's `exit` does not tell
            "exit-with-code" => {
                exit_with_code(input["status"].as_u64().and_then(|code| code.try_into().ok()).unwrap_or(0))
            }
            "trap" => panic!("as the input says"),
            "loop" => waste::time(),
            "recurse" => println!("{}", waste::stack(0)),
            // `mib`
            "allocate" => println!("{}", waste::memory(input["mib"].as_u64().unwrap_or(0)).len()),
            // `text`, on standard output and then on standard error
            "write" => {
                println!("{}", text("text"));
                eprintln!("{}", text("text"));
            }
            // `mib`, from `first` to `last`, on standard output
            "write-much" => {
                let bytes = input["mib"].as_u64().unwrap_or(1) as usize * 1024 * 1024;
                println!("first{}last", "-".repeat(bytes - "first".len() - "last\n".len()));
            }
            // `url`: what came of a request
            "get" => process
                .set_output("got", &Value::from(reach::get(&text("url"))).to_string())
                .map_err(|error| error.to_string())?,
            // `url` and `times`: what came of the last of that many requests, one after the other, with options
            "get-often" => process
                .set_output("got", &Value::from(reach::get_often(&text("url"), times(&input))).to_string())
                .map_err(|error| error.to_string())?,
            // `address`: what came of a connection
            "connect" => process
                .set_output("got", &Value::from(reach::connect(&text("address"))).to_string())
                .map_err(|error| error.to_string())?,
            // Until standard input ends.
            "wait" => {
                let waited = std::io::read_to_string(std::io::stdin()).map_err(|error| error.to_string())?;
                return process
                    .set_output("waited-for", &Value::from(waited).to_string())
                    .map_err(|error| error.to_string());
            }
            "report" => {
                process.progress(Some("half"), None).map_err(|error| error.to_string())?;
                process.set_output("rows", "12").map_err(|error| error.to_string())?;
                process.send_log("run.log", "a line").map_err(|error| error.to_string())?;
            }
            // `times`: an output, and those that are not acknowledged yet are waited for now and then
            "report-often" => {
                for time in 0..times(&input) {
                    process.set_output("row", &time.to_string()).map_err(|error| error.to_string())?;
                    if time % 100 == 99 {
                        process.flush().map_err(|error| error.to_string())?;
                    }
                }
            }
            // `times`: as many outputs, without a look back
            "pour" => {
                for time in 0..times(&input) {
                    process.set_output("row", &time.to_string()).map_err(|error| error.to_string())?;
                }
            }
            // `text`, on standard output, and gone before it is flushed
            "scribble" => {
                let stdout = wasi::cli::stdout::get_stdout();
                _ = stdout.check_write();
                stdout.write(text("text").as_bytes()).map_err(|error| format!("{error:?}"))?;
            }
            // `handles`, to nothing
            "hoard" => {
                let handles = input["handles"].as_u64().unwrap_or(0);
                println!("{}", (0..handles).map(|_| Fields::new()).collect::<Vec<_>>().len());
            }
            // `text`, on standard error, without the line's end
            "ask" => eprint!("{}", text("text")),
            // `url`: what becomes of a report there with a key of its own
            "report-elsewhere" => {
                let reporter = Reporter::webhook("a-key-of-its-own").map_err(|error| error.to_string())?;
                reporter.set_endpoint(&text("url")).map_err(|error| error.to_string())?;
                let run = reporter.open(&process.run_id(), None).map_err(|error| error.to_string())?;
                let reported = format!("{:?}", run.progress(Some("from elsewhere"), None));
                process.set_output("got", &Value::from(reported).to_string()).map_err(|error| error.to_string())?;
            }
            // An ending, and then what is left is flushed, whatever became of it.
            "insist" => {
                _ = process.complete(Some("by itself"), None);
                _ = process.flush();
            }
            // `outcome`, and then `text`, which comes too late
            "end" => {
                let ended = match text("outcome").as_str() {
                    "warning" => process.warn(None, None),
                    "failed" => process.fail(Some("by itself"), None),
                    "cancelled" => process.cancel(None, None),
                    _ => process.complete(Some("by itself"), None),
                };
                ended.map_err(|error| error.to_string())?;
                if let Some(text) = input["text"].as_str() {
                    return Err(text.to_string());
                }
            }
            // `mib`: what becomes of a message of that length
            "oversize" => {
                let text = "x".repeat(input["mib"].as_u64().unwrap_or(0) as usize * 1024 * 1024);
                process.progress(Some(&text), None).map_err(|error| error.to_string())?;
            }
            // What `then` says is done through another handle.
            "share" => return Self::run(&process.share(), input["then"].to_string()),
            // `file`
            "make" => std::fs::write(text("file"), "made").map_err(|error| error.to_string())?,
            // `kib`
            "log" => {
                let text = "x".repeat(input["kib"].as_u64().unwrap_or(0) as usize * 1024);
                process.send_log("run.log", &text).map_err(|error| error.to_string())?;
            }
            // `text`, once or `times`, into a log that is still open while `then` is done
            "write-log" => {
                let log = process.open_log("run.log").map_err(|error| error.to_string())?;
                for _ in 0..times(&input).max(1) {
                    log.write(&text("text")).map_err(|error| error.to_string())?;
                }
                return Self::run(process, input["then"].to_string());
            }
            // `times`, for each of three kinds of call: what each took, on standard output
            "time-calls" => println!("{}", timed::costs(process, times(&input))?),
            // `times`: how long so many outputs take that are waited for, on standard output
            "time-acknowledged" => println!("{}", timed::acknowledged(process, times(&input))?),
            // `times`, and `ms` after each: as many steps of progress
            "step" => {
                let pause = std::time::Duration::from_millis(input["ms"].as_u64().unwrap_or(0));
                timed::steps(process, times(&input), pause)?;
            }
            // `mib`, in pieces
            "log-much" => timed::log(process, input["mib"].as_u64().unwrap_or(0))?,
            "echo" => process.set_output("input", &input.to_string()).map_err(|error| error.to_string())?,
            // `url` and `address`, each of which may be absent
            "search" => {
                let found = search::everything();
                let variables: Vec<_> = std::env::vars().collect();
                let reporter = Reporter::from_environment(&variables).map(drop).map_err(|error| error.to_string());
                let connections = connections::list_connections(&variables);
                let found = json!({
                    "std": found,
                    "reporter": format!("{reporter:?}"),
                    "connections": format!("{connections:?}"),
                    "answer": input["url"].as_str().map(reach::answer),
                    "connection": input["address"].as_str().map(reach::connect),
                });
                process.set_output("found", &found.to_string()).map_err(|error| error.to_string())?;
            }
            _ => {}
        }
        // `then`: the next thing to do
        match &input["then"] {
            Value::Null => Ok(()),
            then => Self::run(process, then.to_string()),
        }
    }
}
