//! What the endpoint does with a request: an answer over HTTP, or a fault.
//!
//! An [`Answer`] is data. `connection.rs` lets hyper send the ordinary ones, `fault.rs` acts out the others.

use std::fmt;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, TRANSFER_ENCODING};

use crate::reply::{Delivery, End, Http, Reply, When};

/// One entry of an endpoint's script, made by the functions of this module, beginning with [`status`].
#[derive(Clone, Debug)]
#[must_use = "an answer does nothing until it is in an endpoint's script"]
pub struct Answer {
    pub(crate) when: When,
    pub(crate) delay: Duration,
    pub(crate) reply: Reply,
}

/// An answer with this status, no body and no further headers.
///
/// # Panics
///
/// If `code` is not between 200 and 999.
#[track_caller]
pub fn status(code: u16) -> Answer {
    let status = StatusCode::from_u16(code).ok().filter(|status| !status.is_informational());
    Answer {
        when: When::Request,
        delay: Duration::ZERO,
        reply: Reply::Http(Http {
            status: status.unwrap_or_else(|| panic!("{code} is not the status of a final answer")),
            headers: Vec::new(),
            body: Vec::new(),
            content_length: None,
            delivery: Delivery::Whole,
        }),
    }
}

/// A redirect with a `Location`.
#[track_caller]
pub fn redirect(code: u16, location: &str) -> Answer {
    status(code).header(LOCATION.as_str(), location)
}

/// An answer with a `Retry-After`, as it is: seconds, a date, or anything wrong.
#[track_caller]
pub fn retry_after(code: u16, value: &str) -> Answer {
    status(code).header(RETRY_AFTER.as_str(), value)
}

/// Reads the request and never answers. The connection stays open until the client leaves.
pub fn hang() -> Answer {
    fault(When::Request, End::Hang)
}

/// Accepts the connection, and reads nothing from it: no TLS handshake either.
pub fn hang_on_connect() -> Answer {
    fault(When::Accepted, End::Hang)
}

/// FIN right after the connection was accepted.
pub fn close_on_connect() -> Answer {
    fault(When::Accepted, End::Close)
}

/// RST right after the connection was accepted.
pub fn reset_on_connect() -> Answer {
    fault(When::Accepted, End::Reset)
}

/// FIN once the request's head was read.
pub fn close_after_head() -> Answer {
    fault(When::Head, End::Close)
}

/// RST once the request's head was read.
pub fn reset_after_head() -> Answer {
    fault(When::Head, End::Reset)
}

/// FIN after `bytes` bytes of the request's body, or at its end if that comes first.
pub fn close_in_body(bytes: usize) -> Answer {
    fault(When::Body(bytes), End::Close)
}

/// RST after `bytes` bytes of the request's body, or at its end if that comes first.
pub fn reset_in_body(bytes: usize) -> Answer {
    fault(When::Body(bytes), End::Reset)
}

/// Reads `bytes` bytes of the request's body, or all if there are fewer, and then nothing more. The connection stays open
/// until the client leaves.
pub fn hang_in_body(bytes: usize) -> Answer {
    fault(When::Body(bytes), End::Hang)
}

/// FIN in place of an answer, the whole request having been read.
pub fn close_after_request() -> Answer {
    fault(When::Request, End::Close)
}

/// RST in place of an answer, the whole request having been read.
pub fn reset_after_request() -> Answer {
    fault(When::Request, End::Reset)
}

