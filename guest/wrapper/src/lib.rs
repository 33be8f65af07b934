//! The wrapper component: runs any WASI command, unmodified, and reports for it.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

use orchestra_entry_points::lifecycle::Process;
use orchestra_entry_points::{Work, command, service};
use orchestra_policy::{EXIT_FAILURE, INPUT_VARIABLE, NO_INPUT};
use wasi::http::types::{IncomingRequest, ResponseOutparam};

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "wrapper-component",
        with: {
            "orchestra:process/lifecycle@0.1.0": orchestra_entry_points::lifecycle,
            "orchestra:process/guard@0.1.0": orchestra_entry_points::guard,
            "wasi:cli/run@0.2.12": generate,
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

struct Wrapper;

bindings::export!(Wrapper with_types_in bindings);

impl Work for Wrapper {
    /// The arguments are the command's own.
    fn input_of_command_line() -> Result<String, String> {
        Ok(NO_INPUT.to_string())
    }

    fn variables(input: &str) -> Vec<(String, String)> {
        vec![(INPUT_VARIABLE.to_string(), input.to_string())]
    }

    fn run(_: &Process, _: &str) -> Result<(), String> {
        bindings::wasi::cli::run::run().map_err(|()| EXIT_FAILURE.to_string())
    }
}

impl bindings::exports::wasi::cli::run::Guest for Wrapper {
    fn run() -> Result<(), ()> {
        command::run::<Self>()
    }
}

impl bindings::exports::wasi::http::incoming_handler::Guest for Wrapper {
    fn handle(request: IncomingRequest, response_out: ResponseOutparam) {
        service::handle::<Self>(request, response_out);
    }
}
