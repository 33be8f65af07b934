//! The script, and what became of it: the only state that the test's thread and the server's share.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::http::request::Parts;
use tokio::sync::watch;

use super::fault::{Answer, When, status_of, when};
use orchestra_endpoint::{KEPT_BODY_BYTES, Request, status};

/// No wait of the endpoint is longer than this.
pub const WAIT_LIMIT: Duration = Duration::from_secs(10);

/// At most this much of a body is shown in a listing.
const LISTED_BODY_BYTES: usize = 120;

/// The lock is held only within a call, and no call waits with it held, except on the condition variable.
pub(crate) struct Record {
    pub(crate) started: Instant,
    state: Mutex<State>,
    changed: Condvar,
    /// How many connections have begun to hang, for a simulated host to wait on.
    pub(crate) hangs: watch::Sender<usize>,
}

pub(crate) struct State {
    script: Script,
    entries: Vec<Entry>,
    pub(crate) connections: usize,
    pub(crate) hanging: usize,
    pub(crate) server_ended: bool,
}

pub(crate) struct Script {
    pub(crate) first: VecDeque<Answer>,
    /// Answers every request after the first ones. Without it, all of the first answers have to be used.
    pub(crate) then: Option<Answer>,
}

/// A request, a connection that did not come to one, or something else worth a line in the log.
struct Entry {
    connection: usize,
    at: Duration,
    request: Option<Request>,
    /// Of the answer that the script has for it.
    status: Option<u16>,
    /// No more of the request will be read.
    settled: bool,
    /// What was done, and then what came of it.
    done: String,
    finished: bool,
    fails_test: bool,
}

/// An entry's place in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryId(usize);

/// Counts a connection as hanging until it is dropped.
pub(crate) struct Hanging<'a>(&'a Record);

