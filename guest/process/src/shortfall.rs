//! What of a run was not acknowledged and has left the outbox.

use alloc::vec::Vec;

use crate::contract::{DeliveryError, Shortfall};

/// The first tell what is wrong.
const ERRORS_HELD: usize = 256;

#[derive(Default)]
pub struct Ledger {
    errors: Vec<DeliveryError>,
    /// How many of them a call has returned.
    told: usize,
    /// The latest of those that are only counted, until a call has returned it: no call may take its own failure for a
    /// success.
    latest: Option<DeliveryError>,
    further: u64,
}

impl Ledger {
    pub fn note(&mut self, error: DeliveryError) {
        if self.errors.len() < ERRORS_HELD {
            self.errors.push(error);
        } else {
            self.further += 1;
            self.latest = Some(error);
        }
    }

    /// An error that no call has returned yet, oldest first.
    pub fn tell(&mut self) -> Option<DeliveryError> {
        match self.errors.get(self.told) {
            Some(error) => {
                self.told += 1;
                Some(error.clone())
            }
            None => self.latest.take(),
        }
    }

    /// All of them, and behind them what is still waiting.
    pub fn shortfall(&self, waiting: impl Iterator<Item = DeliveryError>) -> Shortfall {
        let mut all = Self { errors: self.errors.clone(), further: self.further, ..Self::default() };
        waiting.for_each(|error| all.note(error));
        Shortfall { reports: all.errors, further: all.further }
    }
}
