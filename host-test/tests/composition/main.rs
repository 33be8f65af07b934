//! Tasks and commands composed with the components that report for them, in wasmtime, against a mock endpoint.

mod command;
mod compose;
mod down;
mod exit;
mod key;
mod service;
mod trigger;
mod wrapper;

use host_test::report::{line, lines};
