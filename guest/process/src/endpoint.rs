//! The URL that reports are posted to.

use alloc::string::String;

use crate::contract::ConfigError;
use crate::text;

const ENDPOINT_BYTES: usize = 8 * 1024;

const NO_URL: &str = " is no absolute URL (RFC 3986), such as https://webhook.getorchestra.io; other characters are percent-encoded, a host is written in its ASCII form";

/// An http or https URL (RFC 3986) with a host and without user information.
///
/// Parsed here, because the parser of a library would be a tenth of the component: strictly, but for the groups of an IPv6
/// address, which are the host's to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub https: bool,
    /// Host and port as in the URL.
    pub authority: String,
    /// Begins with `/`.
    pub path: String,
    pub query: Option<String>,
    loopback: bool,
}

impl Endpoint {
    /// Where Orchestra listens (orchestra-sdk 0.2.0): `https://webhook.getorchestra.io`.
    pub fn orchestra() -> Self {
        Self {
            https: true,
            authority: "webhook.getorchestra.io".into(),
            path: "/".into(),
            query: None,
            loopback: false,
        }
    }

    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_url(text.trim_ascii())
            .map_err(|what| ConfigError::InvalidEndpoint(text::concat(&["the endpoint", what])))
    }

    /// The error ends the sentence "the endpoint…".
    fn parse_url(url: &str) -> Result<Self, &'static str> {
        if url.len() > ENDPOINT_BYTES {
            return Err(" is longer than 8 KiB");
        }
        let (scheme, Some(rest)) = cut(url, b':') else { return Err(NO_URL) };
        if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) || !is_encoded(rest) {
            return Err(NO_URL);
        }
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return Err("'s scheme is neither https nor http");
        }
        let rest = rest.strip_prefix("//").ok_or(" has no host")?;
        // A fragment is never sent (RFC 9110, section 4.2.5).
        let (rest, _fragment) = cut(rest, b'#');
        let (rest, query) = cut(rest, b'?');
        let (authority, path) = cut(rest, b'/');
        let has_bracket =
            |part: Option<&str>| part.is_some_and(|part| part.bytes().any(|byte| matches!(byte, b'[' | b']')));
        if has_bracket(path) || has_bracket(query) {
            return Err(NO_URL);
        }
        let (authority, loopback) = parse_authority(authority)?;
        let path = text::concat(&["/", path.unwrap_or_default()]);
        Ok(Self { https, authority, path, query: query.map(Into::into), loopback })
    }

    /// Whether the key stays on this machine.
    pub fn loopback(&self) -> bool {
        self.loopback
    }

    pub fn origin(&self) -> String {
        text::concat(&[if self.https { "https://" } else { "http://" }, &self.authority])
    }
}

/// Host and port, and whether the host is loopback.
fn parse_authority(authority: &str) -> Result<(String, bool), &'static str> {
    if authority.bytes().any(|byte| byte == b'@') {
        return Err(" has user information in front of its host: take it out, the API key is the credential");
    }
    // An IPv6 address is the only host that has colons.
    let (host, loopback, port) = match authority.strip_prefix('[') {
        Some(literal) => {
            let (address, Some(port)) = cut(literal, b']') else { return Err(NO_URL) };
            let colons = address.bytes().filter(|byte| *byte == b':').count();
            if colons < 2 || !address.bytes().all(|byte| matches!(byte, b':' | b'.') || byte.is_ascii_hexdigit()) {
                return Err("'s host is neither a name nor an IP address");
            }
            let port = if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(NO_URL)?) };
            (text::concat(&["[", address, "]"]), address == "::1", port)
        }
        None => {
            let (host, port) = cut(authority, b':');
            (host.into(), is_loopback(host), port)
        }
    };
    if host.is_empty() {
        return Err(" has no host");
    }
    if !authority.starts_with('[') && host.bytes().any(|byte| matches!(byte, b'[' | b']')) {
        return Err(NO_URL);
    }
    let port = port.unwrap_or_default();
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NO_URL);
    }
    match (port, port.parse::<u16>()) {
        ("", _) => Ok((host, loopback)),
        (_, Ok(1..)) => Ok((text::concat(&[&host, ":", port]), loopback)),
        _ => Err("'s port is not between 1 and 65535"),
    }
}

/// Whether a host that is no IPv6 address is this machine: RFC 6761's name, or RFC 1122's network, in the one form that
/// every resolver takes for an address.
fn is_loopback(host: &str) -> bool {
    let (first, rest) = cut(host, b'.');
    let (second, third_and_fourth) = cut(rest.unwrap_or_default(), b'.');
    let (third, fourth) = cut(third_and_fourth.unwrap_or_default(), b'.');
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u8>().is_ok();
    host.eq_ignore_ascii_case("localhost")
        || first == "127" && is_number(second) && is_number(third) && fourth.is_some_and(is_number)
}

/// Before the first such byte, which is ASCII, and behind it.
#[inline(never)]
fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == at) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Whether there is nothing in a URL's text but what RFC 3986 has characters for.
fn is_encoded(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let known = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
            }
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' => true,
            b'!' | b'$' | b'&'..=b',' | b';' | b'=' => true,
            _ => byte.is_ascii_alphanumeric(),
        };
        if !known {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn endpoint_error(url: &str) -> String {
        match Endpoint::parse(url) {
            Err(ConfigError::InvalidEndpoint(what)) => what,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn an_endpoint_keeps_path_and_query_and_loses_its_fragment() {
        let endpoint = Endpoint::parse("HTTPS://Example.com:8443/a/b?c=d#e\n").unwrap();
        assert!(endpoint.https);
        assert_eq!(endpoint.authority, "Example.com:8443");
        assert_eq!((endpoint.path.as_str(), endpoint.query.as_deref()), ("/a/b", Some("c=d")));
    }

    #[test]
    fn the_default_endpoint_is_what_its_url_would_parse_to() {
        assert_eq!(Endpoint::orchestra(), Endpoint::parse("https://webhook.getorchestra.io").unwrap());
    }

    #[test]
    fn an_endpoint_without_a_path_gets_one() {
        assert_eq!(Endpoint::parse("https://example.com").unwrap().path, "/");
        assert_eq!(Endpoint::parse("https://example.com:/?x").unwrap().authority, "example.com");
    }

    #[test]
    fn what_is_wrong_with_an_endpoint_is_named() {
        for (url, what) in [
            ("", "no absolute URL"),
            ("webhook.getorchestra.io", "no absolute URL"),
            ("https://exämple.com", "no absolute URL"),
            ("https://exa mple.com", "no absolute URL"),
            ("ftp://example.com", "neither https nor http"),
            ("https:/path", "no host"),
            ("https:///path", "no host"),
            ("https://:443/", "no host"),
            ("https://user:secret@example.com", "user information"),
            ("https://@example.com", "user information"),
            ("https://example.com:0", "port"),
            ("https://example.com:65536", "port"),
            ("https://example.com:x", "no absolute URL"),
            ("https://[v1.x]/", "neither a name nor"),
            ("https://[]", "neither a name nor"),
            ("https://[::1", "no absolute URL"),
            ("https://[::1]x", "no absolute URL"),
            ("https://a[b]", "no absolute URL"),
            ("https://]", "no absolute URL"),
            ("https://example.com/[", "no absolute URL"),
            ("https://example.com/%2", "no absolute URL"),
            ("https://example.com:+1", "no absolute URL"),
            (&format!("https://example.com/{}", "x".repeat(9000)), "8 KiB"),
        ] {
            let error = endpoint_error(url);
            assert!(error.contains(what), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
