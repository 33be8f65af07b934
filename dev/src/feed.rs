//! The feed of the pages: server-sent events. The last ones are kept for pages that lost their connection.

use std::collections::VecDeque;
use std::fmt;

use hyper::body::Bytes;
use serde::Serialize;
use uuid::Uuid;

/// At most this many pages are open at a time.
pub const PAGES: usize = 32;

/// At most this many messages are kept. A page that has missed more starts over.
pub const KEPT_MESSAGES: usize = 2048;

/// The messages kept have at most this many bytes in all.
const KEPT_MESSAGE_BYTES: usize = 8 * 1024 * 1024;

pub(crate) struct Feed {
    /// Identifies this server: the next one counts from 0 again.
    epoch: Uuid,
    sent: u64,
    kept: VecDeque<Bytes>,
    kept_bytes: usize,
}

/// How far a page has read. Its text is the `id` of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    epoch: Uuid,
    sent: u64,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { epoch: Uuid::new_v4(), sent: 0, kept: VecDeque::new(), kept_bytes: 0 }
    }

    pub(crate) fn publish(&mut self, event: &str, data: &impl Serialize) {
        self.sent += 1;
        let message = message(event, data, Some(self.cursor()));
        self.kept_bytes += message.len();
        self.kept.push_back(message);
        while self.kept.len() > KEPT_MESSAGES || self.kept_bytes > KEPT_MESSAGE_BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.len();
        }
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, sent: self.sent }
    }

    /// The messages after the cursor; `None` if they are not all kept any more.
    pub(crate) fn after(&self, cursor: Cursor) -> Option<Vec<Bytes>> {
        let missed = self.sent.checked_sub(cursor.sent).filter(|_| cursor.epoch == self.epoch)?;
        let known = self.kept.len().checked_sub(usize::try_from(missed).ok()?)?;
        Some(self.kept.range(known..).cloned().collect())
    }
}

/// One message. This JSON has no line breaks, so one line of `data` holds it.
pub(crate) fn message(event: &str, data: &impl Serialize, id: Option<Cursor>) -> Bytes {
    let data = serde_json::to_string(data).expect("the data has text keys and no part that can fail");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("{id}event: {event}\ndata: {data}\n\n").into()
}

impl Cursor {
    /// Reads a `Last-Event-ID`, which this server or an earlier one has given.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (epoch, sent) = text.split_once('.')?;
        Some(Self { epoch: Uuid::try_parse(epoch).ok()?, sent: sent.parse().ok()? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}.{}", self.epoch.simple(), self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(messages: Option<Vec<Bytes>>) -> Option<String> {
        messages.map(|all| String::from_utf8(all.concat()).expect("messages are text"))
    }

    #[test]
    fn a_page_that_was_away_gets_what_it_missed() {
        let mut feed = Feed::new();
        feed.publish("run", &1);
        let seen = feed.cursor();
        assert_eq!(text(feed.after(seen)).as_deref(), Some(""));
        feed.publish("run", &"a\nb");
        let id = feed.cursor();

        assert_eq!(text(feed.after(seen)), Some(format!("id: {id}\nevent: run\ndata: \"a\\nb\"\n\n")));
    }

    #[test]
    fn a_page_of_another_server_begins_anew() {
        let mut feed = Feed::new();
        feed.publish("run", &1);
        assert!(feed.after(Feed::new().cursor()).is_none());
        assert!(feed.after(Cursor { sent: 9, ..feed.cursor() }).is_none());
    }

    #[test]
    fn a_page_that_missed_more_than_is_kept_begins_anew() {
        let mut feed = Feed::new();
        let start = feed.cursor();
        for number in 0..KEPT_MESSAGES {
            feed.publish("run", &number);
        }
        assert_eq!(feed.after(start).map(|all| all.len()), Some(KEPT_MESSAGES));
        feed.publish("run", &"one more");
        assert!(feed.after(start).is_none());
    }

    #[test]
    fn the_messages_kept_have_a_limit_in_bytes() {
        let mut feed = Feed::new();
        for _ in 0..5 {
            feed.publish("event", &"x".repeat(KEPT_MESSAGE_BYTES / 4));
        }
        assert_eq!((feed.kept.len(), feed.kept_bytes <= KEPT_MESSAGE_BYTES), (3, true));
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Feed::new().cursor();
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        assert_eq!(Cursor::parse("7"), None);
    }
}
