//! The world outside through WASI, and the only code that names `wasi:http`.
//!
//! An attempt is a small state machine, so that it can be left under way while the task goes on. The order of fields is
//! the order of dropping: WASI traps if a parent is dropped before its child.

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use orchestra_policy::{ANSWER_READ_BYTES, ANSWER_READ_TIME, BYTES_A_SECOND};
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasi::io::poll;
use wasi::io::streams::{InputStream, OutputStream, StreamError};
use wasi::random::random;

use crate::answer::{Answer, Fault};
use crate::key::AccountKey;
use crate::platform::Platform;
use crate::request::Request;
use crate::text;

/// At most this much of an answer, a header or a host's own error is kept for the text of an error.
const ANSWER_KEPT_BYTES: usize = 1024;
/// A body is written in pieces of at most this size, so that it can be seen to move on a slow line.
const PIECE_BYTES: usize = 16 * 1024;

/// `wasi:http`, `wasi:clocks` and `wasi:random`.
pub struct Wasi;

/// One attempt under way: its request is being written, then its answer awaited, then the answer's body read.
///
/// The fields that are set tell how far it is.
pub struct Exchange {
    /// Until the request is written.
    sending: Option<OutputStream>,
    /// Until the request is finished. If writing broke off, it stays: dropping it would take back a request whose answer
    /// may be on its way.
    outgoing_body: Option<OutgoingBody>,
    reading: Option<Reading>,
    /// Until the answer is there.
    response: Option<FutureIncomingResponse>,
    result: Option<Result<Answer, Fault>>,
    sent_bytes: usize,
    flushing: bool,
    /// If nothing has moved by then, the attempt is over. This is for hosts without timeouts, and for what theirs leave out,
    /// such as a TLS handshake.
    ///
    /// A host that has requests wait in a queue of its own keeps this clock from going on meanwhile, as `host/` does: the
    /// component could not tell a queue from an endpoint that is silent, and a deadline behind any queue would be none.
    deadline: Duration,
    /// It is never over before that.
    shortest: Duration,
    request: Rc<Request>,
}

/// The body of an answer; it has this order for dropping, too.
struct Reading {
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
    kept: Vec<u8>,
    read_bytes: usize,
    done: bool,
}

impl Platform for Wasi {
    type Exchange = Exchange;

    fn begin(&self, request: Rc<Request>) -> Exchange {
        let shortest = now() + request.target.timeouts.attempt();
        let mut exchange = Exchange {
            sending: None,
            outgoing_body: None,
            reading: None,
            response: None,
            result: None,
            sent_bytes: 0,
            flushing: false,
            deadline: shortest,
            shortest,
            request,
        };
        if let Err(fault) = exchange.begin() {
            exchange.result = Some(Err(fault));
        }
        exchange
    }

    fn advance(&self, exchange: &mut Exchange, wait: Duration) -> Option<Result<Answer, Fault>> {
        let deadline = now().saturating_add(wait);
        // Hosts tell that something is ready only after a poll, so there is one even if there is no time to wait.
        let mut polled = false;
        loop {
            while exchange.step() {}
            let now = now();
            if exchange.is_over(now) {
                return Some(exchange.end());
            }
            if polled && now >= deadline {
                return None;
            }
            exchange.wait(deadline.min(exchange.deadline).saturating_sub(now));
            polled = true;
        }
    }

    fn deadline(&self, exchange: &Exchange) -> Duration {
        exchange.deadline
    }

    fn now(&self) -> Duration {
        now()
    }

    fn unix_time(&self) -> Duration {
        let now = wall_clock::now();
        Duration::new(now.seconds, now.nanoseconds.min(999_999_999))
    }

    fn sleep(&self, span: Duration) {
        monotonic_clock::subscribe_duration(nanoseconds(span)).block();
    }

    fn random(&self) -> u64 {
        random::get_random_u64()
    }
}

