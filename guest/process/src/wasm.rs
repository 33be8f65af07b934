//! What std would bring on wasm32-wasip2, and with it a dozen imports.

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

// Half as large as dlmalloc.
#[global_allocator]
// SAFETY: wasm32-wasip2 has one thread.
static ALLOCATOR: talc::TalckWasm = unsafe { talc::TalckWasm::new_global() };

// `memcpy` and its like.
#[link(name = "c")]
unsafe extern "C" {}

/// Nothing here panics on what a caller passes or an endpoint answers. Any other panic says nothing, because its text might
/// hold the key.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The host's way to get memory for what it passes in (Component Model, Canonical ABI).
///
/// # Safety
///
/// As `realloc`: `old` is null with `old_size` 0, or came from here with `old_size` and `align`.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, new_size: usize) -> *mut u8 {
    let Ok(layout) = Layout::from_size_align(old_size, align) else { core::arch::wasm32::unreachable() };
    let new = match (old_size, new_size) {
        (_, 0) => core::ptr::without_provenance_mut(align),
        // SAFETY: the size is not 0, the alignment is valid.
        (0, _) => unsafe { ALLOCATOR.alloc(Layout::from_size_align_unchecked(new_size, align)) },
        // SAFETY: by this function's own contract.
        _ => unsafe { ALLOCATOR.realloc(old, layout, new_size) },
    };
    if new.is_null() { core::arch::wasm32::unreachable() } else { new }
}
