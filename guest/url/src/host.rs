//! The host of a URL.

use alloc::string::String;
use core::net::{Ipv4Addr, Ipv6Addr};

use fluent_uri::component::{Authority, Host as Parsed};

use crate::error::Error;

/// Two of them are equal if every client goes to the same host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlHost {
    /// In lower case.
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl UrlHost {
    pub fn parse(authority: Authority<'_>) -> Result<Self, Error> {
        match authority.host_parsed() {
            Parsed::Ipv4(address) => Ok(Self::V4(address)),
            Parsed::Ipv6(address) => Ok(Self::V6(address)),
            Parsed::RegName(name) if name.is_empty() => Err(Error::NoHost),
            Parsed::RegName(name) if is_name(name.as_str()) => Ok(Self::Name(name.as_str().to_ascii_lowercase())),
            _ => Err(Error::Host),
        }
    }

    /// Whether it is this machine: RFC 6761's name, RFC 1122's network, or the one address of RFC 4291.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::V4(address) => address.is_loopback(),
            Self::V6(address) => address.is_loopback(),
        }
    }
}

/// Whether it is a name to every client. RFC 3986 has more characters for one, such as `%`, which WHATWG decodes.
fn is_name(text: &str) -> bool {
    let labels = || text.strip_suffix('.').unwrap_or(text).split('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    labels().all(is_label) && !labels().next_back().is_some_and(is_number)
}

/// Whether WHATWG takes a host with this last label for an IPv4 address, of few parts, in octal or in hexadecimal, say.
fn is_number(label: &str) -> bool {
    let is_decimal = label.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    is_decimal || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
