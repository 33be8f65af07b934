//! Builds what `orchestra compose` composes a task with.

#[path = "../build/components.rs"]
mod components;

fn main() {
    components::embed(&["process", "guard", "runner", "wrapper"]);
}
