//! An item without documentation, or without a gate, is found and named.

use wit_check::ungated;

use crate::{CONTRACT, line_of, parse};

#[test]
fn a_contract_that_is_documented_and_gated_has_no_findings() {
    assert_eq!(ungated(&parse(CONTRACT)), []);
}

/// What is found where a line is missing from above this item, this many lines above it: at the item and nowhere else.
fn found_without(lines_above: usize, item: &str) -> String {
    let missing = line_of(CONTRACT, item) - lines_above;
    let lines = CONTRACT.lines().enumerate().filter(|(index, _)| index + 1 != missing);
    let text: String = lines.flat_map(|(_, line)| [line, "\n"]).collect();
    let findings = ungated(&parse(&text));
    let [finding] = findings.as_slice() else { panic!("there is not one finding: {findings:?}") };
    assert_eq!((&*finding.file, finding.line), ("wit/contract.wit", line_of(&text, item)));
    finding.what.split(": ").next().unwrap().to_owned()
}

/// A part of a type has its documentation right above it, everything else has the gate between.
fn undocumented(item: &str) -> String {
    let is_part = ["name: text,", "circle(u32),", "red,", "read,"].contains(&item);
    found_without(if is_part { 1 } else { 2 }, item)
}

fn without_gate(item: &str) -> String {
    found_without(1, item)
}

#[test]
fn an_undocumented_interface_is_found() {
    assert_eq!(undocumented("interface called {"), "interface `called` is not documented");
}

#[test]
fn an_undocumented_type_is_found() {
    assert_eq!(undocumented("type text = string;"), "type `called.text` is not documented");
}

#[test]
fn an_undocumented_field_is_found() {
    assert_eq!(undocumented("name: text,"), "field `called.person.name` is not documented");
}

#[test]
fn an_undocumented_case_of_a_variant_is_found() {
    assert_eq!(undocumented("circle(u32),"), "case `called.shape.circle` is not documented");
}

#[test]
fn an_undocumented_case_of_an_enum_is_found() {
    assert_eq!(undocumented("red,"), "case `called.colour.red` is not documented");
}

#[test]
fn an_undocumented_flag_is_found() {
    assert_eq!(undocumented("read,"), "flag `called.rights.read` is not documented");
}

#[test]
fn an_undocumented_resource_is_found() {
    assert_eq!(undocumented("resource door {"), "resource `called.door` is not documented");
}

#[test]
fn an_undocumented_constructor_is_found() {
    assert_eq!(undocumented("constructor(name: text);"), "function `called.door.constructor` is not documented");
}

#[test]
fn an_undocumented_method_is_found() {
    let method = "open: func(by: person) -> option<tuple<shape, rights>>;";
    assert_eq!(undocumented(method), "function `called.door.open` is not documented");
}

#[test]
fn an_undocumented_function_is_found() {
    let function = "count: func(doors: list<borrow<door>>) -> u32;";
    assert_eq!(undocumented(function), "function `called.count` is not documented");
}

#[test]
fn an_undocumented_world_is_found() {
    assert_eq!(undocumented("world plugin {"), "world `plugin` is not documented");
}

#[test]
fn an_undocumented_import_of_a_world_is_found() {
    assert_eq!(undocumented("import called;"), "import `called` of world `plugin` is not documented");
}

#[test]
fn an_undocumented_import_of_the_host_is_found() {
    let import = "import host:os/clock@0.2.0;";
    assert_eq!(undocumented(import), "import `host:os/clock` of world `plugin-with-clock` is not documented");
}

#[test]
fn an_undocumented_export_of_a_world_is_found() {
    assert_eq!(undocumented("export implemented;"), "export `implemented` of world `plugin` is not documented");
}

#[test]
fn an_undocumented_interface_inside_a_world_is_found() {
    assert_eq!(undocumented("export extra: interface {"), "interface `extra` is not documented");
}

#[test]
fn an_undocumented_function_of_a_world_is_found() {
    assert_eq!(undocumented("export start: func();"), "function `plugin-with-clock.start` is not documented");
}

#[test]
fn an_interface_without_a_gate_is_found() {
    assert_eq!(without_gate("interface called {"), "interface `called` is not gated");
}

#[test]
fn a_type_without_a_gate_is_found() {
    assert_eq!(without_gate("record person {"), "record `called.person` is not gated");
}

#[test]
fn a_use_without_a_gate_is_found() {
    assert_eq!(without_gate("use called.{door};"), "use of `implemented.door` is not gated");
}

#[test]
fn a_method_without_a_gate_is_found() {
    let function = "find: static func(name: text) -> result<door, colour>;";
    assert_eq!(without_gate(function), "function `called.door.find` is not gated");
}

#[test]
fn a_function_without_a_gate_is_found() {
    assert_eq!(without_gate("attempt: func() -> u32;"), "function `called.attempt` is not gated");
}

#[test]
fn a_world_without_a_gate_is_found() {
    assert_eq!(without_gate("world component {"), "world `component` is not gated");
}

#[test]
fn an_include_without_a_gate_is_found() {
    assert_eq!(without_gate("include plugin;"), "include in world `plugin-with-clock` is not gated");
}

#[test]
fn an_import_without_a_gate_is_found() {
    assert_eq!(without_gate("import called;"), "import `called` of world `plugin` is not gated");
}

#[test]
fn an_export_without_a_gate_is_found() {
    assert_eq!(without_gate("export inner;"), "export `inner` of world `component` is not gated");
}
