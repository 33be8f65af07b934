//! Components that others have built, whole and broken.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use fuzz::{Fuzz, component};
use wasmparser::{Validator, WasmFeatures};

use crate::{Components, Shape, compose, strip};

/// Those first that a command may have.
const IMPORTS: [&str; 16] = [
    "wasi:io/streams@0.2.6",
    "wasi:http/types@0.2.0",
    "wasi:cli/environment@0.2.99",
    "orchestra:process/connections@0.1.0",
    "orchestra:process/lifecycle@0.1.0",
    "orchestra:process/lifecycle@0.1.9",
    "orchestra:process/lifecycle@0.2.0",
    "orchestra:process/guard@0.1.0",
    "wasi:cli/environment@0.2.0",
    "wasi:cli/environment@0.2.12",
    "wasi:cli/exit@0.2.3",
    "wasi:cli/exit@0.3.0",
    "wasi:keyvalue/store@0.2.0",
    "acme:db/query@1.0.0",
    "log",
    "wasi:cli/run@0.2.0",
];
const EXPORTS: [&str; 7] = [
    "wasi:cli/run@0.2.0",
    "wasi:cli/run@0.2.12",
    "wasi:cli/run@0.3.0",
    "orchestra:process/task@0.1.0",
    "orchestra:process/task@0.1.3",
    "wasi:http/incoming-handler@0.2.0",
    "acme:db/query@1.0.0",
];

static COMPONENTS: LazyLock<Components> = LazyLock::new(Components::built);

const COMMAND: &str = r#"(component
    (import "wasi:cli/environment@0.2.0" (instance
        (export "get-environment" (func (result (list (tuple string string)))))))
    (core module $m (func (export "run") (result i32) i32.const 0))
    (core instance $i (instantiate $m))
    (func $f (result (result)) (canon lift (core func $i "run")))
    (instance $e (export "run" (func $f)))
    (export "wasi:cli/run@0.2.0" (instance $e))
    (@custom "name" "\00\01"))"#;
const NESTED: &str =
    r#"(component (component (core module (memory 1)) (component)) (core module (func) (@custom "a" "")))"#;

fn seeds() -> Fuzz {
    let binary = |text: &str| wat::parse_str(text).expect("the text is a component");
    Fuzz::new()
        .seeds([
            binary(COMMAND),
            binary(NESTED),
            b"\0asm\x0d\0\x01\0".to_vec(),
            b"\0asm\x01\0\0\0".to_vec(),
            Vec::new(),
        ])
        .words([
            &b"\0asm\x0d\0\x01\0"[..],
            b"\0asm\x01\0\0\0",
            b"\x04",
            b"\x0a",
            b"\x0b",
            b"\xff\xff\xff\xff\x0f",
            b"\x80",
        ])
}

fn is_valid(component: &[u8]) -> bool {
    Validator::new_with_features(WasmFeatures::all()).validate_all(component).is_ok()
}

#[test]
fn any_bytes_have_a_shape_or_an_error() {
    seeds().bytes(|bytes| {
        if let Ok(shape) = Shape::of(bytes) {
            // The role of what can be read.
            _ = shape.kind();
        }
    });
}

#[test]
fn what_is_stripped_has_the_same_shape_and_cannot_be_stripped_further() {
    seeds().bytes(|bytes| {
        let Ok(stripped) = strip(bytes) else { return };
        assert!(stripped.len() <= bytes.len() || !is_valid(bytes));
        if let (Ok(before), true) = (Shape::of(bytes), is_valid(bytes)) {
            let after = Shape::of(&stripped).expect("it was a component");
            assert_eq!((before.imports, before.exports), (after.imports, after.exports));
            assert!(is_valid(&stripped));
            assert_eq!(strip(&stripped).expect("it was a component"), stripped);
        }
    });
}

#[test]
fn what_is_composed_is_valid_and_imports_nothing_but_wasi() {
    static COMPOSED: AtomicUsize = AtomicUsize::new(0);
    Fuzz::new().slower(100).values(|input| {
        // Mostly such as can be composed.
        let imports = if input.ratio(3, 4)? { &IMPORTS[..4] } else { &IMPORTS };
        let exports = if input.ratio(3, 4)? { &EXPORTS[..2] } else { &EXPORTS };
        let Ok(program) = wat::parse_str(component(input, imports, exports)?) else { return Ok(()) };
        if let Ok(composed) = compose(&COMPONENTS, &program) {
            assert!(is_valid(&composed));
            let shape = Shape::of(&composed).expect("it is a component");
            assert!(shape.imports.iter().all(|import| import.starts_with("wasi:")), "{:?}", shape.imports);
            COMPOSED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    assert!(COMPOSED.load(Ordering::Relaxed) > 0, "no component could be composed");
}

#[test]
fn bytes_that_were_a_component_are_composed_or_refused() {
    seeds().slower(100).bytes(|bytes| {
        if let Ok(composed) = compose(&COMPONENTS, bytes) {
            assert!(is_valid(&composed));
        }
    });
}
