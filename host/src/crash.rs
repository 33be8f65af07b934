//! What a trap says.

use serde_json::{Value, json};
use wasmtime::WasmBacktrace;

/// At most this many frames are told, the innermost first.
pub const FRAMES: usize = 10;

/// At most this many characters of a message or a frame are told: they are whatever the component's builder says.
const CHARS: usize = 300;

/// A trap, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// What the engine says, such as `wasm unreachable instruction executed`.
    pub message: String,
    /// The innermost functions, at most [`FRAMES`]: a name if the component has one, else an index, and an offset.
    pub frames: Vec<String>,
}

impl Crash {
    pub(crate) fn new(error: &wasmtime::Error) -> Self {
        let root = error.root_cause().to_string();
        let message = cut(root.strip_prefix("wasm trap: ").unwrap_or(&root));
        let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
        let frames = frames.iter().take(FRAMES).map(|frame| {
            let name = frame.symbols().iter().find_map(|symbol| symbol.name()).or_else(|| frame.func_name());
            let name = name.map_or_else(|| format!("function {}", frame.func_index()), ToString::to_string);
            match frame.module_offset() {
                Some(offset) => format!("{} @ {offset:#x}", cut(&name)),
                None => cut(&name),
            }
        });
        Self { message, frames: frames.collect() }
    }

    /// As it goes along with the report.
    pub(crate) fn data(&self) -> Value {
        json!({ "trap": self.message, "frames": self.frames })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(CHARS).collect()
}
