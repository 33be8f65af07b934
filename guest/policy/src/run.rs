//! The name of a run, and an endpoint that it is not reported to.

use alloc::format;
use alloc::string::String;

/// The name of a run whose own is absent or cannot be used: better reported under this name than not at all.
pub const DEFAULT_NAME: &str = "task";

/// The id of a run that is not reported. The contract asks for one.
pub const NO_RUN: &str = "00000000-0000-0000-0000-000000000000";

/// Why a run is not reported whose endpoint is plain http to another machine.
pub fn plaintext(origin: &str) -> String {
    format!("{origin} is plain http to another machine, over which the API key is not sent: use https")
}
