use core::fmt;

/// Why a URL is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It has more than 8 KiB.
    TooLong,
    /// It is not a URI (RFC 3986).
    NotAbsolute,
    /// Its scheme is another than https or http.
    Scheme,
    /// Its host is empty.
    NoHost,
    /// It has user information: that is how a URL is made to look like another.
    UserInformation,
    /// Its host is one that clients read in different ways.
    Host,
    /// Its port is 0, or no port at all.
    Port,
}

impl Error {
    /// The end of a sentence that begins with "the endpoint": what is wrong and what to do. It repeats nothing of the URL.
    pub const fn what(self) -> &'static str {
        match self {
            Self::TooLong => "is longer than 8 KiB",
            Self::NotAbsolute => {
                "is not an absolute URL (RFC 3986) such as https://webhook.getorchestra.io: percent-encode other characters, and write the host in its ASCII form"
            }
            Self::Scheme => "has a scheme other than https and http",
            Self::NoHost => "has no host: write one after https://",
            Self::UserInformation => {
                "has user information in front of its host: take it out, the API key is the credential"
            }
            Self::Host => {
                "has a host that is neither a DNS name nor an IP address: write an address in full, such as 127.0.0.1 or [::1]"
            }
            Self::Port => "has a port that is not between 1 and 65535",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}

impl core::error::Error for Error {}
