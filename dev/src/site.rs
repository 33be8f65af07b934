//! The paths of the server: the page, its feed, and the two protocols.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::body::Bytes;
use hyper::http::uri::Authority;
use orchestra_endpoint::{Answer, Request, Respond, Response, status};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::sleep;

use crate::event::Arrival;
use crate::feed::{Cursor, PAGES};
use crate::misbehaviour::Misbehaviour;
use crate::options::Options;
use crate::page;
use crate::report::{JOBS_PATH, Protocol, ReceivedReport};
use crate::runs::{Runs, Verdict};

/// How often a page without news gets a sign of life. It also shows the server whether the page is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// At most this many messages wait for a page that reads slowly.
const MESSAGES_UNDER_WAY: usize = 64;

/// A longer idempotency key is ignored.
const IDEMPOTENCY_KEY_BYTES: usize = 256;

pub(crate) struct Site(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    runs: Mutex<Runs>,
    /// Says that there is something new for the pages.
    changed: watch::Sender<()>,
    pages: Arc<Semaphore>,
    misbehaviour: Misbehaviour,
    key: Option<String>,
    /// Time since 1970.
    started: Duration,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let misbehaviour = Misbehaviour::of(&options);
        let greeting = json!({"misbehaviour": misbehaviour.said(), "own_key": options.key.is_some()});
        Self {
            runs: Mutex::new(Runs::new(greeting)),
            changed: watch::Sender::new(()),
            pages: Arc::new(Semaphore::new(PAGES)),
            misbehaviour,
            key: options.key,
            started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        // A panic while it was held ended one connection. The runs are still worth showing.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Respond for Site {
    fn respond(&self, request: Request) -> Response {
        if !is_for_loopback(&request) {
            return error(421, "the host must be 127.0.0.1, localhost or [::1]");
        }
        if is_of_another_site(&request) {
            return error(403, "pages of other sites may not use this endpoint");
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET" | "HEAD", "/") => Response::Answer(page::answer()),
            ("GET", "/events") => self.feed(&request),
            ("POST", "/") => self.report(Protocol::Webhook, &request),
            ("POST", JOBS_PATH) => self.report(Protocol::Jobs, &request),
            (_, "/") => not_allowed("GET, HEAD, POST"),
            (_, "/events") => not_allowed("GET"),
            (_, JOBS_PATH) => not_allowed("POST"),
            _ => error(
                404,
                "there is nothing at this path: send webhook reports to /, and jobs to /jobs/sdk/sdk_receive?clientid=…",
            ),
        }
    }

    fn trouble(&self, what: String) {
        eprintln!("orchestra-wasm dev: {what}");
    }
}

impl Site {
    fn report(&self, protocol: Protocol, request: &Request) -> Response {
        let report = ReceivedReport::read(protocol, request, self.0.key.as_deref());
        let mut hasher = DefaultHasher::new();
        request.body.hash(&mut hasher);
        let arrival = Arrival {
            protocol,
            at_ms: (self.0.started + request.arrived).as_secs_f64() * 1000.0,
            idempotency_key: request
                .header("idempotency-key")
                .filter(|key| !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_BYTES)
                .map(str::to_owned),
            body_hash: hasher.finish(),
            failing: self.0.misbehaviour.strikes(),
            delay: self.0.misbehaviour.delay,
        };
        let verdict = self.0.runs().take(report, arrival);
        self.0.changed.send_replace(());
        Response::Answer(answer(&verdict).delayed(self.0.misbehaviour.delay))
    }

    /// Sends a page what it does not know yet, and from then on all news.
    fn feed(&self, request: &Request) -> Response {
        let Ok(place) = Arc::clone(&self.0.pages).try_acquire_owned() else {
            return error(503, "too many pages are open: close one of them");
        };
        let last_seen = request.header("last-event-id").and_then(Cursor::parse);
        let (to, pieces) = mpsc::channel(MESSAGES_UNDER_WAY);
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            // An error says that the page is gone.
            let _ = tell(&shared, last_seen, &to).await;
            drop(place);
        });
        let head = status(200).header("content-type", "text/event-stream").header("cache-control", "no-store");
        Response::Pieces(head, pieces)
    }
}

async fn tell(
    shared: &Shared,
    mut last_seen: Option<Cursor>,
    to: &mpsc::Sender<Bytes>,
) -> Result<(), mpsc::error::SendError<Bytes>> {
    let mut changed = shared.changed.subscribe();
    to.send(Bytes::from_static(b"retry: 500\n\n")).await?;
    loop {
        changed.mark_unchanged();
        let (messages, seen) = shared.runs().after(last_seen);
        last_seen = Some(seen);
        for message in messages {
            to.send(message).await?;
        }
        tokio::select! {
            _ = changed.changed() => {}
            () = to.closed() => return Ok(()),
            () = sleep(HEARTBEAT) => to.send(Bytes::from_static(b":\n\n")).await?,
        }
    }
}

fn answer(verdict: &Verdict) -> Answer {
    let answer = status(verdict.status).header("content-type", "application/json");
    if verdict.status == 200 {
        return answer.body("{}");
    }
    let why = if verdict.misbehaving {
        "orchestra-wasm dev fails this report on purpose (--fail-rate)".to_owned()
    } else {
        let refusing = verdict.breaches.iter().filter(|breach| breach.refusal().is_some());
        refusing.map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    answer.body(json!({"error": why}).to_string())
}

fn error(code: u16, why: &str) -> Response {
    Response::Answer(status(code).header("content-type", "application/json").body(json!({"error": why}).to_string()))
}

fn not_allowed(allowed: &str) -> Response {
    Response::Answer(status(405).header("allow", allowed))
}

/// If an attacker's own name leads to loopback, a browser takes this server for the attacker's.
fn is_for_loopback(request: &Request) -> bool {
    let mut hosts = request.headers.iter().filter(|(name, _)| name == "host").map(|(_, host)| host);
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(authority) = host.parse::<Authority>() else { return false };
    // Behind an address in brackets the parser takes more than a port.
    let has_only_a_port = host.strip_prefix(authority.host()).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
    });
    has_only_a_port
        && ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| authority.host().eq_ignore_ascii_case(name))
}

/// A browser names the site whose page sends a request to another one. Programs do not.
fn is_of_another_site(request: &Request) -> bool {
    let Some(origin) = request.header("origin") else { return false };
    let host = request.header("host").unwrap_or_default();
    origin.strip_prefix("http://").is_none_or(|authority| !authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod fuzz;
