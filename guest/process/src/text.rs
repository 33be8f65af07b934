//! Texts, put together.

use alloc::string::String;

/// Out of line: `format!` at each of its places would be half a KiB more.
#[inline(never)]
pub fn concat(parts: &[&str]) -> String {
    parts.concat()
}
