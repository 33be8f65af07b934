//! The three ways to compose give the same component, and no component has more imports than a host gives.

use host_test::component::{components, example_program, test_command, test_task};
use host_test::composed::Program;
use indexmap::IndexMap;
use orchestra_compose::{Components, ComposeError, compose};
use wac_graph::types::BorrowedPackageKey;
use wac_graph::{EncodeOptions, Processor};
use wac_parser::Document;

const TASK_WAC: &str = include_str!("../../../compose/task.wac");
const COMMAND_WAC: &str = include_str!("../../../compose/command.wac");

/// As `wac compose` does.
fn with_wac(text: &str, dependencies: &[(&str, &[u8])]) -> Vec<u8> {
    let document = Document::parse(text).expect("it is WAC");
    let key = |name| BorrowedPackageKey::from_name_and_version(name, None);
    let packages: IndexMap<_, _> = dependencies.iter().map(|(name, bytes)| (key(name), bytes.to_vec())).collect();
    // What made it is written into a component.
    let processor = Some(Processor { name: "orchestra-compose", version: env!("CARGO_PKG_VERSION") });
    let resolution = document.resolve(packages).expect("everything in it is there");
    resolution.encode(EncodeOptions { processor, ..EncodeOptions::default() }).expect("it is valid")
}

#[test]
fn a_task_is_composed_as_its_wac_says() {
    let Components { process, guard, runner, .. } = components();
    let dependencies: [(&str, &[u8]); 4] = [
        ("orchestra:process-component", process),
        ("orchestra:guard", guard),
        ("orchestra:runner", runner),
        ("user:task", test_task()),
    ];
    assert!(with_wac(TASK_WAC, &dependencies) == compose(components(), test_task()).unwrap());
}

#[test]
fn a_command_is_composed_as_its_wac_says() {
    let Components { process, guard, wrapper, .. } = components();
    let dependencies: [(&str, &[u8]); 4] = [
        ("orchestra:process-component", process),
        ("orchestra:guard", guard),
        ("orchestra:wrapper", wrapper),
        ("user:command", test_command()),
    ];
    assert!(with_wac(COMMAND_WAC, &dependencies) == compose(components(), test_command()).unwrap());
}

#[test]
fn a_composition_is_a_command_and_a_service_and_needs_wasi_only() {
    for (program, composed) in [(test_task(), Program::task()), (test_command(), Program::command())] {
        let (own, _) = Program::compile(program).shape();
        let (mut imports, exports) = composed.shape();
        assert_eq!(exports, ["wasi:cli/run@0.2.12", "wasi:http/incoming-handler@0.2.12"]);
        // What the program asks for itself is its own affair.
        imports.retain(|import| !own.contains(import));
        assert_wasi_only(&imports);
    }
}

/// What `wasmtime serve -Scli` gives, less what nobody here has a use for: sockets.
#[test]
fn the_components_import_the_contract_and_wasi_only() {
    let Components { guard, runner, wrapper, .. } = components();
    for component in [guard, runner, wrapper] {
        let (imports, _) = Program::compile(component).shape();
        let (contract, wasi): (Vec<_>, Vec<_>) =
            imports.into_iter().partition(|name| name.starts_with("orchestra:process/"));
        assert!(!contract.is_empty());
        let wasi: Vec<_> = wasi.into_iter().filter(|name| !name.starts_with("wasi:cli/run@")).collect();
        assert_wasi_only(&wasi);
    }
}

#[track_caller]
fn assert_wasi_only(imports: &[String]) {
    for name in imports {
        let package = name.split('/').next().unwrap_or_default();
        let given = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"].contains(&package)
            || ["wasi:http/types@0.2.", "wasi:http/outgoing-handler@0.2."].iter().any(|http| name.starts_with(http));
        assert!(given && !name.starts_with("wasi:cli/run@"), "{name} is one import too many");
    }
}

#[test]
fn a_component_that_is_not_a_task_is_refused_for_its_own_reason() {
    let error = compose(components(), &components().process).unwrap_err();
    assert!(matches!(error, ComposeError::NothingToRun), "{error}");
    let error = compose(components(), b"\0asm\x01\0\0\0").unwrap_err();
    assert!(matches!(error, ComposeError::CoreModule), "{error}");
    // A component that has everything that was composed in it already is a command.
    let error = compose(components(), &components().runner).unwrap_err();
    assert!(matches!(error, ComposeError::ImportsGuard), "{error}");
}

#[test]
fn an_interface_in_another_shape_is_named() {
    let text = r#"(component
        (import "orchestra:process/lifecycle@0.1.0" (instance (export "nonsense" (func))))
        (instance $task)
        (export "orchestra:process/task@0.1.0" (instance $task)))"#;
    let error = compose(components(), &wat::parse_str(text).unwrap()).unwrap_err();
    assert!(matches!(&error, ComposeError::Mismatch { name, .. } if name.contains("lifecycle")), "{error}");
}

#[test]
fn an_entry_point_in_another_shape_is_the_users() {
    let text = r#"(component (instance $task) (export "orchestra:process/task@0.1.0" (instance $task)))"#;
    let error = compose(components(), &wat::parse_str(text).unwrap()).unwrap_err();
    assert!(matches!(&error, ComposeError::Mismatch { name, .. } if name.contains("task")), "{error}");
}

#[test]
fn a_program_that_reports_itself_is_to_be_plugged() {
    let error = compose(components(), example_program()).unwrap_err();
    assert!(matches!(error, ComposeError::ReportsItself), "{error}");
}

#[test]
fn a_component_that_was_mixed_up_with_another_is_named() {
    let mixed_up = Components { guard: components().process.clone(), ..components().clone() };
    let error = compose(&mixed_up, test_task()).unwrap_err();
    assert!(matches!(error, ComposeError::Component { .. }), "{error}");
}
