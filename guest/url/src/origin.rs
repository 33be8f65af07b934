//! The origin of a URL: scheme, host and port (RFC 6454).

use crate::host::UrlHost;
use crate::parts::Parts;

/// Two URLs of one origin compare equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    https: bool,
    host: UrlHost,
    port: u16,
}

impl Origin {
    /// The origin of a URL that could be an [`Endpoint`](crate::Endpoint). `None` for any other URL.
    pub fn parse(url: &str) -> Option<Self> {
        Some(Self::of(Parts::parse(url).ok()?))
    }

    /// The origin of a URL that says nothing more: who names a path means that path, and no other.
    pub fn parse_alone(url: &str) -> Option<Self> {
        let parts = Parts::parse(url).ok()?;
        let is_alone = matches!(parts.path, "" | "/") && parts.query.is_none() && !parts.has_fragment;
        is_alone.then(|| Self::of(parts))
    }

    fn of(Parts { https, host, port, .. }: Parts<'_>) -> Self {
        Self { https, host, port: port.unwrap_or(if https { 443 } else { 80 }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_host_and_port_make_an_origin() {
        let origin = Origin::parse("https://a.example/path?query");
        assert!(origin.is_some());
        for same in ["https://a.example", "HTTPS://A.example:443/", "https://a.example:"] {
            assert_eq!(Origin::parse(same), origin, "{same}");
        }
        for other in ["http://a.example", "https://a.example:444", "https://b.a.example", "https://a.example."] {
            assert_ne!(Origin::parse(other), origin, "{other}");
        }
    }

    #[test]
    fn an_address_has_one_origin_however_it_is_written() {
        let origin = Origin::parse("http://[::1]:8080/");
        assert!(origin.is_some());
        assert_eq!(Origin::parse("http://[0:0:0:0:0:0:0:1]:8080"), origin);
        assert_eq!(Origin::parse("http://[::0.0.0.1]:8080"), origin);
    }

    #[test]
    fn a_url_that_says_more_is_not_an_origin_alone() {
        for alone in ["https://a.example", "https://a.example/", " https://a.example:8443\n"] {
            assert!(Origin::parse_alone(alone).is_some(), "{alone}");
        }
        for more in ["https://a.example/tenant", "https://a.example?", "https://a.example/#", "https://a.example//"] {
            assert_eq!(Origin::parse_alone(more), None, "{more}");
        }
    }

    #[test]
    fn a_url_that_could_be_taken_for_another_has_none() {
        for url in [
            "",
            "a.example",
            "//a.example",
            "ftp://a.example",
            "https:///path",
            "https://a.example@b.example",
            "https://@a.example",
            "https://a.example\\@b.example",
            "https://a.example:65536",
            "https://a.example:0",
            "https://a.example b.example",
            "https://127.1",
            "https://*.example.com",
        ] {
            assert_eq!(Origin::parse(url), None, "{url}");
        }
    }
}
