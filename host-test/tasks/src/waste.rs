//! What a task does that ends badly.

use std::hint::black_box;

/// Without end, and without a call that the host would see.
pub fn time() -> ! {
    let mut count = 0_u64;
    loop {
        count = black_box(count).wrapping_add(1);
    }
}

/// Until there is no more.
#[expect(unconditional_recursion, reason = "it is to run out of stack")]
pub fn stack(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    stack(depth + 1).wrapping_add(frame[(depth % 64) as usize])
}

/// This many MiB, each of them touched.
pub fn memory(mib: u64) -> Vec<Vec<u8>> {
    (0..mib).map(|_| black_box(vec![1; 1024 * 1024])).collect()
}
