//! The conformance suite: the built process component against a mock endpoint, one behaviour per test, in modules that
//! mirror the contract.

mod component;
mod configuration;
mod connections;
mod delivery;
mod drop;
mod faults;
mod golden;
mod jobs;
mod limits;
mod logs;
mod outputs;
mod progress;
mod retry;
mod secrets;
mod stages;
mod start;
mod terminal;

use host_test::endpoint::{Answer, status};

/// That many acknowledgements.
fn acknowledged(count: usize) -> Vec<Answer> {
    vec![status(200); count]
}
