//! The command `orchestra-wasm`.

mod compose;
mod dev;
#[cfg(test)]
mod fuzz;
mod inspect;
mod process_limits;
mod progress;
mod quantity;
mod run;
mod signal;
mod usage;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use orchestra_policy::escape;

/// Run WebAssembly tasks, and report their runs to Orchestra.
#[derive(Parser)]
#[command(name = "orchestra-wasm", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(Box<run::Arguments>),
    Compose(compose::Arguments),
    Dev(dev::Arguments),
    Inspect(inspect::Arguments),
    /// Write shell completions to standard output.
    #[command(
        after_help = "Example:\n  orchestra-wasm completions bash > ~/.local/share/bash-completion/completions/orchestra-wasm"
    )]
    Completions {
        /// The shell that is to complete.
        shell: Shell,
    },
}

fn main() -> ExitCode {
    // First of all: reading the command line takes stack, too.
    let done = process_limits::check().and_then(|()| perform(arguments().command));
    let code = done.unwrap_or_else(|error| {
        progress::write(&format!("orchestra: {}\n", escape(&error)));
        ExitCode::from(run::status::NOT_STARTED)
    });
    if let Some(notice) = process_limits::notice() {
        progress::write(&notice);
    }
    code
}

/// An error in the command line ends the program here.
fn arguments() -> Arguments {
    Arguments::try_parse().unwrap_or_else(|error| usage::without_values(error).exit())
}

/// The error is a sentence.
fn perform(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Run(arguments) => process_limits::check_address_space().and_then(|()| run::run(*arguments)),
        Command::Dev(arguments) => dev::dev(&arguments),
        Command::Compose(arguments) => compose::compose(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "orchestra-wasm", &mut script);
            print(&script).map(|()| ExitCode::SUCCESS)
        }
    }
}

/// Writes to standard output. If its reader has closed it, that is not an error.
fn print(bytes: &[u8]) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
