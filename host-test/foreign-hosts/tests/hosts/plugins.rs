//! The programs of `examples/embed/`, with a plugin of each language.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use foreign_hosts::host::{folder, program, with_node};
use host_test::plugins::{assert_names_a_variable_it_cannot_use, assert_names_refused_reports, assert_runs_plugins};
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for language in ["rust", "python", "javascript"] {
        for (host, start) in [("rust", rust as fn() -> Command), ("node", node)] {
            let name = format!("plugin-{language}/plugin-host-{host}");
            trials.push(Trial::test(name, move || {
                let orders = foreign_hosts::target().join(format!("components/examples/task-{language}.wasm"));
                assert_runs_plugins(start(), &folder("plugins").join(format!("{language}-{host}")), &fs::read(orders)?);
                Ok(())
            }));
        }
    }
    // Cargo's own tests do the same with the program in Rust.
    trials.push(Trial::test("plugin-host-node/refused", || {
        assert_names_refused_reports(node(), &folder("plugins").join("refused-node"));
        Ok(())
    }));
    trials.push(Trial::test("plugin-host-node/variable", || {
        assert_names_a_variable_it_cannot_use(node(), &folder("plugins").join("variable-node"));
        Ok(())
    }));
    trials
}

fn rust() -> Command {
    let mut command = Command::new(program("plugin-host"));
    command.env("XDG_CACHE_HOME", folder("orchestra"));
    command
}

/// It is where its dependencies are installed.
fn node() -> Command {
    let program = foreign_hosts::target().join("tools/jco/plugin-host.mjs");
    let source = foreign_hosts::root().join("examples/embed/node/plugin-host.mjs");
    fs::copy(source, &program).expect("the target folder can be written to");
    let mut command = with_node();
    command.arg(program).env("ORCHESTRA_PROCESS_COMPONENT", process_component());
    command
}

fn process_component() -> PathBuf {
    foreign_hosts::target().join("components/orchestra-process.wasm")
}
