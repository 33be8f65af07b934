//! What arrived.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::http::request::Parts;

/// At most this much of a request's body is kept. The rest is read and dropped, and the body counts as incomplete.
pub const KEPT_BODY_BYTES: usize = 32 * 1024 * 1024;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// The protocol's version, such as `HTTP/1.1`.
    pub version: String,
    /// The method, as sent.
    pub method: String,
    /// The path, as sent: still percent-encoded, without the query.
    pub path: String,
    /// What followed the `?`, as sent; `None` without a `?`.
    pub query: Option<String>,
    /// Names are in lower case. In the order of arrival, but values of one name stand together. A value that is not
    /// UTF-8 has replacement characters.
    pub headers: Vec<(String, String)>,
    /// As much of the body as was read, at most [`KEPT_BODY_BYTES`].
    pub body: Vec<u8>,
    /// Whether [`body`](Self::body) is all of it. False if the client broke off or the answer did not wait for the body,
    /// and while the body is still arriving.
    pub body_complete: bool,
    /// When the head arrived, since the endpoint's start.
    pub arrived: Duration,
}

impl Request {
    /// The first value of the header `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// With the body's text, if it is not JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON, {error}: {}", String::from_utf8_lossy(&self.body)),
        }
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("the body is not UTF-8, {error}: {}", String::from_utf8_lossy(&self.body)),
        }
    }

    /// A request of which the head has arrived, `arrived` after the endpoint's start.
    pub fn of_head(head: &Parts, arrived: Duration) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            version: format!("{:?}", head.version),
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            body: Vec::new(),
            body_complete: false,
            arrived,
        }
    }

    /// Keeps a piece of the body, up to `limit` bytes in all. Returns whether all of the piece was kept.
    pub fn keep(&mut self, piece: &[u8], limit: usize) -> bool {
        let room = limit.saturating_sub(self.body.len());
        self.body.extend_from_slice(&piece[..piece.len().min(room)]);
        piece.len() <= room
    }
}

/// Reads a body up to `limit` bytes, and passes each piece to `keep`, which returns false if it has no room for all of it.
/// Returns whether all of the body was read and kept.
pub async fn read_body(body: &mut Incoming, limit: usize, mut keep: impl FnMut(&[u8]) -> bool) -> bool {
    let mut kept_all = true;
    let mut read = 0;
    while read < limit {
        match body.frame().await {
            None => return kept_all,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => {
                let Some(piece) = frame.data_ref() else { continue };
                read += piece.len();
                kept_all &= keep(piece);
            }
        }
    }
    kept_all && body.is_end_stream()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &[u8]) -> Request {
        let (head, ()) = hyper::Request::post("/a%20b?c=d&e")
            .header("X-Twice", "1")
            .header("Other", "2")
            .header("x-twice", "3")
            .body(())
            .expect("the request above is valid")
            .into_parts();
        Request { body: body.to_vec(), ..Request::of_head(&head, Duration::ZERO) }
    }

    #[test]
    fn path_and_query_stay_encoded() {
        assert_eq!(request(b"").path, "/a%20b");
        assert_eq!(request(b"").query.as_deref(), Some("c=d&e"));
    }

    #[test]
    fn a_header_is_found_in_any_case() {
        assert_eq!(request(b"").header("X-TWICE"), Some("1"));
        assert_eq!(request(b"").header("absent"), None);
    }

    #[test]
    fn every_value_of_a_header_is_kept() {
        let twice: Vec<_> = request(b"").headers.into_iter().filter(|(name, _)| name == "x-twice").collect();
        assert_eq!(twice, [("x-twice".into(), "1".into()), ("x-twice".into(), "3".into())]);
    }

    #[test]
    #[should_panic(expected = "not really")]
    fn a_body_that_is_not_json_is_shown() {
        request(b"not really").json();
    }

    #[test]
    fn a_body_is_kept_up_to_the_limit() {
        let mut request = request(b"");
        assert!(request.keep(b"abc", 5));
        assert!(!request.keep(b"def", 5));
        assert_eq!(request.text(), "abcde");
    }
}
