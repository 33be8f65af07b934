//! What reporting asks of the world outside: an exchange over HTTP, time and chance. Tests put their own in its place.

use alloc::rc::Rc;
use core::time::Duration;

use crate::answer::{Answer, Fault};
use crate::request::Request;

pub trait Platform {
    /// One attempt under way, with what it began with. Dropping it gives the attempt up.
    type Exchange;

    /// Begin an attempt. What goes wrong comes out of [`Platform::advance`].
    fn begin(&self, request: Rc<Request>) -> Self::Exchange;

    /// Move the attempt on for at most `wait`; `None` if it is not over then.
    fn advance(&self, exchange: &mut Self::Exchange, wait: Duration) -> Option<Result<Answer, Fault>>;

    /// When the attempt is given up if nothing of it moves before, in [`Platform::now`]'s time.
    fn deadline(&self, exchange: &Self::Exchange) -> Duration;

    /// Since some moment in the past; never runs backwards.
    fn now(&self) -> Duration;

    /// Since 1970.
    fn unix_time(&self) -> Duration;

    fn sleep(&self, span: Duration);

    /// Uniform, and unpredictable.
    fn random(&self) -> u64;
}
