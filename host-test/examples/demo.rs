//! The quick-start's two endings, a process that fails and one that completes: the example task, composed, on orders with a
//! malformed row and on good ones. What arrives at the endpoint, as a time line.

use std::path::Path;

use host_test::composed::Program;
use host_test::endpoint::{MockEndpoint, Request, status};

const FAILING: &str = "12345678-1234-5678-1234-567812345678";
const COMPLETING: &str = "87654321-4321-8765-4321-876543218765";

fn main() {
    let task = Program::example();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    let endpoint = MockEndpoint::always(status(200));
    for (run_id, folder) in [(FAILING, data.join("malformed")), (COMPLETING, data)] {
        let run = task.invoke(&[r#"{"file": "orders.csv"}"#]).reporting_to(&endpoint).folder(folder);
        let ran = run.variable("ORCHESTRA_TASK_RUN_ID", run_id).variable("ORCHESTRA_TASK_NAME", "orders").run_quietly();
        println!("{run_id}: {:?}", ran.end);
    }
    println!("\n{:>9}  {:<13}  {:<9}  {:<68}  data", "offset", "event", "status", "message");
    endpoint.all_requests().iter().for_each(print);
    println!();
}

fn print(request: &Request) {
    let body = request.json();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_string();
    let (message, data) = match text("event_type").as_str() {
        "SET_OUTPUT" => (text("output_name"), body["output_value"].to_string()),
        "LOG" => (text("log_name"), body["data"].to_string()),
        _ => (text("message"), body["metadata"].to_string()),
    };
    let offset = format!("{:.1} ms", request.arrived.as_secs_f64() * 1000.0);
    println!("{offset:>9}  {:<13}  {:<9}  {message:<68}  {data}", text("event_type"), text("status"));
}