impl Record {
    pub(crate) fn new(script: Script) -> Self {
        let state = State { script, entries: Vec::new(), connections: 0, hanging: 0, server_ended: false };
        Self {
            started: Instant::now(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            hangs: watch::Sender::new(0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere is reported for itself; the log must come out all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, at most [`WAIT_LIMIT`]. The caller asks again whether the condition holds.
    pub(crate) fn wait_until(&self, holds: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.state(), WAIT_LIMIT, |state| !holds(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.notify_all();
        result
    }

    /// A connection was accepted: its number, from 1.
    pub(crate) fn connected(&self) -> usize {
        self.change(|state| {
            state.connections += 1;
            state.connections
        })
    }

    /// Takes the script's next answer for a new connection, if it is a fault that does not wait for a request.
    pub(crate) fn take_on_connect(&self, connection: usize) -> Option<(EntryId, Answer)> {
        let at = self.started.elapsed();
        self.change(|state| {
            let answer = state.script.take_if(|answer| when(answer) == When::Accepted)?;
            let entry = Entry {
                connection,
                at,
                request: None,
                status: None,
                settled: true,
                done: answer.to_string(),
                finished: false,
                fails_test: false,
            };
            Some((state.push(entry), answer))
        })
    }

    /// Records a request's head, and takes the script's next answer for it.
    pub(crate) fn take_for_request(&self, connection: usize, head: &Parts) -> (EntryId, Answer) {
        let at = self.started.elapsed();
        let request = Request::of_head(head, at);
        self.change(|state| {
            let scripted = state.script.take_if(|_| true);
            let fails_test = scripted.is_none();
            let answer =
                scripted.unwrap_or_else(|| status(500).body("MockEndpoint: no answer is scripted for this request"));
            let done = if fails_test { "500 NOT SCRIPTED".to_owned() } else { answer.to_string() };
            let entry = Entry {
                connection,
                at,
                request: Some(request),
                status: status_of(&answer),
                settled: false,
                done,
                finished: false,
                fails_test,
            };
            (state.push(entry), answer)
        })
    }

    /// Keeps a piece of a request's body. Returns whether there was room for all of it.
    pub(crate) fn keep(&self, id: EntryId, piece: &[u8], limit: usize) -> bool {
        self.change(|state| state.request(id).keep(piece, limit.min(KEPT_BODY_BYTES)))
    }

    /// No more of the request will be read.
    pub(crate) fn settled(&self, id: EntryId, body_complete: bool) {
        self.change(|state| {
            state.request(id).body_complete = body_complete;
            state.entries[id.0].settled = true;
        });
    }

    /// The answer is on its way, or the fault was acted out, with this to say about it.
    pub(crate) fn finished(&self, id: EntryId, note: &str) {
        self.change(|state| state.entries[id.0].finish(note));
    }

    /// A connection is over. If a request was still under way there, notes that on it and returns true.
    pub(crate) fn interrupted(&self, connection: usize, note: &str) -> bool {
        self.change(|state| {
            let mut entries = state.entries.iter_mut();
            let Some(entry) = entries.find(|entry| entry.connection == connection && !entry.finished) else {
                return false;
            };
            entry.finish(note);
            entry.settled = true;
            true
        })
    }

    /// Something that is neither a request nor scripted.
    pub(crate) fn note(&self, connection: usize, note: String, fails_test: bool) {
        let at = self.started.elapsed();
        let entry = Entry {
            connection,
            at,
            request: None,
            status: None,
            settled: true,
            done: note,
            finished: true,
            fails_test,
        };
        self.change(|state| state.push(entry));
    }

    pub(crate) fn hanging(&self) -> Hanging<'_> {
        self.change(|state| state.hanging += 1);
        self.hangs.send_modify(|count| *count += 1);
        Hanging(self)
    }

    pub(crate) fn server_ended(&self) {
        self.change(|state| state.server_ended = true);
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.hanging -= 1);
    }
}

impl State {
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.entries.iter().filter_map(|entry| entry.request.clone()).collect()
    }

    /// The requests, each with the status of the answer that the script had for it.
    pub(crate) fn exchanges(&self) -> Vec<(Request, Option<u16>)> {
        self.entries.iter().filter_map(|entry| Some((entry.request.clone()?, entry.status))).collect()
    }

    /// How many requests have arrived as far as they ever will.
    pub(crate) fn settled_requests(&self) -> usize {
        self.entries.iter().filter(|entry| entry.request.is_some() && entry.settled).count()
    }

    /// Why the test fails; `None` if the script was followed.
    pub(crate) fn failure(&self) -> Option<String> {
        let unused = self.script.unused().len();
        let failing = self.entries.iter().filter(|entry| entry.fails_test).count();
        match (failing, unused) {
            (0, 0) => None,
            (0, _) => Some(format!("{unused} scripted answer(s) were not used")),
            (_, 0) => Some(format!("{failing} thing(s) came that were not scripted")),
            _ => Some(format!("{failing} thing(s) came that were not scripted, and {unused} answer(s) were not used")),
        }
    }

    /// Everything that arrived and was done, a line each.
    pub(crate) fn listing(&self, url: &str) -> String {
        let mut lines = vec![format!("MockEndpoint {url}, {} connection(s):", self.connections)];
        lines.extend(self.entries.iter().map(|entry| format!("  {entry}")));
        lines.extend(self.script.unused().into_iter().map(|answer| format!("  not used: {answer}")));
        lines.join("\n")
    }

    fn push(&mut self, entry: Entry) -> EntryId {
        self.entries.push(entry);
        EntryId(self.entries.len() - 1)
    }

    fn request(&mut self, id: EntryId) -> &mut Request {
        self.entries[id.0].request.as_mut().expect("a request's entry has a request")
    }
}

impl Script {
    fn take_if(&mut self, wanted: impl FnOnce(&Answer) -> bool) -> Option<Answer> {
        if self.first.is_empty() {
            return self.then.clone().filter(wanted);
        }
        self.first.pop_front_if(|answer| wanted(answer))
    }

    fn unused(&self) -> Vec<&Answer> {
        if self.then.is_some() { Vec::new() } else { self.first.iter().collect() }
    }
}

impl Entry {
    fn finish(&mut self, note: &str) {
        self.finished = true;
        if !note.is_empty() {
            self.done += "; ";
            self.done += note;
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "+{:.3} s  connection {}  ", self.at.as_secs_f64(), self.connection)?;
        if let Some(Request { method, path, query, body, body_complete, .. }) = &self.request {
            let query = query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
            let broken = if *body_complete { "" } else { " (incomplete)" };
            let text = String::from_utf8_lossy(&body[..body.len().min(LISTED_BODY_BYTES)]);
            let more = if body.len() > LISTED_BODY_BYTES { "…" } else { "" };
            write!(to, "{method} {path}{query}  {} bytes{broken} {text:?}{more}  ", body.len())?;
        }
        let end = if self.finished { "" } else { "; still going on" };
        write!(to, "-> {}{end}", self.done)
    }
}