impl Exchange {
    fn begin(&mut self) -> Result<(), Fault> {
        let Request { target, idempotency_key, body } = &*self.request;
        let key = &target.key;
        let headers = Fields::new();
        for (name, value) in [
            ("authorization", key.authorization(target.authorization_scheme).as_str()),
            ("content-type", "application/json"),
            ("content-length", &body.len().to_string()),
            ("idempotency-key", &idempotency_key.hyphenated()),
            ("user-agent", concat!("orchestra-process/", env!("CARGO_PKG_VERSION"))),
        ] {
            headers.append(name, value.as_bytes()).map_err(|_| not_taken(name))?;
        }
        let outgoing = OutgoingRequest::new(headers);
        let scheme = if target.https { Scheme::Https } else { Scheme::Http };
        let taken = outgoing.set_method(&Method::Post).is_ok()
            && outgoing.set_scheme(Some(&scheme)).is_ok()
            && outgoing.set_authority(Some(&target.authority)).is_ok()
            && outgoing.set_path_with_query(Some(&target.path_with_query)).is_ok();
        if !taken {
            return Err(not_taken("method, scheme, authority or path"));
        }

        // A host that does not support one of them says so here; the deadline is kept all the same.
        let (options, timeouts) = (RequestOptions::new(), &target.timeouts);
        _ = options.set_connect_timeout(Some(nanoseconds(timeouts.connect)));
        // Hosts may begin to count with the request, not at its end: wasmtime does.
        _ = options.set_first_byte_timeout(Some(nanoseconds(first_byte(&self.request))));
        _ = options.set_between_bytes_timeout(Some(nanoseconds(timeouts.between_bytes)));

        // Nothing drains the body before the request is handled, so what a host does not take now is written afterwards.
        let outgoing_body = outgoing.body().map_err(|()| not_taken("body"))?;
        let stream = outgoing_body.write().map_err(|()| not_taken("body"))?;
        let bytes = write_ahead(&stream, body);
        self.response = Some(outgoing_handler::handle(outgoing, Some(options)).map_err(|code| fault(code, key))?);
        self.outgoing_body = Some(outgoing_body);
        // Hosts may wait in `flush` until somebody reads, so it comes after the request is handled. If it fails, the request
        // is not finished: the answer may say why.
        if bytes < body.len() {
            self.sending = Some(stream);
        } else if stream.flush().is_ok() {
            drop(stream);
            self.finish();
        }
        self.sent_bytes = bytes;
        self.deadline = self.shortest + upload(bytes);
        Ok(())
    }

    /// Do what can be done without waiting; `false` if nothing can.
    fn step(&mut self) -> bool {
        // An endpoint may answer before it has read the request, a refusal above all.
        if let Some(result) = self.response.as_ref().and_then(FutureIncomingResponse::get) {
            self.sending = None;
            self.outgoing_body = None;
            self.response = None;
            self.receive(result);
            return true;
        }
        if self.reading.is_some() {
            return self.read();
        }
        self.send().unwrap_or_else(|_| {
            // The answer may say why.
            self.sending = None;
            true
        })
    }

    fn send(&mut self) -> Result<bool, StreamError> {
        let timeouts = &self.request.target.timeouts;
        let Some(stream) = &self.sending else { return Ok(false) };
        let permit = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        let rest = self.request.body.get(self.sent_bytes..).unwrap_or_default();
        let piece = rest.get(..permit.min(PIECE_BYTES)).unwrap_or(rest);
        if permit == 0 {
            return Ok(false);
        }
        if !piece.is_empty() {
            stream.write(piece)?;
            self.sent_bytes += piece.len();
            self.deadline = self.shortest.max(now() + timeouts.between_bytes);
        } else if !self.flushing {
            stream.flush()?;
            self.flushing = true;
        } else {
            self.sending = None;
            self.finish();
        }
        Ok(true)
    }

    fn finish(&mut self) {
        // If this fails, the answer says why, as after a failed write.
        _ = self.outgoing_body.take().map(|body| OutgoingBody::finish(body, None));
        self.deadline = self.shortest.max(now() + first_byte(&self.request));
    }

    fn receive(&mut self, result: Result<Result<IncomingResponse, ErrorCode>, ()>) {
        let key = &self.request.target.key;
        let response = match result {
            Ok(Ok(response)) => response,
            Ok(Err(code)) => return self.result = Some(Err(fault(code, key))),
            Err(()) => return self.result = Some(Err(Fault::Network("the host gave no answer".into()))),
        };
        let headers = response.headers();
        let header = |name| {
            let value = headers.get(name).into_iter().next()?;
            Some(cut(key.redact(&readable(&value))))
        };
        self.result = Some(Ok(Answer {
            status: response.status(),
            retry_after: header("retry-after"),
            location: header("location"),
            text: String::new(),
        }));
        drop(headers);
        let Ok(body) = response.consume() else { return };
        let Ok(stream) = body.stream() else { return };
        self.reading =
            Some(Reading { stream, _body: body, _response: response, kept: Vec::new(), read_bytes: 0, done: false });
        self.deadline = now() + ANSWER_READ_TIME;
    }

