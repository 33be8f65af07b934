//! What is sent back: an answer over HTTP, or a fault, if the endpoint can act out faults.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, TRANSFER_ENCODING};
use tokio::time::sleep;

/// An answer to one request, made by [`status`].
///
/// `F` is what the endpoint can do in place of an HTTP answer. The default is nothing: a server for people acts out no
/// faults.
#[derive(Clone, Debug)]
#[must_use = "an answer does nothing until an endpoint has it"]
pub struct Answer<F = Infallible> {
    /// How long the endpoint waits before the reply.
    pub delay: Duration,
    /// What the endpoint does then.
    pub reply: Reply<F>,
}

/// What an [`Answer`] does when its delay is over.
#[derive(Clone, Debug)]
pub enum Reply<F> {
    /// A response, as an HTTP server sends it.
    Http(hyper::Response<Bytes>),
    /// Anything else.
    Fault(F),
}

/// An answer with this status, no body and no further headers.
///
/// # Panics
///
/// If `code` is not between 200 and 999.
#[track_caller]
pub fn status<F>(code: u16) -> Answer<F> {
    let status = StatusCode::from_u16(code).ok().filter(|status| !status.is_informational());
    let mut response = hyper::Response::new(Bytes::new());
    *response.status_mut() = status.unwrap_or_else(|| panic!("{code} is not the status of a final answer"));
    Answer { delay: Duration::ZERO, reply: Reply::Http(response) }
}

/// A redirect with a `Location`.
#[track_caller]
pub fn redirect<F: fmt::Display>(code: u16, location: &str) -> Answer<F> {
    status(code).header(LOCATION.as_str(), location)
}

/// An answer with a `Retry-After`, as it is: seconds, a date, or anything malformed.
#[track_caller]
pub fn retry_after<F: fmt::Display>(code: u16, value: &str) -> Answer<F> {
    status(code).header(RETRY_AFTER.as_str(), value)
}

impl<F: fmt::Display> Answer<F> {
    /// Adds a header.
    ///
    /// # Panics
    ///
    /// If the answer is a fault, or if name or value cannot be a header's. The endpoint itself sets the headers that give
    /// the body's length.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let value = HeaderValue::try_from(value).unwrap_or_else(|error| panic!("{value:?}: {error}"));
        assert!(name != CONTENT_LENGTH && name != TRANSFER_ENCODING, "the body's length is not set as a header");
        self.response("a header").headers_mut().append(name, value);
        self
    }

    /// Sets the body.
    ///
    /// # Panics
    ///
    /// If the answer is a fault.
    #[track_caller]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        *self.response("a body").body_mut() = Bytes::from(body.into());
        self
    }

    #[track_caller]
    fn response(&mut self, what: &str) -> &mut hyper::Response<Bytes> {
        match &mut self.reply {
            Reply::Http(response) => response,
            Reply::Fault(fault) => panic!("{fault} has no place for {what}"),
        }
    }
}

impl<F> Answer<F> {
    /// Waits before the answer, or before the fault.
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits until the delay is over.
    pub async fn until_due(&self) {
        // Even a sleep of no time at all takes a millisecond, which no answer should take unless it is told to.
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
    }
}

/// For the endpoint's log: `503 retry-after: 1`.
impl<F: fmt::Display> fmt::Display for Answer<F> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reply {
            Reply::Http(response) => write_response(response, to)?,
            Reply::Fault(fault) => fault.fmt(to)?,
        }
        if !self.delay.is_zero() {
            write!(to, ", delayed {:?}", self.delay)?;
        }
        Ok(())
    }
}

/// Writes a response's status and headers in one line, for a log.
///
/// # Errors
///
/// As the formatter has them.
pub fn write_response<B>(response: &hyper::Response<B>, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(to, "{}", response.status().as_u16())?;
    for (name, value) in response.headers() {
        write!(to, " {name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_names_status_headers_and_delay() {
        let answer: Answer = retry_after(503, "1").delayed(Duration::from_millis(5));
        assert_eq!(answer.to_string(), "503 retry-after: 1, delayed 5ms");
    }

    #[test]
    #[should_panic(expected = "100 is not the status of a final answer")]
    fn an_interim_status_is_refused() {
        let _: Answer = status(100);
    }

    #[test]
    #[should_panic(expected = "the body's length is not set as a header")]
    fn the_length_of_the_body_is_not_a_header_to_set() {
        let _: Answer = status(200).header("content-length", "1");
    }
}
