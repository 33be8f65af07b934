//! What the published SDKs do, recorded in `golden/`, and what the component does in their place. A test for each
//! recording; `build.rs` writes them.

mod differences;
mod exchange;
mod replay;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use differences::Differences;
use serde_json::Value;
use table::Table;

include!(concat!(env!("OUT_DIR"), "/golden.rs"));

/// The component does as orchestra-sdk `sdk` did, but for the declared differences.
#[track_caller]
fn is_replayed(sdk: &str, name: &str) {
    let table = Table::read();
    let id = format!("{sdk}/{name}");
    let scenario = table.scenarios.iter().find(|scenario| scenario.id() == id);
    let scenario =
        scenario.unwrap_or_else(|| panic!("{id} is recorded, but golden/scenarios.json has no such scenario"));
    let recorded = recording(sdk, name);

    let component = replay::replay(scenario, &table.env);

    if let Err(complaints) = Differences::read().check(&id, &recorded, &component) {
        panic!("{id}:\n{complaints}\nthe component: {component:#}");
    }
}

#[test]
fn every_scenario_is_recorded() {
    let scenarios: Vec<_> = Table::read().scenarios.iter().map(table::Scenario::id).collect();
    let ids: BTreeSet<_> = scenarios.iter().cloned().collect();
    assert_eq!(ids.len(), scenarios.len(), "two scenarios have the same name");
    assert_eq!(ids, recorded_ids(), "`make golden` records what is missing, and removes what is left over");
}

#[test]
fn every_difference_is_of_a_scenario_and_has_a_reason() {
    Differences::read().check_references(&recorded_ids());
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

#[track_caller]
fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn recording(sdk: &str, name: &str) -> Value {
    read(&golden().join("recordings").join(sdk).join(format!("{name}.json")))
}

fn recorded_ids() -> BTreeSet<String> {
    RECORDINGS.iter().map(|id| (*id).to_string()).collect()
}
