//! Who may reach what.

use url::{Position, Url};

/// A place that requests may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    scheme: Option<String>,
    host: String,
    port: Option<u16>,
    /// Path and query, if it is one resource only.
    target: Option<String>,
}

impl Allowed {
    /// One URL. `None` if the text is not a URL: then the process component refuses it, too.
    pub(crate) fn resource(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let (scheme, host) = (Some(url.scheme().to_string()), url.host_str()?.to_string());
        Some(Self { scheme, host, port: url.port_or_known_default(), target: Some(target(&url).to_string()) })
    }

    /// `HOST`, `HOST:PORT`, or an origin such as `https://HOST`. One of them, and not a pattern.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_origin = text.contains("://");
        // With two schemes, so that a port is seen even if it is the default of one.
        let [http, https] = match is_origin {
            true => [text.to_string(), text.to_string()],
            false => [format!("http://{text}"), format!("https://{text}")],
        }
        .map(|url| Url::parse(&url).ok());
        let (http, https) = (http?, https?);
        let has_more = target(&http) != "/" || http.fragment().is_some() || text.contains(['@', '*', ',', '?', '#']);
        if has_more || !matches!(http.scheme(), "http" | "https") {
            return None;
        }
        let host = http.host_str()?.to_string();
        Some(match is_origin {
            true => {
                Self { scheme: Some(http.scheme().to_string()), host, port: http.port_or_known_default(), target: None }
            }
            false => Self { scheme: None, host, port: http.port().or(https.port()), target: None },
        })
    }

    pub(super) fn covers(&self, url: &Url) -> bool {
        self.scheme.as_deref().is_none_or(|scheme| scheme == url.scheme())
            && url.host_str() == Some(&self.host)
            && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
            && self.target.as_deref().is_none_or(|allowed| target(url) == allowed)
    }
}

/// Path and query.
fn target(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(allowed: &str, url: &str) -> bool {
        Allowed::parse(allowed).expect(allowed).covers(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_is_allowed_on_every_port_or_on_the_one_given() {
        assert!(covers("example.com", "https://example.com/path"));
        assert!(covers("Example.com", "http://example.com:8080/"));
        assert!(covers("example.com:443", "https://example.com/"));
        assert!(!covers("example.com:443", "http://example.com/"));
        assert!(!covers("example.com", "https://www.example.com/"));
        assert!(!covers("example.com", "https://example.com.evil.test/"));
        assert!(covers("[::1]:8080", "http://[::1]:8080/"));
        assert!(!covers("example.com:80", "https://example.com/"));
        assert!(covers("münchen.example", "https://xn--mnchen-3ya.example/"));
        assert!(covers("127.1", "http://127.0.0.1:8080/"));
    }

    /// What a task makes of the process component reports to the same place, or nowhere.
    #[test]
    fn an_endpoint_is_one_resource() {
        let endpoint = Allowed::resource("https://example.com/hook?x=1").unwrap();
        let covers = |url: &str| endpoint.covers(&Url::parse(url).unwrap());
        assert!(covers("https://example.com:443/hook?x=1"));
        for other in ["https://example.com/hook", "https://example.com/admin?x=1", "http://example.com:443/hook?x=1"] {
            assert!(!covers(other), "{other}");
        }
        assert!(Allowed::resource("https://example.com").unwrap().covers(&Url::parse("https://example.com/").unwrap()));
    }

    #[test]
    fn an_origin_allows_its_scheme_only() {
        assert!(covers("https://example.com", "https://example.com/x"));
        assert!(!covers("https://example.com", "http://example.com:443/x"));
        assert!(!covers("https://example.com", "https://example.com:8443/x"));
    }

    #[test]
    fn a_text_that_is_not_a_host_is_refused() {
        for text in [
            "",
            "a/b",
            "user@host",
            ":word@host",
            "https://a.test/path",
            "https://user@a.test",
            "ftp://a.test",
            "a b",
            "a#b",
            "a?b",
            "*.a.test",
            "a.test,b.test",
            "a.test:70000",
        ] {
            assert_eq!(Allowed::parse(text), None, "{text}");
        }
    }
}
