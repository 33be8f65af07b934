//! What the mock endpoint can do that no HTTP server would, as data. `act.rs` does it.

use std::fmt;
use std::time::Duration;

use orchestra_endpoint::{Reply, status};

use super::delivery::{Delivery, End, OddResponse};

/// One entry of a mock endpoint's script: an HTTP answer or a [`Fault`].
pub type Answer = orchestra_endpoint::Answer<Fault>;

/// What an endpoint does in place of an HTTP answer in order. The functions of this module make it.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) when: When,
    pub(crate) act: Act,
}

/// How much is read before the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Nothing, not even a TLS handshake.
    Accepted,
    /// The request's head.
    Head,
    /// The head and this many bytes of the body.
    Body(usize),
    /// All of the request.
    Request,
}

/// What is done on the bare connection.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Http(OddResponse),
    /// Raw bytes, or none at all.
    Bytes {
        bytes: Vec<u8>,
        then: End,
    },
}

/// Reads the request and never answers. The connection stays open until the client leaves.
pub fn hang() -> Answer {
    end(When::Request, End::Hang)
}

/// Accepts the connection, and reads nothing from it: no TLS handshake either.
pub fn hang_on_connect() -> Answer {
    end(When::Accepted, End::Hang)
}

/// FIN right after the connection was accepted.
pub fn close_on_connect() -> Answer {
    end(When::Accepted, End::Close)
}

/// RST right after the connection was accepted.
pub fn reset_on_connect() -> Answer {
    end(When::Accepted, End::Reset)
}

/// FIN once the request's head was read.
pub fn close_after_head() -> Answer {
    end(When::Head, End::Close)
}

/// RST once the request's head was read.
pub fn reset_after_head() -> Answer {
    end(When::Head, End::Reset)
}

/// FIN after `bytes` bytes of the request's body, or at its end if that comes first.
pub fn close_in_body(bytes: usize) -> Answer {
    end(When::Body(bytes), End::Close)
}

/// RST after `bytes` bytes of the request's body, or at its end if that comes first.
pub fn reset_in_body(bytes: usize) -> Answer {
    end(When::Body(bytes), End::Reset)
}

/// Reads `bytes` bytes of the request's body, or all if there are fewer, and then nothing more. The connection stays open
/// until the client leaves.
pub fn hang_in_body(bytes: usize) -> Answer {
    end(When::Body(bytes), End::Hang)
}

/// FIN in place of an answer, after the whole request was read.
pub fn close_after_request() -> Answer {
    end(When::Request, End::Close)
}

/// RST in place of an answer, after the whole request was read.
pub fn reset_after_request() -> Answer {
    end(When::Request, End::Reset)
}

