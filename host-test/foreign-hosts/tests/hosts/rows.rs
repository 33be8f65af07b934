//! What is run, with what, and what has to come of it.

use foreign_hosts::host::ForeignHost;
use foreign_hosts::listener::GREETING;
use host_test::endpoint::{MockEndpoint, status};

/// Examples that have to report the same in the same cases.
pub struct Row {
    /// Components in `target/components/examples`, less `.composed.wasm`.
    pub examples: &'static [&'static str],
    pub hosts: &'static [ForeignHost],
    pub entries: &'static [Entry],
    pub cases: &'static [Case],
}

/// How a component is started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Command,
    Service,
}

pub struct Case {
    pub name: &'static str,
    /// Below the workspace: the only one that the component gets.
    pub folder: &'static str,
    /// A command's. `ENDPOINT` stands for the endpoint's URL, and `LISTENER` for the listener's address.
    pub arguments: &'static [&'static str],
    /// A service's: the body, with the same in it.
    pub trigger: &'static str,
    /// Whether a command's exit status has to be 0.
    pub succeeds: bool,
    pub endpoint: fn() -> MockEndpoint,
    pub expected: Expected,
}

pub enum Expected {
    /// What has to arrive is in `expected/NAME.json`.
    Recording,
    /// Whatever the task found is in its output `found`: all there is to see, but neither key nor token.
    NoSecret { seen: &'static [&'static str], network: Network },
}

/// What a host gives a task of the network.
pub struct Network {
    /// What the task sees of it.
    pub seen: &'static [&'static str],
    /// How many requests of the task's own arrive at the endpoint.
    pub requests: usize,
    /// How many connections arrive at the listener.
    pub connections: usize,
}

const CASE: Case = Case {
    name: "",
    folder: "examples/data",
    arguments: &[],
    trigger: "{}",
    succeeds: true,
    endpoint: || MockEndpoint::always(status(200)),
    expected: Expected::Recording,
};

const FILE: &str = r#"{"file": "orders.csv"}"#;
const SEARCH: &str = r#"{"do": "search", "url": "ENDPOINT/search", "address": "LISTENER"}"#;
/// Linux' own word on a process's environment.
const SEARCH_ENVIRONMENT: &str = r#"{"file": "proc/self/environ"}"#;

pub const ROWS: &[Row] = &[
    Row {
        examples: &["manual-rust", "manual-python", "manual-javascript"],
        hosts: ForeignHost::OTHERS,
        entries: &[Entry::Command],
        cases: &[
            Case { name: "add-numbers", arguments: &["120", "80"], ..CASE },
            Case { name: "add-numbers-malformed", arguments: &["120", "x"], succeeds: false, ..CASE },
        ],
    },
    Row {
        examples: &["manual-rust"],
        hosts: ForeignHost::OTHERS,
        entries: &[Entry::Command],
        cases: &[Case {
            name: "ipv6",
            arguments: &["120", "80"],
            endpoint: || MockEndpoint::always_ipv6(status(200)),
            ..CASE
        }],
    },
    // The README's.
    Row {
        examples: &["first-python"],
        hosts: ForeignHost::ALL,
        entries: &[Entry::Command],
        cases: &[Case { name: "first", ..CASE }],
    },
    Row {
        examples: &["task-rust", "task-python", "task-javascript"],
        hosts: ForeignHost::ALL,
        entries: &[Entry::Command],
        cases: ORDERS,
    },
    Row {
        examples: &["task-rust", "task-python", "task-javascript"],
        hosts: ForeignHost::OTHERS,
        entries: &[Entry::Service],
        cases: ORDERS,
    },
    // A service has no arguments, and so the file of the same name in both.
    Row {
        examples: &["command-rust", "command-python"],
        hosts: ForeignHost::OTHERS,
        entries: &[Entry::Command, Entry::Service],
        cases: &[
            Case { name: "summary", ..CASE },
            Case { name: "summary-malformed", folder: MALFORMED, succeeds: false, ..CASE },
        ],
    },
    // It is told the status of an exit, and says so in the report.
    Row {
        examples: &["command-rust", "command-python"],
        hosts: &[ForeignHost::Orchestra],
        entries: &[Entry::Command],
        cases: &[
            Case { name: "summary", ..CASE },
            Case { name: "summary-malformed-with-status", folder: MALFORMED, succeeds: false, ..CASE },
        ],
    },
    // Unless it is told otherwise, wasmtime gives HTTP, Node everything, and orchestra nothing.
    Row {
        examples: SEARCHES,
        hosts: &[ForeignHost::Wasmtime],
        entries: &[Entry::Command, Entry::Service],
        cases: &[no_secret(Network { seen: &[HEADER, BODY, "no connection: "], requests: 1, connections: 0 })],
    },
    Row {
        examples: SEARCHES,
        hosts: &[ForeignHost::Node],
        entries: &[Entry::Command, Entry::Service],
        cases: &[no_secret(Network { seen: &[HEADER, BODY, GREETING], requests: 1, connections: 1 })],
    },
    Row {
        examples: SEARCHES,
        hosts: &[ForeignHost::Orchestra],
        entries: &[Entry::Command],
        cases: &[no_secret(Network { seen: &["no answer: ", "no connection: "], requests: 0, connections: 0 })],
    },
    // With the root of the file system goes the environment of the host's process.
    Row {
        examples: &["search-python"],
        hosts: ForeignHost::OTHERS,
        entries: &[Entry::Command],
        cases: &[Case {
            name: "whole-machine",
            folder: "/",
            arguments: &[SEARCH_ENVIRONMENT],
            expected: Expected::NoSecret {
                seen: &["seen-in-a-variable"],
                network: Network { seen: &[], requests: 0, connections: 0 },
            },
            ..CASE
        }],
    },
];

const MALFORMED: &str = "examples/data/malformed";

const ORDERS: &[Case] = &[
    Case { name: "orders", arguments: &[FILE], trigger: FILE, ..CASE },
    Case { name: "orders-malformed", folder: MALFORMED, arguments: &[FILE], trigger: FILE, succeeds: false, ..CASE },
];

const SEARCHES: &[&str] = &["search-rust", "search-python", "search-javascript"];

/// What the endpoint answers, the task's own request too.
const HEADER: &str = "seen-in-a-header";
const BODY: &str = "seen-in-a-body";

const fn no_secret(network: Network) -> Case {
    Case {
        name: "no-secret",
        arguments: &[SEARCH],
        trigger: SEARCH,
        endpoint: || MockEndpoint::always(status(200).header("seen", HEADER).body(BODY)),
        expected: Expected::NoSecret { seen: &["seen-in-a-variable", "1003,north,4925", "1003,north,x"], network },
        ..CASE
    }
}
