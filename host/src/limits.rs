//! How much memory a task may have.

use wasmtime::ResourceLimiter;

/// What one element of a table takes, about: a pointer and what belongs to it.
const ELEMENT_BYTES: usize = 16;

/// Counts what all memories and tables of a store take together.
#[derive(Debug)]
pub(crate) struct Limits {
    bytes: usize,
    used: usize,
    /// Whether more was asked for, and refused.
    pub(crate) exceeded: bool,
}

impl Limits {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, used: 0, exceeded: false }
    }

    fn grow(&mut self, by: usize) -> bool {
        match self.used.checked_add(by).filter(|used| *used <= self.bytes) {
            Some(used) => {
                self.used = used;
                true
            }
            None => {
                self.exceeded = true;
                false
            }
        }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut limits = Limits::new(1000);
        assert!(limits.memory_growing(0, 400, None).unwrap());
        assert!(limits.memory_growing(400, 600, None).unwrap());
        assert!(limits.table_growing(0, 25, None).unwrap());
        assert!(!limits.exceeded);
        assert!(!limits.memory_growing(0, 1, None).unwrap());
        assert!(limits.exceeded);
    }
}
