//! The quick-start's two endings, a process that fails and one that completes, through the built component: what arrives
//! at the endpoint, as a time line.

use host_test::endpoint::{MockEndpoint, status};
use host_test::guest::{Guest, RUN_ID};

fn main() {
    let endpoint = MockEndpoint::always(status(200));
    let reporter = Guest::new().webhook("demo-key").expect("the key is well-formed");
    reporter.set_endpoint(&endpoint.url()).expect("the URL is well-formed");

    let failing = reporter.open(RUN_ID, Some("load_orders")).expect("the run id is well-formed");
    failing.start(None, None).expect("the endpoint answers");
    failing.progress(Some("reading orders.csv"), None).expect("the endpoint answers");
    failing.send_log("load_orders.log", "line 3: no such column: prize\n").expect("the endpoint answers");
    failing.fail(Some("line 3: no such column: prize"), None).expect("the endpoint answers");
    println!("completing what has failed: {:?}", failing.complete(None, None).expect_err("the first ending stands"));

    let completing =
        reporter.open("87654321-4321-8765-4321-876543218765", Some("load_orders")).expect("the run id is well-formed");
    completing.start(None, None).expect("the endpoint answers");
    completing.progress(Some("1000 of 2000 rows"), Some(r#"{"rows": 1000}"#)).expect("the endpoint answers");
    completing.set_output("rows", "2000").expect("the endpoint answers");
    completing.complete(None, Some(r#"{"I sent this from": "my computer"}"#)).expect("the endpoint answers");

    println!("\n{:>9}  {:<13}  {:<9}  {:<56}  data", "offset", "event", "status", "message");
    for request in endpoint.all_requests() {
        let body = request.json();
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_string();
        let (message, data) = match text("event_type").as_str() {
            "SET_OUTPUT" => (text("output_name"), body["output_value"].to_string()),
            "LOG" => (text("log_name"), body["data"].to_string()),
            _ => (text("message"), body["metadata"].to_string()),
        };
        let offset = format!("{:.1} ms", request.arrived.as_secs_f64() * 1000.0);
        println!("{offset:>9}  {:<13}  {:<9}  {message:<56}  {data}", text("event_type"), text("status"));
    }
    println!();
}
