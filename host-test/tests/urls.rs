//! The guest's grammar of URLs beside the host's, which is WHATWG's: where the API key goes must not depend on who reads.
//!
//! The URLs are generated, most of them nearly right; the same ones in each run.

use std::sync::LazyLock;

use hyper::Uri;
use orchestra_url::{Endpoint, Origin};
use url::{Host, Position, Url};

const URLS: usize = 300_000;

const SCHEMES: &[&str] = &["https", "http", "HTTPS", "hTTp", "ftp", "ws", "file", "ht\ttp", " https", "https\n", ""];
const SEPARATORS: &[&str] = &["://", ":/", ":", ":///", ":\\\\", "://\\", ":/\t/", "//"];
const USERS: &[&str] =
    &["user@", "user:secret@", "@", ":@", "a.example\\@", "a.example%40", "a.example#@", "a.example/@"];
const LABELS: &[&str] = &[
    "a",
    "A",
    "example",
    "EXAMPLE",
    "localhost",
    "LocalHost",
    "com",
    "b-c",
    "d_e",
    "-",
    "xn--mnchen-3ya",
    "XN--MNCHEN-3YA",
    "xn--a",
    "xn--",
    "xn--zz-0000000",
    "münchen",
    "ｅxample",
    "ß",
    "0",
    "1",
    "127",
    "255",
    "256",
    "01",
    "0x",
    "0x7f",
    "0X1",
    "0xg",
    "2130706433",
    "4294967296",
    "99999999999",
    "%61",
    "%2e",
    "%00",
    "a%2fb",
    "",
    "a!b",
    "a*b",
    "a'b",
    "a;b",
    "a,b",
    "a~b",
    "a$b",
    "a=b",
    "a+b",
    "a(b)",
];
const DOTS: &[&str] = &["。", "．", "..", "%2E"];
const HOSTS: &[&str] = &[
    "",
    ".",
    "..",
    "localhost",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "2130706433",
    "1.2.3.4.5",
    "1.2.3.256",
    "10.0.0.1",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[::0.0.0.1]",
    "[2001:DB8::1]",
    "[2001:db8:0:0:1:0:0:1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1",
    "::1",
    "[1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7::]",
    "[12345::]",
    "[::1.2.3]",
    "[::01.2.3.4]",
    "[v1.x]",
    "[]",
    "[[::1]]",
    "[::1].",
];
const PORTS: &[&str] = &[
    "",
    ":",
    ":80",
    ":443",
    ":8443",
    ":0",
    ":1",
    ":65535",
    ":65536",
    ":00443",
    ":000000000000000000000080",
    ":99999999999",
    ":+80",
    ":-1",
    ":8x",
    ":80:80",
    ": 80",
    ":８０",
    ":\t80",
];
const PATHS: &[&str] = &[
    "",
    "/",
    "/hook",
    "/a/../b",
    "/a/./b",
    "/%2e%2e/b",
    "/..",
    "//b.example",
    "/a//b",
    "/@b.example",
    "/:80",
    "\\",
    "\\@b.example",
    "/a\\b",
    "/a%2fb",
    "/%",
    "/%zz",
    "/é",
    "/a b",
    "/a;b=c",
    "/[",
    "/{}",
    "/'",
];
const ENDS: &[&str] =
    &["", "?", "?a=b", "?a=%20", "?@b.example", "?a?b/c", "?'", "#", "#a", "?#", "#@b.example", "#a#b", "\n", " "];
const NASTY: &[&str] = &[
    "\\", "@", "%", "\t", "\n", "\r", " ", "\0", ":", "/", "?", "#", "[", "]", ".", "。", "\u{ad}", "\u{200b}", "%2f",
    "%40", "%5c", "0", "x", "-", "|", "^", "<", "\"", "`", "{", "\u{7f}", "é", "_", "~", "!", "&", "*",
];

/// Steele, Lea and Flood's SplitMix64: small, and good enough to choose with.
struct Choices(u64);

impl Choices {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) as usize % end
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }

    /// The usual one in most cases.
    fn mostly<'a>(&mut self, usual: &'a str, others: &[&'a str]) -> &'a str {
        if self.below(8) > 0 { usual } else { self.of(others) }
    }

    fn host(&mut self) -> String {
        if self.below(3) == 0 {
            return self.of(HOSTS).into();
        }
        let mut host = String::from(self.mostly("a", LABELS));
        for _ in 0..self.below(4) {
            host += self.mostly(".", DOTS);
            host += self.mostly("example", LABELS);
        }
        host + self.mostly("", &["."])
    }

    fn url(&mut self) -> String {
        let (https, eighth) = (self.below(2) == 0, self.below(8));
        let mut url = String::from(self.mostly(if https { "https" } else { "http" }, SCHEMES));
        url += self.mostly("://", SEPARATORS);
        url += self.mostly("", USERS);
        url += &self.host();
        url += self.of(if eighth < 2 { PORTS } else { &PORTS[..5] });
        url += self.of(if eighth < 4 { PATHS } else { &PATHS[..11] });
        url += self.of(ENDS);
        if eighth == 7 {
            let places: Vec<usize> = url.char_indices().map(|(place, _)| place).collect();
            if let Some(place) = places.get(self.below(places.len().max(1))) {
                url.insert_str(*place, self.of(NASTY));
            }
        }
        url
    }
}

