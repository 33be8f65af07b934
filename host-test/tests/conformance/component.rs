use host_test::component;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Everything that a host must give is within the world `wasi:http/proxy`.
#[test]
fn it_imports_http_io_clocks_and_random_and_nothing_else() {
    let engine = Engine::default();
    let component = Component::new(&engine, component::process()).unwrap();
    for (name, _) in component.component_type().imports(&engine) {
        let package = name.split('/').next().unwrap_or_default();
        assert!(
            ["wasi:io", "wasi:clocks", "wasi:random"].contains(&package)
                || name.starts_with("wasi:http/types@")
                || name.starts_with("wasi:http/outgoing-handler@"),
            "{name} is one import too many"
        );
    }
}

#[test]
fn it_exports_the_contract() {
    let engine = Engine::default();
    let component = Component::new(&engine, component::process()).unwrap();
    let exports: Vec<_> = component.component_type().exports(&engine).map(|(name, _)| name.to_string()).collect();
    assert_eq!(exports, ["orchestra:process/lifecycle@0.1.0", "orchestra:process/connections@0.1.0"]);
}

/// It is a part of every composed task, and loaded with each.
#[test]
fn it_has_at_most_144_kib() {
    const LIMIT_BYTES: usize = 144 * 1024;
    let bytes = component::process().len();
    assert!(bytes <= LIMIT_BYTES, "the component has {bytes} bytes, {} more than it may", bytes - LIMIT_BYTES);
}
