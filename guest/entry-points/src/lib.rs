//! What the runner, the wrapper and the guard share: the life of a run, from the environment or a trigger to its ending.
//!
//! The three components are in `guest/runner/`, `guest/wrapper/` and `guest/guard/`. Each says in a screen or two of code what
//! it imports and exports; everything that decides is here, and what needs no host is tested natively.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod command;
mod conduct;
#[cfg(test)]
mod fuzz;
mod http;
pub mod service;
mod settings;
mod stderr;
mod trigger;

pub use conduct::{Work, end};

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

orchestra_policy::lifecycle!(lifecycle);
