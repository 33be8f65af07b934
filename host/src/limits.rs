//! How much memory a task may have.

use wasmtime::ResourceLimiter;

/// What one element of a table takes, about: a pointer and what belongs to it.
const ELEMENT_BYTES: usize = 16;

/// Counts what all memories and tables of a store take together.
#[derive(Debug)]
pub(crate) struct Limits {
    bytes: usize,
    used: usize,
    /// Whether more was asked for at last, and refused.
    pub(crate) exceeded: bool,
}

impl Limits {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, used: 0, exceeded: false }
    }

    /// `is_possible` is false for what would go beyond a maximum of the component's own: this limit does not count that.
    fn grow(&mut self, by: usize, is_possible: bool) -> bool {
        if !is_possible {
            return false;
        }
        let used = self.used.checked_add(by).filter(|used| *used <= self.bytes);
        self.exceeded = used.is_none();
        self.used = used.unwrap_or(self.used);
        !self.exceeded
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current), most.is_none_or(|most| desired <= most)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES);
        Ok(self.grow(bytes, most.is_none_or(|most| desired <= most)))
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

    /// A component may ask to see whether there is more, and go on without.
    #[test]
    fn what_was_refused_long_ago_or_for_another_reason_is_not_exceeded() {
        let mut limits = Limits::new(1000);
        assert!(!limits.memory_growing(0, 1001, None).unwrap());
        assert!(limits.memory_growing(0, 100, None).unwrap());
        assert!(!limits.memory_growing(100, 300, Some(200)).unwrap());
        assert!(!limits.exceeded);
        assert!(limits.memory_growing(100, 1000, None).unwrap());
    }
}
