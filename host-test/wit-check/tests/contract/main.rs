//! What the check finds in a contract, and the page that is made from one.

mod command;
mod compatibility;
mod gates;
mod page;

use wit_check::Contract;
use wit_parser::SourceMap;

/// A contract with one item of each kind, all documented and gated.
const CONTRACT: &str = include_str!("contract.wit");

const HOST: &str = "package host:os@0.2.0;
interface clock { now: func() -> u64; }
interface exit { exit: func(); }";

fn parse(text: &str) -> Contract {
    Contract::parse(source("wit/contract.wit", text), vec![source("wit/deps/host.wit", HOST)]).unwrap()
}

fn source(path: &str, text: &str) -> SourceMap {
    let mut map = SourceMap::new();
    map.push_str(path, text);
    map
}

/// The contract with this in place of that, which is in it once.
fn with(old: &str, new: &str) -> String {
    assert_eq!(CONTRACT.matches(old).count(), 1, "{old}");
    CONTRACT.replace(old, new)
}

/// The first line is 1.
fn line_of(text: &str, item: &str) -> usize {
    text.lines().position(|line| line.trim() == item).unwrap_or_else(|| panic!("there is no line {item}")) + 1
}