    /// To the end, however that comes about, or as far as is of interest.
    fn read(&mut self) -> bool {
        let key = &self.request.target.key;
        let Some(reading) = &mut self.reading else { return false };
        match reading.stream.read(4096) {
            Ok(bytes) if bytes.is_empty() => return false,
            Ok(bytes) if reading.read_bytes < ANSWER_READ_BYTES => {
                let room = (ANSWER_KEPT_BYTES + key.len()).saturating_sub(reading.kept.len());
                reading.kept.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                reading.read_bytes += bytes.len();
            }
            _ => {
                reading.done = true;
                return false;
            }
        }
        true
    }

    fn is_over(&self, now: Duration) -> bool {
        now >= self.deadline || self.result.is_some() && self.reading.as_ref().is_none_or(|reading| reading.done)
    }

    /// The key is taken out of the answer's text before that is cut to its length.
    fn end(&mut self) -> Result<Answer, Fault> {
        let key = &self.request.target.key;
        let late = || Err(Fault::Network("the endpoint did not answer in time".into()));
        let mut result = self.result.take().unwrap_or_else(late);
        if let (Ok(answer), Some(reading)) = (&mut result, &self.reading) {
            answer.text = cut(key.redact(&readable(&reading.kept)));
        }
        result
    }

    /// Until something can be done, and at most for `span`.
    fn wait(&self, span: Duration) {
        let timer = monotonic_clock::subscribe_duration(nanoseconds(span));
        let sending = self.sending.as_ref().map(OutputStream::subscribe);
        let response = self.response.as_ref().map(FutureIncomingResponse::subscribe);
        let reading = self.reading.as_ref().map(|reading| reading.stream.subscribe());
        let pollables: Vec<_> =
            [Some(&timer), sending.as_ref(), response.as_ref(), reading.as_ref()].into_iter().flatten().collect();
        _ = poll::poll(&pollables);
    }
}

/// Write what the host takes of a body before its request is handled: how many bytes that is. A host that does not like it
/// is asked again afterwards.
fn write_ahead(stream: &OutputStream, body: &[u8]) -> usize {
    let mut rest = body;
    while !rest.is_empty() {
        let permit = stream.check_write().map_or(0, |permit| usize::try_from(permit).unwrap_or(usize::MAX));
        let (piece, later) = rest.split_at_checked(permit).unwrap_or((rest, &[]));
        if piece.is_empty() || stream.write(piece).is_err() {
            break;
        }
        rest = later;
    }
    body.len() - rest.len()
}

/// From the end of the request to the answer.
fn first_byte(request: &Request) -> Duration {
    request.target.timeouts.first_byte + upload(request.body.len())
}

/// How long a host may still hold what it took.
fn upload(bytes: usize) -> Duration {
    Duration::from_secs(bytes as u64 / BYTES_A_SECOND)
}

/// Cuts a text that somebody else wrote to the length that is kept of it.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(ANSWER_KEPT_BYTES));
    text
}

/// Bytes that are not UTF-8 become U+FFFD.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

fn not_taken(what: &str) -> Fault {
    Fault::Denied(text::concat(&["the host does not take the request's ", what]))
}

/// Hosts tell errors apart loosely, so only a denial is taken at its word.
fn fault(code: ErrorCode, key: &AccountKey) -> Fault {
    let trouble = match code {
        ErrorCode::HttpRequestDenied => {
            return Fault::Denied("the host does not allow requests to the endpoint".into());
        }
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => "the endpoint's name could not be resolved",
        ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable => "the endpoint cannot be reached",
        ErrorCode::ConnectionRefused => "the connection was refused",
        ErrorCode::ConnectionTerminated => "the connection was closed",
        ErrorCode::ConnectionTimeout => "connecting took too long",
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => "the endpoint did not answer in time",
        ErrorCode::ConnectionWriteTimeout => "the endpoint did not read in time",
        ErrorCode::TlsCertificateError => "the host does not trust the endpoint's certificate",
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "the TLS handshake failed",
        ErrorCode::InternalError(Some(text)) => {
            return Fault::Network(text::concat(&["the host failed: ", &cut(key.redact(&text))]));
        }
        _ => "the exchange over HTTP broke",
    };
    Fault::Network(trouble.into())
}

fn now() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod fuzz;
