//! What std would bring on wasm32-wasip2, and with it a dozen imports.

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use talc::{Span, TalckWasm};

#[global_allocator]
// SAFETY: wasm32-wasip2 has one thread.
static ALLOCATOR: Heap = Heap { talc: unsafe { TalckWasm::new_global() }, has_begun: AtomicBool::new(false) };

/// Talc, which is half as large as dlmalloc, and takes only what the memory grows by. A heap that begins with what the
/// memory has from the start (`build.rs`) lets most runs do without growing, for which a host may have to move all of it.
struct Heap {
    talc: TalckWasm,
    has_begun: AtomicBool,
}

unsafe extern "C" {
    /// The linker's word on where data ends.
    static __heap_base: u8;
}

const PAGE_BYTES: usize = 64 * 1024;

// SAFETY: talc's own; between the data's end and the memory's end nothing else is.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !self.has_begun.swap(true, Ordering::Relaxed) {
            let end = core::arch::wasm32::memory_size(0) * PAGE_BYTES;
            let free = Span::new(ptr::addr_of!(__heap_base).cast_mut(), ptr::without_provenance_mut(end));
            // What is too small to be a heap is left alone.
            _ = unsafe { self.talc.lock().claim(free) };
        }
        unsafe { self.talc.alloc(layout) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { self.talc.dealloc(old, layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        unsafe { self.talc.realloc(old, layout, new_size) }
    }
}

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
