//! Where a URL leads to: scheme, host and port (RFC 6454).

use fluent_uri::Uri;

/// Two URLs of one origin compare equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of an http or https URL. None for what has none, and for what has user information before its host: that
    /// is how a URL is made to look like another. None for a host with `*` in it, too: no host has such a name, and whoever
    /// writes one means a pattern.
    pub fn parse(url: &str) -> Option<Self> {
        let uri = Uri::parse(url).ok()?;
        let scheme = uri.scheme().as_str().to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host().to_ascii_lowercase();
        if authority.has_userinfo() || host.is_empty() || host.contains('*') {
            return None;
        }
        let port = authority.port_to_u16().ok()?.unwrap_or(default_port);
        Some(Self { scheme, host, port })
    }
}

impl Origin {
    /// The origin of a URL that says nothing more: who names a path means that path, and no other.
    pub fn parse_alone(url: &str) -> Option<Self> {
        let uri = Uri::parse(url).ok()?;
        let is_alone = matches!(uri.path().as_str(), "" | "/") && uri.query().is_none() && uri.fragment().is_none();
        is_alone.then(|| Self::parse(url))?
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
            "https://a.example b.example",
            "https://*.a.example",
            "https://*",
        ] {
            assert_eq!(Origin::parse(url), None, "{url}");
        }
    }
}
