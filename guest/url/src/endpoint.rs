//! The URL that reports are posted to.

use alloc::format;
use alloc::string::String;

use crate::error::Error;
use crate::parts::Parts;

/// An http or https URL with a host that is the same to every client, and without user information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether it is https.
    pub https: bool,
    /// Host and port as in the URL.
    pub authority: String,
    /// Begins with `/`.
    pub path: String,
    /// The text after the `?`.
    pub query: Option<String>,
    loopback: bool,
}

impl Endpoint {
    /// Orchestra's own endpoint (orchestra-sdk 0.2.0): `https://webhook.getorchestra.io`.
    pub fn orchestra() -> Self {
        Self {
            https: true,
            authority: "webhook.getorchestra.io".into(),
            path: "/".into(),
            query: None,
            loopback: false,
        }
    }

    /// The endpoint of a URL. Its fragment is lost: it is never sent (RFC 9110, section 4.2.5).
    pub fn parse(url: &str) -> Result<Self, Error> {
        let parts = Parts::parse(url)?;
        let authority = match parts.port {
            Some(port) => format!("{}:{port}", parts.host_text),
            None => parts.host_text.into(),
        };
        let path = if parts.path.is_empty() { "/" } else { parts.path };
        Ok(Self {
            https: parts.https,
            authority,
            path: path.into(),
            query: parts.query.map(Into::into),
            loopback: parts.host.is_loopback(),
        })
    }

    /// Whether the key stays on this machine.
    pub fn loopback(&self) -> bool {
        self.loopback
    }

    /// Scheme, host and port, as text.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.https { "https" } else { "http" }, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(Endpoint::parse("https://example.com?x").unwrap().path, "/");
    }

    #[test]
    fn an_empty_port_is_none() {
        assert_eq!(Endpoint::parse("https://example.com:/?x").unwrap().authority, "example.com");
    }

    #[test]
    fn every_usual_host_is_taken() {
        for host in
            ["example.com", "a.example.", "my_service", "xn--mnchen-3ya.example", "1.example", "10.0.0.1", "[::1]"]
        {
            let endpoint = Endpoint::parse(&format!("https://{host}:8443/x")).expect(host);
            assert_eq!(endpoint.authority, format!("{host}:8443"));
        }
    }

    #[test]
    fn what_is_wrong_with_an_endpoint_is_named() {
        for (url, error) in [
            ("", Error::NotAbsolute),
            ("webhook.getorchestra.io", Error::NotAbsolute),
            ("https://exämple.com", Error::NotAbsolute),
            ("https://exa mple.com", Error::NotAbsolute),
            ("ftp://example.com", Error::Scheme),
            ("https:/path", Error::NoHost),
            ("https:///path", Error::NoHost),
            ("https://:443/", Error::NoHost),
            ("https://user:secret@example.com", Error::UserInformation),
            ("https://@example.com", Error::UserInformation),
            ("https://example.com:0", Error::Port),
            ("https://example.com:65536", Error::Port),
            ("https://example.com:99999999999999999999", Error::Port),
            ("https://example.com:x", Error::NotAbsolute),
            ("https://example.com:+1", Error::NotAbsolute),
            ("https://[v1.x]/", Error::Host),
            ("https://[]", Error::NotAbsolute),
            ("https://[::1", Error::NotAbsolute),
            ("https://[::1]x", Error::NotAbsolute),
            ("https://[1:2]", Error::NotAbsolute),
            ("https://[fe80::1%25eth0]", Error::NotAbsolute),
            ("https://a[b]", Error::NotAbsolute),
            ("https://]", Error::NotAbsolute),
            ("https://example.com/[", Error::NotAbsolute),
            ("https://example.com/%2", Error::NotAbsolute),
            (&format!("https://example.com/{}", "x".repeat(9000)), Error::TooLong),
        ] {
            assert_eq!(Endpoint::parse(url), Err(error), "{url}");
        }
    }

    /// Each of them is another host to WHATWG's parser than to RFC 3986's, or none.
    #[test]
    fn a_host_that_clients_read_in_different_ways_is_refused() {
        for host in [
            "127.1",
            "127.0.0.1.",
            "0x7f.0.0.1",
            "127.0.0.0x1",
            "2130706433",
            "0x7F000001",
            "017700000001",
            "127.0.0.01",
            "127.0.0.256",
            "1.2.3.4.5",
            "a.example.0x",
            "a.example.1",
            "ex%61mple.com",
            "%31%32%37.1",
            "a.example%2f",
            "a..example",
            ".",
            "a!b.example",
        ] {
            assert_eq!(Endpoint::parse(&format!("https://{host}/")), Err(Error::Host), "{host}");
        }
        for url in ["https://a.example\\@b.example", "https://a.ex\tample", "https:\\\\a.example", "https:a.example"] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn loopback_is_a_name_a_network_and_an_address() {
        for (host, loopback) in [
            ("127.0.0.1", true),
            ("127.8.9.10", true),
            ("[::1]", true),
            ("[0:0:0:0:0:0:0:1]", true),
            ("LocalHost", true),
            ("10.0.0.1", false),
            ("[::]", false),
            ("[::ffff:127.0.0.1]", false),
            ("127.0.0.1.example.com", false),
            ("localhost.", false),
            ("localhost.example.com", false),
        ] {
            assert_eq!(Endpoint::parse(&format!("http://{host}:1")).unwrap().loopback(), loopback, "{host}");
        }
    }

    #[test]
    fn an_error_holds_nothing_of_the_url() {
        let error = Endpoint::parse("https://user:secret@example.com").unwrap_err();
        assert_eq!(format!("the endpoint {error}").find("secret"), None);
    }
}
