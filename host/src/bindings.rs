//! The process component's exports, as the host itself calls them: none of them waits. What a task calls is forwarded without
//! them.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "process-component",
    require_store_data_send: true,
    with: {
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:random": wasmtime_wasi::p2::bindings::random,
        "wasi:http": wasmtime_wasi_http::p2::bindings::http,
    },
});

pub use exports::orchestra::process::lifecycle;
