//! The page that is made from a contract.

use std::path::Path;

use wit_check::{Contract, reference};

use crate::{CONTRACT, parse};

fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn own() -> String {
    let wit = top().join("wit");
    reference(&Contract::read(&wit, &wit.join("deps")).unwrap())
}

#[test]
fn the_page_in_docs_is_up_to_date() {
    let page = std::fs::read_to_string(top().join("docs/wit.md")).unwrap_or_default();
    assert!(page == own(), "docs/wit.md is not what wit/ says: run `make docs`");
}

#[test]
fn every_link_has_its_anchor() {
    let page = own();
    let links: Vec<_> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let dead: Vec<_> = links.iter().filter(|link| !page.contains(&format!("<a id=\"{link}\"></a>"))).collect();
    assert!(dead.is_empty() && !links.is_empty(), "{dead:?}");
}

#[test]
fn no_anchor_is_there_twice() {
    let page = own();
    let mut anchors: Vec<_> = page.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    anchors.sort_unstable();
    assert!(anchors.is_sorted_by(|one, next| one < next), "{anchors:?}");
}

/// The block of the page whose heading ends with this.
fn block(heading: &str) -> String {
    let page = reference(&parse(CONTRACT));
    let mut blocks = page.split("\n#").filter(|block| block.lines().next().is_some_and(|line| line.ends_with(heading)));
    let block = blocks.next().unwrap_or_else(|| panic!("there is no heading {heading}:\n{page}"));
    block.split_once('\n').unwrap().1.trim().to_owned()
}

#[test]
fn a_function_has_its_signature_its_documentation_and_its_errors() {
    assert_eq!(
        block("`door.find`"),
        "```wit\nfind: static func(name: text) -> result<door, colour>;\n```\n\nA static function.\n\n\
         Errors: [`colour`](#called.colour)."
    );
}

#[test]
fn a_method_has_no_parameter_that_is_not_written() {
    assert_eq!(
        block("`door.open`"),
        "```wit\nopen: func(by: person) -> option<tuple<shape, rights>>;\n```\n\nA method."
    );
}

#[test]
fn a_record_has_its_fields() {
    assert_eq!(block("record `person`"), "A record.\n\n- `name: text`: A field.");
}

#[test]
fn a_variant_has_its_cases() {
    assert_eq!(block("variant `shape`"), "A variant.\n\n- `circle(u32)`: A case.");
}

#[test]
fn what_is_unstable_says_so() {
    assert!(block("`attempt`").contains("Unstable: it may change or go, and needs the feature `trial`."));
}

#[test]
fn an_interface_links_to_what_it_uses() {
    assert!(block("interface `implemented`").ends_with("It uses [`called.door`](#called.door)."));
}

#[test]
fn a_world_has_what_it_includes() {
    let world = block("world `plugin-with-clock`");
    assert!(world.contains("Imports:\n\n- `host:os/clock@0.2.0`: An import of the host's.\n"), "{world}");
    assert!(world.contains("- [`called`](#called): An import."), "{world}");
}

#[test]
fn an_interface_inside_a_world_has_its_functions() {
    assert_eq!(block("`plugin-with-clock.extra`"), "Since 0.1.0.\n\nAn interface without a file of its own.");
    assert_eq!(block("`more`"), "```wit\nmore: func();\n```\n\nAn extra function.");
}
