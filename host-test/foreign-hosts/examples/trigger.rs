//! How long a trigger waits for its 202 under `wasmtime serve`: the median of 200, and the greatest, one after the other,
//! each on a connection of its own. The task is the example in Rust; `make examples` builds it.

use std::time::{Duration, Instant};

use foreign_hosts::host::{ForeignHost, Setting};
use host_test::endpoint::{MockEndpoint, status};

const TRIGGERS: usize = 200;

fn main() {
    let endpoint = MockEndpoint::always(status(200));
    let url = endpoint.url();
    let service = ForeignHost::Wasmtime.serve(&Setting {
        name: "trigger",
        component: &foreign_hosts::target().join("components/examples/task-rust.composed.wasm"),
        folder: &foreign_hosts::root().join("examples/data"),
        variables: &[("ORCHESTRA_API_KEY", "key"), ("ORCHESTRA_WEBHOOK_URL", &url)],
    });
    let mut waits: Vec<Duration> = (0..TRIGGERS)
        .map(|number| {
            let run_id = format!("00000000-0000-0000-0000-{number:012}");
            let began = Instant::now();
            let answer = service.trigger(&run_id, "", r#"{"file": "orders.csv"}"#);
            assert_eq!(answer.status, 202, "{answer:?}");
            began.elapsed()
        })
        .collect();
    waits.sort();
    println!("202 after {:.1?}, the median of {TRIGGERS}; {:.1?} at most", waits[TRIGGERS / 2], waits[TRIGGERS - 1]);
}
