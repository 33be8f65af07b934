//! The world outside through WASI, and the only code that names `wasi:http`.
//!
//! An attempt is a small state machine, so that it can be left under way while the task goes on. The order of fields is
//! the order of dropping: WASI traps where a parent is dropped before its child.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasi::io::poll;
use wasi::io::streams::{InputStream, OutputStream};
use wasi::random::random;

use crate::config::Timeouts;
use crate::host::{Answer, Fault, Host};
use crate::protocol::{Request, Target};

/// What is kept of an answer, for an error's text.
const ANSWER_KEPT_BYTES: usize = 1024;
/// What is read of an answer: hosts keep a connection only if its answer was read to the end.
const ANSWER_READ_BYTES: usize = 64 * 1024;
/// For how long an answer is read. By then its status has settled what it means.
const ANSWER_READ_TIME: Duration = Duration::from_millis(250);

/// `wasi:http`, `wasi:clocks` and `wasi:random`.
pub struct Wasi;

/// One attempt under way.
pub struct Exchange {
    stage: Stage,
    timeouts: Timeouts,
    /// If nothing has moved by then, the attempt has failed.
    idle_deadline: Duration,
}

enum Stage {
    Sending {
        stream: OutputStream,
        body: OutgoingBody,
        response: FutureIncomingResponse,
        sent_bytes: usize,
        flushing: bool,
    },
    Waiting {
        /// Of a request that broke off. Dropping it would take back a request whose answer may be on its way.
        unfinished: Option<OutgoingBody>,
        response: FutureIncomingResponse,
    },
    Reading {
        stream: InputStream,
        incoming_body: IncomingBody,
        incoming_response: IncomingResponse,
        answer: Answer,
        kept: Vec<u8>,
        read_bytes: usize,
        deadline: Duration,
    },
    Over(Result<Answer, Fault>),
}

impl Host for Wasi {
    type Exchange = Exchange;

    fn begin(&self, target: &Target, request: &Request, timeouts: &Timeouts) -> Exchange {
        Exchange {
            stage: begin(target, request, timeouts).unwrap_or_else(|fault| Stage::Over(Err(fault))),
            timeouts: *timeouts,
            idle_deadline: now() + timeouts.connect + timeouts.first_byte,
        }
    }

