//! The guard component: what stands between the host and a task. The contract says what it does, in `wit/guard.wit`.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

use std::cell::RefCell;

use bindings::exports::orchestra::process::guard;
use bindings::exports::wasi::cli::{environment, exit};
use bindings::wasi::cli as host;
use orchestra_entry_points::end;
use orchestra_entry_points::lifecycle::Process;
use orchestra_policy::{EXIT_FAILURE, exit_message, variables};

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "guard-component",
        with: {
            "orchestra:process/lifecycle@0.1.0": orchestra_entry_points::lifecycle,
            "wasi:cli/environment@0.2.12": generate,
            "wasi:cli/exit@0.2.12": generate,
            "wasi:cli/stderr@0.2.12": ::wasi::cli::stderr,
            "wasi:io/error@0.2.12": ::wasi::io::error,
            "wasi:io/poll@0.2.12": ::wasi::io::poll,
            "wasi:io/streams@0.2.12": ::wasi::io::streams,
        },
    });
}

struct Guard;

bindings::export!(Guard with_types_in bindings);

struct Held {
    run: Process,
    variables: Vec<(String, String)>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

impl guard::Guest for Guard {
    fn hold(run: Process, variables: Vec<(String, String)>) {
        HELD.set(Some(Held { run, variables }));
    }

    fn release() {
        HELD.set(None);
    }
}

impl environment::Guest for Guard {
    fn get_environment() -> Vec<(String, String)> {
        let variables = host::environment::get_environment();
        HELD.with_borrow(|held| visible(variables, held.as_ref().map_or(&[], |held| &held.variables)))
    }

    fn get_arguments() -> Vec<String> {
        host::environment::get_arguments()
    }

    fn initial_cwd() -> Option<String> {
        host::environment::initial_cwd()
    }
}

impl exit::Guest for Guard {
    fn exit(status: Result<(), ()>) {
        host::exit::exit(report(status.map_err(|()| EXIT_FAILURE.to_string())));
    }

    fn exit_with_code(code: u8) {
        host::exit::exit(report(if code == 0 { Ok(()) } else { Err(exit_message(code.into())) }));
    }
}

/// What the task sees. Programs take the first or the last variable of a name, so there is to be one only.
fn visible(host: Vec<(String, String)>, given: &[(String, String)]) -> Vec<(String, String)> {
    let is_given = |name: &str| given.iter().any(|(candidate, _)| candidate == name);
    let mut visible = host;
    visible.retain(|(name, _)| !variables::is_ours(name) && !is_given(name));
    visible.extend_from_slice(given);
    visible
}

/// The last chance: nothing runs after the host's exit. The error says that the run has failed, if by an ending that the task
/// has reported itself.
fn report(outcome: Result<(), String>) -> Result<(), ()> {
    let outcome = outcome.as_ref().copied().map_err(String::as_str);
    match HELD.take() {
        Some(Held { run, .. }) => end(&run, outcome),
        None => outcome.map_err(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(variables: &[(&str, &str)]) -> Vec<(String, String)> {
        variables.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect()
    }

    #[test]
    fn nothing_of_ours_is_visible_in_any_case() {
        let host = pairs(&[
            ("ORCHESTRA_API_KEY", "secret"),
            ("orchestra_trigger_token", "secret"),
            ("Orchestra_", "secret"),
            ("ORCHESTRA", "visible"),
            ("MY_ORCHESTRA_API_KEY", "visible"),
            ("ORCHESTRÄ_X", "visible"),
            ("é", "visible"),
            ("", "visible"),
        ]);
        let visible = visible(host, &[]);
        assert_eq!(visible.len(), 5);
        assert!(visible.iter().all(|(_, value)| value == "visible"));
    }

    #[test]
    fn what_is_given_stands_in_place_of_the_hosts() {
        let host = pairs(&[("TASK_INPUT", "old"), ("A", "1"), ("TASK_INPUT", "older")]);
        assert_eq!(visible(host, &pairs(&[("TASK_INPUT", "{}")])), pairs(&[("A", "1"), ("TASK_INPUT", "{}")]));
    }
}
