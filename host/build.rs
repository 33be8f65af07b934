//! Builds the process component, which the library embeds.

#[path = "build/components.rs"]
mod components;

fn main() {
    components::embed(&["process"]);
}
