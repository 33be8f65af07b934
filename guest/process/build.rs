//! Without this, every call and every address in the component takes five bytes, as linkers need them before they link.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg=--compress-relocations");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
