//! The one parser of the grammar.

use fluent_uri::Uri;
use fluent_uri::component::Scheme;

use crate::error::Error;
use crate::host::UrlHost;

const URL_BYTES: usize = 8 * 1024;

const HTTP: &Scheme = Scheme::new_or_panic("http");
const HTTPS: &Scheme = Scheme::new_or_panic("https");

/// A URL in its parts.
pub struct Parts<'a> {
    pub https: bool,
    pub host: UrlHost,
    /// As in the URL, an IPv6 address in brackets.
    pub host_text: &'a str,
    pub port: Option<u16>,
    /// Empty, or begins with `/`.
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub has_fragment: bool,
}

impl<'a> Parts<'a> {
    /// White space at the ends does not belong to a URL: files and forms add a newline.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let text = text.trim_ascii();
        if text.len() > URL_BYTES {
            return Err(Error::TooLong);
        }
        let uri = Uri::parse(text).map_err(|_| Error::NotAbsolute)?;
        let https = uri.scheme() == HTTPS;
        if !https && uri.scheme() != HTTP {
            return Err(Error::Scheme);
        }
        let authority = uri.authority().ok_or(Error::NoHost)?;
        if authority.has_userinfo() {
            return Err(Error::UserInformation);
        }
        let host = UrlHost::parse(authority)?;
        let port = authority.port_to_u16().map_err(|_| Error::Port)?;
        if port == Some(0) {
            return Err(Error::Port);
        }
        Ok(Self {
            https,
            host,
            host_text: authority.host(),
            port,
            path: uri.path().as_str(),
            query: uri.query().map(|query| query.as_str()),
            has_fragment: uri.has_fragment(),
        })
    }
}