    fn advance(
        &self,
        exchange: &mut Exchange,
        target: &Target,
        request: &Request,
        wait: Duration,
    ) -> Option<Result<Answer, Fault>> {
        let deadline = now().saturating_add(wait);
        // Hosts tell that something is ready only after a poll, so there is one even where there is no time to wait.
        let mut polled = false;
        loop {
            while exchange.step(target, request) {}
            if let Stage::Over(result) = &exchange.stage {
                return Some(result.clone());
            }
            let now = now();
            if exchange.give_up_if_late(now, target) {
                continue;
            }
            if polled && now >= deadline {
                return None;
            }
            exchange.wait(deadline.saturating_sub(now).min(exchange.deadline().saturating_sub(now)));
            polled = true;
        }
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
    /// Do what can be done without waiting; `false` if nothing can.
    fn step(&mut self, target: &Target, request: &Request) -> bool {
        let stage = core::mem::replace(&mut self.stage, Stage::Over(Err(Fault::Network(String::new()))));
        let (stage, moved) = match stage {
            Stage::Sending { stream, body, response, sent_bytes, flushing } => {
                self.send(stream, body, response, sent_bytes, flushing, target, request)
            }
            Stage::Waiting { unfinished, response } => match response.get() {
                Some(result) => (receive(result, target), true),
                None => (Stage::Waiting { unfinished, response }, false),
            },
            Stage::Reading { stream, incoming_body, incoming_response, answer, mut kept, read_bytes, deadline } => {
                match stream.read(4096) {
                    Ok(bytes) if bytes.is_empty() => (
                        Stage::Reading { stream, incoming_body, incoming_response, answer, kept, read_bytes, deadline },
                        false,
                    ),
                    Ok(bytes) if read_bytes < ANSWER_READ_BYTES => {
                        let room = (ANSWER_KEPT_BYTES + target.key.len()).saturating_sub(kept.len());
                        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
                        let read_bytes = read_bytes + bytes.len();
                        (
                            Stage::Reading {
                                stream,
                                incoming_body,
                                incoming_response,
                                answer,
                                kept,
                                read_bytes,
                                deadline,
                            },
                            true,
                        )
                    }
                    // The end, however it came about, or more than is of interest.
                    _ => {
                        // Bindings are dropped last to first, which is the wrong way round.
                        drop(stream);
                        drop(incoming_body);
                        drop(incoming_response);
                        (Stage::Over(Ok(with_text(answer, &kept, target))), true)
                    }
                }
            }
            over @ Stage::Over(_) => (over, false),
        };
        self.stage = stage;
        moved
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one stage")]
    fn send(
        &mut self,
        stream: OutputStream,
        body: OutgoingBody,
        response: FutureIncomingResponse,
        sent_bytes: usize,
        flushing: bool,
        target: &Target,
        request: &Request,
    ) -> (Stage, bool) {
        // An endpoint may answer before it has read the request, a refusal above all.
        if let Some(result) = response.get() {
            drop(stream);
            drop(body);
            return (receive(result, target), true);
        }
        let rest = request.body.get(sent_bytes..).unwrap_or_default();
        let permit = match stream.check_write() {
            Ok(0) => return (Stage::Sending { stream, body, response, sent_bytes, flushing }, false),
            permit => permit.map(|permit| usize::try_from(permit).unwrap_or(usize::MAX)),
        };
        let written = match permit {
            Ok(_) if flushing => {
                drop(stream);
                self.moved(self.timeouts.first_byte);
                // Where this fails, the answer says why, as after a failed write.
                _ = OutgoingBody::finish(body, None);
                return (Stage::Waiting { unfinished: None, response }, true);
            }
            Ok(_) if rest.is_empty() => stream.flush().map(|()| (sent_bytes, true)),
            Ok(permit) => {
                let piece = &rest[..rest.len().min(permit)];
                stream.write(piece).map(|()| (sent_bytes + piece.len(), false))
            }
            Err(error) => Err(error),
        };
        match written {
            Ok((sent_bytes, flushing)) => {
                self.moved(self.timeouts.between_bytes);
                (Stage::Sending { stream, body, response, sent_bytes, flushing }, true)
            }
            // The answer may say why.
            Err(_) => {
                drop(stream);
                (Stage::Waiting { unfinished: Some(body), response }, true)
            }
        }
    }

    fn moved(&mut self, timeout: Duration) {
        self.idle_deadline = self.idle_deadline.max(now().saturating_add(timeout));
    }

    fn deadline(&self) -> Duration {
        match &self.stage {
            Stage::Reading { deadline, .. } => *deadline,
            _ => self.idle_deadline,
        }
    }

    fn give_up_if_late(&mut self, now: Duration, target: &Target) -> bool {
        if now < self.deadline() {
            return false;
        }
        self.stage = Stage::Over(match &self.stage {
            Stage::Reading { answer, kept, .. } => Ok(with_text(answer.clone(), kept, target)),
            _ => Err(Fault::Network("the endpoint did not answer in time".to_string())),
        });
        true
    }

    /// Until something can be done, and at most for `span`.
    fn wait(&self, span: Duration) {
        let timer = monotonic_clock::subscribe_duration(nanoseconds(span));
        match &self.stage {
            Stage::Sending { stream, response, .. } => {
                _ = poll::poll(&[&stream.subscribe(), &response.subscribe(), &timer]);
            }
            Stage::Waiting { response, .. } => _ = poll::poll(&[&response.subscribe(), &timer]),
            Stage::Reading { stream, .. } => _ = poll::poll(&[&stream.subscribe(), &timer]),
            Stage::Over(_) => {}
        }
    }
}

fn begin(target: &Target, request: &Request, timeouts: &Timeouts) -> Result<Stage, Fault> {
    let headers = Fields::new();
    for (name, value) in [
        ("authorization", target.key.authorization(target.scheme)),
        ("content-type", "application/json".to_string()),
        ("content-length", request.body.len().to_string()),
        ("idempotency-key", request.idempotency_key.to_string()),
        ("user-agent", concat!("orchestra-process/", env!("CARGO_PKG_VERSION")).to_string()),
    ] {
        headers.append(name, value.as_bytes()).map_err(|_| not_taken(name))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    outgoing.set_method(&Method::Post).map_err(|()| not_taken("method"))?;
    outgoing
        .set_scheme(Some(if target.https { &Scheme::Https } else { &Scheme::Http }))
        .map_err(|()| not_taken("scheme"))?;
    outgoing.set_authority(Some(&target.authority)).map_err(|()| not_taken("authority"))?;
    outgoing.set_path_with_query(Some(&target.path_with_query)).map_err(|()| not_taken("path"))?;

    // A host that does not support one of them says so here; `Exchange` keeps the time itself.
    let options = RequestOptions::new();
    _ = options.set_connect_timeout(Some(nanoseconds(timeouts.connect)));
    _ = options.set_first_byte_timeout(Some(nanoseconds(timeouts.first_byte)));
    _ = options.set_between_bytes_timeout(Some(nanoseconds(timeouts.between_bytes)));

    // Nothing drains the body before the request is handled, so it is written afterwards.
    let body = outgoing.body().map_err(|()| not_taken("body"))?;
    let response = outgoing_handler::handle(outgoing, Some(options)).map_err(|code| fault(code, target))?;
    let stream = body.write().map_err(|()| not_taken("body"))?;
    Ok(Stage::Sending { stream, body, response, sent_bytes: 0, flushing: false })
}

fn not_taken(what: &str) -> Fault {
    Fault::Denied(format!("the host does not take the request's {what}"))
}

fn receive(result: Result<Result<IncomingResponse, ErrorCode>, ()>, target: &Target) -> Stage {
    let response = match result {
        Ok(Ok(response)) => response,
        Ok(Err(code)) => return Stage::Over(Err(fault(code, target))),
        Err(()) => return Stage::Over(Err(Fault::Network("the host gave no answer".to_string()))),
    };
    let headers = response.headers();
    let header = |name| {
        let value = headers.get(name).into_iter().next()?;
        Some(target.key.redact(&String::from_utf8_lossy(&value)))
    };
    let answer = Answer {
        status: response.status(),
        retry_after: header("retry-after"),
        location: header("location"),
        text: String::new(),
    };
    drop(headers);
    let Ok(body) = response.consume() else { return Stage::Over(Ok(answer)) };
    let Ok(stream) = body.stream() else { return Stage::Over(Ok(answer)) };
    Stage::Reading {
        stream,
        incoming_body: body,
        incoming_response: response,
        answer,
        kept: Vec::new(),
        read_bytes: 0,
        deadline: now() + ANSWER_READ_TIME,
    }
}

/// The key is taken out before the text is cut to its length.
fn with_text(answer: Answer, kept: &[u8], target: &Target) -> Answer {
    let mut text = target.key.redact(&String::from_utf8_lossy(kept));
    let end = (0..=ANSWER_KEPT_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    Answer { text, ..answer }
}

/// Hosts tell errors apart loosely, so only a denial is taken at its word.
fn fault(code: ErrorCode, target: &Target) -> Fault {
    let trouble = match code {
        ErrorCode::HttpRequestDenied => {
            return Fault::Denied("the host does not allow requests to the endpoint".to_string());
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
        ErrorCode::TlsProtocolError | ErrorCode::TlsCertificateError | ErrorCode::TlsAlertReceived(_) => {
            "TLS failed: the host does not trust the endpoint's certificate, or they have no version in common"
        }
        ErrorCode::InternalError(Some(text)) => {
            return Fault::Network(format!("the host failed: {}", target.key.redact(&text)));
        }
        _ => "the exchange over HTTP broke",
    };
    Fault::Network(trouble.to_string())
}

fn now() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
