//! What the runner, the wrapper and the guard share: the life of a run, from the environment or a trigger to its ending.
//!
//! The three components are in `task/`, `command/` and `guard/`. Each says in a screen of code what it imports and exports;
//! everything that decides is here, and what needs no host is tested natively.

pub mod command;
mod http;
mod run;
pub mod service;
mod settings;
pub mod stderr;
mod trigger;

pub use bindings::orchestra::process::{guard, lifecycle};

mod bindings {
    #![expect(missing_docs, reason = "the contract in `wit/` documents what is generated from it")]

    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package orchestra:entry-points;
            world shared {
                import orchestra:process/lifecycle@0.1.0;
                import orchestra:process/guard@0.1.0;
            }
        ",
        generate_all,
    });
}

/// The longest input of a task, in bytes: a trigger's body, an argument or standard input.
pub const INPUT_BYTES: usize = 1024 * 1024;

/// How a task has ended that exited, or returned, with a failure and no word on it.
pub const FAILURE: &str = "exited with a failure status";

/// What is run: a task, or a command.
pub trait Work {
    /// The input as the command line gives it. The error is a sentence for people.
    fn input_of_command_line() -> Result<String, String>;

    /// Environment variables that hand a trigger's input to work which takes no argument.
    fn variables(input: &str) -> Vec<(String, String)>;

    /// Do it. The error is what Orchestra is told.
    fn run(process: &lifecycle::Process, input: &str) -> Result<(), String>;
}
