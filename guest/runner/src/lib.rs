//! The runner component: runs a task, and reports for it.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

use orchestra_entry_points::lifecycle::Process;
use orchestra_entry_points::{Work, command, service};
use wasi::http::types::{IncomingRequest, ResponseOutparam};

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "runner-component",
        with: {
            "orchestra:process/lifecycle@0.1.0": orchestra_entry_points::lifecycle,
            "orchestra:process/guard@0.1.0": orchestra_entry_points::guard,
            "wasi:cli/environment@0.2.12": ::wasi::cli::environment,
            "wasi:cli/stdin@0.2.12": ::wasi::cli::stdin,
            "wasi:cli/stderr@0.2.12": ::wasi::cli::stderr,
            "wasi:clocks/monotonic-clock@0.2.12": ::wasi::clocks::monotonic_clock,
            "wasi:http/types@0.2.12": ::wasi::http::types,
            "wasi:io/error@0.2.12": ::wasi::io::error,
            "wasi:io/poll@0.2.12": ::wasi::io::poll,
            "wasi:io/streams@0.2.12": ::wasi::io::streams,
        },
    });
}

struct Runner;

bindings::export!(Runner with_types_in bindings);

impl Work for Runner {
    fn input_of_command_line() -> Result<String, String> {
        command::input_of_arguments()
    }

    fn variables(_: &str) -> Vec<(String, String)> {
        Vec::new()
    }

    fn run(process: &Process, input: &str) -> Result<(), String> {
        bindings::orchestra::process::task::run(process, input)
    }
}

impl bindings::exports::wasi::cli::run::Guest for Runner {
    fn run() -> Result<(), ()> {
        command::run::<Self>()
    }
}

impl bindings::exports::wasi::http::incoming_handler::Guest for Runner {
    fn handle(request: IncomingRequest, response_out: ResponseOutparam) {
        service::handle::<Self>(request, response_out);
    }
}