/// A 200 that is reset after half of its body.
pub fn reset_inside_answer() -> Answer {
    let delivery = Delivery::FirstHalf { then: End::Reset };
    delivered(status(200).body(r#"{"status": "the second half never comes"}"#), delivery)
}

/// These bytes in place of an HTTP answer, then FIN.
pub fn garbage(bytes: impl Into<Vec<u8>>) -> Answer {
    fault(When::Request, Act::Bytes { bytes: bytes.into(), then: End::Close })
}

/// A 200 whose chunked body does not stop before the client leaves, at some megabytes per second.
pub fn endless_body() -> Answer {
    delivered(status(200), Delivery::Endless)
}

/// A 200 whose body arrives a byte at a time, with a pause before each. Its `content-length` is right.
pub fn slow_body(body: impl Into<Vec<u8>>, pause: Duration) -> Answer {
    delivered(status(200).body(body), Delivery::ByteByByte { pause })
}

/// Makes an HTTP answer a fault. Headers and body are set before.
///
/// # Panics
///
/// Each method panics if the answer is not an HTTP answer, unless it says otherwise.
pub trait Faulty: Sized {
    /// Sends `bytes` bytes of the body under the full `content-length`, then FIN.
    ///
    /// If there is nothing to truncate, the endpoint's start panics.
    #[track_caller]
    fn truncated_after(self, bytes: usize) -> Self;

    /// Sends the head and the first half of the body, then nothing more. The connection stays open until the client
    /// leaves.
    ///
    /// If the answer has no body, the endpoint's start panics.
    #[track_caller]
    fn hanging_inside(self) -> Self;

    /// A `content-length` that is not the body's. The whole body is sent, then FIN.
    #[track_caller]
    fn content_length(self, bytes: u64) -> Self;

    /// Answers on the request's head, then FIN. The request's body is left unread, so a client with a large one is stuck
    /// in it unless it looks for the answer.
    ///
    /// Panics only if it is a fault that does not wait for the whole request anyway.
    #[track_caller]
    fn early(self) -> Self;

    /// Answers on the request's head, then RST: what the client still writes fails, while the answer waits to be read.
    /// (Linux keeps what came before an RST readable. Elsewhere the answer may be lost, as it may on a real network.)
    #[track_caller]
    fn early_reset(self) -> Self;
}

impl Faulty for Answer {
    fn truncated_after(self, bytes: usize) -> Self {
        delivered(self, Delivery::First { bytes, then: End::Close })
    }

    fn hanging_inside(self) -> Self {
        delivered(self, Delivery::FirstHalf { then: End::Hang })
    }

    fn content_length(self, bytes: u64) -> Self {
        odd(self, "a content-length", |response| response.content_length = Some(bytes))
    }

    fn early(self) -> Self {
        assert!(when(&self) == When::Request, "{self} is early already");
        let mut fault = into_fault(self.reply);
        fault.when = When::Head;
        Self { delay: self.delay, reply: Reply::Fault(fault) }
    }

    fn early_reset(self) -> Self {
        delivered(self, Delivery::WholeThenReset).early()
    }
}

/// How much of a request is read before this answer.
pub(crate) fn when(answer: &Answer) -> When {
    match &answer.reply {
        Reply::Http(_) => When::Request,
        Reply::Fault(fault) => fault.when,
    }
}

/// The status in the head of this answer, if it has a head.
pub(crate) fn status_of(answer: &Answer) -> Option<u16> {
    match &answer.reply {
        Reply::Http(response) => Some(response.status().as_u16()),
        Reply::Fault(Fault { act: Act::Http(odd), .. }) => Some(odd.response.status().as_u16()),
        Reply::Fault(Fault { act: Act::Bytes { .. }, .. }) => None,
    }
}

/// An answer that cannot do what its name says would make a test prove nothing.
#[track_caller]
pub(crate) fn assert_sensible(answer: &Answer) {
    let Reply::Fault(Fault { act: Act::Http(odd), .. }) = &answer.reply else { return };
    let body = odd.response.body().len();
    match odd.delivery {
        Delivery::FirstHalf { .. } => assert!(body > 0, "{answer}: there is no body to stop inside"),
        Delivery::First { bytes, .. } => assert!(bytes < body, "{answer}: the body has only {body} bytes"),
        Delivery::Endless => assert!(body == 0, "{answer}: an endless body is not given"),
        Delivery::Whole | Delivery::WholeThenReset | Delivery::ByteByByte { .. } => {}
    }
}

fn end(when: When, then: End) -> Answer {
    fault(when, Act::Bytes { bytes: Vec::new(), then })
}

fn fault(when: When, act: Act) -> Answer {
    Answer { delay: Duration::ZERO, reply: Reply::Fault(Fault { when, act }) }
}

#[track_caller]
fn delivered(answer: Answer, delivery: Delivery) -> Answer {
    odd(answer, "a body", |response| response.delivery = delivery)
}

#[track_caller]
fn odd(answer: Answer, what: &str, change: impl FnOnce(&mut OddResponse)) -> Answer {
    let mut fault = into_fault(answer.reply);
    match &mut fault.act {
        Act::Http(response) => change(response),
        Act::Bytes { .. } => panic!("{fault} has no place for {what}"),
    }
    Answer { delay: answer.delay, reply: Reply::Fault(fault) }
}

fn into_fault(reply: Reply<Fault>) -> Fault {
    match reply {
        Reply::Http(response) => {
            let odd = OddResponse { response, content_length: None, delivery: Delivery::Whole };
            Fault { when: When::Request, act: Act::Http(odd) }
        }
        Reply::Fault(fault) => fault,
    }
}

/// For the endpoint's log: `reset after the head`.
impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.act {
            Act::Http(response) => response.fmt(to)?,
            Act::Bytes { bytes, then } if bytes.is_empty() => then.fmt(to)?,
            Act::Bytes { bytes, then } => write!(to, "{} raw bytes, {then}", bytes.len())?,
        }
        match self.when {
            When::Accepted => to.write_str(" on connect"),
            When::Head => to.write_str(" after the head"),
            When::Body(bytes) => write!(to, " after {bytes} bytes of the body"),
            When::Request => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