/// A generated URL, as the guest reads it and as the host does.
struct Case {
    text: String,
    guest: Result<Endpoint, orchestra_url::Error>,
    host: Result<Url, url::ParseError>,
}

fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let mut choices = Choices(20_260_101);
        let case = |text: String| Case { guest: Endpoint::parse(&text), host: Url::parse(&text), text };
        (0..URLS).map(|_| case(choices.url())).collect()
    });
    &CASES
}

/// Those that both accept.
fn accepted() -> impl Iterator<Item = (&'static str, &'static Endpoint, &'static Url)> {
    cases().iter().filter_map(|case| Some((case.text.as_str(), case.guest.as_ref().ok()?, case.host.as_ref().ok()?)))
}

/// Host and port of a request's authority.
fn host_and_port(endpoint: &Endpoint) -> (Host, u16) {
    let end = endpoint.authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match endpoint.authority[end..].rfind(':') {
        Some(colon) => (&endpoint.authority[..end + colon], endpoint.authority[end + colon + 1..].parse().unwrap()),
        None => (endpoint.authority.as_str(), if endpoint.https { 443 } else { 80 }),
    };
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => Host::Ipv6(address.parse().unwrap()),
        None => host.parse().map_or_else(|_| Host::Domain(host.to_ascii_lowercase()), Host::Ipv4),
    };
    (host, port)
}

/// The URL that a host makes of a request to this endpoint.
fn requested(endpoint: &Endpoint) -> String {
    let query = endpoint.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{}{query}", endpoint.origin(), endpoint.path)
}

/// WHATWG decodes what an `xn--` label stands for and refuses some; tables for that are larger than the process component. A
/// request to such a host is denied, so the key goes nowhere.
#[test]
fn what_the_guest_accepts_the_host_accepts_but_for_names_in_punycode() {
    for Case { text, guest, host } in cases() {
        if let (Ok(endpoint), Err(error)) = (guest, host) {
            assert!(endpoint.authority.to_ascii_lowercase().contains("xn--"), "{text:?}: {error}");
        }
    }
}

#[test]
fn both_read_the_same_scheme_host_and_port() {
    let mut compared = 0;
    for (text, endpoint, url) in accepted() {
        let (host, port) = host_and_port(endpoint);
        assert_eq!(endpoint.https, url.scheme() == "https", "{text:?}");
        assert_eq!(Some(host), url.host().map(|host| host.to_owned()), "{text:?}");
        assert_eq!(Some(port), url.port_or_known_default(), "{text:?}");
        assert_eq!((url.username(), url.password()), ("", None), "{text:?}");
        compared += 1;
    }
    assert!(compared > URLS / 10, "the generator makes URLs that are refused: of {URLS}, {compared} are accepted");
}

/// That is how a host tells whether a request may go out.
#[test]
fn a_request_to_an_endpoint_is_one_to_its_url() {
    for (text, endpoint, url) in accepted() {
        let request = requested(endpoint);
        let uri: Uri = request.parse().unwrap_or_else(|error| panic!("{text:?}: {request}: {error}"));
        let sent = Url::parse(&uri.to_string()).unwrap();
        assert_eq!(sent[..Position::AfterQuery], url[..Position::AfterQuery], "{text:?}");
    }
}

#[test]
fn plain_http_is_for_what_the_host_takes_for_loopback() {
    for (text, endpoint, url) in accepted() {
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        assert_eq!(endpoint.loopback(), loopback, "{text:?}");
    }
}

#[test]
fn an_origin_is_that_of_the_endpoint_and_of_the_host() {
    for Case { text, guest, .. } in cases() {
        assert_eq!(Origin::parse(text).is_some(), guest.is_ok(), "{text:?}");
    }
    let mut before = None;
    for (text, _, url) in accepted() {
        let (ours, theirs) = (Origin::parse(text), url.origin());
        assert_eq!(ours, Origin::parse_alone(&theirs.ascii_serialization()), "{text:?}");
        if let Some((other, others)) = before.replace((ours.clone(), theirs.clone())) {
            assert_eq!(ours == other, theirs == others, "{text:?}");
        }
    }
}