/// A 200 that is reset after half of its body.
pub fn reset_inside_answer() -> Answer {
    let delivery = Delivery::FirstHalf { then: End::Reset };
    status(200).body(r#"{"status": "the second half never comes"}"#).delivered(delivery)
}

/// These bytes in place of an HTTP answer, then FIN.
pub fn garbage(bytes: impl Into<Vec<u8>>) -> Answer {
    Answer { when: When::Request, delay: Duration::ZERO, reply: Reply::Bytes { bytes: bytes.into(), then: End::Close } }
}

/// A 200 whose chunked body does not stop before the client leaves, at some megabytes per second.
pub fn endless_body() -> Answer {
    status(200).delivered(Delivery::Endless)
}

/// A 200 whose body arrives a byte at a time, with a pause before each. Its `content-length` is right.
pub fn slow_body(body: impl Into<Vec<u8>>, pause: Duration) -> Answer {
    status(200).body(body).delivered(Delivery::ByteByByte { pause })
}

fn fault(when: When, then: End) -> Answer {
    Answer { when, delay: Duration::ZERO, reply: Reply::Bytes { bytes: Vec::new(), then } }
}

impl Answer {
    /// Adds a header.
    ///
    /// # Panics
    ///
    /// If the answer is not an HTTP answer, or name or value are none of a header; for `content-length` see
    /// [`content_length`](Self::content_length).
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let value = HeaderValue::try_from(value).unwrap_or_else(|error| panic!("{value:?}: {error}"));
        assert!(name != CONTENT_LENGTH && name != TRANSFER_ENCODING, "the body's length is not set as a header");
        self.http("a header").headers.push((name, value));
        self
    }

    /// The body, in place of none.
    ///
    /// # Panics
    ///
    /// If the answer is not an HTTP answer.
    #[track_caller]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.http("a body").body = body.into();
        self
    }

    /// Waits before the answer, or before the fault.
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends `bytes` bytes of the body under the full `content-length`, then FIN.
    ///
    /// # Panics
    ///
    /// If the answer is not an HTTP answer; if there is nothing to truncate, the endpoint's start panics.
    #[track_caller]
    pub fn truncated_after(self, bytes: usize) -> Self {
        self.delivered(Delivery::First { bytes, then: End::Close })
    }

    /// Sends the head and the first half of the body, then nothing more. The connection stays open until the client
    /// leaves.
    ///
    /// # Panics
    ///
    /// If the answer is not an HTTP answer; if it has no body, the endpoint's start panics.
    #[track_caller]
    pub fn hanging_inside(self) -> Self {
        self.delivered(Delivery::FirstHalf { then: End::Hang })
    }

    /// A `content-length` that is not the body's. The whole body is sent, then FIN.
    ///
    /// # Panics
    ///
    /// If the answer is not an HTTP answer.
    #[track_caller]
    pub fn content_length(mut self, bytes: u64) -> Self {
        self.http("a content-length").content_length = Some(bytes);
        self
    }

    /// Answers on the request's head, then FIN. The request's body is left unread, so a client with a large one is stuck
    /// in it unless it looks for the answer.
    ///
    /// # Panics
    ///
    /// If it is a fault that does not wait for the whole request anyway.
    #[track_caller]
    pub fn early(mut self) -> Self {
        assert!(self.when == When::Request, "{self} is early already");
        self.when = When::Head;
        self
    }

    /// Answers on the request's head, then RST: what the client still writes fails, while the answer waits to be read.
    /// (Linux keeps what came before an RST readable. Elsewhere the answer may be lost, as it may on a real network.)
    ///
    /// # Panics
    ///
    /// If the answer is not an HTTP answer.
    #[track_caller]
    pub fn early_reset(self) -> Self {
        self.delivered(Delivery::WholeThenReset).early()
    }

    /// Whether hyper can send it, and keep the connection.
    pub(crate) fn is_ordinary(&self) -> bool {
        let Reply::Http(http) = &self.reply else { return false };
        self.when == When::Request && http.content_length.is_none() && matches!(http.delivery, Delivery::Whole)
    }

    /// An answer that cannot do what its name says would make a test prove nothing.
    #[cfg(feature = "mock")]
    #[track_caller]
    pub(crate) fn assert_sensible(&self) {
        let Reply::Http(http) = &self.reply else { return };
        let body = http.body.len();
        match http.delivery {
            Delivery::FirstHalf { .. } => assert!(body > 0, "{self}: there is no body to stop inside"),
            Delivery::First { bytes, .. } => assert!(bytes < body, "{self}: the body has {body} bytes only"),
            Delivery::Endless => assert!(body == 0, "{self}: an endless body is not given"),
            Delivery::Whole | Delivery::WholeThenReset | Delivery::ByteByByte { .. } => {}
        }
    }

    #[track_caller]
    fn delivered(mut self, delivery: Delivery) -> Self {
        self.http("a body").delivery = delivery;
        self
    }

    #[track_caller]
    fn http(&mut self, what: &str) -> &mut Http {
        if let Reply::Bytes { .. } = self.reply {
            panic!("{self} has no place for {what}");
        }
        match &mut self.reply {
            Reply::Http(http) => http,
            Reply::Bytes { .. } => unreachable!("ruled out above"),
        }
    }
}

/// For the endpoint's log: `503 retry-after: 1`, `reset after the head`.
impl fmt::Display for Answer {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reply {
            Reply::Http(http) => http.fmt(to)?,
            Reply::Bytes { bytes, then } if bytes.is_empty() => then.fmt(to)?,
            Reply::Bytes { bytes, then } => write!(to, "{} raw bytes, {then}", bytes.len())?,
        }
        match self.when {
            When::Accepted => to.write_str(" on connect")?,
            When::Head => to.write_str(" after the head")?,
            When::Body(bytes) => write!(to, " after {bytes} bytes of the body")?,
            When::Request => {}
        }
        if !self.delay.is_zero() {
            write!(to, ", delayed {:?}", self.delay)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_without_oddities_is_left_to_hyper() {
        assert!(retry_after(503, "1").body("busy").delayed(Duration::from_millis(1)).is_ordinary());
        assert!(!status(200).early().is_ordinary());
        assert!(!status(200).content_length(1).is_ordinary());
        assert!(!status(200).body("ab").truncated_after(1).is_ordinary());
        assert!(!garbage("HTTP/1.1 200 OK\r\n\r\n").is_ordinary());
    }

    #[test]
    fn the_log_names_what_was_done() {
        assert_eq!(retry_after(503, "1").to_string(), "503 retry-after: 1");
        assert_eq!(reset_in_body(9).to_string(), "reset after 9 bytes of the body");
        assert_eq!(hang().delayed(Duration::from_millis(5)).to_string(), "hang, delayed 5ms");
        assert_eq!(status(413).early().to_string(), "413 after the head");
    }

    #[test]
    #[should_panic(expected = "the body has 3 bytes only")]
    fn a_truncation_that_cuts_nothing_is_refused() {
        status(200).body("abc").truncated_after(3).assert_sensible();
    }

    #[test]
    #[should_panic(expected = "no body to stop inside")]
    fn hanging_inside_no_body_is_refused() {
        status(200).hanging_inside().assert_sensible();
    }

    #[test]
    #[should_panic(expected = "reset on connect has no place for a header")]
    fn a_fault_has_no_headers() {
        let _ = reset_on_connect().header("retry-after", "1");
    }

    #[test]
    #[should_panic(expected = "100 is not the status of a final answer")]
    fn an_interim_status_is_refused() {
        let _ = status(100);
    }
}
