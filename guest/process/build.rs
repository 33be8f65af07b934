//! What the linker makes of the component.

/// The deepest calls take a tenth of it. More would lie between the data and everything else.
const STACK_BYTES: usize = 64 * 1024;
/// What the reports of most runs fit into, with the stack and the data.
const MEMORY_BYTES: usize = 512 * 1024;

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // Without it every call and every address takes five bytes, as linkers need them before they link.
        println!("cargo::rustc-link-arg=--compress-relocations");
        println!("cargo::rustc-link-arg=-zstack-size={STACK_BYTES}");
        println!("cargo::rustc-link-arg=--initial-memory={MEMORY_BYTES}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
