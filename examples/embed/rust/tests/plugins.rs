//! The program runs plugins as every such program has to.

use std::path::Path;
use std::process::Command;

use host_test::component;
use host_test::plugins::assert_runs_plugins;

#[test]
fn it_runs_plugins_and_reports_them() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let mut command = Command::new(env!("CARGO_BIN_EXE_plugin-host"));
    command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR"));
    assert_runs_plugins(command, &folder, component::example_task());
}
