//! `wasi:http` as a server sees it: a request's head and body, and an answer.

use wasi::clocks::monotonic_clock;
use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasi::io::poll::poll;
use wasi::io::streams::StreamError;

/// A trigger is to be answered within 30 s, so a body that takes longer is of no use.
const BODY_NS: u64 = 25_000_000_000;
/// One piece of a body.
const PIECE_BYTES: u64 = 64 * 1024;

/// An answer with a small JSON body.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: &'static [(&'static str, &'static str)],
    pub body: String,
}

impl Answer {
    /// `{"error": …}`
    pub fn error(status: u16, error: &str) -> Self {
        Self::json(status, "error", error)
    }

    /// An object with one member.
    pub fn json(status: u16, name: &str, text: &str) -> Self {
        Self { status, headers: &[], body: format!("{{\"{name}\":{}}}", serde_json::Value::from(text)) }
    }

    /// Send it, to its end. The client may have gone, which changes nothing.
    pub fn send(self, out: ResponseOutparam) {
        let headers = Fields::new();
        for (name, value) in [("content-type", "application/json")].iter().chain(self.headers) {
            // These names and values are well-formed and may be set.
            _ = headers.append(name, value.as_bytes());
        }
        _ = headers.append("content-length", self.body.len().to_string().as_bytes());
        let response = OutgoingResponse::new(headers);
        // From 200 to 503: a status.
        _ = response.set_status_code(self.status);
        let Ok(body) = response.body() else { return };
        ResponseOutparam::set(out, Ok(response));
        if let Ok(stream) = body.write() {
            // 4096 bytes are the most that one call takes.
            for piece in self.body.as_bytes().chunks(4096) {
                if stream.blocking_write_and_flush(piece).is_err() {
                    break;
                }
            }
        }
        _ = OutgoingBody::finish(body, None);
    }
}

/// The first value of a header, if it is text.
pub fn header(request: &IncomingRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name).into_iter().next()?;
    String::from_utf8(value).ok()
}

/// The body, of at most `limit` bytes. The error is the answer.
pub fn body(request: &IncomingRequest, limit: usize) -> Result<Vec<u8>, Answer> {
    let too_long = || Answer::error(413, &format!("the body is longer than {limit} bytes"));
    let announced = header(request, "content-length").and_then(|length| length.trim().parse::<u64>().ok());
    // What does not fit into a usize is too long as well.
    if announced.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > limit)) {
        return Err(too_long());
    }
    let broken = || Answer::error(400, "the body broke off");
    // Each is dropped before what it came from.
    let body = request.consume().map_err(|()| broken())?;
    let stream = body.stream().map_err(|()| broken())?;
    let deadline = monotonic_clock::subscribe_duration(BODY_NS);
    let mut bytes = Vec::new();
    while bytes.len() <= limit {
        match stream.read(PIECE_BYTES) {
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(broken()),
            Ok(piece) if !piece.is_empty() => bytes.extend(piece),
            Ok(_) => {
                let readable = stream.subscribe();
                poll(&[&readable, &deadline]);
                if deadline.ready() {
                    return Err(Answer::error(408, "the body did not arrive within 25 s"));
                }
            }
        }
    }
    Err(too_long())
}
