//! What `make lint` asks of the contract in `wit/`, and `docs/wit.md`, which is made from it.
//!
//! It knows the text of the contract only, not what implements it: the suites beside this crate test that.
//! wit-parser's arenas are indexed by ids that they gave out themselves: that never panics.

mod compatibility;
mod contract;
mod difference;
mod finding;
mod gates;
mod reference;
mod signature;

pub use compatibility::incompatibilities;
pub use contract::Contract;
pub use finding::Finding;
pub use gates::ungated;
pub use reference::reference;
