//! A change that breaks what was built with the released contract is found and named, any other is not.

use wit_check::{Finding, incompatibilities};

use crate::{CONTRACT, line_of, parse, with};

const PROVIDED: [&str; 1] = ["component"];

fn findings(text: &str) -> Vec<Finding> {
    incompatibilities(&parse(text), &parse(CONTRACT), &PROVIDED).unwrap()
}

/// What is found in this text: at this line of it and nowhere else.
fn found(text: &str, at: &str) -> String {
    let findings = findings(text);
    let [finding] = findings.as_slice() else { panic!("there is not one finding: {findings:?}") };
    assert_eq!((&*finding.file, finding.line), ("wit/contract.wit", line_of(text, at)));
    finding.what.clone()
}

/// Removes an item of one line with its documentation and its gate.
fn without(item: &str) -> String {
    let start = line_of(CONTRACT, item) - 3;
    let lines = CONTRACT.lines().enumerate().filter(|(index, _)| !(start..start + 3).contains(index));
    lines.flat_map(|(_, line)| [line, "\n"]).collect()
}

/// The contract with this in place of that, as the next compatible version.
fn next(old: &str, new: &str) -> String {
    with(old, new).replace("contract@0.1.0", "contract@0.1.1")
}

#[test]
fn a_contract_is_compatible_with_itself() {
    assert_eq!(findings(CONTRACT), []);
}

#[test]
fn a_function_that_is_gone_is_found() {
    let text = without("count: func(doors: list<borrow<door>>) -> u32;");
    assert_eq!(found(&text, "interface called {"), "`called.count` was released and is not there any more");
}

#[test]
fn a_parameter_of_another_type_is_found() {
    let text = with("open: func(by: person)", "open: func(by: text)");
    assert_eq!(
        found(&text, "open: func(by: text) -> option<tuple<shape, rights>>;"),
        "`called.door.open` was released as `open: func(by: person) -> option<tuple<shape, rights>>`, and is \
         `open: func(by: text) -> option<tuple<shape, rights>>`"
    );
}

#[test]
fn a_record_with_a_field_more_is_found() {
    let text = with("    name: text,\n", "    name: text,\n    /// Another.\n    age: u32,\n");
    assert_eq!(
        found(&text, "record person {"),
        "`called.person` was released as `record person { name: text }`, and is `record person { name: text, age: u32 }`"
    );
}

#[test]
fn an_enum_with_a_case_more_is_found() {
    let text = with("    red,\n", "    red,\n    /// Another.\n    blue,\n");
    assert_eq!(
        found(&text, "enum colour {"),
        "`called.colour` was released as `enum colour { red }`, and is `enum colour { red, blue }`"
    );
}

#[test]
fn a_change_of_what_only_a_component_of_ours_exports_is_found() {
    let text = with("hold: func(name: string);", "hold: func(name: u32);");
    let what = found(&text, "hold: func(name: u32);");
    assert_eq!(what, "`inner.hold` was released as `hold: func(name: string)`, and is `hold: func(name: u32)`");
}

#[test]
fn a_function_more_for_those_who_call_is_compatible() {
    let more = "/// Another.\n  @since(version = 0.1.1)\n  shut: func();\n\n  /// A function.\n";
    assert_eq!(findings(&next("/// A function.\n", more)), []);
}

#[test]
fn a_function_more_for_those_who_implement_is_found() {
    let more = "/// Another.\n  @since(version = 0.1.1)\n  rest: func();\n\n  /// A function that others write.\n";
    let text = next("/// A function that others write.\n", more);
    assert_eq!(
        found(&text, "rest: func();"),
        "`implemented.rest` is not in the released contract: components that export it lack it"
    );
}

#[test]
fn an_export_more_of_a_component_of_others_is_found() {
    let more = "/// Another.\n  @since(version = 0.1.1)\n  export inner;\n\n  /// An export.\n";
    let text = next("/// An export.\n", more);
    let findings = findings(&text);
    let what = "is not in the released contract: components that were built for it lack it";
    let named: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        named,
        [
            format!("the export of `inner` by world `plugin-with-clock` {what}"),
            format!("the export of `inner` by world `plugin` {what}")
        ]
    );
}

#[test]
fn an_import_less_of_a_component_of_others_is_found() {
    assert_eq!(
        found(&without("import host:os/clock@0.2.0;"), "world plugin-with-clock {"),
        "the import of `host:os/clock` by world `plugin-with-clock` was released and is not there any more"
    );
}

#[test]
fn an_import_more_of_a_component_of_ours_is_found() {
    let more = "/// Another.\n  @since(version = 0.1.1)\n  import host:os/clock@0.2.0;\n\n  /// Its first export.\n";
    let text = next("/// Its first export.\n", more);
    let what = "the import of `host:os/clock` by world `component` is not in the released contract";
    let findings = findings(&text);
    let [finding] = findings.as_slice() else { panic!("there is not one finding: {findings:?}") };
    assert_eq!(finding.what, format!("{what}: a host that runs the released component may lack it"));
}

#[test]
fn an_export_less_of_a_component_of_ours_is_found() {
    assert_eq!(
        found(&without("export inner;"), "world component {"),
        "the export of `inner` by world `component` was released and is not there any more"
    );
}

#[test]
fn a_world_that_is_gone_is_found() {
    let text = with("world component {", "world another {");
    assert_eq!(
        findings(&text).into_iter().map(|finding| finding.what).collect::<Vec<_>>(),
        [
            "world `component` was released and is not there any more",
            "`another` is not in the released contract, 0.1.0, and is gated with 0.1.0: raise its version, and the package's"
        ]
    );
}

#[test]
fn an_interface_that_is_gone_is_found() {
    let text = CONTRACT.replace("interface inner {", "interface another {").replace("export inner;", "export another;");
    let named: Vec<_> = findings(&text).into_iter().map(|finding| finding.what).collect();
    assert!(named.contains(&"interface `inner` was released and is not there any more".to_owned()), "{named:?}");
}

#[test]
fn what_is_new_and_says_that_it_was_released_is_found() {
    let more = "/// Another.\n  @since(version = 0.1.0)\n  shut: func();\n\n  /// A function.\n";
    assert_eq!(
        found(&next("/// A function.\n", more), "shut: func();"),
        "`called.shut` is not in the released contract, 0.1.0, and is gated with 0.1.0: raise its version, and the package's"
    );
}

#[test]
fn what_is_unstable_may_change() {
    assert_eq!(findings(&with("attempt: func() -> u32;", "attempt: func(again: bool);")), []);
}

#[test]
fn an_incompatible_version_may_change_everything() {
    let text = with("hold: func(name: string);", "hold: func(name: u32);");
    assert_eq!(findings(&text.replace("contract@0.1.0", "contract@0.2.0")), []);
}

#[test]
fn a_version_below_the_released_one_is_an_error() {
    let released = parse(&CONTRACT.replace("contract@0.1.0", "contract@0.1.1"));
    let error = incompatibilities(&parse(CONTRACT), &released, &PROVIDED).unwrap_err();
    assert_eq!(error, "tests:contract@0.1.0: raise the version, 0.1.1 is released already");
}
